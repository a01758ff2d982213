"""Gives seats: counting and taking are one transaction, so two workers never take the same one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy
from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from drill.engine.keeping import (
    FORSAKEN_AFTER,
    Contender,
    contender,
    ensure_legal,
    why_waiting,
)
from drill.engine.ports import SeatLimits
from drill.engine.record import DrillRecord, State
from drill.store import dialects, queries
from drill.store.tables import DrillRow, TargetHoldRow


def seat(
    session: Session, record: DrillRecord, limits: SeatLimits, target_id: str | None
) -> str | None:
    """Give the drill a seat and the hold on its target, or return what it waits for.

    1. Lock the counting; 2. look whether the drill is still this worker's; 3. read who sits, who
    holds and, only if a seat is left, who waits; 4. decide; 5. take.
    """
    dialects.lock_seats(session.connection())
    before = queries.locked(session, record.id)
    ensure_legal(before, replace(before, epoch=record.epoch))
    one = replace(contender(before), target_id=target_id)
    held = _held_targets(session, one.cloud)
    holds_target = target_id is None or held.get(target_id) == one.id
    if one.is_seated and holds_target:
        return None
    others = _contenders(session, one, col(DrillRow.is_seated).is_(True))
    if len(others) < limits.drills_at_once:
        others += _contenders(session, one, *_waits_before(one))
    if (reason := why_waiting(one, others, limits, held=held)) is not None:
        return reason
    if target_id is not None and not holds_target:
        session.add(TargetHoldRow(cloud=one.cloud, target_id=target_id, drill_id=one.id))
    queries.change(
        session, update(DrillRow).where(col(DrillRow.id) == one.id).values(is_seated=True)
    )
    return None


def holder_of(session: Session, cloud: str, target_id: str) -> str | None:
    """Return the id of the drill that holds an existing target."""
    row = session.get(TargetHoldRow, (cloud, target_id))
    return row.drill_id if row else None


def release_target(session: Session, cloud: str, target_id: str, drill_id: str) -> None:
    """Give a target free, if this drill holds it."""
    row = session.get(TargetHoldRow, (cloud, target_id), with_for_update=True)
    if row is not None and row.drill_id == drill_id:
        session.delete(row)


def _held_targets(session: Session, cloud: str) -> dict[str, str]:
    rows = session.exec(select(TargetHoldRow).where(col(TargetHoldRow.cloud) == cloud))
    return {row.target_id: row.drill_id for row in rows}


def _waits_before(one: Contender) -> Iterable[ColumnElement[bool]]:
    return (
        col(DrillRow.state) == State.QUEUED.value,
        col(DrillRow.is_seated).is_(False),
        col(DrillRow.abort_requested).is_(False),
        col(DrillRow.cloud) == one.cloud,
        col(DrillRow.enlisted_at) <= one.enlisted_at,
        col(DrillRow.next_at) >= one.next_at - FORSAKEN_AFTER,
        col(DrillRow.held_until).is_(None),
    )


def _contenders(
    session: Session, one: Contender, *conditions: ColumnElement[bool]
) -> list[Contender]:
    """Return the other unfinished drills under these conditions, as the seating sees them."""
    asked = (
        *(col(DrillRow.id), col(DrillRow.cloud), col(DrillRow.source_id)),
        *(col(DrillRow.wanted_target_id), col(DrillRow.enlisted_at), col(DrillRow.next_at)),
        *(col(DrillRow.is_seated), col(DrillRow.plan_group)),
    )
    statement = sqlalchemy.select(*asked).where(queries.is_unfinished(), *conditions)
    return [
        Contender(
            id=row.id,
            cloud=row.cloud,
            source_id=row.source_id,
            target_id=row.wanted_target_id,
            group=row.plan_group,
            enlisted_at=row.enlisted_at,
            next_at=row.next_at,
            is_seated=row.is_seated,
        )
        for row in session.connection().execute(statement.where(col(DrillRow.id) != one.id))
    ]
