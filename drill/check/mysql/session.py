"""One guarded connection to a copy: read-only, bounded in time and size, for one question."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any

import pymysql
from pymysql.cursors import SSCursor

from drill.check import reach
from drill.check.faults import DatabaseFault
from drill.check.limits import Limits
from drill.check.mysql.faults import DRIVER_ERRORS, explain
from drill.check.mysql.login import explain_login
from drill.check.mysql.settings import connection_settings, session_settings
from drill.check.mysql.values import read_value
from drill.check.mysql.version import ServerVersion, parse_version
from drill.check.port import Endpoint
from drill.check.scalars import Scalar
from drill.check.watchdog import Watchdog
from drill.clock import Clock

_UNSAFE_MODES = frozenset({"ANSI", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"})


class _Cursor(SSCursor):
    """Takes rows one by one, and leaves those that nobody wants where they are."""

    _result: Any
    connection: Any

    def drop(self) -> None:
        """Forget the answer. The driver's own ``close`` would read all that is left of it."""
        if self._result is not None:
            self._result.unbuffered_active = False
            self._result.connection = None
            self._result = None
        self.connection = None


class Session:
    """Asks questions in read-only transactions. Every method raises DatabaseFault."""

    def __init__(
        self,
        connection: pymysql.Connection[Any],
        watchdog: Watchdog,
        *,
        limits: Limits,
        timeout: timedelta,
    ) -> None:
        self._connection = connection
        self._watchdog = watchdog
        self._limits = limits
        self._timeout = timeout
        version = parse_version(str(connection.get_server_info()))  # type: ignore[no-untyped-call]
        if version is None:
            raise DatabaseFault("the server names no version of MySQL or MariaDB")
        self.server_version: ServerVersion = version

    def begin(self) -> None:
        """Set the session up and begin a transaction that is seen to be read-only."""
        settings = session_settings(self.server_version, self._limits, self._timeout)
        pairs = ", ".join(f"{name} = {value}" for name, value in settings.items())
        self.rows("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        self.rows(f"SET SESSION {pairs}")
        self.rows("START TRANSACTION READ ONLY")
        self.ensure_read_only()

    def ensure_read_only(self) -> None:
        """Raise DatabaseFault unless the session says that it only reads, in UTC, in plain SQL."""
        name = self.server_version.read_only_setting
        query = f"SELECT @@session.{name}, @@session.time_zone, @@session.sql_mode"
        answer = self.rows(query)
        if len(answer) != 1 or len(answer[0]) != 3 or answer[0][0] != "1":
            raise DatabaseFault("the server did not begin a read-only transaction")
        if answer[0][1] != "+00:00" or _UNSAFE_MODES & {*str(answer[0][2]).split(",")}:
            raise DatabaseFault("the server did not take over the settings of the session")

    def allow_any_time(self) -> None:
        """Lift the server's own time-out: from here on the connection is cut by our side alone."""
        if self.server_version.is_mariadb:
            self.rows("SET SESSION max_statement_time = 0")

    def rows(
        self, query: str, parameters: Sequence[object] = (), *, ours: bool = True
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a query of ours as texts, with its parameters bound.

        ``ours``: no name in it comes from a plan, so that what it misses accuses nobody.
        """
        with self._asking(query, parameters, ours=ours) as cursor:
            most = self._limits.rows_per_answer
            found = list(islice(iter(cursor.fetchone, None), most + 1))
            if len(found) > most:
                self._hang_up()
                raise DatabaseFault(f"the server returned more than {most} rows")
            return found

    def value(self, query: str) -> tuple[int, Scalar | None]:
        """Return the type number and the one value of a query; anything else is a fault.

        The connection does not speak multi-statements, so that the server itself refuses a second
        one, and its rows are taken one by one.
        """
        with self._asking(query, (), ours=False) as cursor:
            row = cursor.fetchone()
            if row is None:
                raise DatabaseFault("the query returned no row")
            if len(row) != 1 or len(cursor.description) != 1:
                self._hang_up()
                raise DatabaseFault(f"the query returned {len(row)} columns instead of one")
            if cursor.fetchone() is not None:
                self._hang_up()
                raise DatabaseFault("the query returned more than one row")
            type_number, spelling = int(cursor.description[0][1]), row[0]
        if spelling is not None and _size(spelling) > self._limits.bytes_per_value:
            raise DatabaseFault(
                f"the query returned a value of more than {self._limits.bytes_per_value} bytes"
            )
        return type_number, read_value(type_number, spelling)

    @contextmanager
    def _asking(self, query: str, parameters: Sequence[object], *, ours: bool) -> Iterator[_Cursor]:
        """Turn errors of the driver into faults in our own words; nothing of theirs goes on."""
        cursor = _Cursor(self._connection)
        try:
            cursor.execute(query, tuple(parameters) or None)
            yield cursor
        except DRIVER_ERRORS as error:
            bite = self._watchdog.bite
            raise (DatabaseFault(bite) if bite else explain(error, ours=ours)) from None
        finally:
            cursor.drop()

    def _hang_up(self) -> None:
        """End a connection on which rows are left that nobody will read."""
        _close(self._connection)


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
    within = connect_timeout or limits.connect_timeout
    settings = connection_settings(endpoint, limits, timeout=max(timeout, within))
    # A second handle of the same connection: TLS takes the first one over.
    with _dial(endpoint, within) as line, line.dup() as handle:
        connection = pymysql.Connection(**settings)
        try:
            with Watchdog(
                handle.fileno(),
                clock=clock,
                span=within,
                most_bytes=limits.bytes_per_session,
                late=reach.TIMED_OUT,
            ) as watchdog:
                _log_in(connection, line, watchdog)
            with Watchdog(
                handle.fileno(),
                clock=clock,
                span=timeout + limits.grace,
                most_bytes=limits.bytes_per_session,
            ) as watchdog:
                session = Session(connection, watchdog, limits=limits, timeout=timeout)
                session.begin()
                yield session
        finally:
            _close(connection)


def _dial(endpoint: Endpoint, within: timedelta) -> socket.socket:
    try:
        line = socket.create_connection(
            (endpoint.host, endpoint.port), timeout=within.total_seconds()
        )
    except (OSError, UnicodeError) as error:
        raise explain_login(error) from None
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _log_in(connection: pymysql.Connection[Any], line: socket.socket, watchdog: Watchdog) -> None:
    try:
        connection.connect(line)
    except DRIVER_ERRORS as error:
        # The error may carry what was sent: it goes no further.
        raise (DatabaseFault(watchdog.bite) if watchdog.bite else explain_login(error)) from None


def _close(connection: pymysql.Connection[Any]) -> None:
    if connection.open:
        connection.close()


def _size(spelling: str | bytes) -> int:
    return len(spelling if isinstance(spelling, bytes) else spelling.encode())
