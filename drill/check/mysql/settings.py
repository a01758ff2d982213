"""How a connection to a copy is set up: TLS, time-outs, read-only, and nothing from outside."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pymysql
from pymysql.constants import CR
from pymysql.converters import encoders

from drill.check.limits import Limits
from drill.check.mysql.version import ServerVersion
from drill.check.places import ensure_place, ensure_tls
from drill.check.port import Endpoint

SQL_MODE = "STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION"
"""Neither ANSI_QUOTES nor NO_BACKSLASH_ESCAPES: what quotes a text decides where it ends."""


class _Unsaid:
    """Stands in for the ways to log in that hand the password to whoever asks for it."""

    def __init__(self, connection: object) -> None:
        """Take the connection, which the driver gives to every such class."""

    def authenticate(self, packet: object) -> None:
        """Send nothing. Raise OperationalError."""
        raise pymysql.OperationalError(CR.CR_AUTH_PLUGIN_ERR, "the password stays here")


_REFUSED_PLUGINS = dict.fromkeys(("mysql_clear_password", "dialog", "mysql_old_password"), _Unsaid)


def connection_settings(
    endpoint: Endpoint, limits: Limits, *, timeout: timedelta
) -> dict[str, Any]:
    """Return the arguments of the driver. Raise DatabaseFault where it must not connect.

    ``timeout`` is the longest that anything may take; the watchdog cuts earlier, and knows why. No
    option file is named, so none is read.
    """
    ensure_place(endpoint)
    context = tls_context(endpoint)
    seconds = (timeout + 2 * limits.grace).total_seconds()
    return {
        "host": endpoint.host,
        "port": endpoint.port,
        "user": endpoint.user,
        # The driver would encode a text as Latin-1.
        "password": endpoint.password.get_secret_value().encode(),
        "database": endpoint.database,
        "charset": "utf8mb4",
        "read_default_file": None,
        "read_default_group": None,
        "unix_socket": None,
        "bind_address": None,
        "init_command": None,
        # No multi-statements: the server itself then refuses a second statement.
        "client_flag": 0,
        "local_infile": False,
        "auth_plugin_map": _REFUSED_PLUGINS,
        # Encoders and no decoder: values are read by drill itself.
        "conv": encoders,
        "autocommit": False,
        "program_name": "drill",
        "read_timeout": seconds,
        "write_timeout": seconds,
        "ssl": context,
        "ssl_disabled": context is None,
        "defer_connect": True,
    }


def tls_context(endpoint: Endpoint) -> ssl.SSLContext | None:
    """Return how TLS is spoken, or None where it is off. Raise DatabaseFault if that may not be."""
    ensure_tls(endpoint)
    if endpoint.tls == "off":
        return None
    # Not create_default_context: that one writes the session's keys where SSLKEYLOGFILE says.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if endpoint.tls == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED if endpoint.ca_file else ssl.CERT_NONE
    if endpoint.ca_file:
        context.load_verify_locations(cafile=endpoint.ca_file)
    elif endpoint.tls == "verify":
        context.load_default_certs()
    return context


def session_settings(
    version: ServerVersion, limits: Limits, statement_timeout: timedelta
) -> Mapping[str, str]:
    """Return the settings of the session, as SQL."""
    lock = _seconds(min(limits.lock_timeout, statement_timeout))
    idle = _seconds(statement_timeout + limits.grace)
    settings = {
        "sql_mode": f"'{SQL_MODE}'",
        "time_zone": "'+00:00'",
        "lc_messages": "'en_US'",
        "lock_wait_timeout": lock,
        "innodb_lock_wait_timeout": lock,
        "wait_timeout": idle,
        "net_write_timeout": idle,
        "sql_select_limit": "18446744073709551615",
        "sql_big_selects": "1",
    }
    if version.is_mariadb:
        settings["max_statement_time"] = f"{max(0.001, statement_timeout.total_seconds()):f}"
    elif version.has_execution_time:
        milliseconds = max(1, statement_timeout // timedelta(milliseconds=1))
        settings["max_execution_time"] = str(min(milliseconds, 2**32 - 1))
    return settings


def _seconds(span: timedelta) -> str:
    """Return whole seconds, at least one: the server knows no finer, and zero would mean none."""
    return str(min(max(1, -(-span // timedelta(seconds=1))), 31_536_000))
