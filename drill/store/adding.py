"""Adds new drills to the store: many in one statement, or one by one where another is faster.

Every function works inside the transaction it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

from drill.engine.keeping import first_event
from drill.engine.record import DrillRecord
from drill.errors import IdTaken
from drill.store import queries
from drill.store.lines import line_values
from drill.store.mapping import check_values, journal_values, new_values, step_values
from drill.store.tables import CheckResultRow, DrillLineRow, DrillRow, JournalRow, StepRow

_AT_ONCE = 100
"""Drills in one statement: their plans are texts, and memory stays bounded."""


def add_drills(session: Session, records: Sequence[DrillRecord]) -> list[DrillRecord]:
    """Add the drills whose slot is free, with their first event, and return those.

    Raise StoreError if one has an id that is taken.
    """
    added: list[DrillRecord] = []
    for start in range(0, len(records), _AT_ONCE):
        added += _add_some(session, records[start : start + _AT_ONCE])
    return added


def _add_some(session: Session, records: Sequence[DrillRecord]) -> list[DrillRecord]:
    """On SQLite nobody else writes meanwhile. On a server somebody may: then one by one."""
    free = list(_with_free_slots(session, records))
    _ensure_new_ids(session, free)
    try:
        with session.begin_nested():
            _insert(session, free)
    except IntegrityError:
        return [record for record in free if _is_added(session, record)]
    return free


def _with_free_slots(session: Session, records: Sequence[DrillRecord]) -> Iterator[DrillRecord]:
    taken = _taken_slots(session, records)
    for record in records:
        slot = (record.plan_name, record.scheduled_for)
        if slot not in taken:
            taken.add(slot)
            yield record


def _taken_slots(session: Session, records: Sequence[DrillRecord]) -> set[tuple[str, datetime]]:
    if not records:
        return set()
    plan_name, scheduled_for = col(DrillRow.plan_name), col(DrillRow.scheduled_for)
    instants = [record.scheduled_for for record in records]
    asked = sqlalchemy.select(plan_name, scheduled_for).where(
        plan_name.in_({record.plan_name for record in records}),
        scheduled_for.between(min(instants), max(instants)),
    )
    return {(row.plan_name, row.scheduled_for) for row in session.connection().execute(asked)}


def _ensure_new_ids(session: Session, records: Sequence[DrillRecord]) -> None:
    ids = [record.id for record in records]
    if len(set(ids)) < len(ids):
        twice = next(one for position, one in enumerate(ids) if one in ids[:position])
        raise IdTaken(f"there is a drill {twice} already")
    for some in queries.in_batches(ids):
        known = session.exec(select(DrillRow.id).where(col(DrillRow.id).in_(some))).first()
        if known is not None:
            raise IdTaken(f"there is a drill {known} already")


def _insert(session: Session, records: Sequence[DrillRecord]) -> None:
    rows: Mapping[type[SQLModel], list[dict[str, Any]]] = {
        DrillRow: [_by_column(new_values(record)) for record in records],
        StepRow: [
            step_values(record.id, position, step)
            for record in records
            for position, step in enumerate(record.steps, start=1)
        ],
        CheckResultRow: [
            check_values(record.id, position, check)
            for record in records
            for position, check in enumerate(record.checks, start=1)
        ],
        DrillLineRow: [line_values(record) for record in records],
        JournalRow: [journal_values(record.id, 1, first_event(record)) for record in records],
    }
    for table, values in rows.items():
        if values:
            session.connection().execute(insert(table), values)


def _by_column(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values by the names of the columns; one name means something to pydantic."""
    return {"copy" if name == "copy_" else name: value for name, value in values.items()}


def _is_added(session: Session, record: DrillRecord) -> bool:
    """Insert a drill and say so; False if its slot is taken. Raise StoreError if its id is."""
    try:
        with session.begin_nested():
            _insert(session, [record])
    except IntegrityError:
        slot = (record.plan_name, record.scheduled_for)
        if slot in _taken_slots(session, [record]):
            return False
        _ensure_new_ids(session, [record])
        raise
    return True
