"""What drills prove of what the provider advertises, as coverage C.6 allows and no more.

A PITR drill that passed at t proves the chain from the latest restorable base at or before t, up
to t, because the replay read every log record between. A backup drill proves one image and no
stretch of time. A failed drill makes the rest of its chain suspect until a later pass covers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from drill.engine.record import DrillRecord
from drill.recovery.backups import ended, restorable_backups
from drill.recovery.values import BackupPoint, Inventory, TimePoint, Window
from drill.recovery.windows import gaps, merge_windows
from drill.report.view.fleet import FAILURES, PASSES, is_proof

CHAIN_LEVEL = 4
"""Assurance level from which a PITR drill proves a chain: below it the time itself is unproven."""


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """The instants from ``starts_at`` up to, and not including, ``ends_at``."""

    starts_at: datetime
    ends_at: datetime

    @property
    def length(self) -> timedelta:
        """Return how long it is."""
        return self.ends_at - self.starts_at


Stretches = tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is advertised, proven and suspect; stretches are sorted and do not overlap."""

    advertised: Stretches
    gaps: Stretches
    proven: Stretches
    suspect: Stretches
    images: int
    """Restorable backups of the newest inventory that a drill began with and passed."""
    bases: int
    contradiction: bool
    """A drill passed across a gap that the provider advertises."""
    low_level: bool
    """A drill passed in time, but below the level that proves a chain."""


def union(stretches: Iterable[Stretch]) -> Stretches:
    """Return the same instants as sorted stretches without overlap."""
    merged: list[Stretch] = []
    for stretch in sorted(stretches):
        if stretch.ends_at <= stretch.starts_at:
            continue
        if merged and stretch.starts_at <= merged[-1].ends_at:
            merged[-1] = Stretch(merged[-1].starts_at, max(merged[-1].ends_at, stretch.ends_at))
        else:
            merged.append(stretch)
    return tuple(merged)


def intersection(one: Iterable[Stretch], other: Iterable[Stretch]) -> Stretches:
    """Return the instants that are in both."""
    others = tuple(other)
    return union(
        Stretch(max(left.starts_at, right.starts_at), min(left.ends_at, right.ends_at))
        for left in one
        for right in others
    )


def difference(one: Iterable[Stretch], other: Iterable[Stretch]) -> Stretches:
    """Return the instants of the first that are not in the second."""
    left = union(one)
    for hole in union(other):
        left = tuple(
            part
            for stretch in left
            for part in (
                Stretch(stretch.starts_at, min(stretch.ends_at, hole.starts_at)),
                Stretch(max(stretch.starts_at, hole.ends_at), stretch.ends_at),
            )
            if part.starts_at < part.ends_at
        )
    return left


def length_of(stretches: Iterable[Stretch]) -> timedelta:
    """Return the measure of the union."""
    return sum((stretch.length for stretch in union(stretches)), timedelta(0))


def prove(drills: Sequence[DrillRecord], inventory: Inventory, domain: Stretch) -> Proof:
    """Return what the drills of one source prove, inside what the newest inventory advertises."""
    windows = merge_windows(inventory.windows, now=inventory.taken_at).windows
    advertised = intersection(_as_stretches(windows), (domain,))
    bases = {ended(one) for one in restorable_backups(inventory)}
    images: set[datetime] = set()
    proven: Stretches = ()
    suspect: Stretches = ()
    contradiction = low_level = False
    for drill in _in_order_of_their_end(drills):
        own = drill.inventory
        if own is None or drill.choice is None or drill.is_simulated:
            continue
        at = drill.choice.point.at
        base = _base_before(own, at)
        if drill.outcome in FAILURES and base is not None:
            images.discard(base)
            bad = _chain_that_failed(base, at, inventory, proven)
            proven, suspect = difference(proven, bad), union((*suspect, *bad))
        elif is_proof(drill) and isinstance(drill.choice.point, BackupPoint):
            images.add(at)
        elif drill.outcome in PASSES and isinstance(drill.choice.point, TimePoint):
            if not is_proof(drill) or drill.level < CHAIN_LEVEL:
                low_level = True
            elif base is not None and _crosses_a_gap(base, at, own):
                contradiction = True
            elif base is not None:
                images.add(base)
                chain = Stretch(base, at)
                proven, suspect = union((*proven, chain)), difference(suspect, (chain,))
    return Proof(
        advertised=advertised,
        gaps=_holes(advertised),
        proven=intersection(proven, advertised),
        suspect=intersection(suspect, advertised),
        images=len(images & bases),
        bases=len(bases),
        contradiction=contradiction,
        low_level=low_level,
    )


def _as_stretches(windows: Iterable[Window]) -> Stretches:
    return tuple(Stretch(window.starts_at, window.ends_at) for window in windows)


def _holes(stretches: Stretches) -> Stretches:
    """Return what lies between; the time after the newest one is lag and no gap (C.2)."""
    return tuple(Stretch(before.ends_at, after.starts_at) for before, after in pairwise(stretches))


def _in_order_of_their_end(drills: Sequence[DrillRecord]) -> list[DrillRecord]:
    finished = [drill for drill in drills if drill.finished_at is not None]
    return sorted(finished, key=lambda drill: (drill.finished_at or drill.enlisted_at, drill.id))


def _base_before(inventory: Inventory, at: datetime) -> datetime | None:
    """Return the end of the latest restorable backup at or before the instant: any earlier base
    would prove more, so that this is the careful guess where the provider does not say."""
    ends = [ended(one) for one in restorable_backups(inventory) if ended(one) <= at]
    return max(ends, default=None)


def _crosses_a_gap(base: datetime, at: datetime, inventory: Inventory) -> bool:
    windows = merge_windows(inventory.windows, now=inventory.taken_at).windows
    return any(gap.starts_at < at and gap.ends_at > base for gap in gaps(windows))


def _chain_that_failed(
    base: datetime, at: datetime, inventory: Inventory, proven: Stretches
) -> Stretches:
    """Return the chain after its last proven instant before the failure, up to the next base."""
    ends = (ended(one) for one in restorable_backups(inventory))
    until = min((end for end in ends if end > at), default=inventory.taken_at)
    before = intersection(proven, (Stretch(base, at),))
    if before and before[-1].ends_at < at:
        base = before[-1].ends_at
    return (Stretch(base, until),)
