"""What happens to an instance that has no server: only its list of databases changes."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from drill.sandbox import backups, instances, simulated_names, sqlserver
from drill.sandbox.backups import Backup, BackupStatus
from drill.sandbox.errors import parameter_error
from drill.sandbox.instances import Instance
from drill.sandbox.personalities import Personality
from drill.sandbox.points import BackupPoint, Point
from drill.sandbox.servers import BaseBackup, Span
from drill.sandbox.simulated_maps import Asked, ensure_quota, names_made_by
from drill.sandbox.state import State
from drill.sandbox.times import now


def ensure_databases(
    connection: sqlite3.Connection,
    source: Instance,
    target: Instance,
    point: Point,
    personality: Personality,
    *,
    quota: int,
) -> None:
    """Raise ApiError (400) unless the target can take the databases that a restore names."""
    if not point.databases:
        if source.engine == sqlserver.ENGINE:
            ensure_quota((), _names_of(connection, point), quota)
        return
    if point.all_databases:
        # That the two exclude each other is a guess: they contradict each other.
        raise parameter_error("database_name and restore_all_database exclude each other")
    on_target = frozenset(simulated_names.names_of(connection, target.id))
    asked = Asked(
        databases=point.databases,
        at_point=frozenset(_names_of(connection, point)),
        on_source=frozenset(simulated_names.names_of(connection, source.id)),
        on_target=on_target,
        to_itself=source.id == target.id,
        case_sensitive="_CS_" in target.collation or "_BIN" in target.collation,
    )
    ensure_quota(on_target, names_made_by(asked, personality), quota)


def fill(state: State, target: Instance, point: Point | None) -> None:
    """Let a simulated instance have what it was created with or restored from.

    A restore of all databases replaces what was there; one of some databases adds to it. Either
    way the instants before cannot be restored to any more.
    """
    at = now()
    with state.transaction() as connection:
        if instances.find(connection, target.id) is None:
            return
        if point is not None:
            names = _names_of(connection, point)
            if point.databases:
                names = [
                    name for old, new in point.databases.items() for name in (new or old).split(",")
                ]
            else:
                simulated_names.forget(connection, target.id)
            simulated_names.add_names(connection, target.id, names, at)
        simulated_names.begin_history(connection, target.id, at)


def take_backup(backup: Backup) -> BaseBackup:
    """Return what a backup of an instance without data is: it takes no time and no space."""
    at = max(now(), backup.began_at)
    return BaseBackup(
        folder=Path(), began_at=backup.began_at, ended_at=at, size_bytes=0, timeline=0
    )


def windows(connection: sqlite3.Connection, instance: Instance) -> list[Span]:
    """Return what a simulated instance could be restored to, had it a log.

    From the end of its first usable backup since it was created or last restored, at most as long
    ago as automatic backups are kept, up to now; nothing where they are switched off.
    """
    since = simulated_names.history_since(connection, instance.id) or instance.created_at
    at = now()
    ends = [
        each.ended_at
        for each in backups.of_instance(connection, instance.id)
        if each.status_at(at) is BackupStatus.COMPLETED and each.ended_at is not None
    ]
    usable = [end for end in ends if end >= since]
    if not usable or not instance.keep_days:
        return []
    begin: datetime = max(min(usable), at - timedelta(days=instance.keep_days))
    begin, end = (each.replace(microsecond=0) for each in (begin, at))
    return [Span(begin, end)] if begin <= end else []


def _names_of(connection: sqlite3.Connection, point: Point) -> list[str]:
    if isinstance(point, BackupPoint):
        return simulated_names.names_of(connection, point.backup_id)
    return simulated_names.names_at(connection, point.source_id, point.restore_time)
