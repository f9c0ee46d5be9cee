"""The two stores that are put to the test: an SQLite file, and a pair of Postgres clusters of which one is the other's standby."""

from __future__ import annotations

import glob
import os
import pwd
import socket
import sqlite3
import subprocess
import time


class Clock:
    """A wall clock that processes with `environment` share, and that can be set."""

    library = ""

    def __init__(self, path: str):
        self._path = path
        self.set(0)
        os.chmod(path, 0o644)
        self.environment = [f"LD_PRELOAD={self.library}", f"CHAOS_CLOCK={path}"] if self.library else []

    @classmethod
    def compile(cls, folder: str) -> None:
        cls.library = f"{folder}/clock.so"
        source = f"{os.path.dirname(os.path.abspath(__file__))}/clock.c"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", cls.library, source, "-ldl"], check=True)

    def set(self, seconds: float) -> None:
        """Seconds before (negative) or after the machine's clock."""
        with open(self._path, "r+b" if os.path.exists(self._path) else "wb") as file:
            file.write(int(seconds * 1e9).to_bytes(8, "little", signed=True))


class SQLite:
    name = "SQLite"

    def __init__(self, folder: str):
        self.folder = folder
        self.url = f"{folder}/messages.db"
        self.clocks = [Clock(f"{folder}/clock")]
        self.environment = self.clocks[0].environment
        self.home = folder

    def session_url(self, session: str) -> str:
        return self.url

    def execute(self, *statements: tuple) -> list:
        """Runs statements as a person does with sqlite3, and returns the rows of the last one."""
        connection = sqlite3.connect(self.url, timeout=30, isolation_level=None)
        try:
            rows = []
            for statement, *values in statements:
                rows = connection.execute(statement, values).fetchall()
            return rows
        finally:
            connection.close()

    def check(self) -> str:
        return self.execute(("PRAGMA integrity_check",))[0][0]

    def sizes(self) -> dict[str, int]:
        """Bytes of the files, and rows of the tables that should not grow."""
        sizes = {}
        for file in ("", "-wal"):
            sizes[f"messages.db{file}"] = os.path.getsize(self.url + file) if os.path.exists(self.url + file) else 0
        for table in ("leases", "lease_items", "instances", "sessions"):
            sizes[table] = self.execute((f"SELECT COUNT(*) FROM {table}",))[0][0]
        return sizes

    def close(self) -> None:
        pass


