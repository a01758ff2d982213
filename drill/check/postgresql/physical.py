"""Let amcheck verify every B-tree index and every table of a user.

Checksums only see flipped bytes; amcheck also sees pages that are whole but wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from psycopg import sql

from drill.check.faults import DatabaseFault
from drill.check.finding import Finding, failed, no_data, passed
from drill.check.port import CheckAnswer
from drill.check.postgresql.session import Session
from drill.check.wording import count_of, listing, readable
from drill.clock import Clock
from drill.plan.model import PhysicalCheck

_EXTENSION = """
SELECT n.nspname::pg_catalog.text, pg_catalog.string_to_array(e.extversion, '.')
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'amcheck'
"""
_TABLES = """
SELECT c.oid, n.nspname::pg_catalog.text || '.' || c.relname::pg_catalog.text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_am a ON a.oid = c.relam AND a.amname = 'heap'
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 2
"""
_INDEXES = """
SELECT i.indexrelid, n.nspname::pg_catalog.text || '.' || x.relname::pg_catalog.text
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am a ON a.oid = x.relam AND a.amname = 'btree'
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_class o ON o.oid = i.indrelid OR o.reltoastrelid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = o.relnamespace
WHERE x.relkind = 'i' AND i.indisready AND i.indisvalid AND t.relpersistence <> 't'
  AND o.relkind IN ('r', 'm')
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 2
"""
_HEAP_SINCE = (1, 3)
"""Version of amcheck that brought verify_heapam (PostgreSQL 14)."""
_MOST_NAMES = 10


@dataclass(slots=True)
class _Progress:
    indexes: int = 0
    tables: int = 0
    damaged: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{count_of(self.indexes, 'index', 'indexes')}, {count_of(self.tables, 'table')}"


def ask_physical(session: Session, check: PhysicalCheck, clock: Clock) -> Finding:
    """Verify all B-tree indexes and heaps, within the time-out of the check as a whole."""
    extension = session.rows(_EXTENSION)
    if not extension:
        return no_data(
            "the copy has no extension amcheck: create it in the source "
            "(CREATE EXTENSION amcheck), so that it comes with the copy"
        )
    schema, version = extension[0]
    has_heap = tuple(int(part) for part in version[:2]) >= _HEAP_SINCE
    indexes = session.rows(_INDEXES)
    tables = session.rows(_TABLES) if has_heap else []
    if not indexes and not tables:
        return no_data("the copy has no table or index of a user to verify")
    ends = clock.monotonic() + check.timeout.total_seconds()
    progress = _Progress()
    unasked: DatabaseFault | None = None
    try:
        for number, name in indexes:
            session.begin(_left(clock, ends))
            _verify_index(session, schema, number, name, check.heapallindexed, progress)
        for number, name in tables:
            session.begin(_left(clock, ends))
            _verify_table(session, schema, number, name, progress)
    except DatabaseFault as fault:
        unasked = fault
    expected = (
        f"{count_of(len(indexes), 'index', 'indexes')}, {count_of(len(tables), 'table')} sound"
    )
    if progress.damaged:
        names = listing(progress.damaged, _MOST_NAMES)
        return failed(f"amcheck found damage in {names}", expected=expected, observed=str(progress))
    if unasked is not None:
        return no_data(f"{unasked.message}, after {progress} were found sound", expected=expected)
    note = "" if has_heap else "; this amcheck is too old to verify tables"
    heap = ", and every row is in its indexes" if check.heapallindexed else ""
    return passed(
        f"amcheck found no damage in {progress}{heap}{note}",
        expected=expected,
        observed=str(progress),
    )


def _verify_index(
    session: Session, schema: str, number: int, name: str, all_indexed: bool, progress: _Progress
) -> None:
    query = sql.SQL("SELECT {}(%s::pg_catalog.oid::pg_catalog.regclass, %s)").format(
        sql.Identifier(schema, "bt_index_check")
    )
    try:
        session.rows(query, [number, all_indexed])
    except DatabaseFault as fault:
        _ensure_damage(fault)
        progress.damaged.append(f"index {readable(name)} (SQLSTATE {fault.sqlstate})")
    progress.indexes += 1


def _verify_table(
    session: Session, schema: str, number: int, name: str, progress: _Progress
) -> None:
    # Its messages are not fetched: block numbers tell where to look, and hold nothing of a row.
    query = sql.SQL(
        "SELECT pg_catalog.count(*), pg_catalog.min(blkno)"
        " FROM {}(%s::pg_catalog.oid::pg_catalog.regclass,"
        " on_error_stop => true, check_toast => true)"
    ).format(sql.Identifier(schema, "verify_heapam"))
    try:
        [(count, block)] = session.rows(query, [number])
    except DatabaseFault as fault:
        _ensure_damage(fault)
        progress.damaged.append(f"table {readable(name)} (SQLSTATE {fault.sqlstate})")
    else:
        if count:
            where = "" if block is None else f" in block {block}"
            progress.damaged.append(f"table {readable(name)}{where}")
    progress.tables += 1


def _ensure_damage(fault: DatabaseFault) -> None:
    """Raise the fault again unless it says that this very relation is damaged."""
    internal = fault.sqlstate is not None and fault.sqlstate.startswith("XX")
    if fault.answer is not CheckAnswer.FAILED and not internal:
        raise fault


def _left(clock: Clock, ends: float) -> timedelta:
    left = timedelta(seconds=ends - clock.monotonic())
    if left <= timedelta(0):
        raise DatabaseFault("the time-out of the check is used up")
    return left
