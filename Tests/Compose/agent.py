"""An agent: a server process in a container, spoken to over `docker exec -i`."""

from __future__ import annotations

import json
import queue
import struct
import threading

SERVER = "cowork-code-mcp-server"
HANDSHAKE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "compose-tests", "version": "1"}}


class Gone(Exception):
    """The server's output has ended."""


class ToolFailed(Exception):
    """A call was answered with isError."""


class Agent:
    """One server and its client's end of the connection."""

    def __init__(self, container, identity: str, environment: dict[str, str] | None = None):
        api = container.client.api
        exec_id = api.exec_create(container.id, [SERVER, identity], stdin=True, environment=environment or {})["Id"]
        self._stream = api.exec_start(exec_id, socket=True)
        self._socket = self._stream._sock
        self._socket.settimeout(None)
        self._replies: dict[int, queue.Queue] = {}
        self._lock = threading.Lock()
        self._last = 0
        self._ended = False
        self.errors = b""
        threading.Thread(target=self._read, daemon=True).start()
        self.wait(self._request("initialize", HANDSHAKE))
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def start(self, tool: str, **arguments) -> int:
        """Sends a call, and does not wait for its answer."""
        return self._request("tools/call", {"name": tool, "arguments": arguments})

    def wait(self, id: int, seconds: float = 70) -> dict:
        """The result of a call."""
        answer = self._replies[id].get(timeout=seconds)
        if answer is None:
            raise Gone(self.errors.decode(errors="replace"))
        if "error" in answer:
            raise ToolFailed(answer["error"]["message"])
        result = answer["result"]
        if result.get("isError"):
            raise ToolFailed(result["content"][0]["text"])
        return result.get("structuredContent", result)

    def call(self, tool: str, **arguments) -> dict:
        return self.wait(self.start(tool, **arguments))

    def close(self):
        """Ends the connection; the server ends with it."""
        try:
            self._socket.shutdown(2)
        except OSError:
            pass
        self._stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _request(self, method: str, params: dict) -> int:
        with self._lock:
            self._last += 1
            id = self._last
            self._replies[id] = queue.Queue()
            if self._ended:
                self._replies[id].put(None)
        self._send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        return id

    def _send(self, message: dict):
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            pass  # the reader tells

    def _read(self):
        line = b""
        for stream, data in self._frames():
            if stream != 1:
                self.errors += data
                continue
            line += data
            while b"\n" in line:
                text, line = line.split(b"\n", 1)
                message = json.loads(text)
                if message.get("id") in self._replies:
                    self._replies[message["id"]].put(message)
        with self._lock:
            self._ended = True
            for replies in self._replies.values():
                replies.put(None)

    def _frames(self):
        """Docker's multiplexed stream: a byte that names the stream, three of nothing, four of length, then data."""
        while header := self._exactly(8):
            stream, length = struct.unpack(">BxxxL", header)
            data = self._exactly(length)
            if data is None:
                return
            yield stream, data

    def _exactly(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            try:
                part = self._socket.recv(count - len(data))
            except OSError:
                return None
            if not part:
                return None
            data += part
        return data
