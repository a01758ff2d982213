"""The sentences that say why a copy cannot be logged in to, the same for every engine.

Each begins with what is wrong; the engine reads the beginning, and so may a reader.
"""

from __future__ import annotations

from drill.check.faults import DatabaseFault
from drill.check.port import CheckAnswer

AUTHENTICATION_FAILED = "authentication failed"
"""How the sentence begins when the server is up and does not accept the login."""

WRONG_LOGIN = f"{AUTHENTICATION_FAILED}: the server does not accept this user and password"
NOT_FROM_HERE = f"{AUTHENTICATION_FAILED}: the server lets nobody in from here, or not without TLS"
MAY_NOT_LOG_IN = f"{AUTHENTICATION_FAILED}: this user may not log in"
NOT_THIS_DATABASE = f"{AUTHENTICATION_FAILED}: this user may not connect to this database"
CLEAR_TEXT = f"{AUTHENTICATION_FAILED}: the server asks for the password in clear text"
STARTING = "not up yet: the server is starting or recovering"
SHUTTING_DOWN = "not up: the server is shutting down"
NO_FREE_CONNECTION = "no free connection: the server has reached its limit"
NO_TLS = "no TLS: the server does not speak it, and the endpoint asks for it"
NO_TRUST = "no trust: the TLS certificate of the server could not be verified"
REFUSED = "connection refused: nothing listens there"
UNKNOWN_HOST = "unknown host: its name has no address"
NO_ROUTE = "no route: the network does not lead to the host"
TIMED_OUT = "timed out: the server did not finish the login in time"
HUNG_UP = "hung up: the server closed the connection during the login"
LOGIN_REFUSED = "login refused: the server gave a reason that is not known here"
UNREACHABLE = "unreachable: the connection could not be made"


def no_such_database(*, sqlstate: str | None = None, number: int | None = None) -> DatabaseFault:
    """Return the fault of a copy that lacks the database: the login itself was accepted."""
    return DatabaseFault(
        "the copy has no database of this name",
        answer=CheckAnswer.FAILED,
        sqlstate=sqlstate,
        number=number,
    )