class Cluster:
    """A Postgres server in a folder of its own."""

    bin = sorted(glob.glob("/usr/lib/postgresql/*/bin") + glob.glob("/opt/homebrew/opt/postgresql@*/bin"))[-1:]

    def __init__(self, folder: str, clock: Clock | None):
        if not self.bin:
            raise SystemExit("Postgres is not installed: scripts/test installs it.")
        self.folder, self.data = folder, f"{folder}/data"
        self.environment = clock.environment if clock else []
        os.mkdir(folder, 0o700)
        # Postgres refuses root.
        self.prefix = []
        if os.getuid() == 0:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
            self.prefix = ["runuser", "-u", "postgres", "--"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def initialize(self) -> None:
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.configure("fsync = off", "shared_buffers = 32MB", "max_connections = 200", "wal_keep_size = 256MB")

    def configure(self, *lines: str) -> None:
        self.run_any("sh", "-c", 'file=$0; printf "%s\\n" "$@" >>"$file"', f"{self.data}/postgresql.conf", *lines)

    def start(self) -> None:
        place = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self.run("pg_ctl", "-D", self.data, "-w", "-l", f"{self.folder}/log", "-o", place, "start")

    def stop(self, mode: str) -> None:
        self.run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def follow(self, primary: Cluster) -> None:
        """Begins anew as the standby of another one."""
        self.run_any("rm", "-rf", self.data)
        self.run("pg_basebackup", "-h", primary.folder, "-p", str(primary.port), "-U", "postgres", "-D", self.data, "-R", "-c", "fast")
        self.start()

    def promote(self) -> None:
        self.run("pg_ctl", "-D", self.data, "-w", "promote")

    def execute(self, statement: str) -> list[str]:
        return self.run("psql", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-XAtqc", statement).splitlines()

    def run(self, program: str, *arguments: str) -> str:
        return self.run_any(f"{self.bin[0]}/{program}", *arguments)

    def run_any(self, *command: str) -> str:
        everything = [*self.prefix, "env", *self.environment, *command]
        outcome = subprocess.run(everything, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if outcome.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {outcome.stderr or outcome.stdout}")
        return outcome.stdout


class Postgres:
    name = "Postgres"

    def __init__(self, folder: str, proxied: bool = True):
        self.clocks = [Clock(f"{folder}/clock"), Clock(f"{folder}/server-clock")]
        self.environment = self.clocks[0].environment
        self.home = folder
        self.proxies: dict[str, list] = {}
        self.proxied = proxied
        self.clusters = [Cluster(f"{folder}/{n}", self.clocks[1]) for n in ("a", "b")]
        self.primary, self.standby = self.clusters
        try:
            self.primary.initialize()
            self.primary.start()
            self.join()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{cluster.port}" for cluster in self.clusters)
        return f"postgres://postgres@{hosts}/postgres"

    def session_url(self, session: str) -> str:
        """Through proxies of its own."""
        if not self.proxied:
            return self.url
        from proxy import Proxy

        self.proxies[session] = [Proxy(cluster.port) for cluster in self.clusters]
        hosts = ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies[session])
        return f"postgres://postgres@{hosts}/postgres"

    def join(self) -> None:
        """Makes the standby, and has each commit wait for it: what was accepted survives the loss of the primary."""
        self.standby.follow(self.primary)
        self.catch_up()
        self.await_standby("*")

    def catch_up(self) -> None:
        """Waits until the standby has what was written, also without waiting for it, and will have it when the primary stops."""
        while not self.primary.execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"):
            time.sleep(0.1)

    def await_standby(self, names: str) -> None:
        self.primary.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.primary.execute("SELECT pg_reload_conf()")

    def switch(self, mode: str) -> None:
        """The primary ends, and the standby takes its place."""
        self.primary.stop(mode)
        self.primary, self.standby = self.standby, self.primary
        self.primary.promote()
        # It must not wait for the one that is gone.
        self.await_standby("")

    def execute(self, *statements: tuple) -> list:
        rows = []
        for (statement,) in statements:
            rows = [tuple(line.split("|")) for line in self.primary.execute(statement)]
        return rows

    def check(self) -> str:
        """Reads every row, the ids by their index as well."""
        schema = "cowork_bridge"
        for table in ("messages", "tasks"):
            with_index, without = [
                self.primary.execute(f"SET enable_seqscan = {seq}; SET enable_indexscan = {index}; SET enable_indexonlyscan = {index}; "
                                     f"SET enable_bitmapscan = {index}; SELECT count(*), count(DISTINCT id) FROM {schema}.{table}")
                for seq, index in (("off", "on"), ("on", "off"))
            ]
            if with_index != without:
                return f"{table}: {with_index} rows by index, {without} without"
        return "ok"

    def sizes(self) -> dict[str, int]:
        tables = ("messages", "message_details", "task_events", "leases", "lease_items", "instances", "sessions")
        counted = ", ".join(f"(SELECT count(*) FROM cowork_bridge.{table})" for table in tables[3:])
        sized = ", ".join(f"pg_total_relation_size('cowork_bridge.{table}')" for table in tables)
        row = self.primary.execute(f"SELECT {sized}, {counted}, (SELECT count(*) FROM pg_stat_activity)")[0].split("|")
        names = [f"{table} bytes" for table in tables] + list(tables[3:]) + ["backends"]
        return dict(zip(names, map(int, row)))

    def close(self) -> None:
        for cluster in self.clusters:
            try:
                cluster.stop("immediate")
            except RuntimeError:
                pass
