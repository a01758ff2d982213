"""Brings the schema of the store to what this version of the tool expects."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from drill.errors import StoreError
from drill.store import dialects
from drill.store.database import Database
from drill.store.faults import told_plainly

HEAD = "0007"
"""The newest migration. When the store is there already, Alembic (0.8 s) is not even imported."""

VERSION_TABLE = "store_version"


def ensure_current(database: Database) -> None:
    """Apply the migrations that are missing; several processes may do so at the same time.

    Raise StoreError if the store belongs to a newer tool, or is no store of drill.
    """
    with database.reading() as session:
        version = _version_of(session.connection())
    if version != HEAD:
        _upgrade(database)


def _version_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(
        text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
    )
    return found


def _upgrade(database: Database) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "drill.store:migrations")
    ours = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with told_plainly(database.name), database.engine.begin() as connection:
        dialects.lock_schema(connection)
        version = _version_of(connection)
        if version is None and _is_of_somebody_else(connection):
            raise StoreError(
                f"{database.name} is a database, but no store of drill",
                hint="Point store.url in config.toml at a file of its own.",
            )
        if version is not None and version not in ours:
            raise StoreError(
                f"the store {database.name} has schema {version}, which this tool does not know",
                hint="A newer drill has used it: upgrade this one, or point store.url elsewhere.",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _is_of_somebody_else(connection: Connection) -> bool:
    """Tell whether a file that is no store holds tables; on a server they may share a schema."""
    return connection.dialect.name == "sqlite" and bool(inspect(connection).get_table_names())
