"""What time it is. The only place of the package that reads a clock."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """Return the wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary origin that never run backwards: for durations."""
        ...

    def sleep(self, span: timedelta) -> None:
        """Let this much time pass."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, span: timedelta) -> None:
        """Sleep in real time."""
        time.sleep(max(0.0, span.total_seconds()))


class ManualClock:
    """A clock that stands still until it is told to move: for tests and simulations."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._monotonic = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the instant it was last moved to."""
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        """Return the sum of all moves, in seconds."""
        with self._lock:
            return self._monotonic

    def sleep(self, span: timedelta) -> None:
        """Move instead of waiting."""
        self.move(span)

    def move(self, span: timedelta) -> None:
        """Let this much time pass at once."""
        with self._lock:
            self._now += span
            self._monotonic += span.total_seconds()


def to_milliseconds(instant: datetime) -> int:
    """Return whole milliseconds since the epoch, rounded down (the unit of the RDS v3 API)."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime is not an instant")
    return (instant - _EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the aware UTC instant of milliseconds since the epoch."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
