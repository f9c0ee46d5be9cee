"""Too much, too many and too slow."""

import json
import resource
import selectors
import socket
import time
import uuid

import pytest

from web import Events, read_answer, status

# What ends before a store is asked.
ON_ONE_STORE = pytest.mark.parametrize("store", ["SQLite"], indirect=True)


@pytest.fixture(autouse=True)
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192) if hard > 0 else 8192, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# More than a server can read in the second that it waits for its answer to be taken.
MOST = 32 << 30


def head(web, *lines: str, method: str = "POST", path: str = "/api/messages") -> bytes:
    return (
        "\r\n".join(
            [
                f"{method} {path} HTTP/1.1",
                f"Host: 127.0.0.1:{web.port}",
                f"Cookie: {web.cookie}",
                f"Origin: {web.address}",
                "Content-Type: application/json",
                *lines,
            ]
        ).encode()
        + b"\r\n"
    )


def flood(connection: socket.socket, piece: bytes):
    """Sends until the server has had enough."""
    sent = 0
    try:
        while sent < MOST:
            connection.sendall(piece)
            sent += len(piece)
    except OSError:
        return
    raise AssertionError(f"the server took {sent} bytes")


@ON_ONE_STORE
def test_a_body_that_is_too_large(web):
    before = web.memory
    body = json.dumps({"to": "code", "content": "x" * (1 << 20), "key": "k"}).encode()
    assert status(web.raw(head(web, f"Content-Length: {len(body)}") + b"\r\n" + body)) == 413
    assert status(web.raw(head(web, "Content-Length: 1099511627776") + b"\r\n")) == 413
    # The same without its length, and without an end.
    with web.connect() as connection:
        connection.sendall(head(web, "Transfer-Encoding: chunked") + b"\r\n")
        flood(connection, b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        assert status(read_answer(connection)) in (413, None)
    # A chunk that never ends, and one whose length overflows.
    for size in (b"ffffffff", b"7fffffffffffffff", b"ffffffffffffffff", b"fffffffffffffffff", b"-1", b"0x10", b"1;" + b"x" * 500_000):
        with web.connect() as connection:
            connection.sendall(head(web, "Transfer-Encoding: chunked") + b"\r\n")
            flood(connection, size + b"\r\n" + b"x" * 0x10000)
            assert status(read_answer(connection)) in (400, 413, None)
    print(f"\nmemory: {before} MB before, {web.memory} MB after")
    assert web.memory < before + 64


@ON_ONE_STORE
def test_a_head_that_is_too_large(web):
    before = web.memory
    for line in (
        f"X: {'x' * 1_000_000}",
        "\r\n".join(f"X-{n}: x" for n in range(20_000)),
        f"{'x' * 200_000}: x",
        f"Cookie: {'a=b; ' * 40_000}",
    ):
        answer = web.raw(head(web, line, method="GET", path="/api/state") + b"\r\n")
        assert status(answer) in (400, 413, 431, None), answer[:200]
    for start in (head(web), b"", b"GET /", b"GET / HTTP/1.1\r\nX: "):
        with web.connect() as connection:
            connection.sendall(start)
            flood(connection, b"x" * 0x10000)
            assert status(read_answer(connection)) in (400, 413, 414, 431, None)
    # Trailers are a head too.
    with web.connect() as connection:
        connection.sendall(head(web, "Transfer-Encoding: chunked") + b"\r\n2\r\n{}\r\n0\r\n")
        flood(connection, b"X: " + b"x" * 0x10000 + b"\r\n")
    print(f"\nmemory: {before} MB before, {web.memory} MB after")
    assert web.memory < before + 64


@ON_ONE_STORE
def test_a_thousand_connections_at_once(web):
    before = web.memory
    connections = []
    for _ in range(1000):
        connection = web.connect()
        try:
            # A connection that waits to be accepted, and says nothing, may be lost without either side noticing.
            connection.sendall(b"G")
        except OSError:
            pass
        connection.setblocking(False)
        connections.append(connection)
    # Those that are too many hear so at once, each with an answer or by being closed.
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection, selectors.EVENT_READ)
    closed = 0
    while closed < 1000 - 32 and (ready := selector.select(60)):
        for key, _ in ready:
            try:
                data = key.fileobj.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            assert not data or status(data) == 503, data[:100]
            if not data:
                selector.unregister(key.fileobj)
                closed += 1
    print(f"\n{closed} of 1000 connections were closed; memory: {before} MB before, {web.memory} MB after")
    assert closed >= 1000 - 32 and web.memory < before + 64
    for connection in connections:
        connection.close()
    # There is room again.
    deadline = time.monotonic() + 60
    while True:
        try:
            if web.request("GET", "/api/state")[0] == 200:
                break
        except ConnectionError:
            pass  # It was one too many.
        assert time.monotonic() < deadline, "there is no room again"
    for _ in range(40):
        web.get("/api/state")


