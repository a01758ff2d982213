"""What a job says about itself beyond its status: the members of ``entities`` (reference, 6.1)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping


def keep(connection: sqlite3.Connection, job_id: str, details: Mapping[str, object]) -> None:
    """Remember the members that the answer about a job shows under ``entities``."""
    connection.execute(
        "insert or replace into job_details values (?, ?)", (job_id, json.dumps(dict(details)))
    )


def of_job(connection: sqlite3.Connection, job_id: str) -> dict[str, object]:
    """Return what was kept; nothing where nothing was."""
    row = connection.execute(
        "select details from job_details where job_id = ?", (job_id,)
    ).fetchone()
    return dict(json.loads(row["details"])) if row else {}
