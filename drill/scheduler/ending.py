"""How a daemon comes to its end: asked to, waiting for what is under way, or leaving at once."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

_LOOK_EVERY = 0.1


class Ending:
    """What signals have asked for so far. Threads may share it."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._leaving = threading.Event()
        self._waits = False

    @property
    def is_asked(self) -> bool:
        """Tell whether the daemon shall end."""
        return self._asked.is_set()

    @property
    def is_leaving(self) -> bool:
        """Tell whether it shall not even wait for what is under way."""
        return self._leaving.is_set()

    def ask(self, *, waits: bool = False) -> None:
        """Ask for the end; with ``waits`` it takes as long as it takes."""
        self._waits = self._waits or waits
        self._asked.set()

    def leave(self) -> None:
        """Ask for the end at once."""
        self._asked.set()
        self._leaving.set()

    def wait(self, span: timedelta) -> bool:
        """Wait until the end is asked for, at most so long; tell whether it is."""
        return self._asked.wait(span.total_seconds())

    def wait_for(self, thread: threading.Thread, at_most: timedelta) -> None:
        """Wait until the thread has ended, the time is over, or nobody wants to wait any more."""
        deadline = time.monotonic() + at_most.total_seconds()
        while thread.is_alive() and not self.is_leaving:
            if not self._waits and time.monotonic() >= deadline:
                return
            thread.join(_LOOK_EVERY)
