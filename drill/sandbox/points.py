"""Which recovery point a restore call names, and whether the source has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from drill.sandbox.errors import parameter_error
from drill.sandbox.fields import Members
from drill.sandbox.servers import Span
from drill.sandbox.times import from_milliseconds, to_milliseconds


@dataclass(frozen=True, slots=True)
class BackupPoint:
    """One backup of the source."""

    source_id: str
    backup_id: str
    databases: Mapping[str, str] | None = None
    """Database of the source -> new name or names; None restores all. SQL Server only."""
    all_databases: bool = False
    """The call said ``restore_all_database``."""


@dataclass(frozen=True, slots=True)
class TimePoint:
    """An instant in one of the windows of the source."""

    source_id: str
    restore_time: datetime
    databases: Mapping[str, str] | None = None
    all_databases: bool = False


Point = BackupPoint | TimePoint


def read_point(members: Members) -> Point:
    """Read ``source`` or ``restore_point`` (reference, 1.2 and 5.2). Raise ApiError (400).

    What the cloud does when both a backup and a time are named is not known; here it is an
    error, so that no client comes to rely on either answer.
    """
    source_id = members.text("instance_id")
    kind = members.optional_text("type") or "backup"
    backup_id = members.optional_text("backup_id")
    milliseconds = members.optional_integer("restore_time")
    names = members.optional_members("database_name")
    databases = None if names is None or names.is_empty() else names.every_text()
    all_databases = members.flag("restore_all_database")
    if kind not in ("backup", "timestamp"):
        raise parameter_error("type must be backup or timestamp")
    if backup_id and milliseconds is not None:
        raise parameter_error("backup_id and restore_time exclude each other")
    if kind == "backup":
        if not backup_id:
            raise parameter_error("backup_id is required for the type backup")
        return BackupPoint(source_id, backup_id, databases, all_databases)
    if milliseconds is None or milliseconds < 0:
        raise parameter_error("restore_time is required for the type timestamp")
    try:
        restore_time = from_milliseconds(milliseconds)
    except ValueError as error:
        raise parameter_error("restore_time is out of range") from error
    return TimePoint(source_id, restore_time, databases, all_databases)


def described(point: Point, target_id: str) -> dict[str, object]:
    """Return a restore as the detailed list of tasks tells it (reference, 6.3)."""
    if isinstance(point, BackupPoint):
        kind, backup_id, instant = "backup", point.backup_id, ""
    else:
        kind, backup_id, instant = "timestamp", "", str(to_milliseconds(point.restore_time))
    return {
        "type": kind,
        "sourceInstanceId": point.source_id,
        "targetInstanceId": target_id,
        "backupId": backup_id,
        "restoreTime": instant,
        "dbNames": dict(point.databases or {}),
    }


def ensure_inside(restore_time: datetime, windows: list[Span]) -> None:
    """Raise ApiError if the time is in none of the windows.

    The code is a guess: the reference knows none for v3 (section 14.3, question 3).
    """
    if not any(each.starts_at <= restore_time <= each.ends_at for each in windows):
        raise parameter_error("restore_time is outside the restorable time ranges")
