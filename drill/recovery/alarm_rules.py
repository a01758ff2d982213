"""The rules by which looks at one source become alarms: pure, each about one thing.

Every rule takes the looks that met no fault, oldest first and at least one, and is about the newest
of them. ``since`` is the instant of the first look of the unbroken run that shows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from drill.plan.forms import format_span
from drill.recovery.alarm import Alarm, AlarmKind, Limits, Promise
from drill.recovery.backups import is_restorable
from drill.recovery.facts import Observation
from drill.recovery.instants import before, shown
from drill.recovery.values import Backup, BackupKind
from drill.recovery.windows import gaps, newest_instant


def no_point(known: Sequence[Observation], promise: Promise, limits: Limits) -> Alarm | None:
    since = _run(known, lambda one: _newest_point(one) is None)
    if since is None:
        return None
    return _alarm(
        AlarmKind.NO_RECOVERY_POINT,
        known[-1],
        since,
        message="there is neither a restore window nor a restorable backup",
        hint="Turn on automatic backups of this instance, or make one by hand now.",
    )


def shrank(known: Sequence[Observation], promise: Promise, limits: Limits) -> Alarm | None:
    """Compare with the deepest look before: many small steps are as bad as one big one."""
    deepest = timedelta(0)
    since: datetime | None = None
    for one in known:
        depth = _depth(one)
        if depth >= deepest - limits.shrinks_by:
            since = None
        elif since is None:
            since = one.taken_at
        deepest = max(deepest, depth)
    if since is None:
        return None
    last = known[-1]
    depth = _depth(last)
    what = f"only {shown_span(depth)} back" if depth else "nowhere: no restore window is left"
    return _alarm(
        AlarmKind.WINDOW_SHRANK,
        last,
        since,
        message=f"recovery to an instant reached {shown_span(deepest)} back and reaches {what}",
        hint="Find out who changed the retention or deleted backups of this instance.",
        actual=depth,
        limit=deepest,
    )


def short(known: Sequence[Observation], promise: Promise, limits: Limits) -> Alarm | None:
    retention = promise.retention
    if retention is None:
        return None

    def owed(one: Observation) -> timedelta:
        """Return how far back it must reach: no further than to the creation (coverage C.0)."""
        age = one.taken_at - one.created_at if one.created_at else retention
        return max(min(retention, age), timedelta(0))

    def is_short(one: Observation) -> bool:
        oldest = _oldest_point(one)
        return oldest is None or oldest > before(one.taken_at, owed(one))

    since = _run(known, is_short)
    last = known[-1]
    oldest = _oldest_point(last)
    if since is None or oldest is None:  # without any point that is another alarm
        return None
    reach = last.taken_at - oldest
    return _alarm(
        AlarmKind.RETENTION_SHORT,
        last,
        since,
        message=f"recovery reaches {shown_span(reach)} back; {shown_span(owed(last))} are promised",
        hint="Keep backups of this instance longer, or promise less in its plans.",
        actual=reach,
        limit=owed(last),
    )


def gap(known: Sequence[Observation], promise: Promise, limits: Limits) -> Alarm | None:
    last = known[-1]
    found = gaps(last.windows)
    if not found:
        return None
    newest = found[-1]
    since = _run(known, lambda one: newest in gaps(one.windows)) or last.taken_at
    longest = max(gap.length for gap in found)
    return _alarm(
        AlarmKind.GAP,
        last,
        since,
        message=f"{len(found)} gap{'s' if len(found) > 1 else ''} in the restore windows, the "
        f"newest from {shown(newest.starts_at)} to {shown(newest.ends_at)}",
        hint="Instants inside cannot be restored to: find out why no log was archived then.",
        actual=longest,
        limit=timedelta(0),
    )


def late_log(known: Sequence[Observation], promise: Promise, limits: Limits) -> Alarm | None:
    rpo = promise.rpo
    if rpo is None:
        return None

    def is_late(one: Observation) -> bool:
        newest = _newest_point(one)
        return newest is not None and one.taken_at - newest > rpo

    since = _run(known, is_late)
    last = known[-1]
    newest = _newest_point(last)
    if since is None or newest is None:
        return None
    lag = last.taken_at - newest
    return _alarm(
        AlarmKind.LOG_LATE,
        last,
        since,
        message=f"the newest recovery point is {shown_span(lag)} old; "
        f"the RPO target is {shown_span(rpo)}",
        hint="If the source were lost now, so much would be lost: look at its log archiving.",
        actual=lag,
        limit=rpo,
    )


def late_backup(known: Sequence[Observation], promise: Promise, limits: Limits) -> Alarm | None:
    def age(one: Observation) -> timedelta | None:
        newest = max(_backup_ends(one), default=None)
        return None if newest is None else one.taken_at - newest

    def is_late(one: Observation) -> bool:
        found = age(one)
        return found is not None and found > limits.no_backup_for

    last = known[-1]
    has_none = not _backup_ends(last)
    since = _run(known, lambda one: not _backup_ends(one)) if has_none else _run(known, is_late)
    if since is None or (has_none and _newest_point(last) is None):
        return None
    old = age(last)
    return _alarm(
        AlarmKind.BACKUP_LATE,
        last,
        since,
        message="there is no restorable backup"
        if old is None
        else f"the newest restorable backup ended {shown_span(old)} ago",
        hint="Look at the automatic backups of this instance: windows rest on them.",
        actual=old,
        limit=limits.no_backup_for,
    )


def vanished(known: Sequence[Observation], promise: Promise, limits: Limits) -> Alarm | None:
    """Compare each look with the one before: what is gone stays an alarm while it is remembered."""
    gone: dict[str, tuple[datetime, Backup]] = {}
    for earlier, later in pairwise(known):
        there = {one.id for one in later.backups}
        for backup in earlier.backups:
            if backup.id not in there and _should_be_there(backup, earlier, later):
                gone[backup.id] = (later.taken_at, backup)
        for backup_id in there:
            gone.pop(backup_id, None)
    last = known[-1]
    kept = [(at, one) for at, one in gone.values() if _is_owed(one, last.retention_days, last)]
    if not kept:
        return None
    names = ", ".join(sorted(one.name or one.id for _, one in kept)[:3])
    return _alarm(
        AlarmKind.BACKUP_VANISHED,
        last,
        min(at for at, _ in kept),
        message=f"{len(kept)} backup{'s' if len(kept) > 1 else ''} gone before the time: {names}",
        hint="Find out who deleted backups of this instance; the cloud's audit log knows.",
    )


def _should_be_there(backup: Backup, earlier: Observation, later: Observation) -> bool:
    if not is_restorable(backup):
        return False
    days = [one.retention_days for one in (earlier, later) if one.retention_days is not None]
    return _is_owed(backup, min(days, default=None), later)


def _is_owed(backup: Backup, retention_days: int | None, look: Observation) -> bool:
    """Tell whether a backup should exist: a manual one always, an automatic one for its days."""
    if backup.kind is BackupKind.MANUAL:
        return True
    if not retention_days or backup.ended_at is None:
        return False
    # The cloud may count from the beginning, and in whole days: one day is not argued about.
    return look.taken_at < backup.ended_at + timedelta(days=retention_days - 1)


def _run(known: Sequence[Observation], holds: Callable[[Observation], bool]) -> datetime | None:
    """Return when the unbroken run of looks began that ends with the newest; None if there is no
    run."""
    since = None
    for one in reversed(known):
        if not holds(one):
            break
        since = one.taken_at
    return since


def _backup_ends(one: Observation) -> list[datetime]:
    return [backup.ended_at for backup in one.backups if is_restorable(backup) and backup.ended_at]


def _newest_point(one: Observation) -> datetime | None:
    ends = [*_backup_ends(one), newest_instant(one.windows)]
    return max((at for at in ends if at is not None), default=None)


def _oldest_point(one: Observation) -> datetime | None:
    """Return how far back it can be restored: by windows, or without any by backups."""
    if one.windows:
        return min(window.starts_at for window in one.windows)
    return min(_backup_ends(one), default=None)


def _depth(one: Observation) -> timedelta:
    starts = (window.starts_at for window in one.windows)
    return one.taken_at - min(starts, default=one.taken_at)


def _alarm(
    kind: AlarmKind,
    last: Observation,
    since: datetime,
    *,
    message: str,
    hint: str,
    actual: timedelta | None = None,
    limit: timedelta | None = None,
) -> Alarm:
    return Alarm(
        kind=kind,
        cloud=last.cloud,
        source_id=last.source_id,
        source_name=last.source_name,
        since=since,
        seen_at=last.taken_at,
        message=message,
        hint=hint,
        actual=actual,
        limit=limit,
    )


def shown_span(span: timedelta) -> str:
    """Return a span as messages show it: whole seconds below an hour, else whole minutes."""
    unit = timedelta(seconds=1) if span < timedelta(hours=1) else timedelta(minutes=1)
    return format_span(span // unit * unit)


RULES: tuple[Callable[[Sequence[Observation], Promise, Limits], Alarm | None], ...] = (
    *(no_point, shrank, short, gap, late_log, late_backup, vanished),
)
"""In the order of ``AlarmKind``."""
