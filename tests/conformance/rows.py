"""Rows in a real PostgreSQL server, whose times tell to which instant a copy was restored."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import psycopg

from drill.sandbox.times import to_milliseconds
from tests.sandbox.conftest import PASSWORD


def run(port: int, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(
        host="127.0.0.1", port=port, user="root", password=PASSWORD, dbname="postgres"
    ) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def beat(port: int) -> datetime:
    # Committed on its own, so that the log has a commit right after the instant.
    rows = run(port, "insert into beat values (clock_timestamp()) returning at")
    at: datetime = rows[0][0]
    return at


def beat_around(port: int) -> tuple[datetime, int]:
    """Commit a row, take an instant in milliseconds, commit another; return row and instant."""
    first = beat(port)
    # What counts is when it was committed, which is over now, not the instant in the row.
    wanted = to_milliseconds(datetime.now(UTC)) + 2
    while to_milliseconds(datetime.now(UTC)) <= wanted:
        time.sleep(0.001)
    beat(port)
    return first, wanted
