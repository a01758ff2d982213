"""Rules on the recovery point, held against the inventory that was just read again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from drill.guard.admission import Refusal
from drill.guard.words import label, refuse
from drill.recovery.backups import RESTORABLE_KINDS
from drill.recovery.instants import rounded_down, shown
from drill.recovery.values import Backup, BackupPoint, Choice, Inventory, TimePoint
from drill.recovery.windows import window_around

FRESH_FOR = timedelta(seconds=60)
"""How old the facts may be: they are read again right before every order."""

READ_AHEAD = timedelta(seconds=5)
"""How far a reading may seem to lie ahead: two workers on two machines with two clocks."""

BACKUP_SKEW = timedelta(seconds=60)
"""How far the end of a backup, on the clock of the cloud, may lie ahead of ours."""


class PointFacts(Protocol):
    """What is known about the recovery point."""

    @property
    def now(self) -> datetime:
        """Return the instant of the question."""
        ...

    @property
    def inventory(self) -> Inventory:
        """Return what the provider told just now."""
        ...

    @property
    def choice(self) -> Choice:
        """Return what was selected."""
        ...


def facts_are_fresh(facts: PointFacts) -> Refusal | None:
    """Refuse an inventory older than a minute, or from the future."""
    age = facts.now - facts.inventory.taken_at
    if -READ_AHEAD <= age <= FRESH_FOR:
        return None
    return refuse(
        "facts-are-fresh",
        f"the facts about source {label(facts.inventory.source)} are of "
        f"{shown(facts.inventory.taken_at)}, and it is {shown(facts.now)}",
        f"Read them again right before the call; they count for {FRESH_FOR.seconds} seconds.",
    )


def point_is_not_in_the_future(facts: PointFacts) -> Refusal | None:
    """Refuse an instant after the inventory was read; a backup may be a minute ahead (clocks)."""
    point = facts.choice.point
    at: datetime | None
    if isinstance(point, BackupPoint):
        at, allowance = point.backup.ended_at, BACKUP_SKEW
    else:
        at, allowance = point.restore_time, timedelta(0)
    if at is None or at <= facts.inventory.taken_at + allowance:
        return None
    return refuse(
        "point-is-not-in-the-future",
        f"the recovery point of {facts.inventory.source.id} is of {shown(at)}, after the facts of "
        f"{shown(facts.inventory.taken_at)}",
        "Compare the clock of this machine with that of the cloud.",
    )


def instant_is_in_a_window(facts: PointFacts) -> Refusal | None:
    """Refuse an instant that no window of the source contains now."""
    point = facts.choice.point
    if not isinstance(point, TimePoint):
        return None
    if window_around(facts.inventory.windows, point.restore_time) is not None:
        return None
    return refuse(
        "instant-is-in-a-window",
        f"{shown(point.restore_time)} is outside every restore window of source "
        f"{label(facts.inventory.source)}",
        "Windows move on: run the plan again, or choose an instant inside a window.",
    )


def instant_is_whole(facts: PointFacts) -> Refusal | None:
    """Refuse an instant that the API cannot say: it takes whole milliseconds (reference 1.2)."""
    point = facts.choice.point
    if not isinstance(point, TimePoint) or rounded_down(point.restore_time) == point.restore_time:
        return None
    return refuse(
        "instant-is-whole",
        f"restore time {point.restore_time.isoformat()} of {facts.inventory.source.id} is no whole "
        "millisecond",
        "This is a fault of the program: the selection rounds to milliseconds.",
    )


def backup_is_of_the_source(facts: PointFacts) -> Refusal | None:
    """Refuse a backup of any other instance."""
    for backup in _chosen_and_listed(facts):
        if backup.instance_id != facts.inventory.source.id:
            return refuse(
                "backup-is-of-the-source",
                f"backup {backup.id} belongs to {backup.instance_id}, not to source "
                f"{label(facts.inventory.source)}",
                "Name a backup of the source in the plan.",
            )
    return None


def backup_is_listed(facts: PointFacts) -> Refusal | None:
    """Refuse a backup that the cloud no longer lists."""
    backups = _chosen_and_listed(facts)
    if len(backups) != 1:
        return None
    return refuse(
        "backup-is-listed",
        f"backup {backups[0].id} of source {label(facts.inventory.source)} is not listed any more",
        "It has probably reached the end of its retention; run the plan again.",
    )


def backup_is_complete(facts: PointFacts) -> Refusal | None:
    """Refuse a backup that is not finished."""
    for backup in _chosen_and_listed(facts):
        if not backup.is_complete:
            return refuse(
                "backup-is-complete",
                f"backup {backup.id} of {backup.instance_id} is {backup.status}, not complete",
                "Wait until the backup is finished, or choose another.",
            )
    return None


def backup_is_full(facts: PointFacts) -> Refusal | None:
    """Refuse differential and log backups: no page says that a restore takes their id."""
    for backup in _chosen_and_listed(facts):
        if backup.kind not in RESTORABLE_KINDS:
            return refuse(
                "backup-is-full",
                f"backup {backup.id} of {backup.instance_id} is of kind {backup.kind}",
                "Choose an automated or manual full backup, or restore to an instant.",
            )
    return None


def backup_matches_the_source(facts: PointFacts) -> Refusal | None:
    """Refuse a backup made under another engine or version than the source has now."""
    source = facts.inventory.source
    for backup in _chosen_and_listed(facts):
        if backup.engine not in (None, source.engine) or backup.version not in (
            None,
            source.version,
        ):
            return refuse(
                "backup-matches-the-source",
                f"backup {backup.id} is of {backup.engine} {backup.version}, source "
                f"{label(source)} is {source.engine} {source.version}",
                "Choose a backup from after the upgrade of the source.",
            )
    return None


def _chosen_and_listed(facts: PointFacts) -> list[Backup]:
    """Return the chosen backup and then every one that the cloud lists under its id now."""
    point = facts.choice.point
    if not isinstance(point, BackupPoint):
        return []
    return [point.backup, *(one for one in facts.inventory.backups if one.id == point.backup.id)]


POINT_RULES: tuple[Callable[[PointFacts], Refusal | None], ...] = (
    facts_are_fresh,
    point_is_not_in_the_future,
    instant_is_in_a_window,
    instant_is_whole,
    backup_is_of_the_source,
    backup_is_listed,
    backup_is_complete,
    backup_is_full,
    backup_matches_the_source,
)
