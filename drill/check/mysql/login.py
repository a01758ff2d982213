"""Say why a login did not work, and tell a wrong password from a server that is not up yet."""

from __future__ import annotations

import errno
import socket
import ssl

import pymysql
from pymysql.constants import CR

from drill.check import reach
from drill.check.faults import DatabaseFault
from drill.check.mysql.faults import explain, number_of

_SENTENCES = {
    1040: reach.NO_FREE_CONNECTION,
    1044: reach.NOT_THIS_DATABASE,
    1045: reach.WRONG_LOGIN,
    1053: reach.SHUTTING_DOWN,
    1129: reach.NOT_FROM_HERE,
    1130: reach.NOT_FROM_HERE,
    1203: reach.NO_FREE_CONNECTION,
    1226: reach.NO_FREE_CONNECTION,
    1698: reach.WRONG_LOGIN,
    1820: f"{reach.AUTHENTICATION_FAILED}: the password of this user has expired",
    1862: f"{reach.AUTHENTICATION_FAILED}: the password of this user has expired",
    3032: "not up: the server is in offline mode",
    3118: reach.MAY_NOT_LOG_IN,
    3159: reach.NOT_FROM_HERE,
    3878: reach.WRONG_LOGIN,
    4151: reach.MAY_NOT_LOG_IN,
    CR.CR_SSL_CONNECTION_ERROR: reach.NO_TLS,
    CR.CR_SERVER_LOST: reach.HUNG_UP,
    CR.CR_SERVER_GONE_ERROR: reach.HUNG_UP,
    CR.CR_AUTH_PLUGIN_ERR: reach.CLEAR_TEXT,
    CR.CR_AUTH_PLUGIN_CANNOT_LOAD: f"{reach.AUTHENTICATION_FAILED}: the server asks for a way to "
    "log in that is not known here",
}


_BY_KIND: tuple[tuple[type[OSError], str], ...] = (
    (ssl.SSLError, reach.NO_TRUST),
    (socket.gaierror, reach.UNKNOWN_HOST),
    (TimeoutError, reach.TIMED_OUT),
    (ConnectionRefusedError, reach.REFUSED),
    (ConnectionError, reach.HUNG_UP),
)


def explain_login(error: BaseException) -> DatabaseFault:
    """Return the fault behind a failed login, in a sentence of ours."""
    cause = getattr(error, "original_exception", error)
    if isinstance(cause, OSError):
        return DatabaseFault(_why_no_connection(cause))
    number = number_of(error)
    if number == 1049:
        return reach.no_such_database(number=number)
    if number in _SENTENCES:
        return DatabaseFault(_SENTENCES[number], number=number)
    if isinstance(error, RuntimeError) and "cryptography" in str(error):
        return DatabaseFault(
            f"{reach.AUTHENTICATION_FAILED}: without TLS it needs a package "
            "(cryptography) that is not installed"
        )
    if isinstance(error, pymysql.Error) and number is not None and number >= 1000:
        return DatabaseFault(f"{reach.LOGIN_REFUSED} (error {number})", number=number)
    return explain(error)


def _why_no_connection(error: OSError) -> str:
    for kind, sentence in _BY_KIND:
        if isinstance(error, kind):
            return sentence
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL):
        return reach.NO_ROUTE
    return reach.UNREACHABLE
