"""What failed comes first: the points and backups that did not pass since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from drill.recovery.backups import ended
from drill.recovery.coverage.evidence import FAILURES
from drill.recovery.facts import DrillFacts
from drill.recovery.instants import rounded_down, shown
from drill.recovery.past import Past
from drill.recovery.selection_backups import some_backups
from drill.recovery.stretches import stretch_with, stretches_of
from drill.recovery.values import BackupPoint, Choice, Inventory, TimePoint

POLICY = "retest"


def retest_instant(inventory: Inventory, past: Past) -> Choice | None:
    """Return the failed instant that was tried longest ago; None if none is left to be tried.

    Left is what no later pass covers: neither at that instant nor through it. An instant that no
    window has any more cannot be tried. Right after a retest that failed again nothing is: other
    points must not wait for ever behind one that stays broken.
    """
    drills = [one for one in past.conclusive(inventory) if one.mode == "pitr"]
    stretches = stretches_of(inventory)
    for drill in _unsettled(drills, past.conclusive(inventory)):
        at = rounded_down(_point(drill))
        stretch = stretch_with(stretches, at)
        if stretch is not None:
            return Choice(
                point=TimePoint(restore_time=at, window=stretch.window),
                policy=POLICY,
                reason=f"drill {drill.id} failed there and no drill has passed there since: "
                f"{shown(at)}",
                reference_at=at,
                candidates=1,
            )
    return None


def retest_backup(inventory: Inventory, past: Past) -> Choice | None:
    """Return the failed backup that was tried longest ago; None if none is left to be tried."""
    drills = [one for one in past.conclusive(inventory) if one.mode == "backup"]
    backups = some_backups(inventory)
    for drill in _unsettled(drills, past.conclusive(inventory)):
        same = [
            one
            for one in backups
            if (one.id == drill.base_id if drill.base_id else ended(one) == drill.point_at)
        ]
        if same:
            return Choice(
                point=BackupPoint(backup=same[-1]),
                policy=POLICY,
                reason=f"drill {drill.id} failed with it and no drill has passed with it since, "
                f"ended {shown(ended(same[-1]))}",
                reference_at=ended(same[-1]),
                candidates=1,
            )
    return None


def _unsettled(drills: Sequence[DrillFacts], all_drills: Sequence[DrillFacts]) -> list[DrillFacts]:
    """Return the newest failure of every point without a later pass, tried longest ago first."""
    newest = all_drills[-1] if all_drills else None
    if newest is not None and newest.policy == POLICY and newest.outcome in FAILURES:
        return []
    left: dict[datetime, DrillFacts] = {}
    for drill in drills:
        if drill.point_at is None:
            continue
        if drill.outcome in FAILURES:
            left.pop(drill.point_at, None)
            left[drill.point_at] = drill
        else:
            for point in [point for point in left if _settles(drill, point)]:
                del left[point]
    return list(left.values())


def _settles(passed: DrillFacts, point: datetime) -> bool:
    """Tell whether a pass went through a point; of a pass without a known base, at it."""
    begin = passed.base_at or passed.point_at
    return begin is not None and begin <= point <= _point(passed)


def _point(drill: DrillFacts) -> datetime:
    if drill.point_at is None:
        raise ValueError(f"drill {drill.id} has no recovery point")
    return drill.point_at
