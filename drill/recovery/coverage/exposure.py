"""How much would have been lost, over a period (coverage C.4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from drill.recovery.coverage.metric import Metric, seconds, share

Point = tuple[int, int]
"""(instant of the recovery point, instant from which it can be restored)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What the exposure was between two instants."""

    longest: Metric
    mean: Metric
    over_rpo: Metric
    compliance: Metric
    without_point: int
    """Milliseconds of the period in which nothing could be restored: they are over every RPO."""


def exposure(points: Sequence[Point], *, begin: int, end: int, rpo: int | None) -> Exposure:
    """Return the exposure ``E(t) = t - newest available point`` over ``[begin, end)``.

    Before the first available point it is infinite. An empty period is no data.
    """
    pieces, without = _pieces(points, begin, end)
    covered = sum(stop - start for start, stop, _ in pieces)
    longest: float | None = max((stop - point for _, stop, point in pieces), default=None)
    mean: float | None = None
    if covered:
        doubled = sum((stop - point) ** 2 - (start - point) ** 2 for start, stop, point in pieces)
        mean = doubled / 2 / covered
    flags: tuple[str, ...] = ()
    if without:
        longest = mean = math.inf
        flags = ("without_point",)
    over = 0
    if rpo is not None:
        late = (max(0, stop - max(start, point + rpo)) for start, stop, point in pieces)
        over = without + sum(late)
    period = max(0, end - begin) if rpo is not None else 0
    n = len(pieces)
    no_target = ("no_rpo_target",) if rpo is None else ()
    return Exposure(
        longest=seconds("longest_exposure", longest, n=n, flags=flags),
        mean=seconds("mean_exposure", mean, n=n, flags=flags),
        over_rpo=share("time_over_rpo", over, period, n=n, flags=(*flags, *no_target)),
        compliance=share("rpo_compliance", period - over, period, n=n, flags=(*flags, *no_target)),
        without_point=without,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolledLag:
    """What is known of a lag that was only looked at now and then; the two are never mixed."""

    observed: Metric
    bound: Metric
    """The worst that it can have been between two looks."""


def polled_lag(polls: Sequence[tuple[int, int | None]]) -> PolledLag:
    """Return the lag from (instant of the look, newest instant seen), oldest first.

    None for the newest instant is "no recovery point": the lag is infinite.
    """
    observed = [math.inf if newest is None else at - newest for at, newest in polls]
    bounds = [
        math.inf if before[1] is None else after[0] - before[1] for before, after in pairwise(polls)
    ]
    return PolledLag(
        observed=seconds("observed_lag", max(observed, default=None), n=len(observed)),
        bound=seconds("worst_case_lag", max(bounds, default=None), n=len(bounds)),
    )


def _pieces(
    points: Sequence[Point], begin: int, end: int
) -> tuple[list[tuple[int, int, int]], int]:
    """Return (from, to, newest available point) of the period, and how long there was none."""
    pieces: list[tuple[int, int, int]] = []
    newest: int | None = None
    at = begin
    without = 0
    for available, instant in sorted((available, instant) for instant, available in points):
        if newest is not None and instant <= newest:
            continue
        until = min(max(available, begin), end)
        if until > at:
            if newest is None:
                without += until - at
            else:
                pieces.append((at, until, newest))
            at = until
        newest = instant
        if available >= end:
            return pieces, without
    if end > at:
        if newest is None:
            without += end - at
        else:
            pieces.append((at, end, newest))
    return pieces, without
