"""The accounts that an instance is born with, and the administrator's password."""

from __future__ import annotations

import hashlib
import re

import pymysql

from drill.sandbox.mariadb.process import RunningServer
from drill.sandbox.mariadb.settings import KEEPER
from drill.sandbox.servers import ServerFault

_USER_NAME = re.compile(r"[a-z_][a-z0-9_]{0,31}", re.IGNORECASE)
RESERVED = (KEEPER, "mariadb.sys")
"""Accounts that are not those of the instance."""
_PRIVILEGES = """
SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER,
SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW,
CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, BINLOG MONITOR
"""


def ensure_user_name(user: str) -> None:
    """Raise ServerFault where a name cannot be that of the managed administrator."""
    if _USER_NAME.fullmatch(user) is None or user in RESERVED:
        raise ServerFault(f"{user!r} cannot be the name of the administrator")


def create_administrator(server: RunningServer, user: str, password: str) -> None:
    """Create the managed administrator of a new instance, and remove the accounts it came with.

    As in the cloud, the administrator makes databases and accounts and hands its rights on, but
    cannot read files on the machine of the sandbox or stop the server. Raise ServerFault.
    """
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_log_bin = 0")
            cursor.execute("SELECT User, Host FROM mysql.user WHERE User IN ('root', '')")
            for name, host in cursor.fetchall():
                cursor.execute("DROP USER %s@%s", [name, host])
    except pymysql.Error as error:
        raise ServerFault(f"the new instance cannot be set up: {_reason(error)}") from None
    change_password(server, user, password)


def change_password(server: RunningServer, user: str, password: str) -> None:
    """Set the password of the administrator, who is made where it is missing. Raise ServerFault.

    The server only ever sees the hash: a password in a statement could reach its log. The account
    is not written to the binary log: it belongs to this instance, not to its copies.
    """
    account = f"`{user}`@'%'"
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_log_bin = 0")
            cursor.execute(
                f"CREATE OR REPLACE USER {account} IDENTIFIED VIA mysql_native_password USING"
                f" '{password_hash(password)}'"
            )
            cursor.execute(f"GRANT {_PRIVILEGES} ON *.* TO {account} WITH GRANT OPTION")
    except pymysql.Error as error:
        raise ServerFault(f"the password of {user} cannot be set: {_reason(error)}") from None


def password_hash(password: str) -> str:
    """Return what mysql_native_password stores: SHA-1 of SHA-1, which the protocol asks for."""
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return f"*{hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()}"


def _reason(error: pymysql.Error) -> str:
    """Return the number of the error: its text may repeat the statement."""
    return f"error {error.args[0]}" if error.args else type(error).__name__
