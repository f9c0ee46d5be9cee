"""The end of a run by a signal: whatever waits then returns at once, and everything that was started is ended."""

from __future__ import annotations

import os
import signal
import threading


class Interrupted(Exception):
    """A signal ended the run."""


class Interruption:
    def __init__(self):
        self._came = threading.Event()

    def await_signals(self) -> None:
        """Only the main thread may call this."""
        # By a pipe and a thread: a handler of Python runs late where the main thread has just begun to wait, and would itself wait for ever where
        # that thread holds the lock of the event.
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        threading.Thread(target=self._await, args=(reading,), daemon=True).start()

    def _await(self, reading: int) -> None:
        os.read(reading, 1)
        self._came.set()

    @property
    def came(self) -> bool:
        return self._came.is_set()

    def pause(self, seconds: float) -> None:
        """Waits, in any thread.

        - Throws: `Interrupted` once a signal has come.
        """
        if self._came.wait(max(seconds, 0)):
            raise Interrupted
