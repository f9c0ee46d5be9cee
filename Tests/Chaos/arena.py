"""A store with sessions that work on it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

from history import History
from interruption import Interruption

ELSEWHERE = "-elsewhere"
NAMESPACE = ["unshare", *([] if os.getuid() == 0 else ["--user", "--map-root-user"])]
NAMESPACE += ["--pid", "--fork", "--kill-child", "--mount-proc", "--"]
HERE = os.path.dirname(os.path.abspath(__file__))


class Arena:
    """Starts sessions of agents, and ends them in a way that lets a checker decide about everything that they did."""

    def __init__(self, store, folder: str, binary: str, agents: dict[str, int], seed: int, interruption: Interruption, **settings):
        self.interruption = interruption
        self.store, self.folder, self.binary, self.settings = store, folder, binary, settings
        self.random = random.Random(seed)
        self.history_folder = f"{folder}/history"
        os.mkdir(self.history_folder)
        self.history = History(f"{self.history_folder}/faults.jsonl")
        self.agents = list(agents)
        self.sessions: dict[str, subprocess.Popen] = {}
        self.has_namespaces = subprocess.run([*NAMESPACE, "true"], stderr=subprocess.DEVNULL).returncode == 0
        self.begun = 0
        for agent, count in agents.items():
            self.run("agents", "add", agent)
            for _ in range(count):
                self.begin(agent, elsewhere=self.has_namespaces and self.begun % 3 == 2)

    def command(self, *arguments: str, url: str | None = None, within: list[str] = []) -> list[str]:
        environment = [*self.store.environment, f"HOME={self.store.home}", f"COWORK_DATABASE_URL={url or self.store.url}"]
        return ["env", "-u", "COWORK_SESSION", *environment, *within, self.binary, *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)

    def begin(self, agent: str, *, elsewhere: bool = False) -> None:
        """A session elsewhere is as on another machine, where the deaths of processes are not seen: in a namespace of its own."""
        self.begun += 1
        name, command = f"{agent}-{self.begun}", []
        if elsewhere:
            name += ELSEWHERE
            command = [*NAMESPACE, "env", f"COWORK_SESSION={name}"]
        settings = {
            "name": name, "agent": agent, "peers": [peer for peer in self.agents if peer != agent], "seed": self.random.getrandbits(32),
            "command": self.command(agent, url=self.store.session_url(name), within=command), "log": f"{self.folder}/{name}.log",
            "history": f"{self.history_folder}/{name}.jsonl", **self.settings,
        }
        command = [sys.executable, "-B", f"{HERE}/session.py", json.dumps(settings)]
        with open(f"{self.folder}/sessions.log", "ab") as errors:
            self.sessions[name] = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors)

    def server_of(self, session: str) -> tuple[int, int] | None:
        """The process that a session has started, and its server, which is another one in a namespace; nothing while none runs."""
        try:
            with open(f"{self.folder}/{session}.log.pid") as file:
                started = int(file.read())
            with open(f"/proc/{started}/stat") as stat:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
            if state == "Z" or int(parent) != self.sessions[session].pid:
                return None
            if not session.endswith(ELSEWHERE):
                return started, started
            with open(f"/proc/{started}/task/{started}/children") as file:
                return started, int(file.read().split()[0])
        except (OSError, ValueError, IndexError, KeyError):
            return None

    def tell(self, word: str) -> None:
        for session in self.sessions.values():
            session.stdin.write(word.encode() + b"\n")
            session.stdin.flush()

    def end(self, seconds: float = 60) -> None:
        """No faults from here on: everything is delivered and all tasks end, and then the sessions do.

        - seconds: how long nothing may change while something waits.
        """
        self.tell("drain")
        deadline, settled, least = time.monotonic() + seconds, 0, None
        while settled < 4 and time.monotonic() < deadline:
            waiting = self.waiting()
            settled = settled + 1 if waiting == 0 else 0
            if waiting is not None and (least is None or waiting < least):
                deadline, least = time.monotonic() + seconds, waiting
            self.interruption.pause(0.5)
        self.tell("quiet")
        self.interruption.pause(3)
        self.history.add("end")
        for session in self.sessions.values():
            session.stdin.close()
        for session in self.sessions.values():
            try:
                session.wait(40)
            except subprocess.TimeoutExpired:
                session.kill()
        self.record_store()

    def waiting(self) -> int | None:
        """How many messages and tasks wait for an agent; nothing if the store did not say."""
        outcome = self.run("status", "--json")
        if outcome.returncode != 0:
            return None
        status = json.loads(outcome.stdout)
        return max(status["unread_messages"] - len(status["set_aside"]), 0) + status["open_tasks"]

    def record_store(self) -> None:
        messages, tasks = {}, {}
        for line in self.run("export").stdout.splitlines():
            record = json.loads(line)
            if message := record.get("message"):
                messages[message["id"]] = message["read"]
            elif task := record.get("task"):
                tasks[task["id"]] = [task["status"], task.get("result")]
        set_aside = [message["id"] for message in json.loads(self.run("status", "--json").stdout)["set_aside"]]
        self.history.add("final", messages=messages, tasks=tasks, set_aside=set_aside, check=self.store.check())

    def kill(self) -> None:
        """Whatever still runs, servers included: one that is stopped would not see the end of its input."""
        for name, session in self.sessions.items():
            if session.poll() is None:
                server = self.server_of(name) or ()
                session.kill()
                session.wait()
                for pid in server:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
