"""What has to be said differently to SQLite and to PostgreSQL. No other file knows which it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, event, text

READS = "drill_reads"
"""Execution option of a connection that only reads: on SQLite it takes no lock for writing."""

ALONE = "drill_alone"
"""Execution option of a connection that is given one statement: on SQLite, without BEGIN, that is a
transaction of its own, and on disk when it has run."""

_SEATS_LOCK = 4_707_101
_SCHEMA_LOCK = 4_707_102
_ORDERS_LOCK = 4_707_103


def connect_arguments(dialect: str, *, patience: timedelta) -> dict[str, Any]:
    """Return what the driver is given: above all how long it waits for a lock or a server."""
    if dialect == "sqlite":
        # A statement that is kept to be used again keeps the values of its last use, and some are
        # inventories of a whole account: with one connection a thread that was half of the memory
        # that a daemon took for its drills.
        return {"timeout": patience.total_seconds(), "cached_statements": 0}
    seconds = max(2, int(patience.total_seconds()))
    return {
        "connect_timeout": seconds,
        # A server whose machine is gone says nothing: left to itself, the system waits a quarter of
        # an hour for an answer, and two hours where a connection is idle.
        "tcp_user_timeout": seconds * 1000,
        "keepalives_idle": max(1, seconds // 3),
        "keepalives_interval": max(1, seconds // 6),
        "keepalives_count": 3,
        "options": f"-c lock_timeout={patience // timedelta(milliseconds=1)}",
    }


def reading_options(dialect: str) -> Mapping[str, Any]:
    """Return the execution options of a transaction that only reads, and sees one moment."""
    return {READS: True} if dialect == "sqlite" else {"isolation_level": "REPEATABLE READ"}


def prepare(engine: Engine) -> None:
    """Make every connection safe. On PostgreSQL the defaults are.

    With the defaults of SQLite's driver concurrent read-modify-write transactions lose updates
    silently: it opens no transaction for a SELECT. So it is told to open none at all, and each
    one that writes begins with ``BEGIN IMMEDIATE``.
    """
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",  # readers do not wait for the writer
            "foreign_keys = ON",  # off by default
            "synchronous = FULL",  # an intent is on disk before the order goes out
            "cache_size = -256",  # kibibytes a connection; the system has the file in memory anyway
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(ALONE):
            return
        reads = options.get(READS)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def lock_seats(connection: Connection) -> None:
    """Let nobody else count seats until this transaction ends."""
    _lock(connection, _SEATS_LOCK)


def lock_orders(connection: Connection) -> None:
    """Let nobody else give or end orders, or remember plans, until this transaction ends."""
    _lock(connection, _ORDERS_LOCK)


def lock_schema(connection: Connection) -> None:
    """Let nobody else change the schema until this transaction ends."""
    _lock(connection, _SCHEMA_LOCK)


def _lock(connection: Connection, number: int) -> None:
    if connection.dialect.name != "sqlite":  # there BEGIN IMMEDIATE has done it
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def guard_functions(dialect: str) -> list[str]:
    """Return what has to exist before the first trigger."""
    if dialect == "sqlite":
        return []
    return [
        """
        CREATE FUNCTION drill_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    ]


def never_again(
    dialect: str,
    table: str,
    *,
    message: str,
    keys: Sequence[str],
    fixed: str = "",
    once: str = "",
) -> list[str]:
    """Return the triggers by which the rows of a table are never deleted and never changed.

    With ``once``, a condition on OLD such as ``OLD.ended_at IS NOT NULL``, a row may change until
    that is true, except for the columns in ``fixed``. ``keys`` are the unique keys, each a list
    of columns: on SQLite, INSERT OR REPLACE deletes what has the same key and fires no trigger
    for the deletion, so that is refused by one of its own.
    """
    sqlite = dialect == "sqlite"
    refuse = f"EXECUTE FUNCTION drill_refuse('{message}')"
    if sqlite:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    rows = f"ON {table} FOR EACH ROW"
    when = f"WHEN ({once}) " if once else ""
    statements = [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE {rows} {when}{refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE {rows} {refuse}",
    ]
    if fixed:
        statements.append(f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {fixed} {rows} {refuse}")
    if sqlite:
        same = " OR ".join(
            "(" + " AND ".join(f"{part} = NEW.{part}" for part in key.split(", ")) + ")"
            for key in keys
        )
        taken = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608
        statements.append(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT {rows} {taken} {refuse}"
        )
    else:
        statements.append(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT {refuse}"
        )
    return statements
