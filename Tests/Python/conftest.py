"""What the tests for both generations of the SDK share."""

import os
import sqlite3

import pytest


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def binary():
    """The server under test; scripts/python-tests names it."""
    return os.environ["COWORK_TEST_BINARY"]


@pytest.fixture
def environment(tmp_path):
    """A HOME of the test's own, and nothing of the caller's configuration."""
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}


@pytest.fixture
def database(tmp_path):
    """Asks the store behind the servers' backs."""

    def ask(sql, *arguments):
        connection = sqlite3.connect(tmp_path / ".cowork-code-mcp" / "messages.db", timeout=10)
        try:
            with connection:
                return connection.execute(sql, arguments).fetchall()
        finally:
            connection.close()

    return ask
