"""Sessions of three agents work on both stores under faults, and a checker decides about their histories:
chaos.py BINARY --minutes N [--seed S]"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack

from arena import Arena
from checker import broken_promises, figures
from faults import Faults
from history import load
from interruption import Interrupted, Interruption
from stores import Clock, Postgres, SQLite

AGENTS = {"code": 2, "cowork": 2, "reviewer": 1}


def run(make, folder: str, options, interruption: Interruption) -> tuple[list[str], bool]:
    """A store's figures and broken promises, and whether all were kept."""
    os.mkdir(folder)
    with ExitStack() as ends:
        store = make(folder)
        ends.callback(store.close)
        arena = Arena(store, folder, options.binary, AGENTS, options.seed, interruption)
        ends.callback(arena.kill)
        faults = Faults(arena, prune_age=60)
        ends.callback(faults.stop)
        interruption.pause(options.minutes * 60)
        faults.stop()
        arena.end()
    events = load(arena.history_folder)
    broken = broken_promises(events)
    lines = [f"{store.name}: {'all promises kept' if not broken else f'{len(broken)} broken promises'}"]
    lines += [f"  {line}" for line in figures(events)]
    lines += [f"  {line}" for promise in broken[:options.show] for line in promise.lines()]
    return lines, not broken


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--store", choices=["sqlite", "postgres"], action="append")
    parser.add_argument("--show", type=int, default=10, help="at most this many broken promises of a store")
    parser.add_argument("--keep", action="store_true", help="keep the histories also of a good run")
    options = parser.parse_args()
    interruption = Interruption()
    interruption.await_signals()

    folder = tempfile.mkdtemp(prefix="chaos.")
    os.chmod(folder, 0o755)
    Clock.compile(folder)
    print(f"{options.minutes:g} minutes, seed {options.seed}; histories in {folder}", flush=True)
    results: dict[str, tuple[list[str], bool]] = {}

    def attempt(name: str) -> None:
        try:
            results[name] = run({"sqlite": SQLite, "postgres": Postgres}[name], f"{folder}/{name}", options, interruption)
        except Interrupted:
            results[name] = ([f"{name}: interrupted"], False)
        except BaseException as error:
            results[name] = ([f"{name}: {error!r}"], False)
            raise

    threads = [threading.Thread(target=attempt, args=(name,)) for name in options.store or ["sqlite", "postgres"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for lines, _ in results.values():
        print("\n".join(lines))
    good = all(kept for _, kept in results.values())
    if (good or interruption.came) and not options.keep:
        shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
