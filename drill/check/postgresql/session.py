"""One guarded connection to a copy: read-only, bounded in time and size, for one question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from drill.check.faults import DatabaseFault
from drill.check.limits import Limits
from drill.check.port import Endpoint
from drill.check.postgresql.faults import explain
from drill.check.postgresql.login import explain_login
from drill.check.postgresql.settings import (
    connection_settings,
    ensure_no_service,
    milliseconds,
)
from drill.check.postgresql.values import read_value
from drill.check.scalars import Scalar
from drill.check.watchdog import Watchdog
from drill.clock import Clock

Question = LiteralString | bytes | sql.SQL | sql.Composed
"""Either written in this package, or composed of quoted identifiers, or a reviewed plan's query."""

_BEGIN = """
SELECT pg_catalog.current_setting('transaction_read_only'),
  pg_catalog.set_config('TimeZone', 'UTC', true),
  pg_catalog.set_config('DateStyle', 'ISO, YMD', true),
  pg_catalog.set_config('statement_timeout', %s, true)
"""
"""libpq sends PGTZ and PGDATESTYLE of the environment after our own options, so it is said again
here, for this transaction."""


class Session:
    """Asks questions in read-only transactions. Every method raises DatabaseFault."""

    def __init__(
        self,
        connection: psycopg.Connection,
        watchdog: Watchdog,
        *,
        limits: Limits,
        timeout: timedelta,
    ) -> None:
        self._connection = connection
        self._watchdog = watchdog
        self._limits = limits
        self._timeout = timeout

    @property
    def server_version(self) -> int:
        """Return the version as one number, such as 180006 for 18.6."""
        return self._connection.info.server_version

    def begin(self, statement_timeout: timedelta | None = None) -> None:
        """End the transaction, if there is one, and begin the next, seen to be read-only.

        The question that looks also fixes the snapshot: from then on PostgreSQL refuses to turn
        the transaction into one that writes.
        """
        with self._faults():
            self._connection.rollback()
        span = statement_timeout or self._timeout
        answer = self.rows(_BEGIN, [str(milliseconds(span))])
        if [row[0] for row in answer] != ["on"]:
            raise DatabaseFault("the server did not begin a read-only transaction")

    def rows(self, query: Question, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query of ours, with its parameters bound.

        No name in it comes from a plan: what it misses, the server is too old or too new for.
        """
        most = self._limits.rows_per_answer
        with self._faults(ours=True), self._connection.cursor() as cursor:
            cursor.execute(query, tuple(parameters) or None)
            found = cursor.fetchmany(most + 1)
        if len(found) > most:
            raise DatabaseFault(f"the server returned more than {most} rows")
        return found

    def value(self, query: Question) -> tuple[int, Scalar | None]:
        """Return the type number and the one value of a query; anything else is a fault.

        The query goes out in the extended protocol, in which the server itself refuses a second
        statement, and its rows are taken one by one.
        """
        answer: tuple[int, bytes | None] | None = None
        with self._faults(), _raw_cursor(self._connection) as cursor:
            for row in cursor.stream(query):
                if answer is not None:
                    raise DatabaseFault("the query returned more than one row")
                if len(row) != 1 or cursor.description is None:
                    raise DatabaseFault(f"the query returned {len(row)} columns instead of one")
                answer = cursor.description[0].type_code, row[0]
        if answer is None:
            raise DatabaseFault("the query returned no row")
        if answer[1] is not None and len(answer[1]) > self._limits.bytes_per_value:
            raise DatabaseFault(
                f"the query returned a value of more than {self._limits.bytes_per_value} bytes"
            )
        return answer[0], read_value(*answer)

    @contextmanager
    def _faults(self, *, ours: bool = False) -> Iterator[None]:
        """Turn errors of the driver into faults in our own words; nothing of theirs goes on."""
        try:
            yield
        except psycopg.Error as error:
            bite = self._watchdog.bite
            raise (DatabaseFault(bite) if bite else explain(error, ours=ours)) from None


@contextmanager
def open_session(
    endpoint: Endpoint,
    *,
    limits: Limits,
    clock: Clock,
    timeout: timedelta,
    connect_timeout: timedelta | None = None,
) -> Iterator[Session]:
    """Log in to a copy for one question that may take ``timeout``; hang up afterwards.

    Raise DatabaseFault if the login does not work or must not be tried.
    """
    ensure_no_service()
    connection = _connect(endpoint, limits, timeout, connect_timeout or limits.connect_timeout)
    try:
        with Watchdog(
            connection.fileno(),
            clock=clock,
            span=timeout + limits.grace,
            most_bytes=limits.bytes_per_session,
        ) as watchdog:
            session = Session(connection, watchdog, limits=limits, timeout=timeout)
            session.begin()
            yield session
    finally:
        connection.close()


def split_name(qualified: str) -> list[str]:
    """Return schema and name of ``schema.name``; whatever follows the first dot is the name."""
    return qualified.split(".", 1)


def table_name(qualified: str) -> sql.Identifier:
    """Return ``schema.table`` of a plan, quoted."""
    return sql.Identifier(*split_name(qualified))


def _connect(
    endpoint: Endpoint, limits: Limits, timeout: timedelta, connect_timeout: timedelta
) -> psycopg.Connection:
    settings = connection_settings(
        endpoint, limits, connect_timeout=connect_timeout, statement_timeout=timeout
    )
    try:
        connection = psycopg.connect(prepare_threshold=None, **settings)  # type: ignore[arg-type]
    except psycopg.Error as error:
        # The error carries the whole connection, password included: it goes no further.
        raise explain_login(error) from None
    connection.read_only = True
    return connection


class _Bytes(Loader):
    def load(self, data: Buffer) -> bytes:
        return bytes(data)


@contextmanager
def _raw_cursor(connection: psycopg.Connection) -> Iterator[psycopg.Cursor[Any]]:
    with connection.cursor() as cursor:
        for info in psycopg.adapters.types:
            cursor.adapters.register_loader(info.oid, _Bytes)
            if info.array_oid:
                cursor.adapters.register_loader(info.array_oid, _Bytes)
        cursor.adapters.register_loader(0, _Bytes)
        yield cursor
