"""Backups as the state file keeps them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from drill.sandbox import simulated_names
from drill.sandbox.times import from_store, to_store


class BackupType(StrEnum):
    """Who asked for it."""

    AUTO = "auto"
    MANUAL = "manual"


class BackupStatus(StrEnum):
    """How far it is (reference, section 3.1)."""

    BUILDING = "BUILDING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One full backup. A manual one outlives its instance."""

    id: str
    instance_id: str
    name: str
    description: str
    type: BackupType
    status: BackupStatus
    began_at: datetime
    ended_at: datetime | None
    size_kb: int
    engine: str
    version: str
    volume_size: int
    """Gigabytes of the instance when the backup was taken."""
    simulated: bool = False
    """There was no server behind its instance: it holds names of databases and no data."""

    def status_at(self, now: datetime) -> BackupStatus:
        """Return the status to show: no backup is completed before the end that it states."""
        early = self.ended_at is not None and now < self.ended_at
        return BackupStatus.BUILDING if early else self.status


_COLUMNS = tuple(each.name for each in fields(Backup))


def insert(connection: sqlite3.Connection, backup: Backup) -> None:
    """Add a backup."""
    insert_all(connection, [backup])


def insert_all(connection: sqlite3.Connection, added: Iterable[Backup]) -> None:
    """Add backups."""
    marks = ", ".join(f":{name}" for name in _COLUMNS)
    connection.executemany(
        f"insert into backups ({', '.join(_COLUMNS)}) values ({marks})",  # noqa: S608
        [_as_row(each) for each in added],
    )


def _as_row(backup: Backup) -> dict[str, object]:
    row = {name: getattr(backup, name) for name in _COLUMNS}
    row |= {
        "type": backup.type.value,
        "status": backup.status.value,
        "began_at": to_store(backup.began_at),
        "ended_at": to_store(backup.ended_at) if backup.ended_at else None,
    }
    return row


def find(connection: sqlite3.Connection, backup_id: str) -> Backup | None:
    """Return a backup, or None."""
    row = connection.execute("select * from backups where id = ?", (backup_id,)).fetchone()
    return from_row(row) if row else None


def of_instance(connection: sqlite3.Connection, instance_id: str) -> list[Backup]:
    """Return the backups of an instance, newest first."""
    rows = connection.execute(
        "select * from backups where instance_id = ? order by began_at desc, id", (instance_id,)
    )
    return [from_row(row) for row in rows]


def complete(
    connection: sqlite3.Connection,
    backup_id: str,
    *,
    began_at: datetime,
    ended_at: datetime,
    size_kb: int,
) -> None:
    """Mark a backup as usable, unless somebody has stopped it meanwhile."""
    connection.execute(
        "update backups set status = ?, began_at = ?, ended_at = ?, size_kb = ? "
        "where id = ? and status = ?",
        (
            BackupStatus.COMPLETED.value,
            to_store(began_at),
            to_store(ended_at),
            size_kb,
            backup_id,
            BackupStatus.BUILDING.value,
        ),
    )


def fail(connection: sqlite3.Connection, backup_id: str, at: datetime) -> None:
    """Mark a backup as failed."""
    connection.execute(
        "update backups set status = ?, ended_at = ? where id = ?",
        (BackupStatus.FAILED.value, to_store(at), backup_id),
    )


def fail_unfinished(connection: sqlite3.Connection, at: datetime) -> list[Backup]:
    """Mark every backup that is still building as failed; return them."""
    rows = connection.execute(
        "select * from backups where status = ?", (BackupStatus.BUILDING.value,)
    ).fetchall()
    for row in rows:
        fail(connection, row["id"], at)
    return [from_row(row) for row in rows]


def delete(connection: sqlite3.Connection, backup_id: str) -> None:
    """Forget a backup."""
    connection.execute("delete from backups where id = ?", (backup_id,))
    simulated_names.forget(connection, backup_id)


def delete_automatic(connection: sqlite3.Connection, instance_id: str) -> None:
    """Forget the automatic backups of an instance: they go with it (reference, section 5.7)."""
    for backup in of_instance(connection, instance_id):
        if backup.type is BackupType.AUTO:
            delete(connection, backup.id)


def from_row(row: sqlite3.Row) -> Backup:
    """Read one row of the table."""
    values = {name: row[name] for name in _COLUMNS}
    ended_at = values["ended_at"]
    values |= {
        "type": BackupType(values["type"]),
        "status": BackupStatus(values["status"]),
        "began_at": from_store(values["began_at"]),
        "ended_at": from_store(ended_at) if ended_at else None,
        "simulated": bool(values["simulated"]),
    }
    return Backup(**values)
