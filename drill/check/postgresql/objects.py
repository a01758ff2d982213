"""Ask whether schemas, tables and routines exist."""

from __future__ import annotations

from collections.abc import Sequence

from drill.check.finding import Finding
from drill.check.postgresql.session import Session
from drill.check.presence import judge_objects
from drill.plan.model import ObjectsCheck

_SCHEMAS = b"""
SELECT nspname::pg_catalog.text FROM pg_catalog.pg_namespace
WHERE nspname::pg_catalog.text = ANY(%s::pg_catalog.text[])
"""
_TABLES = b"""
SELECT DISTINCT n.nspname::pg_catalog.text || '.' || c.relname::pg_catalog.text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f')
  AND n.nspname::pg_catalog.text || '.' || c.relname::pg_catalog.text
      = ANY(%s::pg_catalog.text[])
"""
_ROUTINES = b"""
SELECT DISTINCT n.nspname::pg_catalog.text || '.' || p.proname::pg_catalog.text
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname::pg_catalog.text || '.' || p.proname::pg_catalog.text
      = ANY(%s::pg_catalog.text[])
"""


def ask_objects(session: Session, check: ObjectsCheck) -> Finding:
    """Look every name up in the catalogue and name all that are missing.

    A table is whatever can be selected from by that name: ordinary, partitioned, foreign, a view.
    """
    missing: list[str] = []
    for word, query, names in (
        ("schema", _SCHEMAS, check.schemas),
        ("table", _TABLES, check.tables),
        ("routine", _ROUTINES, check.routines),
    ):
        missing += [f"{word} {name}" for name in _missing(session, query, names)]
    return judge_objects(check, missing)


def _missing(session: Session, query: bytes, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    found = {name for (name,) in session.rows(query, [list(names)])}
    return [name for name in dict.fromkeys(names) if name not in found]
