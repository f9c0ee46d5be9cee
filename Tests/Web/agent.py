"""A server over stdio, and its client's end of the connection."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time


class ToolFailed(Exception):
    """A call was answered with isError, or the server has ended."""


class Agent:
    def __init__(self, command: list[str], environment: dict[str, str], client: str = "web-tests"):
        self._process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._replies: dict[int, queue.Queue] = {}
        self._lock = threading.Lock()
        self._last = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        handshake = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": client, "version": "1"}}
        self.wait(self._request("initialize", handshake))
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def start(self, tool: str, **arguments) -> int:
        """Sends a call, and does not wait for its answer."""
        return self._request("tools/call", {"name": tool, "arguments": arguments})

    def wait(self, id: int, seconds: float = 70) -> dict:
        return self._take(id, seconds)[0]

    def call(self, tool: str, **arguments) -> dict:
        return self.wait(self.start(tool, **arguments))

    def timed(self, tool: str, **arguments) -> tuple[dict, float]:
        """The result of a call, and the time in milliseconds since 1970 when it arrived."""
        return self._take(self.start(tool, **arguments), 70)

    def close(self):
        """The server ends with its input."""
        self._process.stdin.close()
        self._reader.join(20)
        self._process.wait(20)
        self._process.stdout.close()

    def _take(self, id, seconds):
        answer, at = self._replies[id].get(timeout=seconds)
        if answer is None:
            raise ToolFailed("the server has ended")
        if "error" in answer:
            raise ToolFailed(answer["error"]["message"])
        result = answer["result"]
        if result.get("isError"):
            raise ToolFailed(result["content"][0]["text"])
        return result.get("structuredContent", result), at

    def _request(self, method: str, params: dict) -> int:
        with self._lock:
            self._last += 1
            id = self._last
            self._replies[id] = queue.Queue()
        self._send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        return id

    def _send(self, message: dict):
        with self._lock:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def _read(self):
        for line in self._process.stdout:
            at = time.time() * 1000
            message = json.loads(line)
            if message.get("id") in self._replies:
                self._replies[message["id"]].put((message, at))
        for replies in list(self._replies.values()):
            replies.put((None, 0))
