"""An observation in the terms of the formulas: intervals, bases and spans in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from drill.clock import from_milliseconds, to_milliseconds
from drill.plan.model import Objectives
from drill.recovery.coverage.intervals import Interval, milliseconds_of
from drill.recovery.coverage.proof import Base
from drill.recovery.coverage.window import WindowState, window_state
from drill.recovery.facts import Look, Observation
from drill.recovery.values import Backup, BackupKind, Window

DEFAULT_VALIDITY = timedelta(days=30)
"""How long a proof holds where the plan promises neither a validity nor a cadence."""

_KIND = attrgetter("kind")
_KIND_AND_STATUS = attrgetter("kind", "status")


def validity_of(objectives: Objectives) -> timedelta:
    """Return V: as the plan says, or the cadence, or else 30 days."""
    return objectives.proof_validity or objectives.cadence or DEFAULT_VALIDITY


def retention_of(objectives: Objectives, retention_days: int | None) -> int | None:
    """Return R in milliseconds: as the plan promises, or else what the provider keeps.

    Where the provider keeps nothing of its own accord (0 days) there is no promise.
    """
    if objectives.retention is not None:
        return milliseconds_of(objectives.retention)
    if retention_days:
        return milliseconds_of(timedelta(days=retention_days))
    return None


def optional_milliseconds(span: timedelta | None) -> int | None:
    """Return a span in milliseconds, if there is one."""
    return None if span is None else milliseconds_of(span)


def raw_intervals(windows: Iterable[Window]) -> list[Interval]:
    """Return windows as intervals; neighbours that touch become one before they are converted.

    What ends before or when it begins is kept as it is, so that it can be flagged.
    """
    found: list[Interval] = []
    begin: datetime | None = None
    end: datetime | None = None
    for window in windows:
        starts_at, ends_at = window.starts_at, window.ends_at
        if ends_at <= starts_at:
            found.append((to_milliseconds(starts_at), to_milliseconds(ends_at)))
        elif begin is not None and end is not None and begin <= starts_at <= end:
            end = max(end, ends_at)
        else:
            if begin is not None and end is not None:
                found.append((to_milliseconds(begin), to_milliseconds(end)))
            begin, end = starts_at, ends_at
    if begin is not None and end is not None:
        found.append((to_milliseconds(begin), to_milliseconds(end)))
    return found


def usable_bases(backups: Sequence[Backup], *, source_id: str) -> tuple[Base, ...]:
    """Return the full and complete backups of a source, by (end, id)."""
    auto, manual = BackupKind.AUTO, BackupKind.MANUAL
    kinds = map(_KIND, backups)  # far fewer are full than there are logs: sort those out first
    full = (one for one, kind in zip(backups, kinds, strict=True) if kind is auto or kind is manual)
    return tuple(
        sorted(
            Base(to_milliseconds(one.ended_at), one.id)
            for one in full
            if one.ended_at is not None and one.is_complete and one.instance_id == source_id
        )
    )


def kinds_of(backups: Iterable[Backup]) -> dict[str, int]:
    """Return how many complete backups there are of each kind; kinds without any are left out."""
    kinds = [kind for kind, status in map(_KIND_AND_STATUS, backups) if status == "COMPLETED"]
    counts = {kind.value: kinds.count(kind) for kind in BackupKind}
    return {kind: count for kind, count in counts.items() if count}


def state_of(observation: Observation, objectives: Objectives, *, at: int) -> WindowState:
    """Return what is promised and advertised at T, by what was observed."""
    created = observation.created_at
    return window_state(
        raw_intervals(observation.windows),
        at=at,
        retention=retention_of(objectives, observation.retention_days),
        protected_since=None if created is None else to_milliseconds(created),
    )


def look_of(observation: Observation) -> Look:
    """Return what the lag over time needs of an observation: the end of its windows, or without
    any its newest restorable backup, neither later than the look itself."""
    taken = observation.taken_at
    ends = [min(one.ends_at, taken) for one in observation.windows if one.starts_at < one.ends_at]
    if not ends:
        bases = usable_bases(observation.backups, source_id=observation.source_id)
        ends = [at for base in bases if (at := from_milliseconds(base.ended)) <= taken]
    return Look(taken_at=taken, newest_at=max(ends, default=None))
