"""A server process, spoken to by JSON-RPC lines as its client does."""

from __future__ import annotations

import json
import queue
import subprocess
import threading

from history import History, brief

HANDSHAKE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "chaos", "version": "1"}}


class Gone(Exception):
    """The server's output has ended: whether the call was carried out is unknown."""


class Failed(Exception):
    """The call was answered with an error."""


class Server:
    """One server of a session. Each call and its result goes to the history when it happens."""

    def __init__(self, command: list[str], log, history: History, session: str, number: int):
        self._history, self._who = history, {"session": session, "server": number}
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self._history.add("server", **self._who, pid=self.child.pid)
        self._answers: queue.Queue = queue.Queue()
        self._last = 0
        self._tool = ""
        threading.Thread(target=self._read, daemon=True).start()
        self._request("initialize", HANDSHAKE)
        self._answer()
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, **arguments) -> dict:
        """The structured result of a call."""
        self._tool = tool
        self._history.add("call", **self._who, id=self._last + 1, tool=tool, args=brief(arguments))
        try:
            self._request("tools/call", {"name": tool, "arguments": arguments})
            answer = self._answer()
        except Gone:
            self._history.add("none", **self._who, id=self._last)
            raise
        if "error" in answer:
            raise Failed(answer["error"]["message"])
        if answer["result"].get("isError"):
            raise Failed(answer["result"]["content"][0]["text"])
        return answer["result"]["structuredContent"]

    def kill(self) -> None:
        self.child.kill()
        self.child.wait()

    def close(self, seconds: float = 30) -> None:
        """Ends the input, and waits for the server's end."""
        self.child.stdin.close()
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def _request(self, method: str, params: dict) -> None:
        self._last += 1
        self._send({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params})

    def _send(self, message: dict) -> None:
        try:
            self.child.stdin.write(json.dumps(message).encode() + b"\n")
            self.child.stdin.flush()
        except OSError:
            pass  # its output ends, too

    def _answer(self) -> dict:
        while (answer := self._answers.get()) is not None:
            if answer.get("id") == self._last:
                return answer
        self.child.wait()
        raise Gone

    def _read(self) -> None:
        """Records what arrives as soon as it is there: the client may be killed the next moment."""
        for line in self.child.stdout:
            if not line.endswith(b"\n"):
                break
            answer = json.loads(line)
            if self._tool and "id" in answer and "method" not in answer:
                result = answer.get("result", {})
                if "error" in answer:
                    outcome = {"error": answer["error"]["message"]}
                elif result.get("isError"):
                    outcome = {"error": result["content"][0]["text"]}
                else:
                    outcome = {"result": brief(result["structuredContent"])}
                self._history.add("ret", **self._who, id=answer["id"], **outcome)
            self._answers.put(answer)
        self._history.add("gone", **self._who)
        self._answers.put(None)
