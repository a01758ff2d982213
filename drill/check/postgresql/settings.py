"""How a connection to a copy is set up: TLS, time-outs, read-only, and nothing from outside.

Every keyword that libpq knows is set here, because whatever is left open is taken from PG*
variables, from a service or a password file, or from ~/.postgresql of whoever runs the drill.
"""

from __future__ import annotations

import os
import ssl
from datetime import timedelta

from psycopg import pq

from drill.check.faults import DatabaseFault
from drill.check.limits import Limits
from drill.check.places import ensure_place, ensure_tls
from drill.check.port import Endpoint

_MOST_MILLISECONDS = 2**31 - 1
_NO_FILE = f"{os.devnull}/none"
"""A path that cannot exist: with an empty one libpq looks into the home folder."""
_LEFT_ALONE = frozenset(
    {
        "service",
        "servicefile",
        "replication",
        "scram_client_key",
        "scram_server_key",
        "min_protocol_version",
        "max_protocol_version",
    }
)
"""Keywords for which an empty value is an error; left out, they change nothing of importance.
PGSERVICE alone could, and is refused by name."""


def connection_settings(
    endpoint: Endpoint, limits: Limits, *, connect_timeout: timedelta, statement_timeout: timedelta
) -> dict[str, str]:
    """Return every keyword of the connection. Raise DatabaseFault where it must not be made."""
    settings = {
        option.keyword.decode(): (option.compiled or b"").decode()
        for option in pq.Conninfo.get_defaults()
    }
    for keyword in _LEFT_ALONE:
        settings.pop(keyword, None)
    known = frozenset(settings)
    settings |= _place(endpoint)
    settings |= _tls(endpoint)
    settings |= {
        "connect_timeout": str(max(2, round(connect_timeout.total_seconds()))),
        "application_name": "drill",
        "client_encoding": "UTF8",
        "options": _session_options(limits, statement_timeout),
        "keepalives": "1",
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "30000",
        # A server that asks for the password in clear text is not the one that we restored.
        "require_auth": "!password",
        "passfile": _NO_FILE,
        "sslcert": _NO_FILE,
        "sslkey": _NO_FILE,
        "sslcertmode": "disable",
        "gssencmode": "disable",
        "target_session_attrs": "any",
    }
    return {key: value for key, value in settings.items() if key in known}


def ensure_no_service() -> None:
    """Raise DatabaseFault where PGSERVICE is set: libpq offers no way to ignore it."""
    if os.environ.get("PGSERVICE"):
        raise DatabaseFault("the environment variable PGSERVICE is set, and no check may follow it")


def milliseconds(span: timedelta) -> int:
    """Return a time-out as PostgreSQL takes it; zero would mean none, so it is never zero."""
    return min(max(1, span // timedelta(milliseconds=1)), _MOST_MILLISECONDS)


def _place(endpoint: Endpoint) -> dict[str, str]:
    ensure_place(endpoint)
    return {
        "host": endpoint.host,
        "port": str(endpoint.port),
        "user": endpoint.user,
        "password": endpoint.password.get_secret_value(),
        "dbname": endpoint.database,
    }


def _tls(endpoint: Endpoint) -> dict[str, str]:
    ensure_tls(endpoint)
    match endpoint.tls:
        case "verify":
            return {"sslmode": "verify-full", "sslrootcert": _authorities(endpoint.ca_file)}
        case "require":
            return {"sslmode": "require", "sslrootcert": endpoint.ca_file or _NO_FILE}
        case "off":
            return {"sslmode": "disable", "sslrootcert": _NO_FILE}


def _authorities(ca_file: str | None) -> str:
    # The driver's wheel brings a TLS library whose own default folder exists on no machine.
    return ca_file or ssl.get_default_verify_paths().cafile or "system"


def _session_options(limits: Limits, statement_timeout: timedelta) -> str:
    idle = statement_timeout + limits.grace
    parameters = {
        "default_transaction_read_only": "on",
        "statement_timeout": str(milliseconds(statement_timeout)),
        "lock_timeout": str(milliseconds(min(limits.lock_timeout, statement_timeout))),
        "idle_in_transaction_session_timeout": str(milliseconds(idle)),
        # pg_temp is named, and last: unnamed it would be searched first.
        "search_path": "pg_catalog,pg_temp",
        # A count that row security shortens in silence would accuse the copy.
        "row_security": "off",
        "TimeZone": "UTC",
        "DateStyle": "ISO,YMD",
        "IntervalStyle": "iso_8601",
        "bytea_output": "hex",
        "extra_float_digits": "1",
    }
    return " ".join(f"-c {name}={value}" for name, value in parameters.items())
