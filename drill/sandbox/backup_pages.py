"""Pages of the backups of one instance, narrowed and counted by the state file itself.

An instance may have thousands of backups: only those of the page are read.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from drill.sandbox.backups import Backup, from_row
from drill.sandbox.times import to_store

_SHOWN_STATUS = "case when ended_at > :now then 'BUILDING' else status end"
"""No backup is completed before the end that it states: see ``Backup.status_at``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFilter:
    """Which backups are wanted; None is any."""

    backup_id: str | None = None
    backup_type: str | None = None
    status: str | None = None
    begin: datetime | None = None
    """The first instant at which it may have begun."""
    end: datetime | None = None


def read_page(
    connection: sqlite3.Connection,
    instance_id: str,
    wanted: BackupFilter,
    *,
    at: datetime,
    offset: int,
    limit: int,
) -> tuple[int, list[Backup]]:
    """Return how many backups match, and those of one page, newest first."""
    conditions = ["instance_id = :instance_id"]
    values: dict[str, object] = {"instance_id": instance_id, "now": to_store(at)}
    for text, name, value in (
        ("id = :backup_id", "backup_id", wanted.backup_id),
        ("type = :backup_type", "backup_type", wanted.backup_type),
        (f"{_SHOWN_STATUS} = :status", "status", wanted.status),
        ("began_at >= :begin", "begin", wanted.begin and to_store(wanted.begin)),
        ("began_at <= :end", "end", wanted.end and to_store(wanted.end)),
    ):
        if value is not None:
            conditions.append(text)
            values[name] = value
    where = " and ".join(conditions)
    total = connection.execute(f"select count(*) from backups where {where}", values)  # noqa: S608
    rows = connection.execute(
        f"select * from backups where {where} "  # noqa: S608
        "order by began_at desc, id limit :limit offset :offset",
        values | {"limit": limit, "offset": offset},
    )
    return int(total.fetchone()[0]), [from_row(row) for row in rows]
