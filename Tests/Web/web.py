"""`cowork-code-mcp-server web` as a process, and requests to it."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time

# The text of a message that attacks must not see.
SECRET = "what the store holds"


class Web:
    """The page's server. `output` is all that it printed."""

    def __init__(self, binary: str, environment: dict[str, str], port: int, *arguments: str):
        self.port = port
        self.command = [binary, "web", "--port", str(port), *arguments]
        self.environment = environment
        self.output = ""
        self.start()

    def start(self):
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(60), f"the server did not print its address: {self.output}"
        self.address, self.key = re.search(r"(http://127\.0\.0\.1:\d+)/\?key=([A-Za-z0-9_-]+)", self.output[self._start :]).groups()
        self.port = int(self.address.rsplit(":", 1)[1])
        self.cookie = self._trade()

    def _read(self):
        self._start = len(self.output)
        for line in self.process.stdout:
            self.output += line
            if "/?key=" in line:
                self._ready.set()
        self._ready.set()

    def _trade(self) -> str:
        """The cookie that the key is worth."""
        status, headers, _ = self.request("GET", f"/?key={self.key}", cookie=None)
        assert status == 303, f"{status} {headers}"
        return headers["Set-Cookie"].split(";")[0]

    def stop(self, how: int = signal.SIGTERM) -> float:
        """Ends it, and returns the milliseconds that it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(20)
        took = (time.monotonic() - began) * 1000
        self._reader.join(20)
        self.process.stdout.close()
        return took

    def close(self):
        if self.process.poll() is None:
            self.stop()

    @property
    def memory(self) -> int:
        """Resident memory in MB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) // 1024

    # One request on a connection of its own.

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, cookie: str | None = ""
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """`cookie` is the page's own unless it is given; None sends none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            sent = dict(headers or {})
            if cookie is not None:
                sent["Cookie"] = cookie or self.cookie
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def get(self, path: str) -> dict:
        status, _, body = self.request("GET", path)
        assert status == 200, f"{path}: {status} {body!r}"
        return json.loads(body)

    def post(self, path: str, value, **headers: str) -> tuple[int, dict]:
        """As the page does it."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        sent = {"Origin": self.address, "Content-Type": "application/json", **headers}
        status, _, answer = self.request("POST", path, body, sent)
        return status, json.loads(answer)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def raw(self, data: bytes) -> bytes:
        """Sends bytes, and returns all that comes until the server closes the connection or is silent after a whole answer."""
        with self.connect() as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass  # refused while it was sent; the answer, if any, is read below
            return read_answer(connection)


def read_answer(connection: socket.socket) -> bytes:
    """One answer, to its end: by its length or last chunk, or when the connection closes."""
    data = b""
    try:
        while True:
            head, end, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head) if end else None
            if length and len(body) >= int(length.group(1)) or end and body.endswith(b"0\r\n\r\n"):
                return data
            part = connection.recv(65536)
            if not part:
                return data
            data += part
    except ConnectionError:
        return data


def status(answer: bytes) -> int | None:
    """The status of a raw answer; None if the connection was closed without one."""
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
    return int(found.group(1)) if found else None


class Events:
    """A client of /api/events, which reads as fast as it can unless it is told not to."""

    def __init__(self, web: Web, last: str | None = None, buffer: int | None = None, reads: bool = True):
        self._connection = http.client.HTTPConnection("127.0.0.1", web.port)
        self._connection.sock = socket.socket()
        if buffer:
            self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._connection.sock.settimeout(60)
        self._connection.sock.connect(("127.0.0.1", web.port))
        self._connection.request(
            "GET", "/api/events", headers={"Cookie": web.cookie, "Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        )
        self._socket = self._connection.sock
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.received: list[tuple[str, object]] = []
        self.last = last
        self.status = None
        self.ended = False
        if reads:
            self.read()

    def read(self):
        """Begins to read, if it was told not to."""
        self._thread.start()

    def until(self, what, seconds: float = 60):
        """Waits until it is so."""
        with self._changed:
            assert self._changed.wait_for(what, seconds), f"not within {seconds} s; the last events are {self.received[-5:]}"

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.received]

    def contents(self) -> list[str]:
        """The contents of all messages that came."""
        return [entry["content"] for kind, data in self.received if kind == "entries" for entry in data if entry["type"] == "message"]

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if self._thread.ident:
            self._thread.join(20)
        self._socket.close()

    def _read(self):
        kind, data = "message", []
        try:
            response = self._connection.getresponse()
            self.status = response.status
            for line in response:
                field, _, value = line.decode().rstrip("\r\n").partition(":")
                value = value.removeprefix(" ")
                if field == "event":
                    kind = value
                elif field == "data":
                    data.append(value)
                elif field == "id":
                    self.last = value
                elif not field and not value and data:
                    self._note((kind, json.loads("\n".join(data))))
                    kind, data = "message", []
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.ended = True
        self._note(None)

    def _note(self, event):
        with self._changed:
            if event:
                self.received.append(event)
            self._changed.notify_all()
