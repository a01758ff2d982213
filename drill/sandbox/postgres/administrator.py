"""The accounts and extensions that an instance is born with."""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from drill.sandbox.postgres.process import RunningServer
from drill.sandbox.postgres.settings import KEEPER
from drill.sandbox.servers import ServerFault

_MEMBERSHIPS = (
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_monitor",
    "pg_signal_backend",
    "pg_checkpoint",
    "pg_maintain",
)
_ROUTINES_OF_AMCHECK = """
SELECT d.objid::regprocedure::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname = 'amcheck' AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass
"""


_USER_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.IGNORECASE)


def ensure_user_name(user: str) -> None:
    """Raise ServerFault where a name cannot be that of the managed administrator."""
    if _USER_NAME.fullmatch(user) is None or user.startswith("pg_") or user == KEEPER:
        raise ServerFault(f"{user!r} cannot be the name of the administrator")


def create_administrator(server: RunningServer, user: str, password: str) -> None:
    """Create the managed administrator of a new instance, and amcheck in every database.

    As in the cloud, the administrator is no superuser: it makes databases, roles and
    its own objects, reads and writes everything and hands these rights on, but cannot run
    programs or read files on the machine of the sandbox. Every database made later has amcheck,
    which it may use. Raise ServerFault.
    """
    role = sql.Identifier(user)
    try:
        with server.connect() as connection:
            set_password(connection, user, password)
            for membership in _MEMBERSHIPS:
                connection.execute(
                    sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(
                        sql.Identifier(membership), role
                    )
                )
            connection.execute(sql.SQL("ALTER DATABASE postgres OWNER TO {}").format(role))
        for database in ("postgres", "template1"):
            with server.connect(database) as connection:
                connection.execute("CREATE EXTENSION amcheck SCHEMA pg_catalog")
                for (routine,) in connection.execute(_ROUTINES_OF_AMCHECK).fetchall():
                    connection.execute(
                        sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {} WITH GRANT OPTION").format(
                            sql.SQL(routine), role
                        )
                    )
    except psycopg.Error as error:
        raise ServerFault(f"the administrator {user} cannot be created: {_reason(error)}") from None


def change_password(server: RunningServer, user: str, password: str) -> None:
    """Set the password of the administrator of a restored copy. Raise ServerFault."""
    try:
        with server.connect() as connection:
            set_password(connection, user, password)
    except psycopg.Error as error:
        raise ServerFault(f"the password of {user} cannot be set: {_reason(error)}") from None


def set_password(connection: psycopg.Connection[object], user: str, password: str) -> None:
    """Create the role where it is missing, and set its password.

    The server only ever sees the SCRAM verifier: a password in a statement could reach its log.
    """
    role = sql.Identifier(user)
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [user]).fetchone()
    if known is None:
        connection.execute(sql.SQL("CREATE ROLE {} CREATEDB CREATEROLE").format(role))
    verifier = connection.pgconn.encrypt_password(
        password.encode(), user.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(verifier.decode()))
    )


def _reason(error: psycopg.Error) -> str:
    return error.diag.message_primary or type(error).__name__
