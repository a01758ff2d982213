"""Databases and accounts as a running PostgreSQL server has them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from drill.sandbox.administration import Account, DatabaseEntry
from drill.sandbox.postgres.administrator import change_password
from drill.sandbox.postgres.process import RunningServer
from drill.sandbox.postgres.settings import KEEPER
from drill.sandbox.servers import ServerFault

_DATABASES = """
SELECT d.datname, pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), d.datcollate,
    pg_database_size(d.oid), coalesce(shobj_description(d.oid, 'pg_database'), '')
FROM pg_database d WHERE d.datallowconn AND NOT d.datistemplate ORDER BY d.datname
"""
_ACCOUNTS = """
SELECT r.rolname, coalesce(shobj_description(r.oid, 'pg_authid'), ''),
    coalesce(array_agg(d.datname ORDER BY d.datname) FILTER (WHERE d.oid IS NOT NULL), '{}'),
    coalesce(array_agg(NOT has_database_privilege(r.oid, d.oid, 'CREATE') ORDER BY d.datname)
        FILTER (WHERE d.oid IS NOT NULL), '{}')
FROM pg_roles r LEFT JOIN pg_database d
    ON d.datallowconn AND NOT d.datistemplate AND has_database_privilege(r.oid, d.oid, 'CONNECT')
WHERE r.rolcanlogin AND r.rolname <> %s AND r.rolname !~ '^pg_'
GROUP BY r.oid, r.rolname ORDER BY r.rolname
"""


@dataclass(frozen=True, slots=True)
class PostgresAdministration:
    """Asks through the private socket of the sandbox, which needs no password."""

    server: RunningServer

    def databases(self) -> list[DatabaseEntry]:
        """Return the databases without templates, with the bytes that each takes on disk."""
        try:
            with self.server.connect() as connection:
                rows = connection.execute(_DATABASES).fetchall()
        except psycopg.Error as error:
            raise _fault("the databases cannot be listed", error) from None
        return [
            DatabaseEntry(
                name=name,
                owner=owner,
                character_set=encoding,
                collation=collation,
                size_bytes=size,
                comment=comment,
            )
            for name, owner, encoding, collation, size, comment in rows
        ]

    def accounts(self) -> list[Account]:
        """Return the roles that may log in; read-only is one that may make no schemas."""
        try:
            with self.server.connect() as connection:
                rows = connection.execute(_ACCOUNTS, [KEEPER]).fetchall()
        except psycopg.Error as error:
            raise _fault("the accounts cannot be listed", error) from None
        return [
            Account(name=name, comment=comment, databases=tuple(zip(names, readonly, strict=True)))
            for name, comment, names, readonly in rows
        ]

    def set_password(self, user: str, password: str) -> None:
        """Set the password of the administrator; a lost role is made again."""
        change_password(self.server, user, password)


def _fault(what: str, error: psycopg.Error) -> ServerFault:
    return ServerFault(f"{what}: {error.diag.message_primary or type(error).__name__}")
