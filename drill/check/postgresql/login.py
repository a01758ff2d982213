"""Say why a login did not work, and tell a wrong password from a server that is not up yet.

libpq gives no SQLSTATE for a failed login, so its text is looked at for known words; not one of
them is copied. A server that speaks another language falls through to the general sentences.
"""

from __future__ import annotations

import psycopg

from drill.check import reach
from drill.check.faults import DatabaseFault

_SIGNS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("password authentication failed", "authentication failed for user"),
        reach.WRONG_LOGIN,
    ),
    (
        ("no pg_hba.conf entry", "pg_hba.conf rejects"),
        reach.NOT_FROM_HERE,
    ),
    (
        ("is not permitted to log in",),
        reach.MAY_NOT_LOG_IN,
    ),
    (
        ("permission denied for database",),
        reach.NOT_THIS_DATABASE,
    ),
    (
        ("server requested a cleartext password", "authentication method requirement"),
        reach.CLEAR_TEXT,
    ),
    (
        (
            "the database system is starting up",
            "the database system is not yet accepting connections",
            "the database system is in recovery mode",
            "the database system is not accepting connections",
        ),
        reach.STARTING,
    ),
    (("the database system is shutting down",), reach.SHUTTING_DOWN),
    (
        ("too many clients", "too many connections", "remaining connection slots"),
        reach.NO_FREE_CONNECTION,
    ),
    (
        ("does not support ssl",),
        reach.NO_TLS,
    ),
    (
        (
            "certificate verify failed",
            "server certificate for",
            "root certificate file",
            "ssl error",
            "tlsv1",
            "sslv3",
            "unexpected eof",
        ),
        reach.NO_TRUST,
    ),
    (("connection refused",), reach.REFUSED),
    (
        ("could not translate host name", "name or service not known", "failed to resolve host"),
        reach.UNKNOWN_HOST,
    ),
    (
        ("no route to host", "network is unreachable", "host is unreachable"),
        reach.NO_ROUTE,
    ),
    (
        ("timeout expired", "timed out"),
        reach.TIMED_OUT,
    ),
    (
        ("closed the connection unexpectedly", "connection reset by peer"),
        reach.HUNG_UP,
    ),
)


def explain_login(error: psycopg.Error) -> DatabaseFault:
    """Return the fault behind a failed login, in a sentence of ours."""
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return DatabaseFault(reach.TIMED_OUT)
    text = str(error).lower()
    if "fatal:" in text and 'database "' in text and "does not exist" in text:
        # It is said after the password was accepted: the copy really lacks the database.
        return reach.no_such_database(sqlstate="3D000")
    if "fatal:" in text and 'role "' in text and "does not exist" in text:
        return DatabaseFault(f"{reach.AUTHENTICATION_FAILED}: the server does not know this user")
    for signs, sentence in _SIGNS:
        if any(sign in text for sign in signs):
            return DatabaseFault(sentence)
    if "fatal:" in text:
        return DatabaseFault(reach.LOGIN_REFUSED)
    return DatabaseFault(reach.UNREACHABLE)
