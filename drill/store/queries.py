"""Reads drills and their journals. Every function works inside the transaction it is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, Update, case, func, or_
from sqlmodel import Session, col, desc, select
from sqlmodel.sql.expression import SelectOfScalar

from drill.engine.keeping import only_one
from drill.engine.record import DrillRecord, Event, State, Teardown
from drill.errors import StoreError
from drill.recovery.coverage.evidence import PASSES
from drill.store.mapping import event_of, record_of
from drill.store.tables import CheckResultRow, DrillRow, JournalRow, StepRow

_UNFINISHED = [state.value for state in State if state is not State.FINISHED]
_AT_ONCE = 5000
"""Ids in one statement: databases allow some ten thousand parameters at most."""


def is_unfinished() -> ColumnElement[bool]:
    """Return the condition on a drill that is not finished, in the form that an index serves."""
    return col(DrillRow.state).in_(_UNFINISHED)


def is_free(now: datetime) -> ColumnElement[bool]:
    """Return the condition on a drill that nobody holds a live lease of."""
    return or_(col(DrillRow.leased_until).is_(None), col(DrillRow.leased_until) <= now)


def during(
    instant: SQLColumnExpression[datetime], since: datetime | None, until: datetime | None
) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions on an instant to lie in ``[since, until)``; None is no border."""
    if since is not None:
        yield instant >= since
    if until is not None:
        yield instant < until


def chosen(
    only: Collection[str] | None, queued: bool | None = None
) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together choose these ids, or all drills; unfinished ones alone.

    ``queued`` True chooses those alone that have not begun, False those alone that have.
    """
    states = [state for state in _UNFINISHED if queued in (None, state == State.QUEUED.value)]
    is_open = col(DrillRow.state).in_(states)
    if only is None:
        yield is_open
        return
    for some in in_batches(only):
        yield is_open & col(DrillRow.id).in_(some)


def in_batches(ids: Collection[str]) -> Iterator[Sequence[str]]:
    """Yield the ids, each once, in parts that one statement can take."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def change(session: Session, statement: Update) -> int:
    """Run an UPDATE as it stands and return how many rows it changed."""
    return session.exec(statement.execution_options(synchronize_session=False)).rowcount


def locked(session: Session, drill_id: str) -> DrillRecord:
    """Return a drill that nobody else can change until this transaction ends. Raise StoreError."""
    found = locked_or_none(session, drill_id)
    if found is None:
        raise StoreError(f"there is no drill {drill_id}")
    return found


def locked_or_none(session: Session, drill_id: str) -> DrillRecord | None:
    """Return a drill that nobody else can change until this transaction ends, if there is one."""
    statement = select(DrillRow).where(col(DrillRow.id) == drill_id).with_for_update()
    return next(iter(records(session, statement)), None)


def records(session: Session, statement: SelectOfScalar[DrillRow]) -> list[DrillRecord]:
    """Return the drills that a statement selects, in its order, with their steps and checks."""
    rows = session.exec(statement).all()
    steps = defaultdict(list)
    checks = defaultdict(list)
    for some in in_batches([row.id for row in rows]):
        for step in session.exec(
            select(StepRow).where(col(StepRow.drill_id).in_(some)).order_by(col(StepRow.position))
        ):
            steps[step.drill_id].append(step)
        for check in session.exec(
            select(CheckResultRow)
            .where(col(CheckResultRow.drill_id).in_(some))
            .order_by(col(CheckResultRow.position))
        ):
            checks[check.drill_id].append(check)
    return [record_of(row, steps[row.id], checks[row.id]) for row in rows]


def due(
    session: Session,
    now: datetime,
    at_most: int,
    only: Collection[str] | None,
    queued: bool | None = None,
) -> list[str]:
    """Return ids of free unfinished drills whose ``next_at`` has come, longest due first."""
    order = (col(DrillRow.next_at), col(DrillRow.enlisted_at), col(DrillRow.id))
    found: list[tuple[datetime, datetime, str]] = []
    for condition in chosen(only, queued):
        statement = select(*order).where(condition, order[0] <= now, is_free(now))
        for next_at, enlisted_at, drill_id in session.exec(
            statement.order_by(*order).limit(at_most)
        ):
            found.append((next_at, enlisted_at, drill_id))
    return [drill_id for _, _, drill_id in sorted(found)[:at_most]]


