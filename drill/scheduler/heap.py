"""Keeps the memory of a process that runs for months near what it uses."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8
"""From malloc.h of the GNU C library."""

ARENAS_AT_MOST = 1


def share_heap() -> bool:
    """Let all threads take memory from one heap; tell whether this system knows such a thing.

    The GNU C library gives almost every thread a heap of its own, and each keeps what it once
    needed. The threads of drills need much for a moment, such as for a list of all instances, one
    after the other: together they kept some ten megabytes that nobody used. They seldom wait for
    each other here, for Python lets one of them work at a time. Call it before the first thread is
    started.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS_AT_MOST))
    except (OSError, AttributeError, TypeError):  # another C library, another system
        return False


def give_back() -> None:
    """Give memory back that nobody uses any more, where the system can. Takes milliseconds."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
