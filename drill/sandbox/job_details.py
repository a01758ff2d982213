"""What a job says about itself beyond its status (reference, 6.1 and 6.3).

That is the members of ``entities``, and for SQL Server the ``task_detail`` of its detailed list.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping


def keep(connection: sqlite3.Connection, job_id: str, details: Mapping[str, object]) -> None:
    """Remember the members that the answer about a job shows under ``entities``."""
    _keep(connection, "job_details", job_id, details)


def of_job(connection: sqlite3.Connection, job_id: str) -> dict[str, object]:
    """Return what was kept; nothing where nothing was."""
    return _read(connection, "job_details", job_id)


def keep_task(connection: sqlite3.Connection, job_id: str, details: Mapping[str, object]) -> None:
    """Remember what the task of a job was ordered with."""
    _keep(connection, "task_details", job_id, details)


def of_task(connection: sqlite3.Connection, job_id: str) -> dict[str, object]:
    """Return what the task of a job was ordered with; nothing where that was not kept."""
    return _read(connection, "task_details", job_id)


def _keep(
    connection: sqlite3.Connection, table: str, job_id: str, details: Mapping[str, object]
) -> None:
    connection.execute(
        f"insert or replace into {table} values (?, ?)",  # noqa: S608 - one of two names
        (job_id, json.dumps(dict(details))),
    )


def _read(connection: sqlite3.Connection, table: str, job_id: str) -> dict[str, object]:
    row = connection.execute(
        f"select details from {table} where job_id = ?",  # noqa: S608 - one of two names
        (job_id,),
    ).fetchone()
    return dict(json.loads(row["details"])) if row else {}
