"""Look up what a name in a plan stands for in the copy, before a row of it is touched."""

from __future__ import annotations

from drill.check.finding import Finding, failed, no_data
from drill.check.postgresql.session import Session, split_name

_KIND = """
SELECT c.oid, c.relkind::pg_catalog.text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s::pg_catalog.text AND c.relname = %s::pg_catalog.text
  AND c.relkind IN ('r', 'p', 'm', 'v', 'f')
"""
_FOREIGN_PARTS = """
WITH RECURSIVE parts AS (
  SELECT %s::pg_catalog.oid AS oid
  UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN parts p ON i.inhparent = p.oid
)
SELECT pg_catalog.count(*) FROM parts JOIN pg_catalog.pg_class c USING (oid) WHERE c.relkind = 'f'
"""
_COLUMN = """
SELECT t.typcategory::pg_catalog.text
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s::pg_catalog.oid AND a.attname = %s::pg_catalog.text
  AND a.attnum > 0 AND NOT a.attisdropped
"""
_DATE_AND_TIME = "D"
"""pg_type.typcategory of dates, times and timestamps, and of domains over them."""


def why_not_countable(session: Session, table: str) -> Finding | None:
    """Return why the rows of a table say nothing about the copy, or None if they do.

    A view and a foreign table show rows that may lie anywhere, in production too: nothing is read
    through them.
    """
    found = session.rows(_KIND, split_name(table))
    if not found:
        return failed(f"the copy has no table {table}", observed="0 tables")
    number, kind = found[0]
    if kind == "v":
        return no_data(f"{table} is a view: its rows may not be in the copy; name its table")
    foreign = session.rows(_FOREIGN_PARTS, [number])
    if foreign != [(0,)]:
        return no_data(f"{table} is or holds a foreign table: its rows are not in the copy")
    return None


def why_no_instants(session: Session, table: str, column: str) -> Finding | None:
    """Return why a column cannot hold instants, or None if it can."""
    number = session.rows(_KIND, split_name(table))[0][0]
    found = session.rows(_COLUMN, [number, column])
    if not found:
        return failed(f"the table {table} of the copy has no column {column}")
    if found[0][0] != _DATE_AND_TIME:
        return no_data(f"{table}.{column} holds no instants")
    return None
