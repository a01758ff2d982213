"""Reads what lists and totals need, by the thousand: no plan, no steps, no checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy
from sqlalchemy import Row, func, or_
from sqlmodel import Session, col

from drill.engine.keeping import SUMMARY_FIELDS
from drill.engine.ports import Summary
from drill.engine.record import Outcome, State, Teardown, Trigger
from drill.recovery.coverage.evidence import PASSES
from drill.store import queries
from drill.store.tables import DrillRow

_FIELDS = (*SUMMARY_FIELDS, "cloud", "source_id")


def newest(
    session: Session, *, of: Literal["plan", "source"], passed: bool, at_least: int
) -> list[Summary]:
    """Return the drill with the newest slot of each plan, or of each source, by name."""
    names = ("plan_name",) if of == "plan" else ("cloud", "source_id")
    key = [getattr(DrillRow, name) for name in names]
    order = (col(DrillRow.scheduled_for).desc(), col(DrillRow.id).desc())
    place = func.row_number().over(partition_by=key, order_by=order).label("place")
    ranked = sqlalchemy.select(*_columns(), place)
    if passed:
        ranked = ranked.where(
            col(DrillRow.outcome).in_([outcome.value for outcome in PASSES]),
            col(DrillRow.is_simulated).is_(False),
            col(DrillRow.level) >= at_least,
        )
    found = ranked.subquery()
    first = sqlalchemy.select(found).where(found.c.place == 1)
    rows = session.connection().execute(first.order_by(*(found.c[name] for name in names)))
    return [_summary_of(row) for row in rows]


def in_hand(session: Session) -> list[Summary]:
    """Return the drills that are not finished, or that leaked, enlisted first first."""
    leaked = col(DrillRow.teardown) == Teardown.LEAKED.value
    asked = sqlalchemy.select(*_columns()).where(or_(queries.is_unfinished(), leaked))
    rows = session.connection().execute(asked.order_by(col(DrillRow.enlisted_at), col(DrillRow.id)))
    return [_summary_of(row) for row in rows]


def count_outcomes(session: Session, since: datetime) -> Mapping[Outcome, int]:
    """Return how many drills with a slot from then on ended in which way."""
    outcome = col(DrillRow.outcome)
    asked = sqlalchemy.select(outcome, func.count()).where(
        col(DrillRow.scheduled_for) >= since, outcome.is_not(None)
    )
    rows = session.connection().execute(asked.group_by(outcome))
    return {Outcome(word): count for word, count in rows if word}


def _columns() -> list[Any]:
    return [getattr(DrillRow, name) for name in _FIELDS]


def _summary_of(row: Row[Any]) -> Summary:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Summary(
        **values
        | {
            "trigger": Trigger(row.trigger),
            "state": State(row.state),
            "outcome": Outcome(row.outcome) if row.outcome else None,
            "teardown": Teardown(row.teardown),
        }
    )
