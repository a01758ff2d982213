"""Orders, signs of life and the plans seen, kept in the same database as the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, delete, insert, or_, update
from sqlmodel import Session, col, desc, select

from drill.engine.control import Daemon, Pause, PlanSeen, Scope
from drill.errors import StoreError
from drill.plan.model import Plan
from drill.store import dialects, queries
from drill.store.database import Database
from drill.store.mapping import canonical
from drill.store.schedule_tables import DaemonRow, LookRow, PauseRow, PlanSeenRow


class SqlControl:
    """Implements ``drill.engine.control.Control``: see there for what each method promises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pause(self, pause: Pause) -> Pause:
        """Give an order, or return the one of this scope and name that is in force."""
        with self._database.writing() as session:
            dialects.lock_orders(session.connection())
            same = _exactly(pause.scope, pause.name, pause.is_drain)
            known = _pauses(session, *_in_force(pause.since), *same)
            if known:
                return known[0]
            session.add(PauseRow(**_pause_values(pause)))
            return pause

    def resume(
        self, scope: Scope, name: str | None, *, by: str, now: datetime, drains: bool = False
    ) -> list[Pause]:
        """End the orders of exactly this scope and name that are in force; return them."""
        with self._database.writing() as session:
            dialects.lock_orders(session.connection())
            found = _pauses(session, *_in_force(now), *_exactly(scope, name, drains))
            ids = [one.id for one in found]
            ended = update(PauseRow).where(col(PauseRow.id).in_(ids))
            queries.change(session, ended.values(ended_at=now, ended_by=by))
            return _pauses(session, col(PauseRow.id).in_(ids))

    def pauses(self, *, now: datetime) -> list[Pause]:
        """Return the orders in force, oldest first."""
        with self._database.reading() as session:
            return _pauses(session, *_in_force(now))

    def pauses_since(self, instant: datetime) -> list[Pause]:
        """Return every order that was in force at some time since, oldest first."""
        with self._database.reading() as session:
            return _pauses(session, *_not_over(instant))

    def daemon_started(self, worker: str, *, now: datetime) -> None:
        """Note that a daemon began."""
        with self._database.writing() as session:
            session.merge(DaemonRow(worker=worker, started_at=now, beat_at=now))

    def daemon_beat(self, worker: str, *, now: datetime, trouble: str | None = None) -> None:
        """Note a sign of life, and what it has trouble with now."""
        with self._database.writing() as session:
            beaten = update(DaemonRow).where(col(DaemonRow.worker) == worker)
            queries.change(session, beaten.values(beat_at=now, trouble=trouble))

    def daemon_stopped(self, worker: str, *, now: datetime, how: str) -> None:
        """Note the end of a daemon, if it has none yet."""
        running = (col(DaemonRow.worker) == worker, col(DaemonRow.stopped_at).is_(None))
        with self._database.writing() as session:
            stopped = update(DaemonRow).where(*running)
            queries.change(session, stopped.values(stopped_at=now, how=how))

    def daemons(self, *, at_most: int = 20) -> list[Daemon]:
        """Return daemons, last started first."""
        newest = select(DaemonRow).order_by(
            desc(col(DaemonRow.started_at)), desc(col(DaemonRow.worker))
        )
        with self._database.reading() as session:
            rows = session.exec(newest.limit(at_most))
            return [Daemon(**row.model_dump()) for row in rows]

    def note_look(self, *, now: datetime) -> None:
        """Note that the schedule was compared with the journal."""
        with self._database.writing() as session:
            dialects.lock_orders(session.connection())
            row = session.get(LookRow, 1)
            if row is None:
                session.add(LookRow(id=1, at=now))
            else:
                row.at = max(row.at, now)

    def last_look(self) -> datetime | None:
        """Return when the schedule was last compared with the journal."""
        with self._database.reading() as session:
            row = session.get(LookRow, 1)
            return row.at if row else None

    def plans_seen(self) -> Mapping[str, PlanSeen]:
        """Return what is remembered, by name of the plan; without the plans themselves."""
        columns = (
            *(col(PlanSeenRow.plan_name), col(PlanSeenRow.digest)),
            *(col(PlanSeenRow.first_seen_at), col(PlanSeenRow.settled_until)),
        )
        with self._database.reading() as session:
            return {
                row.plan_name: PlanSeen(
                    plan_name=row.plan_name,
                    digest=row.digest,
                    first_seen_at=row.first_seen_at,
                    settled_until=row.settled_until,
                )
                for row in session.connection().execute(sqlalchemy.select(*columns))
            }

    def remember_plans(self, seen: Sequence[tuple[PlanSeen, Plan]]) -> None:
        """Remember plans as they are now, with their text."""
        rows = [
            {
                "plan_name": one.plan_name,
                "digest": one.digest,
                "plan": canonical(plan.model_dump(mode="json")),
                "first_seen_at": one.first_seen_at,
                "settled_until": one.settled_until,
            }
            for one, plan in seen
        ]
        if not rows:
            return
        names = [one.plan_name for one, _ in seen]
        with self._database.writing() as session:
            dialects.lock_orders(session.connection())
            for some in queries.in_batches(names):
                session.connection().execute(
                    delete(PlanSeenRow).where(col(PlanSeenRow.plan_name).in_(some))
                )
            session.connection().execute(insert(PlanSeenRow), rows)

    def settle(self, until: Mapping[str, datetime]) -> None:
        """Move ``settled_until`` of plans forward; it never goes back."""
        if not until:
            return
        table = PlanSeenRow.__table__  # type: ignore[attr-defined]
        statement = (
            update(table)
            .where(table.c.plan_name == sqlalchemy.bindparam("named"))
            .where(table.c.settled_until < sqlalchemy.bindparam("instant"))
            .values(settled_until=sqlalchemy.bindparam("instant"))
        )
        rows = [{"named": name, "instant": instant} for name, instant in sorted(until.items())]
        with self._database.writing() as session:
            session.connection().execute(statement, rows)

    def last_valid(self, plan_name: str) -> Plan | None:
        """Return a plan as it was when it was valid last. Raise StoreError if it is unreadable."""
        with self._database.reading() as session:
            row = session.get(PlanSeenRow, plan_name)
            text = row.plan if row else None
        if text is None:
            return None
        try:
            return Plan.model_validate_json(text)
        except ValueError as error:
            raise StoreError(
                f"the plan {plan_name} cannot be read from the store",
                hint="It was changed by hand, or the plan format has changed since.",
            ) from error

    def forget_plans(self, plan_names: Collection[str]) -> None:
        """Forget plans whose files are gone."""
        with self._database.writing() as session:
            for some in queries.in_batches(plan_names):
                session.connection().execute(
                    delete(PlanSeenRow).where(col(PlanSeenRow.plan_name).in_(some))
                )


