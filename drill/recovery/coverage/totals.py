"""What is proven of all that is restorable, and the worst lag: sums over sources (C.3, C.6).

A report counts them for its instant, and every observation keeps them for a night: both here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Literal

from drill.recovery.coverage.ground import Ground
from drill.recovery.coverage.intervals import length
from drill.recovery.facts import DrillFacts, FleetSums, SourceKey, WorstLag

Excess = Literal[0, 1, 2]
"""2 for a missed RPO target, 1 for one that is met, 0 without a target."""


def fleet_sums(sources: Iterable[tuple[SourceKey, Ground, timedelta | None]]) -> FleetSums:
    """Return the sums over sources, each with the ground of its figures and its RPO target.

    The worst lag is the one against its own target: one that is missed comes before every other,
    so that it cannot hide behind a laxer promise.
    """
    proven = advertised = with_window = measured = promised = late = 0
    worst: tuple[Excess, float, SourceKey, timedelta | None] | None = None
    for key, ground, target in sources:
        if ground.proof.advertised:
            with_window += 1
            proven += length(ground.proof.proven)
            advertised += length(ground.proof.advertised)
        if ground.lag is None:
            continue
        lag = ground.lag.milliseconds
        excess = excess_of(lag, target)
        measured += 1
        promised += excess > 0
        late += excess > 1
        if worst is None or (excess, lag, key) > worst[:3]:
            worst = excess, lag, key, target
    return FleetSums(
        proven=proven,
        advertised=advertised,
        with_window=with_window,
        measured=measured,
        promised=promised,
        late=late,
        worst=WorstLag(source=worst[2], milliseconds=worst[1], target=worst[3]) if worst else None,
    )


def added_up(parts: Sequence[FleetSums]) -> FleetSums:
    """Return the sums over all sources of several parts, such as the clouds of a fleet."""
    lags = [one.worst for one in parts if one.worst is not None]
    return FleetSums(
        proven=sum(one.proven for one in parts),
        advertised=sum(one.advertised for one in parts),
        with_window=sum(one.with_window for one in parts),
        measured=sum(one.measured for one in parts),
        promised=sum(one.promised for one in parts),
        late=sum(one.late for one in parts),
        worst=max(lags, key=_rank, default=None),
    )


def excess_of(milliseconds: float, target: timedelta | None) -> Excess:
    """Return how a lag stands against the RPO target of its source."""
    if target is None:
        return 0
    return 1 if milliseconds <= target / timedelta(milliseconds=1) else 2


def rpo_target_of(drills: Iterable[DrillFacts]) -> timedelta | None:
    """Return the RPO target of a source: that of its newest drill with one. They come newest slot
    first."""
    return next((drill.rpo_target for drill in drills if drill.rpo_target), None)


def _rank(lag: WorstLag) -> tuple[Excess, float, SourceKey]:
    return excess_of(lag.milliseconds, lag.target), lag.milliseconds, lag.source
