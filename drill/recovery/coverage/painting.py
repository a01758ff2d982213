"""A line of instants that is painted over and over; the last coat is seen."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from drill.recovery.coverage.intervals import Interval, Intervals, union

Coat = tuple[int, int, int]
"""(from, up to, what it was painted with)."""


class Painting:
    """Disjoint, sorted stretches with one number each. A stroke costs what it covers."""

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        self._colors: list[int] = []

    def paint(self, begin: int, end: int, color: int) -> None:
        """Give ``[begin, end)`` a color, whatever it had before."""
        if end <= begin:
            return
        self.wipe(begin, end)
        place = bisect_left(self._begins, begin)
        self._begins.insert(place, begin)
        self._ends.insert(place, end)
        self._colors.insert(place, color)

    def wipe(self, begin: int, end: int) -> None:
        """Take the color from ``[begin, end)``."""
        if end <= begin:
            return
        first = bisect_right(self._ends, begin)
        last = bisect_left(self._begins, end)
        if first >= last:
            return
        begins: list[int] = []
        ends: list[int] = []
        colors: list[int] = []
        if self._begins[first] < begin:
            begins.append(self._begins[first])
            ends.append(begin)
            colors.append(self._colors[first])
        if self._ends[last - 1] > end:
            begins.append(end)
            ends.append(self._ends[last - 1])
            colors.append(self._colors[last - 1])
        self._begins[first:last] = begins
        self._ends[first:last] = ends
        self._colors[first:last] = colors

    def coats(self) -> tuple[Coat, ...]:
        """Return the stretches, oldest first; neighbours of different color stay apart."""
        return tuple(zip(self._begins, self._ends, self._colors, strict=True))

    def painted(self) -> Intervals:
        """Return where there is any color."""
        return union(zip(self._begins, self._ends, strict=True))

    def coats_within(self, intervals: Intervals) -> tuple[Coat, ...]:
        """Return the parts of the stretches that lie in a set of intervals."""
        found: list[Coat] = []
        i = j = 0
        coats = self.coats()
        while i < len(coats) and j < len(intervals):
            part = _common(coats[i], intervals[j])
            if part is not None:
                found.append((*part, coats[i][2]))
            if coats[i][1] <= intervals[j][1]:
                i += 1
            else:
                j += 1
        return tuple(found)


def _common(coat: Coat, interval: Interval) -> Interval | None:
    begin, end = max(coat[0], interval[0]), min(coat[1], interval[1])
    return (begin, end) if begin < end else None