@ON_ONE_STORE
def test_slow_heads_and_bodies_are_not_waited_for(web):
    starts = (
        b"",
        b"G",
        b"GET /api/state HTTP/1.1\r\n",
        head(web),
        head(web, "Content-Length: 100") + b"\r\n",
        head(web, "Content-Length: 100") + b"\r\n{",
        head(web, "Transfer-Encoding: chunked") + b"\r\n5\r\nab",
        head(web, method="GET", path="/api/state") + b"\r\n",
    )
    connections = []
    for start in starts:
        connection = web.connect()
        connection.settimeout(120)
        connection.sendall(start)
        connections.append(connection)
    for start, connection in zip(starts, connections):
        # Whatever it answers, it ends the connection, also one that did all right and is idle.
        data = b""
        while part := _receive(connection):
            data += part
        assert status(data) in (None, 400, 408) or start.startswith(b"GET") and status(data) == 200, (start, data[:200])
        connection.close()


def _receive(connection):
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""


def test_a_slow_reader_and_a_long_day(lab):
    """50,000 messages, 20,000 on Postgres, while many tabs come and go, and one of them does not read."""
    lab.agent("code")
    lab.agent("cowork")
    web = lab.web()
    slow = lab.keep(Events(web, buffer=4096, reads=False))
    live = lab.keep(Events(web))
    live.until(lambda: live.received)

    def hour(number: int):
        last = f"the end of hour {number}"
        contents = [f"{number} " + "x" * 1000 for _ in range(4999)] + [last]
        lab.store.insert(
            "messages",
            [
                {
                    "id": str(uuid.uuid4()), "sender": "code", "recipient": "cowork", "content": content, "read": 1,
                    "created_at": "2026-01-01T00:00:00.000Z",
                }
                for content in contents
            ],
        )
        for _ in range(20):
            visitor = Events(web)
            visitor.until(lambda: visitor.received)
            web.get("/api/transcript?limit=200")
            visitor.close()
        live.until(
            lambda: any(kind == "entries" and data[-1].get("content") == last for kind, data in live.received) or "reset" in live.kinds()
        )
        live.received.clear()

    memory = []
    for number in range(10 if lab.store.name == "SQLite" else 4):
        hour(number)
        memory.append(web.memory)
    print(f"\n{lab.store.name}: memory after each 5,000 messages and 20 tabs: {memory} MB")
    assert memory[-1] < memory[1] + 32
    # The slow one is told to load again, rather than being sent all that it missed: at once, or when it comes back.
    slow.read()
    slow.until(lambda: "reset" in slow.kinds() or slow.ended)
    assert len(slow.contents()) < 20_000
    if slow.ended:
        slow = lab.keep(Events(web, last=slow.last))
        slow.until(lambda: "reset" in slow.kinds())
    lab.store.insert(
        "messages",
        [
            {
                "id": str(uuid.uuid4()), "sender": "code", "recipient": "cowork", "content": "live again", "read": 1,
                "created_at": "2026-01-01T00:00:00.000Z",
            }
        ],
    )
    for stream in (slow, live):
        stream.until(lambda: "live again" in stream.contents())
