"""The two stores, as the tests make them, reach behind the servers' backs, and take away."""

from __future__ import annotations

import glob
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile

TABLES = ("messages", "tasks", "task_events", "agents")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class SQLite:
    name = "SQLite"

    def __init__(self, home: pathlib.Path):
        self.file = home / ".cowork-code-mcp" / "messages.db"
        self.environment = {}

    def ask(self, sql: str) -> list[tuple]:
        connection = sqlite3.connect(self.file, timeout=20)
        try:
            with connection:
                return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def insert(self, table: str, rows: list[dict]):
        """Rows by hand, in one transaction; each has the same columns."""
        columns = list(rows[0])
        connection = sqlite3.connect(self.file, timeout=20)
        try:
            with connection:
                connection.executemany(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                    [[row[column] for column in columns] for row in rows],
                )
        finally:
            connection.close()

    def by_hand(self, sql: str):
        """As a person types it."""
        subprocess.run(["sqlite3", "-cmd", ".timeout 20000", str(self.file), sql], check=True, timeout=60)

    def counts(self) -> dict[str, int]:
        return {table: self.ask(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}

    def take_away(self):
        """A file in place of the folder keeps the programs from making a new store."""
        folder = self.file.parent
        folder.rename(folder.with_suffix(".away"))
        folder.touch()

    def bring_back(self):
        folder = self.file.parent
        folder.unlink()
        folder.with_suffix(".away").rename(folder)


class Cluster:
    """A Postgres of the tests' own. It refuses root, so root starts it as the user postgres."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="pg")
        self.port = free_port()
        found = glob.glob("/usr/lib/postgresql/*/bin")
        self.bin = max(found, key=lambda path: float(path.split("/")[4]))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.run("initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def run(self, program: str, *arguments: str):
        command = [f"{self.bin}/{program}", *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        with open(f"{self.folder}.log", "ab") as log:
            subprocess.run(command, check=True, timeout=120, cwd="/", stdout=log, stderr=log)

    def start(self):
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "fast", "-w", "stop")

    def remove(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder)
        os.remove(f"{self.folder}.log")


class Postgres:
    name = "Postgres"

    def __init__(self, cluster: Cluster, database: str):
        self.cluster = cluster
        self.url = f"postgres://postgres@127.0.0.1:{cluster.port}/{database}"
        self.environment = {"COWORK_DATABASE_URL": self.url}
        self._psql(f"CREATE DATABASE {database}", f"postgres://postgres@127.0.0.1:{cluster.port}/postgres")

    def _psql(self, sql: str, url: str | None = None) -> str:
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url or self.url]
        environment = {**os.environ, "PGOPTIONS": "-c search_path=cowork_bridge", "PGCLIENTENCODING": "UTF8"}
        done = subprocess.run(command, input=sql.encode(), env=environment, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def ask(self, sql: str) -> list[tuple]:
        rows = self._psql(f"SELECT coalesce(json_agg(to_json(r)), '[]') FROM ({sql}) AS r")
        return [tuple(row.values()) for row in json.loads(rows)]

    def insert(self, table: str, rows: list[dict]):
        columns = ", ".join(rows[0])
        text = json.dumps(rows)  # ASCII only, so nothing of the rows can end the quotes
        self._psql(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, $rows${text}$rows$)")

    def by_hand(self, sql: str):
        self._psql(sql)

    def counts(self) -> dict[str, int]:
        return {table: self.ask(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}

    def take_away(self):
        self.cluster.stop()

    def bring_back(self):
        self.cluster.start()
