"""Gives seats: counting and taking are one transaction, so two workers never take the same one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import repeat

import sqlalchemy
from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from drill.engine.keeping import (
    FORSAKEN_AFTER,
    Contender,
    contender,
    ensure_legal,
    why_waiting,
)
from drill.engine.line import not_waiting
from drill.engine.ports import SeatLimits
from drill.engine.record import DrillRecord, State
from drill.store import dialects, queries
from drill.store.tables import DrillRow, TargetHoldRow


def seat(
    session: Session, record: DrillRecord, limits: SeatLimits, target_id: str | None
) -> tuple[DrillRecord, str | None]:
    """Give the drill a seat and the hold on its target, or say what it waits for.

    Return the drill as it stands then, and the reason to wait or None.

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
        return before, None
    is_another = col(DrillRow.id) != one.id
    seated = _seated(session, is_another)
    earlier = _contenders(session, is_another, *_waits_before(one))
    if (reason := why_waiting(one, seated, earlier, limits, held=held)) is not None:
        return before, reason
    if target_id is not None and not holds_target:
        session.add(TargetHoldRow(cloud=one.cloud, target_id=target_id, drill_id=one.id))
    queries.change(
        session, update(DrillRow).where(col(DrillRow.id) == one.id).values(is_seated=True)
    )
    return replace(before, is_seated=True), None


def next_in_line(
    session: Session,
    limits: Mapping[str, SeatLimits],
    now: datetime,
    only: Collection[str] | None,
) -> list[str]:
    """Return ids of queued drills that ``seat`` would not let wait now, first come first."""
    is_queued = col(DrillRow.state) == State.QUEUED.value
    sits, known = col(DrillRow.is_seated).is_(True), col(DrillRow.cloud).in_(list(limits))
    if session.exec(select(DrillRow.id).where(is_queued).limit(1)).first() is None:
        return []  # the usual case: who sits need not be read, and that may be a thousand
    is_free = sqlalchemy.or_(sits, col(DrillRow.abort_requested).is_(True), ~known)
    seated = _seated(session)
    free = list(_contenders(session, is_queued, is_free))
    line = _contenders(session, is_queued, ~is_free)
    rows = session.exec(select(TargetHoldRow))
    held = {(row.cloud, row.target_id): row.drill_id for row in rows}
    return not_waiting(free, line, seated, limits, held=held, now=now, only=only)


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
        sqlalchemy.or_(
            col(DrillRow.enlisted_at) < one.enlisted_at,
            (col(DrillRow.enlisted_at) == one.enlisted_at) & (col(DrillRow.id) < one.id),
        ),
        col(DrillRow.next_at) >= one.next_at - FORSAKEN_AFTER,
        col(DrillRow.held_until).is_(None),
    )


def _seated(session: Session, *conditions: ColumnElement[bool]) -> list[Contender]:
    """Return everybody who sits: those who count alike are one value, as often as they are many.

    Each is the first of its kind, and its instants are those of nobody: who sits is only counted.
    """
    alike = {
        "cloud": col(DrillRow.cloud),
        "source_id": col(DrillRow.source_id),
        "target_id": col(DrillRow.wanted_target_id),
        "group": col(DrillRow.plan_group),
    }
    first = {name: func.min(getattr(DrillRow, name)) for name in ("id", "enlisted_at", "next_at")}
    sits = (queries.is_unfinished(), col(DrillRow.is_seated).is_(True), *conditions)
    counted = sqlalchemy.select(*alike.values(), *first.values(), func.count()).where(*sits)
    found: list[Contender] = []
    for *values, count in session.connection().execute(counted.group_by(*alike.values())):
        one = Contender(**dict(zip((*alike, *first), values, strict=True)), is_seated=True)
        found.extend(repeat(one, count))
    return found


def _contenders(session: Session, *conditions: ColumnElement[bool]) -> Iterator[Contender]:
    """Yield the unfinished drills under these conditions, as the seating sees them, in turn."""
    asked = (
        *(col(DrillRow.id), col(DrillRow.cloud), col(DrillRow.source_id)),
        *(col(DrillRow.wanted_target_id), col(DrillRow.enlisted_at), col(DrillRow.next_at)),
        *(col(DrillRow.is_seated), col(DrillRow.abort_requested), col(DrillRow.leased_until)),
        *(col(DrillRow.plan_group), col(DrillRow.held_until)),
    )
    statement = sqlalchemy.select(*asked).where(queries.is_unfinished(), *conditions)
    in_turn = statement.order_by(col(DrillRow.enlisted_at), col(DrillRow.id))
    for row in session.connection().execute(in_turn):
        yield Contender(
            id=row.id,
            cloud=row.cloud,
            source_id=row.source_id,
            target_id=row.wanted_target_id,
            group=row.plan_group,
            enlisted_at=row.enlisted_at,
            next_at=row.next_at,
            is_seated=row.is_seated,
            abort_requested=row.abort_requested,
            leased_until=row.leased_until,
            is_held=row.held_until is not None,
        )
