"""Histories: what each client saw and what was done to it, one JSON object a line.

Every event has `t`, the seconds of the machine's monotonic clock. The others depend on `ev`:

  session   a client begins: session, agent
  server    a client starts its server: session, server
  gone      a server's output has ended: session, server
  died      a client was killed: session
  call      a request is sent: session, server, id, tool, args
  ret       its result: session, server, id, and result or error
  none      no result will come: session, server, id
  fault     what was done: kind, target (a session, or * for all), until, and what belongs to the kind
  final     the store at the end: messages and tasks by id, set_aside, and the result of its own check
"""

from __future__ import annotations

import hashlib
import json
import os
import time


class History:
    """A file to which a process appends."""

    def __init__(self, path: str):
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, ev: str, **fields) -> None:
        # One write each, so that what a killed process saw is there.
        os.write(self._file, json.dumps({"t": round(time.monotonic(), 4), "ev": ev, **fields}).encode() + b"\n")


def load(folder: str) -> list[dict]:
    """The events of all files of a folder, in the order of time."""
    events = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl"):
            with open(f"{folder}/{name}", encoding="utf-8") as file:
                events += [json.loads(line) for line in file if line.endswith("\n")]
    return sorted(events, key=lambda event: event["t"])


def brief(value):
    """A result without what the checker does not need; a long text is replaced by its beginning, its length and its checksum."""
    if isinstance(value, dict):
        return {key: brief(part) for key, part in value.items() if key not in ("origin", "recipient_online", "description")}
    if isinstance(value, list):
        return [brief(part) for part in value]
    if isinstance(value, str) and len(value) > 120:
        return f"{value[:40]}… {len(value)} {hashlib.sha1(value.encode()).hexdigest()}"
    return value
