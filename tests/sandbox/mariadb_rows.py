"""Write rows whose instants are known into real MariaDB servers, and read which came back."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymysql
import pytest

from drill.sandbox.mariadb import MariadbServers
from drill.sandbox.mariadb.programs import find_programs
from drill.sandbox.servers import ServerFault

PASSWORD = "a secret that shows up nowhere"
Marker = tuple[int, datetime]
"""The number of a row, and when its statement began."""


def _why_missing() -> str | None:
    try:
        find_programs()
    except ServerFault as error:
        return str(error)
    return None


WHY_MISSING = _why_missing()
needs_mariadb = pytest.mark.skipif(WHY_MISSING is not None, reason=str(WHY_MISSING))


@contextmanager
def connect(
    servers: MariadbServers, instance_id: str, password: str = PASSWORD, *, user: str = "root"
) -> Iterator[Any]:
    """Give a cursor of a client that came in through TCP, as every client does."""
    connection = pymysql.connect(
        host="127.0.0.1",
        port=servers.port_of(instance_id) or 0,
        user=user,
        password=password,
        autocommit=True,
    )
    with closing(connection), connection.cursor() as cursor:
        yield cursor


def make_table(servers: MariadbServers, instance_id: str) -> None:
    with connect(servers, instance_id) as cursor:
        cursor.execute("CREATE DATABASE shop")
        cursor.execute("CREATE TABLE shop.marker (id int PRIMARY KEY, at timestamp(6) NOT NULL)")


def mark(
    servers: MariadbServers, instance_id: str, *numbers: int, every: float = 0.0
) -> list[Marker]:
    """Write one row in one transaction each, and return when it was written."""
    with connect(servers, instance_id) as cursor:
        for number in numbers:
            time.sleep(every)
            cursor.execute("INSERT INTO shop.marker VALUES (%s, now(6))", [number])
        marks = ", ".join(["%s"] * len(numbers))
        cursor.execute(f"SELECT id, at FROM shop.marker WHERE id IN ({marks}) ORDER BY id", numbers)
        return [(number, at.replace(tzinfo=UTC)) for number, at in cursor.fetchall()]


def rows(servers: MariadbServers, instance_id: str, password: str = PASSWORD) -> list[int]:
    with connect(servers, instance_id, password) as cursor:
        cursor.execute("SELECT id FROM shop.marker ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def reaches(servers: MariadbServers, instance_id: str, instant: datetime) -> bool:
    windows = servers.windows(instance_id)
    return bool(windows) and windows[-1].ends_at >= instant


def restore(servers, source_id, target_id, *, password=None, **point) -> None:
    servers.restore(
        source_id=source_id, target_id=target_id, admin_user="root", password=password, **point
    )


def log_files(root: Path, instance_id: str) -> list[Path]:
    """Return the archived files of the log, oldest first."""
    found = (root / instance_id).glob("eras/*/archive/bin.??????")
    return sorted(found)
