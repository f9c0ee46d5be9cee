"""What all tests of the page share: both stores, agents, the page's server, and a browser."""

import itertools
import os
import subprocess

import pytest

import browser
from agent import Agent
from page import Page
from stores import Cluster, Postgres, SQLite, free_port
from web import SECRET, Events, Web

BINARY = os.environ["COWORK_TEST_BINARY"]
numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(params=["SQLite", "Postgres"])
def store(request, tmp_path):
    if request.param == "SQLite":
        return SQLite(tmp_path)
    return Postgres(request.getfixturevalue("cluster"), f"bridge{next(numbers)}")


@pytest.fixture
def sqlite(tmp_path):
    return SQLite(tmp_path)


class Lab:
    """Starts what a test needs on its store, and ends it afterwards."""

    def __init__(self, store, home, browser):
        self.store = store
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **store.environment}
        self.browser = browser
        self._closing = []

    def keep(self, thing):
        """Closes it at the end of the test, the last one first."""
        self._closing.append(thing)
        return thing

    def agent(self, name: str, client: str = "web-tests") -> Agent:
        return self.keep(Agent([BINARY, name], self.environment, client))

    def make_known(self, name: str):
        subprocess.run([BINARY, "agents", "add", name], env=self.environment, check=True, timeout=60, stdout=subprocess.DEVNULL)

    def web(self, *arguments: str) -> Web:
        return self.keep(Web(BINARY, self.environment, free_port(), *arguments))

    def page(self, web: Web, path: str = "/") -> Page:
        """A new tab with the page."""
        return self.keep(Page(self.browser(), web, path))

    def close(self):
        for thing in reversed(self._closing):
            thing.close()


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests. It starts with the first that asks for it."""
    driver = browser.start()
    yield driver
    driver.quit()


@pytest.fixture
def lab(store, tmp_path, request):
    lab = Lab(store, tmp_path, lambda: request.getfixturevalue("chromium"))
    yield lab
    lab.close()


@pytest.fixture
def web(lab):
    """A server under attack. Its own page keeps working, and its store stays as it was."""
    code = lab.agent("code")
    code.call("send_message", to="code", content=SECRET)
    web = lab.web()
    web.get("/api/state")
    witness = lab.keep(Events(web))
    witness.until(lambda: witness.received)
    before = lab.store.counts()
    yield web
    assert web.process.poll() is None
    assert lab.store.counts() == before
    assert not witness.ended and not witness.contents()
    code.call("send_message", to="code", content="still live")
    witness.until(lambda: "still live" in witness.contents())
    assert witness.contents() == ["still live"]
