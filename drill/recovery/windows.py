"""Restore windows: their union, their newest instant, their gaps.

The API may answer day by day, with overlaps, and with ends that our clock has not reached yet
(reference 2.1). What was left out or cut is kept, so that a reader can see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from drill.recovery.instants import MILLISECOND
from drill.recovery.values import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedWindows:
    """The union of restore windows, and what of the raw ones was not believed."""

    windows: tuple[Window, ...]
    """Sorted, without overlap, each longer than zero."""
    dropped: tuple[Window, ...] = ()
    """Raw windows that end before or when they begin, or that lie in the future."""
    clipped: tuple[Window, ...] = ()
    """Raw windows that end after now and were cut there: the clocks disagree."""


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A span between two windows that the provider cannot restore to; borders are not part of it.

    The time after the newest window is lag and no gap (coverage C.2).
    """

    starts_at: datetime
    ends_at: datetime

    @property
    def length(self) -> timedelta:
        """Return how long the gap is."""
        return self.ends_at - self.starts_at


def merge_windows(windows: Iterable[Window], *, now: datetime) -> MergedWindows:
    """Return the union of raw windows, cut at now (coverage C.0).

    Windows that overlap, touch, or leave less than two milliseconds between them become one: the
    API counts whole milliseconds, so a day that ends at 23:59:59.999 and the next that begins at
    00:00:00.000 leave no instant out.
    """
    kept: list[Window] = []
    dropped: list[Window] = []
    clipped: list[Window] = []
    for window in sorted(windows):
        ends_at = min(window.ends_at, now)
        if ends_at <= window.starts_at:
            dropped.append(window)
            continue
        if ends_at != window.ends_at:
            clipped.append(window)
        if kept and window.starts_at - kept[-1].ends_at <= MILLISECOND:
            kept[-1] = Window(kept[-1].starts_at, max(kept[-1].ends_at, ends_at))
        else:
            kept.append(Window(window.starts_at, ends_at))
    return MergedWindows(windows=tuple(kept), dropped=tuple(dropped), clipped=tuple(clipped))


def newest_instant(windows: Sequence[Window]) -> datetime | None:
    """Return the latest end of any window, or None if there is no window."""
    return max((window.ends_at for window in windows), default=None)


def window_around(windows: Sequence[Window], instant: datetime) -> Window | None:
    """Return the first window that contains the instant, borders included, or None."""
    return next((window for window in windows if window.contains(instant)), None)


def gaps(windows: Sequence[Window]) -> tuple[Gap, ...]:
    """Return the spans between merged windows, oldest first."""
    return tuple(
        Gap(before.ends_at, after.starts_at)
        for before, after in pairwise(windows)
        if after.starts_at > before.ends_at
    )
