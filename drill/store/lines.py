"""Turns a drill record into its line, and the line into facts; never looks at an inventory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlmodel import Session, col

from drill.engine.record import DrillRecord
from drill.engine.summary import facts_of
from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.verdict import Outcome
from drill.store.mapping import MICROSECOND, as_microseconds, canonical
from drill.store.queries import during
from drill.store.tables import DrillLineRow

_FIXED = (
    *("plan_name", "plan_digest", "tier", "cloud", "source_id", "mode", "target_kind", "trigger"),
    *("initiated_by", "scheduled_for", "enlisted_at", "tool_version"),
)
_CHANGING = (
    *("source_name", "engine", "policy", "seed", "target_id", "target_name", "started_at"),
    *("restore_accepted_at", "checked_at", "finished_at", "torn_down_at", "state", "reason"),
    *("hint", "teardown"),
    *("teardown_reason", "level", "is_simulated", "point_at", "reference_at", "base_at", "base_id"),
    *("base_how", "volume_gb", "volume_type", "flavor", "restore_job_id"),
)
"""Fields that are kept as they are, under the same name."""

IN_NO_LINE = frozenset(
    {"next_at", "epoch", "leased_by", "leased_until", "look_failures", "failing_since"}
    | {"looked_at"}
    | {"abort_requested", "is_seated", "restore_seen_running", "teardown_seen_running"}
)
"""Columns of a drill that its line does not show: a look that changes no more leaves it alone."""

_FIXED_SPANS = ("rto_target", "rpo_target")
_CHANGING_SPANS = ("rta", "unattended", "rpa", "rpa_claimed")
_SPANS = (*_FIXED_SPANS, *_CHANGING_SPANS)

_PLAIN = (*_FIXED, *_CHANGING)
_READ = (
    *("drill_id", "plan_group", "outcome", "failing", "checks"),
    *(f"{name}_microseconds" for name in _SPANS),
    *_PLAIN,
)
_AT_ONCE = 2000
"""Lines in memory at the same time."""


def line_values(record: DrillRecord) -> dict[str, Any]:
    """Return every column of the line of a drill that is enlisted."""
    facts = facts_of(record)
    fixed = {name: getattr(facts, name) for name in _FIXED}
    values: dict[str, Any] = fixed | _spans(facts, _FIXED_SPANS) | _changing(record, facts)
    return {"drill_id": facts.id, "plan_group": facts.group, **values}


def changing_line(record: DrillRecord) -> dict[str, Any]:
    """Return every column of the line that a save may change."""
    return _changing(record, facts_of(record))


def _changing(record: DrillRecord, facts: DrillFacts) -> dict[str, Any]:
    return {
        **{name: getattr(facts, name) for name in _CHANGING},
        **_spans(facts, _CHANGING_SPANS),
        "outcome": facts.outcome.value if facts.outcome else None,
        "observed_at": record.inventory.taken_at if record.inventory else None,
        "failing": canonical(list(facts.failing)),
        "checks": canonical([list(check) for check in facts.checks]),
    }


def _spans(facts: DrillFacts, names: tuple[str, ...]) -> dict[str, int | None]:
    return {f"{name}_microseconds": as_microseconds(getattr(facts, name)) for name in names}


def stream(
    session: Session,
    *,
    since: datetime | None,
    until: datetime | None,
    source: SourceKey | None,
    plan_name: str | None,
    finished: bool = False,
) -> Iterator[DrillFacts]:
    """Yield the facts of drills, oldest slot first, a few thousand in memory at a time."""
    scheduled_for = col(DrillLineRow.scheduled_for)
    statement: Select[Any] = select(*(getattr(DrillLineRow, name) for name in _READ))
    statement = statement.where(*during(scheduled_for, since, until))
    if source is not None:
        cloud, source_id = source
        statement = statement.where(
            col(DrillLineRow.cloud) == cloud, col(DrillLineRow.source_id) == source_id
        )
    if plan_name is not None:
        statement = statement.where(col(DrillLineRow.plan_name) == plan_name)
    if finished:
        statement = statement.where(col(DrillLineRow.finished_at).is_not(None))
    ordered = statement.order_by(scheduled_for, col(DrillLineRow.drill_id))
    for row in session.connection().execute(ordered.execution_options(yield_per=_AT_ONCE)):
        yield _facts(row)


def counts(session: Session, at: datetime) -> dict[SourceKey, tuple[int, datetime | None]]:
    """Return of each source how many drills were enlisted until an instant, and when the newest of
    their inventories was taken until then."""
    line: Any = DrillLineRow
    observed_at = func.max(case((line.observed_at <= at, line.observed_at)))
    statement = (
        select(line.cloud, line.source_id, func.count(), observed_at)
        .where(line.enlisted_at <= at)
        .group_by(line.cloud, line.source_id)
    )
    found = session.connection().execute(statement)
    return {(cloud, source): (count, observed) for cloud, source, count, observed in found}


def _facts(row: Sequence[Any]) -> DrillFacts:
    drill_id, group, outcome, failing, checks, *rest = row
    spans: dict[str, Any] = {
        name: None if span is None else span * MICROSECOND
        for name, span in zip(_SPANS, rest, strict=False)
    }
    plain: dict[str, Any] = dict(zip(_PLAIN, rest[len(_SPANS) :], strict=True))
    return DrillFacts(
        id=drill_id,
        group=group,
        outcome=Outcome(outcome) if outcome else None,
        failing=tuple(json.loads(failing)) if failing != "[]" else (),
        checks=tuple(map(tuple, json.loads(checks))) if checks != "[]" else (),
        **spans,
        **plain,
    )
