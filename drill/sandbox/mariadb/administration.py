"""Databases and accounts as a running MariaDB server has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pymysql

from drill.sandbox.administration import Account, DatabaseEntry
from drill.sandbox.mariadb.accounts import RESERVED, change_password
from drill.sandbox.mariadb.process import RunningServer
from drill.sandbox.servers import ServerFault

_DATABASES = """
SELECT s.SCHEMA_NAME, s.DEFAULT_CHARACTER_SET_NAME, s.DEFAULT_COLLATION_NAME, s.SCHEMA_COMMENT,
    CAST((SELECT COALESCE(SUM(t.DATA_LENGTH + t.INDEX_LENGTH), 0)
        FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME) AS SIGNED)
FROM information_schema.SCHEMATA s
WHERE s.SCHEMA_NAME NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
ORDER BY s.SCHEMA_NAME
"""
_ACCOUNTS = """
SELECT User, Host, Select_priv = 'Y', Insert_priv = 'Y' FROM mysql.user
WHERE is_role = 'N' ORDER BY User, Host
"""
_RIGHTS = "SELECT User, Host, Db, Insert_priv = 'Y' FROM mysql.db ORDER BY Db"


@dataclass(frozen=True, slots=True)
class MariadbAdministration:
    """Asks through the private socket of the sandbox, which needs no password."""

    server: RunningServer
    admin_user: str

    def databases(self) -> list[DatabaseEntry]:
        """Return the databases that are not the engine's own; all belong to the administrator."""
        return [
            DatabaseEntry(
                name=name,
                owner=self.admin_user,
                character_set=character_set,
                collation=collation,
                size_bytes=int(size),
                comment=comment,
            )
            for name, character_set, collation, comment, size in self._ask(_DATABASES)
        ]

    def accounts(self) -> list[Account]:
        """Return the accounts that may log in; read-only is one that may not insert."""
        everything = [name for name, *_ in self._ask(_DATABASES)]
        rights: dict[tuple[str, str], dict[str, bool]] = {}
        for user, host, database, writes in self._ask(_RIGHTS):
            rights.setdefault((user, host), {})[database] = not writes
        hosts: dict[str, list[str]] = {}
        databases: dict[str, dict[str, bool]] = {}
        for user, host, reads_all, writes_all in self._ask(_ACCOUNTS):
            if user not in RESERVED:
                hosts.setdefault(user, []).append(host)
                everywhere = dict.fromkeys(everything, not writes_all) if reads_all else {}
                databases.setdefault(user, {}).update(rights.get((user, host), {}) | everywhere)
        return [
            Account(name=user, databases=tuple(databases[user].items()), hosts=tuple(found))
            for user, found in hosts.items()
        ]

    def set_password(self, user: str, password: str) -> None:
        """Set the password of the administrator; a lost account is made again."""
        change_password(self.server, user, password)

    def _ask(self, statement: str) -> list[tuple[Any, ...]]:
        try:
            with self.server.connect() as connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        except pymysql.Error as error:
            number = error.args[0] if error.args else type(error).__name__
            raise ServerFault(f"the server does not tell what it has: error {number}") from None
