"""Ask for numbers of rows, newest instants, and the one value of a query."""

from __future__ import annotations

import re
from decimal import Decimal

from psycopg import sql

from drill.check.counts import judge_row_count
from drill.check.finding import Finding, failed, no_data
from drill.check.instants import Instant, judge_heartbeat, judge_newest_row
from drill.check.port import CheckContext
from drill.check.postgresql.relations import why_no_instants, why_not_countable
from drill.check.postgresql.session import Session, table_name
from drill.check.postgresql.values import INSTANTS
from drill.check.scalars import judge_scalar
from drill.plan.model import HeartbeatCheck, NewestRowCheck, RowCountCheck, SqlCheck

_NOISE = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|\()*")
_WORD = re.compile(r"[a-z]+", re.IGNORECASE | re.ASCII)
_QUESTIONS = frozenset({"select", "with", "values", "table"})


def ask_row_count(
    session: Session, check: RowCountCheck, name: str, context: CheckContext
) -> Finding:
    """Count every row of a table, those of its partitions included."""
    obstacle = why_not_countable(session, check.table)
    if obstacle is not None:
        return obstacle
    query = sql.SQL("SELECT pg_catalog.count(*) FROM {}").format(table_name(check.table))
    _, count = session.value(query)
    if not isinstance(count, Decimal):
        return no_data("the server did not answer with a number")
    return judge_row_count(check, int(count), context.recorded_counts.get(name))


def ask_newest_row(session: Session, check: NewestRowCheck, context: CheckContext) -> Finding:
    """Ask for the newest instant of a column and hold it against the recovery point."""
    newest = _newest(session, check)
    return judge_newest_row(check, newest, context) if isinstance(newest, Instant) else newest


def ask_heartbeat(session: Session, check: HeartbeatCheck, context: CheckContext) -> Finding:
    """Ask for the newest heartbeat, the proof that the copy is at the right time."""
    newest = _newest(session, check)
    return judge_heartbeat(check, newest, context) if isinstance(newest, Instant) else newest


def ask_sql(session: Session, check: SqlCheck) -> Finding:
    """Ask the query of the plan and compare its one value."""
    if not is_question(check.query):
        return no_data("the query is no SELECT, WITH, VALUES or TABLE: a check may only ask")
    _, value = session.value(check.query.encode())
    return judge_scalar(check, value)


def is_question(query: str) -> bool:
    """Tell whether a statement begins as one that asks.

    A read-only transaction refuses writes to tables, but COPY ... TO PROGRAM runs in it.
    """
    bare = _without_block_comments(query)
    noise = _NOISE.match(bare)
    word = _WORD.match(bare, noise.end() if noise else 0)
    return word is not None and word.group().lower() in _QUESTIONS


def _without_block_comments(query: str) -> str:
    """Drop the comments in front; PostgreSQL nests them."""
    rest = query.lstrip()
    while rest.startswith("/*"):
        depth, at = 1, 2
        while depth and at < len(rest):
            pair = rest[at : at + 2]
            depth += {"/*": 1, "*/": -1}.get(pair, 0)
            at += 2 if pair in ("/*", "*/") else 1
        rest = rest[at:].lstrip()
    return rest


def _newest(session: Session, check: NewestRowCheck | HeartbeatCheck) -> Instant | Finding:
    obstacle = why_not_countable(session, check.table) or why_no_instants(
        session, check.table, check.column
    )
    if obstacle is not None:
        return obstacle
    query = sql.SQL("SELECT pg_catalog.max({}) FROM {}").format(
        sql.Identifier(check.column), table_name(check.table)
    )
    type_number, value = session.value(query)
    where = f"{check.table}.{check.column}"
    if type_number not in INSTANTS:
        return no_data(f"{where} holds no instants")
    if value is None:
        return failed(f"{where} holds no instant: the table is empty, or the column is null")
    if not isinstance(value, Instant):
        return failed(f"the newest instant of {where} lies outside the years 1 to 9999")
    return value
