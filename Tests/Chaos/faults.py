"""What is done to the sessions of an arena, their servers, their connections and their store."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone

from arena import ELSEWHERE, Arena


class Faults:
    """Two threads do one thing after another each: to a session, and to the store, until `stop`.

    A wall clock stays set for seconds only, and nothing is pruned or restored meanwhile: a row's age would mean nothing.
    """

    def __init__(self, arena: Arena, prune_age: int):
        self.arena, self.store, self.prune_age = arena, arena.store, prune_age
        self.random = arena.random
        self.to_sessions = [self.kill_server, self.kill_server, self.kill_client, self.stop_server, self.stop_client]
        self.to_store = [self.set_clock, self.prune, self.copy, self.type_rows]
        if hasattr(self.store, "clusters"):
            self.to_sessions += [self.black_hole, self.half_dead, self.cut, self.refuse, self.lose_answers]
            self.to_store += [self.restart, self.crash, self.switchover, self.failover, self.lose_standby, self.end_sessions]
        else:
            self.to_store += [self.lock, self.restore]
        self.ends = threading.Event()
        self.errors: list[BaseException] = []
        self.threads = [threading.Thread(target=self.repeat, args=(each,)) for each in (self.to_sessions, self.to_store)]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.ends.set()
        for thread in self.threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def repeat(self, faults: list) -> None:
        """Each kind in turn, in an order by lot, so that a short run has all of them."""
        try:
            while not self.ends.is_set():
                for fault in self.random.sample(faults, len(faults)):
                    if self.ends.wait(self.random.uniform(0.3, 2)):
                        return
                    fault()
        except BaseException as error:
            self.errors.append(error)

    @contextmanager
    def recorded(self, kind: str, target: str = "*", **more):
        fields = {"kind": kind, "target": target, **more}
        since = time.monotonic()
        try:
            yield fields
        finally:
            self.arena.history.add("fault", **{**fields, "t": since, "until": time.monotonic()})

    def hold(self, *seconds: float) -> None:
        """For one of these times, or until the run ends."""
        self.ends.wait(self.random.choice(seconds))

    # To a session

    def victim(self, *, elsewhere: bool = True) -> str:
        return self.random.choice([session for session in self.arena.sessions if elsewhere or not session.endswith(ELSEWHERE)])

    def kill_server(self) -> None:
        session = self.victim()
        if found := self.arena.server_of(session):
            kind = "kill server elsewhere" if session.endswith(ELSEWHERE) else "kill server"
            with self.recorded(kind, session, pid=found[0]):
                self.send(found[1], signal.SIGKILL)
                while self.arena.server_of(session) == found:
                    time.sleep(0.01)

    def kill_client(self) -> None:
        """Elsewhere a claim would go on for ten minutes."""
        session = self.victim(elsewhere=False)
        agent = session.rpartition("-")[0]
        with self.recorded("kill client", session):
            client = self.arena.sessions.pop(session)
            client.kill()
            client.wait()
            self.arena.history.add("died", session=session)
        self.arena.begin(agent)

    def stop_server(self) -> None:
        session = self.victim()
        if found := self.arena.server_of(session):
            with self.recorded("stop server", session):
                self.send(found[1], signal.SIGSTOP)
                self.hold(0.5, 2, 5, 35)
                self.send(found[1], signal.SIGCONT)

    def stop_client(self) -> None:
        """It does not read its server's output."""
        session = self.victim()
        with self.recorded("stop client", session):
            self.send(self.arena.sessions[session].pid, signal.SIGSTOP)
            self.hold(0.5, 2, 12)
            self.send(self.arena.sessions[session].pid, signal.SIGCONT)

    @staticmethod
    def send(pid: int, number: int) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def on_proxies(self, kind: str, action: str, *seconds: float) -> None:
        session = self.victim()
        with self.recorded(kind, session):
            for proxy in self.store.proxies[session]:
                getattr(proxy, action)()
            self.hold(*seconds)
            for proxy in self.store.proxies[session]:
                proxy.heal()

    def black_hole(self) -> None:
        self.on_proxies("black hole", "black_hole", 1, 4, 14)

    def half_dead(self) -> None:
        self.on_proxies("half-dead connections", "swallow", 4)

    def cut(self) -> None:
        self.on_proxies("cut connections", "cut", 0)

    def refuse(self) -> None:
        self.on_proxies("refused connections", "refuse", 1, 4, 14)

    def lose_answers(self) -> None:
        self.on_proxies("lost answers", "lose_answers", 1, 3)

    # To the store

    def set_clock(self) -> None:
        clock = self.random.choice(self.store.clocks)
        seconds = self.random.choice([-7200, -40, 40, 7200])
        with self.recorded("clock", seconds=seconds):
            clock.set(seconds)
            self.hold(1, 4, 12)
            clock.set(0)
            # What seemed to be long ago is present again with the next heartbeat.
            self.hold(11)

    def prune(self) -> None:
        with self.recorded("prune", age=self.prune_age) as fields:
            fields["status"] = self.arena.run("prune", "--older-than", f"{self.prune_age}s").returncode

    def copy(self) -> None:
        target = f"{self.arena.folder}/copy-{uuid.uuid4()}.db"
        with self.recorded("copy") as fields:
            outcome = self.arena.run("copy", "--from", self.store.url, "--to", target)
            fields.update(status=outcome.returncode, output=(outcome.stdout + outcome.stderr)[-500:], ids=[])
            if outcome.returncode == 0:
                with sqlite3.connect(target) as connection:
                    fields["ids"] = [id for id, in connection.execute("SELECT id FROM messages")]

    def type_rows(self) -> None:
        """A person inserts messages, as the README shows."""
        agent, recipient = self.random.sample(self.arena.agents, 2)
        history, who = self.arena.history, {"session": f"person-{uuid.uuid4().hex[:8]}", "server": 1}
        history.add("session", session=who["session"], agent=agent)
        for number in (1, 2, 3):
            id, text, now = str(uuid.uuid4()), f"say {who['session']} {number}", datetime.now(timezone.utc).isoformat()
            history.add("call", **who, id=number, tool="send_message", args={"to": recipient, "content": text})
            table = "cowork_bridge.messages" if hasattr(self.store, "clusters") else "messages"
            self.store.execute((
                f"INSERT INTO {table} (id, sender, recipient, content, read, created_at) "
                f"VALUES ('{id}', '{agent}', '{recipient}', '{text}', 0, '{now}')",))
            history.add("ret", **who, id=number, result={"message_id": id, "to": recipient})

    def lock(self) -> None:
        """Another program keeps the file locked."""
        with self.recorded("lock"):
            connection = sqlite3.connect(self.store.url, timeout=30, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            self.hold(0.5, 3, 14)
            connection.execute("ROLLBACK")
            connection.close()

    def restore(self) -> None:
        """The file is replaced by a backup of it, under the running servers."""
        backup = f"{self.arena.folder}/backup.db"
        began = time.monotonic()
        with sqlite3.connect(self.store.url, timeout=30) as source, sqlite3.connect(backup) as target:
            source.backup(target)
        for connection in (source, target):
            connection.close()
        self.hold(1, 3)
        with self.recorded("restore", backup=began):
            os.replace(backup, self.store.url)

    def restart(self) -> None:
        with self.recorded("restart"):
            self.store.primary.stop("fast")
            self.hold(0, 3, 12)
            self.store.primary.start()

    def crash(self) -> None:
        with self.recorded("crash"):
            self.store.primary.stop("immediate")
            self.hold(0, 3, 12)
            self.store.primary.start()

    def switchover(self) -> None:
        """Planned: unlike a failover it loses nothing."""
        self.store.catch_up()
        with self.recorded("switchover"):
            self.store.switch("fast")
        self.store.join()

    def failover(self) -> None:
        with self.recorded("failover"):
            self.store.switch("immediate")
        self.store.join()

    def lose_standby(self) -> None:
        """Each commit waits for it."""
        with self.recorded("standby away"):
            self.store.standby.stop("immediate")
            self.hold(1, 4, 12)
            self.store.standby.start()

    def end_sessions(self) -> None:
        with self.recorded("end sessions"):
            self.store.execute(("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'cowork%'",))

