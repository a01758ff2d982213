"""Run by Alembic with an open transaction: the one who upgrades holds the lock and commits."""

from __future__ import annotations

from alembic import context

from drill.store.migrate import VERSION_TABLE
from drill.store.tables import StoreTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=StoreTable.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite can hardly alter a table: it is copied instead
    user_module_prefix="sqlmodel.sql.sqltypes.",
)
with context.begin_transaction():
    context.run_migrations()
