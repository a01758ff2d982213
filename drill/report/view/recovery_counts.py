"""Recovery times of many drills, counted by engine, month and size in one pass."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from drill.recovery.tick import ANSWERED, MET, MINUTE, Tick, between, micro

SIZES = ((100, "< 100 GB"), (500, "100–499 GB"), (2000, "500–1999 GB"), (None, "≥ 2000 GB"))
"""Borders of the sizes of volumes, in gigabytes, and what they are called."""

_BORDERS = [high for high, _name in SIZES if high is not None]


@dataclass(slots=True)
class Times:
    """Recovery times of a group of conclusive drills, while they are counted."""

    minutes: list[float] = field(default_factory=list)
    """Infinite for a failed drill: it took forever (coverage C.11)."""
    failed: int = 0
    with_target: int = 0
    """With an RTO target and a measured RTA, or failed."""
    met: int = 0

    def add(self, other: Times) -> None:
        """Count what another group has counted."""
        self.minutes += other.minutes
        self.failed += other.failed
        self.with_target += other.with_target
        self.met += other.met


ByMonth = dict[tuple[int, int | None], Times]
"""By (month as ``month_of`` numbers it, place in ``SIZES`` or None where the size is not known)."""


def month_of(at: date) -> int:
    """Return the number of a month; they follow one another."""
    return at.year * 12 + at.month - 1


def month_begin(month: int) -> datetime:
    """Return the first instant of a month, in UTC."""
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def month_name(month: int) -> str:
    """Return what people call a month: YYYY-MM."""
    return f"{month // 12}-{month % 12 + 1:02d}"


def by_month(ticks: Sequence[Tick]) -> Iterator[tuple[int, Sequence[Tick]]]:
    """Yield each month that has drills, and them, the newest first; so come the drills."""
    begin = 0
    while begin < len(ticks):
        month = month_of(ticks[begin].night)
        inside = between(ticks, micro(month_begin(month)) - 1, ticks[begin].slot)
        yield month, inside
        begin += len(inside)


def times_by_engine(real: Sequence[Tick]) -> dict[str, ByMonth]:
    """Return the recovery times of conclusive drills by engine; each drill is counted once.

    They come newest slot first.
    """
    found: dict[str, ByMonth] = {}
    for month, ticks in by_month(real):
        for tick in ticks:
            engine, ending = tick.engine, tick.ending
            if not engine or not ending.is_conclusive:
                continue
            counted = found.get(engine)
            if counted is None:
                counted = found[engine] = {}
            key = month, _size_of(tick.volume_gb)
            times = counted.get(key)
            if times is None:
                times = counted[key] = Times()
            if ending.has_failed:
                times.failed += 1
                times.minutes.append(math.inf)
            elif tick.rta is not None:
                times.minutes.append(tick.rta / MINUTE)
            if tick.rto in ANSWERED:
                times.with_target += 1
                times.met += tick.rto == MET
    return found


def _size_of(volume_gb: int | None) -> int | None:
    """Return which row of ``SIZES`` a volume belongs to; None if its size is not known."""
    return None if volume_gb is None else bisect_right(_BORDERS, volume_gb)
