"""The recycle bin: what was deleted stays listed for some days (reference, section 5.7).

Only the entry stays. The files of an instance go when it is deleted, so nothing can be rebuilt from
the bin of the sandbox, and no entry names a backup.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from drill.sandbox import instances
from drill.sandbox.times import from_store, to_store

LONGEST_DAYS = 7
_POLICY = "recycle_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recycled:
    """One deleted instance."""

    id: str
    name: str
    engine: str
    version: str
    created_at: datetime
    deleted_at: datetime
    retained_until: datetime
    volume_type: str
    volume_size: int
    """Gigabytes."""


_COLUMNS = tuple(each.name for each in fields(Recycled))
_INSTANTS = ("created_at", "deleted_at", "retained_until")


def days(connection: sqlite3.Connection) -> int:
    """Return for how many days a deleted instance stays."""
    row = connection.execute("select value from choices where name = ?", (_POLICY,)).fetchone()
    return int(row["value"]) if row else LONGEST_DAYS


def set_days(connection: sqlite3.Connection, count: int) -> None:
    """Change for how many days the instances stay that are deleted from now on."""
    connection.execute("insert or replace into choices values (?, ?)", (_POLICY, str(count)))


def keep(connection: sqlite3.Connection, instance_id: str, at: datetime) -> None:
    """Put an instance that is about to leave the state into the bin."""
    instance = instances.find(connection, instance_id)
    if instance is None:
        return
    row = {
        "id": instance.id,
        "name": instance.name,
        "engine": instance.engine,
        "version": instance.version,
        "created_at": to_store(instance.created_at),
        "deleted_at": to_store(at),
        "retained_until": to_store(at + timedelta(days=days(connection))),
        "volume_type": instance.volume_type,
        "volume_size": instance.volume_size,
    }
    marks = ", ".join(f":{name}" for name in _COLUMNS)
    connection.execute(
        f"insert or replace into recycled ({', '.join(_COLUMNS)}) values ({marks})",  # noqa: S608
        row,
    )


def every(connection: sqlite3.Connection, at: datetime) -> list[Recycled]:
    """Return what is in the bin, the latest deletion first; forget what was kept long enough."""
    connection.execute("delete from recycled where retained_until <= ?", (to_store(at),))
    rows = connection.execute("select * from recycled order by deleted_at desc, id")
    return [_from_row(row) for row in rows]


def _from_row(row: sqlite3.Row) -> Recycled:
    values = {name: row[name] for name in _COLUMNS}
    values |= {name: from_store(values[name]) for name in _INSTANTS}
    return Recycled(**values)