def earliest_next_at(
    session: Session, only: Collection[str] | None, queued: bool | None = None
) -> datetime | None:
    """Return when the next unfinished drill can be looked at: a live lease is waited for."""
    next_at, leased_until = col(DrillRow.next_at), col(DrillRow.leased_until)
    look_at = case((leased_until > next_at, leased_until), else_=next_at)
    found = [
        session.exec(select(func.min(look_at)).where(condition)).one()
        for condition in chosen(only, queued)
    ]
    return min((instant for instant in found if instant is not None), default=None)


def find(session: Session, drill_id: str) -> DrillRecord | None:
    """Return the drill with this id, or with the one id that begins so."""
    if not drill_id:
        return None
    column = col(DrillRow.id)
    exact = records(session, select(DrillRow).where(column == drill_id))
    if exact:
        return exact[0]
    # Not LIKE, which ignores case on SQLite alone; nor a range, which follows the collation.
    begins = func.substr(column, 1, len(drill_id)) == drill_id
    found = list(session.exec(select(column).where(begins).order_by(column)))
    if not found:
        return None
    return records(session, select(DrillRow).where(column == only_one(drill_id, found)))[0]


def unfinished(session: Session, plan_names: Collection[str] | None) -> list[DrillRecord]:
    """Return the unfinished drills, enlisted first first."""
    statement = select(DrillRow).where(is_unfinished())
    order = (col(DrillRow.enlisted_at), col(DrillRow.id))
    if plan_names is None:
        return records(session, statement.order_by(*order))
    found = []
    for some in in_batches(plan_names):
        found += records(session, statement.where(col(DrillRow.plan_name).in_(some)))
    return sorted(found, key=lambda one: (one.enlisted_at, one.id))


def history(session: Session, plan_name: str | None, at_most: int) -> list[DrillRecord]:
    """Return drills, newest slot first."""
    statement = select(DrillRow).order_by(
        desc(col(DrillRow.scheduled_for)), desc(col(DrillRow.enlisted_at)), desc(col(DrillRow.id))
    )
    if plan_name is not None:
        statement = statement.where(col(DrillRow.plan_name) == plan_name)
    return records(session, statement.limit(at_most))


def leaked(session: Session) -> list[DrillRecord]:
    """Return the finished drills whose scratch instance leaked, enlisted first first."""
    statement = (
        select(DrillRow)
        .where(
            col(DrillRow.state) == State.FINISHED.value,
            col(DrillRow.teardown) == Teardown.LEAKED.value,
        )
        .order_by(col(DrillRow.enlisted_at), col(DrillRow.id))
    )
    return records(session, statement)


def events_of(session: Session, drill_id: str) -> list[Event]:
    """Return the journal of one drill, in order."""
    statement = select(JournalRow).where(col(JournalRow.drill_id) == drill_id)
    return [event_of(row) for row in session.exec(statement.order_by(col(JournalRow.sequence)))]


def recorded_counts(session: Session, plan_name: str) -> dict[str, int]:
    """Return name of check -> row count of the drill with the newest slot that passed."""
    last = session.exec(
        select(DrillRow.id)
        .where(col(DrillRow.plan_name) == plan_name)
        .where(col(DrillRow.outcome).in_([outcome.value for outcome in PASSES]))
        .order_by(desc(col(DrillRow.scheduled_for)), desc(col(DrillRow.id)))
        .limit(1)
    ).first()
    counted = session.exec(
        select(CheckResultRow.name, CheckResultRow.row_count)
        .where(col(CheckResultRow.drill_id) == last)
        .where(col(CheckResultRow.row_count).is_not(None))
    )
    return {name: count for name, count in counted if count is not None}
