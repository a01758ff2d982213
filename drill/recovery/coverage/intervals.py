"""Sets of instants: sorted, disjoint, half-open intervals of whole UTC milliseconds (C.0).

``union`` makes such a set out of anything; every other function takes sets that ``union`` made, and
returns one. All of them are single sweeps: linear in what they are given.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise

_MILLISECOND = timedelta(milliseconds=1)

Interval = tuple[int, int]
"""From the first millisecond to the one after the last."""

Intervals = tuple[Interval, ...]


def union(intervals: Iterable[Interval]) -> Intervals:
    """Return the same instants, sorted and disjoint; what ends before or when it begins is nothing.

    Intervals that touch become one.
    """
    merged: list[Interval] = []
    begin = end = None
    for start, stop in sorted(intervals):
        if stop <= start:
            continue
        if end is None or begin is None:
            begin, end = start, stop
        elif start <= end:
            end = max(end, stop)
        else:
            merged.append((begin, end))
            begin, end = start, stop
    if begin is not None and end is not None:
        merged.append((begin, end))
    return tuple(merged)


def intersection(one: Sequence[Interval], other: Sequence[Interval]) -> Intervals:
    """Return the instants that are in both sets."""
    found: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(other):
        begin = max(one[i][0], other[j][0])
        end = min(one[i][1], other[j][1])
        if begin < end:
            found.append((begin, end))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def difference(one: Sequence[Interval], other: Sequence[Interval]) -> Intervals:
    """Return the instants of the first set that are not in the second."""
    found: list[Interval] = []
    j = 0
    for begin, end in one:
        while j < len(other) and other[j][1] <= begin:
            j += 1
        at, k = begin, j
        while k < len(other) and other[k][0] < end:
            if at < other[k][0]:
                found.append((at, other[k][0]))
            at = max(at, other[k][1])
            k += 1
        if at < end:
            found.append((at, end))
    return tuple(found)


def length(intervals: Iterable[Interval]) -> int:
    """Return the measure of a set in milliseconds."""
    return sum(end - begin for begin, end in intervals)


def clip(intervals: Sequence[Interval], begin: int, end: int) -> Intervals:
    """Return the part of a set that lies in ``[begin, end)``; only the ends are looked at."""
    if end <= begin:
        return ()
    first = bisect_right(intervals, begin, key=end_of)
    last = bisect_left(intervals, end, key=begin_of)
    inside = list(intervals[first:last])
    if inside and inside[0][0] < begin:
        inside[0] = (begin, inside[0][1])
    if inside and inside[-1][1] > end:
        inside[-1] = (inside[-1][0], end)
    return tuple(inside)


def holes(intervals: Sequence[Interval]) -> Intervals:
    """Return what lies between the first and the last instant of a set and is not in it."""
    return tuple((before[1], after[0]) for before, after in pairwise(intervals))


def segment_at(intervals: Sequence[Interval], instant: int) -> Interval | None:
    """Return the interval that holds the instant, its end included, or None.

    The end counts because the API may be asked for it: see ``Window`` in ``drill.recovery.values``.
    Where two candidates touch the instant, it is the one that ends there.
    """
    place = bisect_left(intervals, instant, key=end_of)
    if place < len(intervals) and intervals[place][0] <= instant:
        return intervals[place]
    return None


def span_of(milliseconds: int) -> timedelta:
    """Return milliseconds as a span."""
    return timedelta(milliseconds=milliseconds)


def milliseconds_of(span: timedelta) -> int:
    """Return a span in whole milliseconds, rounded down."""
    return span // _MILLISECOND


def begin_of(interval: Interval) -> int:
    """Return the first millisecond: to look up intervals by."""
    return interval[0]


def end_of(interval: Interval) -> int:
    """Return the millisecond after the last."""
    return interval[1]
