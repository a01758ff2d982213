"""A copy of this process that does a part of what is to be done.

It knows everything that this one knows, and nothing has to be sent to it: where little is to be
rendered of a big fleet, sending takes as long as rendering. It must not touch what both cannot use,
such as the connection to a store.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Generic, Self, TypeVar

from drill.errors import DrillError

_Done = TypeVar("_Done")


class HelperLost(DrillError):
    """a process that helped to render has ended before its time"""


def may_be_copied() -> bool:
    """Tell whether a copy of this process is sound: it is not where other threads hold locks."""
    return sys.platform == "linux" and threading.active_count() == 1


class Aside(Generic[_Done]):
    """Tasks of which this process and a copy of it do one after the other, whoever has time."""

    def __init__(self, tasks: Sequence[Callable[[], _Done]]) -> None:
        """Make the copy, which begins at once."""
        self._tasks = tasks
        fork = get_context("fork")
        self._next = fork.Value("i", 0)
        self._results, theirs = fork.Pipe(duplex=False)
        self._copy = fork.Process(target=self._help, args=(theirs,), daemon=True)
        self._copy.start()
        theirs.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the copy if it still works: nobody wants what it does any more."""
        self._copy.kill()
        self._copy.join()
        self._results.close()

    def finished(self) -> Iterator[_Done]:
        """Do what the copy has not begun with, and yield what both have done.

        Raise what a task raises, here or there, and HelperLost if the copy has been killed.
        """
        yield from self._claimed()
        try:
            error, done = self._results.recv()
        except EOFError as lost:
            raise HelperLost(hint="See whether the machine ran out of memory.") from lost
        self._copy.join()
        if error is not None:
            raise error
        yield from done

    def _claimed(self) -> Iterator[_Done]:
        while True:
            with self._next.get_lock():
                place = self._next.value
                self._next.value += 1
            if place >= len(self._tasks):
                return
            yield self._tasks[place]()

    def _help(self, theirs: Connection) -> None:
        done: list[_Done] = []
        error: Any = None
        try:
            done = list(self._claimed())
        except Exception as raised:  # noqa: BLE001 - it is raised again where somebody sees it
            error = raised
        theirs.send((error, done))