def _pauses(session: Session, *conditions: ColumnElement[bool]) -> list[Pause]:
    order = (col(PauseRow.since), col(PauseRow.id))
    statement = select(PauseRow).where(*conditions).order_by(*order)
    rows = session.exec(statement.execution_options(populate_existing=True))
    return [Pause(**row.model_dump() | {"scope": Scope(row.scope)}) for row in rows]


def _pause_values(pause: Pause) -> dict[str, Any]:
    values = {name: getattr(pause, name) for name in Pause.__dataclass_fields__}
    return values | {"scope": pause.scope.value}


def _exactly(scope: Scope, name: str | None, is_drain: bool) -> Iterable[ColumnElement[bool]]:
    named = col(PauseRow.name)
    return (
        col(PauseRow.scope) == scope.value,
        named.is_(None) if name is None else named == name,
        col(PauseRow.is_drain).is_(is_drain),
    )


def _in_force(now: datetime) -> Iterable[ColumnElement[bool]]:
    return (col(PauseRow.since) <= now, *_not_over(now))


def _not_over(instant: datetime) -> Iterable[ColumnElement[bool]]:
    until, ended_at = col(PauseRow.until), col(PauseRow.ended_at)
    return (
        or_(until.is_(None), until > instant),
        or_(ended_at.is_(None), ended_at > instant),
    )
