"""What SIGTERM, SIGINT and SIGHUP ask of the daemon."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Told(Protocol):
    """What can be told to stop: the daemon."""

    def stop(self, *, abort: bool = False) -> None:
        """End, and wait for what is under way."""
        ...

    def leave(self) -> None:
        """End at once."""
        ...

    def beat(self, *, anyway: bool = False) -> None:
        """Look at everything, at the plans too."""
        ...


@contextmanager
def signals_to(
    daemon: Told, say: Callable[[str], None], failed: Callable[[BaseException], None]
) -> Iterator[None]:
    """Tell the daemon about signals while the block runs.

    A handler only takes a note. It may interrupt the main thread anywhere, also where that holds
    a lock; so a thread of its own does what was asked.
    """
    notes: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def note(number: int, frame: FrameType | None) -> None:
        notes.put(number)

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    earlier = {number: signal.signal(number, note) for number in numbers}
    reader = threading.Thread(
        target=_read, args=(notes, daemon, say, failed), name="signals", daemon=True
    )
    reader.start()
    try:
        yield
    finally:
        notes.put(None)
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _read(
    notes: queue.SimpleQueue[int | None],
    daemon: Told,
    say: Callable[[str], None],
    failed: Callable[[BaseException], None],
) -> None:
    ends = 0
    while (number := notes.get()) is not None:
        try:
            if number == signal.SIGHUP:
                daemon.beat(anyway=True)
                continue
            ends += 1
            if ends > 1:
                say("leaving unfinished drills to the next process")
                daemon.leave()
            elif number == signal.SIGINT:
                say("stopping: every running drill goes to teardown (again to leave them as is)")
                daemon.stop(abort=True)
            else:
                say("stopping: no drill begins any more (again to leave at once)")
                daemon.stop()
        except Exception as error:  # noqa: BLE001  told to the main thread
            failed(error)
