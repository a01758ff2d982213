"""Ask for numbers of rows, newest instants, and the one value of a query."""

from __future__ import annotations

from decimal import Decimal

from drill.check.counts import judge_row_count
from drill.check.finding import Finding, failed, no_data
from drill.check.instants import Instant, judge_heartbeat, judge_newest_row
from drill.check.mysql.quoting import quote, table_name
from drill.check.mysql.relations import why_no_instants, why_not_countable
from drill.check.mysql.session import Session
from drill.check.mysql.statements import why_no_question
from drill.check.mysql.values import INSTANTS
from drill.check.port import CheckContext
from drill.check.scalars import Scalar, judge_scalar
from drill.plan.model import HeartbeatCheck, NewestRowCheck, RowCountCheck, SqlCheck


def ask_row_count(
    session: Session, check: RowCountCheck, name: str, context: CheckContext
) -> Finding:
    """Count every row of a table, those of its partitions included."""
    obstacle = why_not_countable(session, check.table)
    if obstacle is not None:
        return obstacle
    _, count = session.value(f"SELECT COUNT(*) FROM {table_name(check.table)}")  # noqa: S608
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
    obstacle = why_no_question(check.query)
    if obstacle is not None:
        return no_data(obstacle)
    _, value = session.value(check.query)
    return judge_scalar(check, _as_boolean(value) if isinstance(check.expected, bool) else value)


def _as_boolean(value: Scalar | None) -> Scalar | None:
    """Read 1 and 0 as the booleans that MySQL means by them; it has no type for these."""
    if isinstance(value, Decimal) and value in (0, 1):
        return bool(value)
    return value


def _newest(session: Session, check: NewestRowCheck | HeartbeatCheck) -> Instant | Finding:
    obstacle = why_not_countable(session, check.table) or why_no_instants(
        session, check.table, check.column
    )
    if obstacle is not None:
        return obstacle
    type_number, value = session.value(
        f"SELECT MAX({quote(check.column)}) FROM {table_name(check.table)}"  # noqa: S608
    )
    where = f"{check.table}.{check.column}"
    if type_number not in INSTANTS:
        return no_data(f"{where} holds no instants")
    if value is None:
        return failed(f"{where} holds no instant: the table is empty, or the column is null")
    if not isinstance(value, Instant):
        return failed(f"the newest instant of {where} lies outside the years 1 to 9999")
    return value
