"""Write rows whose commit times are known into real servers, and read which came back."""

import os
import random
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from drill.sandbox.postgres import PostgresServers

PASSWORD = "a secret that shows up nowhere"
Marker = tuple[int, datetime]
"""The number of a row, and when the server says that it was committed."""


def roomy_memory() -> str | None:
    """Return a folder in memory where there is one with room: making files is far faster there."""
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30
    return str(memory) if is_roomy and os.access(memory, os.W_OK) else None


def connect(
    servers: PostgresServers,
    instance_id: str,
    password: str = PASSWORD,
    *,
    user: str = "root",
    database: str = "postgres",
) -> closing[psycopg.Connection[Any]]:
    return closing(
        psycopg.connect(
            host="127.0.0.1",
            port=servers.port_of(instance_id),
            user=user,
            password=password,
            dbname=database,
            autocommit=True,
        )
    )


def mark(servers: PostgresServers, instance_id: str, *numbers: int) -> list[Marker]:
    """Write one row in one transaction each, and return when the server says it was committed."""
    markers = []
    with connect(servers, instance_id) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS marker (id integer PRIMARY KEY)")
        for number in numbers:
            # The last is at least a millisecond after the others, so that a window can hold them.
            time.sleep(0.003 if number == numbers[-1] else random.choice([0, 0.002, 0.02]))
            connection.execute("INSERT INTO marker VALUES (%s)", [number])
        found = connection.execute(
            "SELECT id, pg_xact_commit_timestamp(xmin) FROM marker WHERE id = ANY(%s) ORDER BY id",
            [list(numbers)],
        )
        markers.extend(found.fetchall())
    return markers


def rows(servers: PostgresServers, instance_id: str, password: str = PASSWORD) -> list[int]:
    with connect(servers, instance_id, password) as connection:
        if connection.execute("SELECT to_regclass('marker')").fetchone() == (None,):
            return []
        return [row[0] for row in connection.execute("SELECT id FROM marker ORDER BY id")]


def up_to(markers: list[Marker], instant: datetime) -> list[int]:
    return [number for number, committed_at in markers if committed_at <= instant]


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 15 s"
        time.sleep(0.02)


def reaches(servers: PostgresServers, instance_id: str, instant: datetime) -> bool:
    windows = servers.windows(instance_id)
    return bool(windows) and windows[-1].ends_at >= instant


def restore(servers, source_id, target_id, *, password=None, **point) -> None:
    servers.restore(
        source_id=source_id, target_id=target_id, admin_user="root", password=password, **point
    )


def segments(root: Path, instance_id: str) -> list[Path]:
    return sorted(
        file for file in (root / instance_id).glob("eras/*/archive/*") if len(file.name) == 24
    )
