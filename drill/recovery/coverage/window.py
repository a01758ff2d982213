"""The restorable window against the retention target: coverage, gaps and lag (coverage C.1-C.3)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from drill.recovery.coverage.intervals import (
    Interval,
    Intervals,
    clip,
    holes,
    intersection,
    length,
    union,
)
from drill.recovery.coverage.metric import Metric, seconds, share

PointKind = Literal["pitr", "backup", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowState:
    """What is promised and what is advertised at one instant T, in milliseconds."""

    at: int
    promised: Interval | None
    """W*: from max(T - R, C) to T; None if neither R nor C is known."""
    advertised: Intervals
    """W: the union of the provider's intervals, clipped to W*."""
    flags: tuple[str, ...] = ()
    """``clock_skew``: an interval ended after T; ``empty_interval``: one ended before it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """The stretches between the oldest and the newest advertised instant that are not there."""

    stretches: Intervals
    total: int
    longest: int
    """Zero if there is no gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far the newest recovery point lies behind T."""

    kind: PointKind
    milliseconds: float
    """``math.inf`` if there is no recovery point."""


def promised_interval(
    at: int, *, retention: int | None, protected_since: int | None
) -> Interval | None:
    """Return W*; None without a retention target and without a protection start.

    With only one of the two, that one decides. It may be empty: then every share of it is no data.
    """
    begins = [begin for begin in (protected_since,) if begin is not None]
    if retention is not None:
        begins.append(at - retention)
    return (min(max(begins), at), at) if begins else None


def window_state(
    raw: Iterable[Interval],
    *,
    at: int,
    retention: int | None,
    protected_since: int | None = None,
) -> WindowState:
    """Return what is promised and advertised at T, and what of the raw was not believed."""
    flags = set()
    believed = []
    for begin, end in raw:
        if end <= begin:
            flags.add("empty_interval")
            continue
        if end > at:
            flags.add("clock_skew")
            end = at
            if end <= begin:
                continue
        believed.append((begin, end))
    advertised = union(believed)
    promised = promised_interval(at, retention=retention, protected_since=protected_since)
    if promised is not None:
        advertised = clip(advertised, *promised)
    return WindowState(at=at, promised=promised, advertised=advertised, flags=tuple(sorted(flags)))


def window_coverage(state: WindowState) -> Metric:
    """Return WCR = |W| / |W*|."""
    promised = () if state.promised is None else (state.promised,)
    return share(
        "window_coverage",
        length(state.advertised),
        length(promised),
        n=len(state.advertised),
        flags=state.flags if state.promised else (*state.flags, "no_retention_target"),
    )


def window_coverage_with_rpo(state: WindowState, rpo: int | None) -> Metric:
    """Return WCR of ``[inf W*, T - RPO)``: the newest stretch, as long as the RPO, is forgiven."""
    if state.promised is None or rpo is None:
        flag = "no_retention_target" if state.promised is None else "no_rpo_target"
        return share("window_coverage_rpo", 0, 0, n=0, flags=(*state.flags, flag))
    begin, end = state.promised
    allowed = union([(begin, end - rpo)])
    return share(
        "window_coverage_rpo",
        length(intersection(state.advertised, allowed)),
        length(allowed),
        n=len(state.advertised),
        flags=state.flags,
    )


def fleet_window_coverage(parts: Sequence[Metric]) -> tuple[Metric, Metric]:
    """Return the ratio of sums over instances, and the worst instance; no data is in neither."""
    known = [one for one in parts if one.value is not None]
    flags = ("without_data",) if len(known) < len(parts) else ()
    ratio = share(
        "fleet_window_coverage",
        sum(one.numerator or 0 for one in known),
        sum(one.denominator or 0 for one in known),
        n=len(known),
        flags=flags,
    )
    worst = min((one.value for one in known if one.value is not None), default=None)
    return ratio, Metric(id="worst_window_coverage", value=worst, n=len(known), flags=flags)


def window_gaps(advertised: Intervals, *, tolerance: int = 0) -> Gaps:
    """Return the gaps longer than the tolerance.

    What is missing at the old edge is the retention shortfall, and what is missing at the new edge
    is lag; neither is a gap.
    """
    found = tuple(gap for gap in holes(advertised) if gap[1] - gap[0] > tolerance)
    return Gaps(
        stretches=found,
        total=length(found),
        longest=max((end - begin for begin, end in found), default=0),
    )


def retention_shortfall(state: WindowState) -> int | None:
    """Return how much is missing at the old edge; all of W* if nothing is advertised.

    None without a promise.
    """
    if state.promised is None:
        return None
    begin, end = state.promised
    return (state.advertised[0][0] if state.advertised else end) - begin


def windows_without_base(
    advertised: Intervals, bases: Sequence[int], *, resolution: int = 0
) -> Intervals:
    """Return the segments that nothing can be replayed into: no usable base at their begin.

    An older base will do if no other segment lies between, for a replay cannot cross a gap; for
    the oldest segment also one from before W*. ``bases`` is sorted; ``resolution`` is how far the
    end of a backup may be rounded up.
    """
    found = []
    earliest: float = -math.inf
    for begin, end in advertised:
        place = bisect_right(bases, begin + resolution)
        if not place or bases[place - 1] < earliest:
            found.append((begin, end))
        earliest = end
    return tuple(found)


def lag_now(state: WindowState, bases: Sequence[int]) -> Lag:
    """Return T - sup W; without a window T - newest backup; else infinity. ``bases`` is sorted."""
    if state.advertised:
        return Lag(kind="pitr", milliseconds=state.at - state.advertised[-1][1])
    place = bisect_right(bases, state.at)
    if place:
        return Lag(kind="backup", milliseconds=state.at - bases[place - 1])
    return Lag(kind="none", milliseconds=math.inf)


def lag_metric(lag: Lag) -> Metric:
    """Return the lag as a figure in seconds."""
    flags = ("no_recovery_point",) if lag.kind == "none" else ()
    return seconds("rpo_lag", lag.milliseconds, n=1, flags=flags)


def rpo_met(lag: Lag, rpo: int | None) -> bool | None:
    """Tell whether the lag is at most the RPO target; None without a target."""
    return None if rpo is None else lag.milliseconds <= rpo
