"""Notice that the wall clock jumped, or that the machine slept: no alarm was set for that."""

from __future__ import annotations

from datetime import timedelta

from drill.clock import Clock

NOTICED_FROM = timedelta(seconds=5)
"""A smaller difference is a clock that is being corrected, and no alarm is that exact."""


class ClockWatch:
    """Compares the wall clock with the monotonic one, which nobody sets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall = clock.now()
        self._passed = clock.monotonic()

    def look(self) -> timedelta | None:
        """Return how far the wall clock jumped since the last look, or None if it did not.

        Forward may be a clock that was set or a machine that slept; backward is a clock that was
        set.
        """
        wall, passed = self._clock.now(), self._clock.monotonic()
        jump = (wall - self._wall) - timedelta(seconds=passed - self._passed)
        self._wall, self._passed = wall, passed
        return jump if abs(jump) >= NOTICED_FROM else None
