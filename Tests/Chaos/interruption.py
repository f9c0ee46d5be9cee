"""The end of a run by a signal: whatever waits then returns at once, and everything that was started is ended."""

from __future__ import annotations

import signal
import threading


class Interrupted(Exception):
    """A signal ended the run."""


class Interruption:
    def __init__(self):
        self._came = threading.Event()

    def await_signals(self) -> None:
        """Only the main thread may call this."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # In a thread: the handler may interrupt the main thread while that one holds the lock of the event.
            signal.signal(number, lambda *_: threading.Thread(target=self._came.set).start())

    @property
    def came(self) -> bool:
        return self._came.is_set()

    def pause(self, seconds: float) -> None:
        """Waits, in any thread.

        - Throws: `Interrupted` once a signal has come.
        """
        if self._came.wait(max(seconds, 0)):
            raise Interrupted
