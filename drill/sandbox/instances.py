"""Instances as the state file keeps them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from drill.sandbox import simulated_names
from drill.sandbox.times import from_store, to_store


class Status(StrEnum):
    """The states of an instance that the sandbox goes through (reference, section 4.3)."""

    BUILD = "BUILD"
    ACTIVE = "ACTIVE"
    BACKING_UP = "BACKING UP"
    RESTORING = "RESTORING"
    FAILED = "FAILED"
    MODIFYING = "MODIFYING"
    REBOOTING = "REBOOTING"
    CREATE_FAIL = "CREATE FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance. It leaves the state when it is deleted."""

    id: str
    name: str
    status: Status
    created_at: datetime
    updated_at: datetime | None
    engine: str
    version: str
    complete_version: str
    flavor: str
    volume_type: str
    volume_size: int
    """Gigabytes."""
    availability_zone: str
    region: str
    vpc_id: str
    subnet_id: str
    security_group_id: str
    port_asked: int
    keep_days: int
    """How long automatic backups are kept; 0 means that there are none."""
    backup_start_time: str
    backup_period: str
    admin_user: str
    tags: Mapping[str, str]
    simulated: bool
    """There is no server behind it: a catalogue entry for rules, never a proof."""
    writer: bool
    """A thread of the service keeps writing heartbeats and orders into it."""
    time_zone: str = "UTC"
    collation: str = ""
    """SQL Server only."""


_COLUMNS = tuple(each.name for each in fields(Instance))


def insert(connection: sqlite3.Connection, instance: Instance) -> None:
    """Add an instance."""
    row = {name: getattr(instance, name) for name in _COLUMNS}
    row |= {
        "status": instance.status.value,
        "created_at": to_store(instance.created_at),
        "updated_at": to_store(instance.updated_at) if instance.updated_at else None,
        "tags": json.dumps(dict(instance.tags)),
    }
    marks = ", ".join(f":{name}" for name in _COLUMNS)
    connection.execute(f"insert into instances ({', '.join(_COLUMNS)}) values ({marks})", row)  # noqa: S608


def find(connection: sqlite3.Connection, instance_id: str) -> Instance | None:
    """Return an instance, or None."""
    row = connection.execute("select * from instances where id = ?", (instance_id,)).fetchone()
    return from_row(row) if row else None


def every(connection: sqlite3.Connection) -> list[Instance]:
    """Return all instances, newest first."""
    rows = connection.execute("select * from instances order by created_at desc, id")
    return [from_row(row) for row in rows]


def set_status(
    connection: sqlite3.Connection, instance_id: str, status: Status, at: datetime
) -> None:
    """Change the status."""
    connection.execute(
        "update instances set status = ?, updated_at = ? where id = ?",
        (status.value, to_store(at), instance_id),
    )


def set_tags(
    connection: sqlite3.Connection, instance_id: str, tags: Mapping[str, str], at: datetime
) -> None:
    """Replace the tags."""
    connection.execute(
        "update instances set tags = ?, updated_at = ? where id = ?",
        (json.dumps(dict(tags)), to_store(at), instance_id),
    )


def set_writer(connection: sqlite3.Connection, instance_id: str) -> None:
    """Remember that a writer belongs to this instance."""
    connection.execute("update instances set writer = 1 where id = ?", (instance_id,))


def set_backup_policy(
    connection: sqlite3.Connection,
    instance_id: str,
    *,
    keep_days: int,
    start_time: str,
    period: str,
) -> None:
    """Change the policy of automatic backups."""
    connection.execute(
        "update instances set keep_days = ?, backup_start_time = ?, backup_period = ? where id = ?",
        (keep_days, start_time, period, instance_id),
    )


def set_volume_size(connection: sqlite3.Connection, instance_id: str, size: int) -> None:
    """Change the size of the disk, in gigabytes."""
    connection.execute("update instances set volume_size = ? where id = ?", (size, instance_id))


def delete(connection: sqlite3.Connection, instance_id: str) -> None:
    """Forget an instance."""
    connection.execute("delete from instances where id = ?", (instance_id,))
    simulated_names.forget(connection, instance_id)


def from_row(row: sqlite3.Row) -> Instance:
    """Read one row of the table."""
    values = {name: row[name] for name in _COLUMNS}
    updated_at = values["updated_at"]
    values |= {
        "status": Status(values["status"]),
        "created_at": from_store(values["created_at"]),
        "updated_at": from_store(updated_at) if updated_at else None,
        "tags": json.loads(values["tags"]),
        "simulated": bool(values["simulated"]),
        "writer": bool(values["writer"]),
    }
    return Instance(**values)
