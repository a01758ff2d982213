"""The databases of simulated instances and of their backups: names, and since when. No data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from drill.sandbox.times import from_store, to_store

SCHEMA = """
create table if not exists simulated_databases (
    owner_id text not null, name text not null, since text not null,
    primary key (owner_id, name));
create table if not exists simulated_histories (
    instance_id text primary key, since text not null);
"""


def names_of(connection: sqlite3.Connection, owner_id: str) -> list[str]:
    """Return the databases of an instance or of a backup, in the order of their names."""
    rows = connection.execute(
        "select name from simulated_databases where owner_id = ? order by name", (owner_id,)
    )
    return [row["name"] for row in rows]


def names_at(connection: sqlite3.Connection, instance_id: str, at: datetime) -> list[str]:
    """Return the databases that an instance had at an instant of its present history."""
    rows = connection.execute(
        "select name, since from simulated_databases where owner_id = ? order by name",
        (instance_id,),
    )
    return [row["name"] for row in rows if from_store(row["since"]) <= at]


def add_names(
    connection: sqlite3.Connection, owner_id: str, names: Iterable[str], at: datetime
) -> None:
    """Add databases; one that is there already begins anew."""
    connection.executemany(
        "insert or replace into simulated_databases values (?, ?, ?)",
        [(owner_id, name, to_store(at)) for name in names],
    )


def every(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the databases of all instances and backups, by the id of their owner."""
    found: dict[str, list[str]] = {}
    for row in connection.execute("select owner_id, name from simulated_databases order by name"):
        found.setdefault(row["owner_id"], []).append(row["name"])
    return found


def replace_names(
    connection: sqlite3.Connection, owner_id: str, names: Iterable[str], at: datetime
) -> None:
    """Keep these databases, add those that are missing, and drop all others."""
    wanted, there = set(names), set(names_of(connection, owner_id))
    add_names(connection, owner_id, sorted(wanted - there), at)
    connection.executemany(
        "delete from simulated_databases where owner_id = ? and name = ?",
        [(owner_id, name) for name in sorted(there - wanted)],
    )


def forget(connection: sqlite3.Connection, owner_id: str) -> None:
    """Forget the databases of an instance or of a backup."""
    connection.execute("delete from simulated_databases where owner_id = ?", (owner_id,))
    connection.execute("delete from simulated_histories where instance_id = ?", (owner_id,))


def begin_history(connection: sqlite3.Connection, instance_id: str, at: datetime) -> None:
    """Remember that no instant before this one can be restored to any more."""
    connection.execute(
        "insert or replace into simulated_histories values (?, ?)", (instance_id, to_store(at))
    )


def history_since(connection: sqlite3.Connection, instance_id: str) -> datetime | None:
    """Return when the present history of an instance began."""
    row = connection.execute(
        "select since from simulated_histories where instance_id = ?", (instance_id,)
    ).fetchone()
    return from_store(row["since"]) if row else None
