"""Two agents work on each store for long, and what their servers and the stores use stays flat: soak.py BINARY --minutes N [--seed S]"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack

from arena import Arena
from checker import broken_promises, figures
from history import load
from interruption import Interrupted, Interruption
from stores import Postgres, SQLite


# One for each quarter.
LEAST_SAMPLES = 4


def usage(pid: int) -> dict[str, int]:
    """What a process uses: its memory in KiB, its descriptors and its threads."""
    with open(f"/proc/{pid}/status") as file:
        status = dict(line.split(":", 1) for line in file if ":" in line)
    return {
        "memory (KiB)": int(status["VmRSS"].split()[0]), "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
    }


def grown(name: str, before: float, after: float) -> bool:
    """Whether a median of the last quarter is above that of the second one by more than its noise."""
    if name.endswith(("descriptors", "backends")):
        return after > before
    # One more where more calls have blocked at one time.
    if name.endswith("threads"):
        return after > before + 1
    if "KiB" in name:
        return after > before * 1.05 + 512
    # Tables and files breathe with each prune.
    return after > before * 1.2 + (1 << 20 if "bytes" in name or "messages.db" in name else 200)


class Soak:
    def __init__(self, arena: Arena, samples: str):
        self.arena, self.samples, self.file = arena, [], open(samples, "w")
        self.pruning: subprocess.Popen | None = None
        self.pruned = time.monotonic()

    def sample(self) -> None:
        row = {}
        for session in self.arena.sessions:
            if found := self.arena.server_of(session):
                row.update({f"{session} {name}": value for name, value in usage(found[1]).items()})
        row.update(self.arena.store.sizes())
        self.samples.append(row)
        self.file.write(json.dumps({"t": round(time.monotonic()), **row}) + "\n")
        self.file.flush()
        self.prune()

    def prune(self) -> None:
        """Two minutes after the last time."""
        if self.pruning is not None and self.pruning.poll() is not None:
            self.arena.history.add(
                "fault", kind="prune", target="*", t=self.pruned, until=time.monotonic(), age=300, status=self.pruning.returncode)
            self.pruning, self.pruned = None, time.monotonic()
        elif self.pruning is None and time.monotonic() > self.pruned + 120:
            self.pruned = time.monotonic()
            self.pruning = subprocess.Popen(self.arena.command("prune", "--older-than", "5m"), stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        if self.pruning is not None:
            self.pruning.kill()
            self.pruning.wait()
        self.file.close()

    def verdict(self) -> list[str]:
        """Prints a line for each thing, and returns the names of those that grew."""
        quarter, worse = len(self.samples) // 4, []
        print(f"{self.arena.store.name}: {len(self.samples)} samples; medians of the second and the last quarter")
        for name in self.samples[-1]:
            values = [sample.get(name, 0) for sample in self.samples]
            before, after = statistics.median(values[quarter:2 * quarter]), statistics.median(values[-quarter:])
            mark = ""
            if grown(name, before, after):
                worse.append(name)
                mark = "  GROWN"
            print(f"  {name:40} {before:12.0f} {after:12.0f}{mark}")
        return worse


def run(folder: str, options, interruption: Interruption) -> bool:
    """Whether anything grew or a promise was broken."""
    soaks, failed = [], False
    with ExitStack() as ends:
        for make in (SQLite, lambda place: Postgres(place, proxied=False)):
            place = f"{folder}/{len(soaks)}"
            os.mkdir(place)
            store = make(place)
            ends.callback(store.close)
            # About ten messages a second from both.
            arena = Arena(
                store, place, options.binary, {"code": 1, "cowork": 1}, options.seed, interruption, pause=0.03, tasks=0.1)
            ends.callback(arena.kill)
            soaks.append(Soak(arena, f"{folder}/{store.name}-samples.jsonl"))
            ends.callback(soaks[-1].stop)
        print(f"{options.minutes:g} minutes, seed {options.seed}; samples and histories in {folder}", flush=True)
        deadline = time.monotonic() + options.minutes * 60
        while time.monotonic() < deadline or len(soaks[0].samples) < LEAST_SAMPLES:
            interruption.pause(options.every)
            for soak in soaks:
                soak.sample()
        for soak in soaks:
            if soak.pruning is not None:
                soak.pruning.wait()
                soak.prune()
            failed |= bool(soak.verdict())
            soak.arena.end()
            events = load(soak.arena.history_folder)
            broken = broken_promises(events)
            print("\n".join([*figures(events), *(f"  {line}" for promise in broken for line in promise.lines())]), flush=True)
            failed |= bool(broken)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=float, default=10, help="seconds between samples")
    parser.add_argument("--keep", action="store_true", help="keep samples and histories also of a good run")
    options = parser.parse_args()

    least = LEAST_SAMPLES * options.every / 60
    if not options.minutes >= least:
        parser.error(f"{options.minutes:g} minutes are too few to compare their quarters: with a sample every {options.every:g} s give at "
                     f"least {math.ceil(least * 100) / 100:g} minutes.")
    interruption = Interruption()
    interruption.await_signals()

    folder = tempfile.mkdtemp(prefix="soak.")
    os.chmod(folder, 0o755)
    failed = False
    try:
        failed = run(folder, options, interruption)
    except Interrupted:
        print("interrupted")
    if not (failed or options.keep):
        shutil.rmtree(folder)
    return int(failed or interruption.came)


if __name__ == "__main__":
    raise SystemExit(main())
