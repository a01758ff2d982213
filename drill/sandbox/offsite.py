"""Copies of backups in another region, simulated: the sandbox has one region and copies nothing.

What is kept is the policy. From it follows which backups would have been copied: the automatic ones
taken since it was set. They say "simulated" and cannot be restored from.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass, fields
from datetime import datetime

from drill.sandbox.times import from_store, to_store

REGION = "sandbox-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsitePolicy:
    """What of one instance is copied, and for how long the copies stay."""

    instance_id: str
    backup_type: str
    """``auto`` for full backups, ``incremental`` for the archived log, ``manual``."""
    keep_days: int
    destination_region: str
    destination_project_id: str
    since: datetime


_COLUMNS = tuple(each.name for each in fields(OffsitePolicy))


def insert(connection: sqlite3.Connection, policy: OffsitePolicy) -> None:
    """Set the policy of one kind of backup; what it was set to before is over."""
    connection.execute(
        "insert or replace into offsite_policies values (?, ?, ?, ?, ?, ?)",
        (
            policy.instance_id,
            policy.backup_type,
            policy.keep_days,
            policy.destination_region,
            policy.destination_project_id,
            to_store(policy.since),
        ),
    )


def of_instance(connection: sqlite3.Connection, instance_id: str) -> dict[str, OffsitePolicy]:
    """Return the policies of an instance by the kind of backup."""
    rows = connection.execute(
        "select * from offsite_policies where instance_id = ? order by backup_type", (instance_id,)
    )
    return {row["backup_type"]: _from_row(row) for row in rows}


def every(connection: sqlite3.Connection) -> list[OffsitePolicy]:
    """Return all policies that copy something, in the order of the instances."""
    rows = connection.execute(
        "select * from offsite_policies where keep_days > 0 order by instance_id, backup_type"
    )
    return [_from_row(row) for row in rows]


def copy_id(backup_id: str) -> str:
    """Return the id of the simulated copy of a backup."""
    return hashlib.sha256(f"off-site:{backup_id}".encode()).hexdigest()[:32] + backup_id[-4:]


def _from_row(row: sqlite3.Row) -> OffsitePolicy:
    values = {name: row[name] for name in _COLUMNS}
    return OffsitePolicy(**values | {"since": from_store(values["since"])})
