"""What an alarm says, what it is measured by, and from when on something is one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class AlarmKind(StrEnum):
    """What an alarm is about."""

    NO_DATA = "no_data"
    """The source could not be asked, or nobody has looked for too long."""
    SOURCE_UNKNOWN = "source_unknown"
    """A plan names an instance that its cloud has never listed."""
    SOURCE_VANISHED = "source_vanished"
    """The instance was there, and its cloud does not list it any more."""
    NO_RECOVERY_POINT = "no_recovery_point"
    """Neither a window nor a backup: nothing could be restored."""
    WINDOW_SHRANK = "window_shrank"
    """Recovery reaches less far back than it did, by more than a step."""
    RETENTION_SHORT = "retention_short"
    """Recovery reaches less far back than promised."""
    GAP = "gap"
    """Between two windows lie instants that cannot be restored to."""
    LOG_LATE = "log_late"
    """The newest instant that can be restored to is older than the RPO target."""
    BACKUP_LATE = "backup_late"
    """There has been no restorable backup for too long."""
    BACKUP_VANISHED = "backup_vanished"
    """A backup is gone although it should still be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was promised for a source, over all plans of it: the strictest counts."""

    rpo: timedelta | None = None
    retention: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From when on something is an alarm."""

    no_backup_for: timedelta = timedelta(hours=36)
    """Backups are daily; half a day is for those that take long."""
    no_look_for: timedelta = timedelta(hours=36)
    shrinks_by: timedelta = timedelta(days=1)
    """Windows begin at a full backup: their start moves in steps of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is wrong with one source."""

    kind: AlarmKind
    cloud: str
    source_id: str
    source_name: str | None
    since: datetime
    seen_at: datetime
    """When the newest look was that shows it."""
    message: str
    hint: str
    actual: timedelta | None = None
    """The span that is wrong; None where it is not about a span."""
    limit: timedelta | None = None
    """What it should be at most, or at least."""
