"""Say why a login did not work, and tell a wrong password from a server that is not up yet.

libpq gives no SQLSTATE for a failed login, so its text is looked at for known words; not one of
them is copied. A server that speaks another language falls through to the general sentences.
"""

from __future__ import annotations

import psycopg

from drill.check.port import CheckAnswer
from drill.check.postgresql.faults import DatabaseFault

AUTHENTICATION_FAILED = "authentication failed"
"""How the sentence begins when the server is up and does not accept the login."""

_SIGNS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("password authentication failed", "authentication failed for user"),
        f"{AUTHENTICATION_FAILED}: the server does not accept this user and password",
    ),
    (
        ("no pg_hba.conf entry", "pg_hba.conf rejects"),
        f"{AUTHENTICATION_FAILED}: the server lets nobody in from here, or not without TLS",
    ),
    (
        ("is not permitted to log in",),
        f"{AUTHENTICATION_FAILED}: this user may not log in",
    ),
    (
        ("permission denied for database",),
        f"{AUTHENTICATION_FAILED}: this user may not connect to this database",
    ),
    (
        ("server requested a cleartext password", "authentication method requirement"),
        f"{AUTHENTICATION_FAILED}: the server asks for the password in clear text",
    ),
    (
        (
            "the database system is starting up",
            "the database system is not yet accepting connections",
            "the database system is in recovery mode",
            "the database system is not accepting connections",
        ),
        "not up yet: the server is starting or recovering",
    ),
    (("the database system is shutting down",), "not up: the server is shutting down"),
    (
        ("too many clients", "too many connections", "remaining connection slots"),
        "no free connection: the server has reached its limit",
    ),
    (
        ("does not support ssl",),
        "no TLS: the server does not speak it, and the endpoint asks for it",
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
        "no trust: the TLS certificate of the server could not be verified",
    ),
    (("connection refused",), "connection refused: nothing listens there"),
    (
        ("could not translate host name", "name or service not known", "failed to resolve host"),
        "unknown host: its name has no address",
    ),
    (
        ("no route to host", "network is unreachable", "host is unreachable"),
        "no route: the network does not lead to the host",
    ),
    (
        ("timeout expired", "timed out"),
        "timed out: the server did not finish the login in time",
    ),
    (
        ("closed the connection unexpectedly", "connection reset by peer"),
        "hung up: the server closed the connection during the login",
    ),
)


def explain_login(error: psycopg.Error) -> DatabaseFault:
    """Return the fault behind a failed login, in a sentence of ours."""
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return DatabaseFault("timed out: the server did not finish the login in time")
    text = str(error).lower()
    if "fatal:" in text and 'database "' in text and "does not exist" in text:
        # It is said after the password was accepted: the copy really lacks the database.
        return DatabaseFault(
            "the copy has no database of this name", answer=CheckAnswer.FAILED, sqlstate="3D000"
        )
    if "fatal:" in text and 'role "' in text and "does not exist" in text:
        return DatabaseFault(f"{AUTHENTICATION_FAILED}: the server does not know this user")
    for signs, sentence in _SIGNS:
        if any(sign in text for sign in signs):
            return DatabaseFault(sentence)
    if "fatal:" in text:
        return DatabaseFault("login refused: the server gave a reason that is not known here")
    return DatabaseFault("unreachable: the connection could not be made")
