"""Turns a drill record into rows and back, without loss. Rows are not validated: values are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from drill.check.port import CheckAnswer, CheckResult
from drill.engine.keeping import facts_as_json, wanted_target_id
from drill.engine.record import (
    DrillRecord,
    Event,
    EventKind,
    Outcome,
    State,
    Step,
    StepName,
    Teardown,
    Trigger,
)
from drill.errors import StoreError
from drill.plan.model import Plan
from drill.recovery.values import Choice, Instance, Inventory
from drill.store.tables import CheckResultRow, DrillRow, JournalRow, StepRow

_FIRST = (
    *("id", "plan_name", "plan_digest", "scheduled_for", "enlisted_at", "tool_version"),
    "initiated_by",
)
_LATER = (
    *("next_at", "deadline_at", "epoch", "leased_by", "leased_until", "is_seated"),
    *("abort_requested", "look_failures", "failing_since", "started_at", "target_id"),
    *("target_name", "is_simulated", "restore_intent_at", "restore_accepted_at"),
    *("restore_job_id", "restore_seen_running", "ready_at", "reachable_at", "checked_at"),
    *("teardown_began_at", "teardown_intent_at", "teardown_accepted_at", "teardown_job_id"),
    *("teardown_seen_running", "reason", "hint", "teardown_reason", "finished_at", "level"),
    *("held_until", "looked_at", "torn_down_at"),
)
"""Fields that are kept as they are."""

_MADE_OF = {
    **{name: (name,) for name in ("state", "finding", "outcome", "teardown", "inventory")},
    **{name: (name,) for name in ("choice", "request_ids", "refusals")},
    **{name: (f"{name}_microseconds",) for name in ("rta", "unattended", "rpa", "rpa_claimed")},
    "copy": ("copy_",),
}
"""Fields that are kept in another form, and in which columns."""

_later_of = attrgetter(*_LATER)
_made_of = attrgetter(*_MADE_OF)

MICROSECOND = timedelta(microseconds=1)


@cache
def inventories() -> TypeAdapter[Inventory]:
    """Return what reads and writes inventories; made once, for it costs milliseconds."""
    return TypeAdapter(Inventory)


@cache
def _choices() -> TypeAdapter[Choice]:
    return TypeAdapter(Choice)


@cache
def _instances() -> TypeAdapter[Instance]:
    return TypeAdapter(Instance)


def canonical(value: object) -> str:
    """Return JSON of which there is only one for a value: sorted names, no spaces."""
    return json.dumps(
        value, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )


def new_values(record: DrillRecord) -> dict[str, Any]:
    """Return every column of a drill that is enlisted, by the names of ``DrillRow``.

    No row is made of them: ten thousand are inserted at once. Raise StoreError if its plan would
    be lost.
    """
    try:
        plan = canonical(record.plan.model_dump(mode="json"))
        is_lossless = Plan.model_validate_json(plan) == record.plan
    except ValueError as error:  # not-a-number, half a character, a span that rounds to zero
        raise StoreError(f"the plan {record.plan_name} cannot be written as JSON") from error
    if not is_lossless:
        raise StoreError(f"the plan {record.plan_name} cannot be read back as it is")
    return {
        **{name: getattr(record, name) for name in _FIRST},
        "plan": plan,
        "cloud": record.plan.source.cloud,
        "source_id": record.plan.source.instance_id,
        "target_kind": record.plan.target.kind,
        "wanted_target_id": wanted_target_id(record),
        "plan_group": record.plan.group,
        "trigger": record.trigger.value,
        **changing_values(record),
    }


def changed_values(before: DrillRecord, after: DrillRecord) -> dict[str, Any]:
    """Return the columns that differ between two records of a drill. Raise StoreError."""
    pairs = zip(_LATER, _later_of(before), _later_of(after), strict=True)
    values = {name: now for name, was, now in pairs if was is not now and was != now}
    pairs = zip(_MADE_OF, _made_of(before), _made_of(after), strict=True)
    parts = [name for name, was, now in pairs if was is not now and was != now]
    if parts:
        every = changing_values(after)
        values |= {column: every[column] for name in parts for column in _MADE_OF[name]}
    return values


def changing_values(record: DrillRecord) -> dict[str, Any]:
    """Return every column that a save may change. Raise StoreError for what is no JSON."""
    try:
        return {
            **{name: getattr(record, name) for name in _LATER},
            "state": record.state.value,
            "finding": record.finding.value if record.finding else None,
            "outcome": record.outcome.value if record.outcome else None,
            "teardown": record.teardown.value,
            "inventory": _inventory_as_json(record.inventory) if record.inventory else None,
            "choice": _as_json(_choices(), record.choice) if record.choice else None,
            "copy_": _as_json(_instances(), record.copy) if record.copy else None,
            "rta_microseconds": as_microseconds(record.rta),
            "unattended_microseconds": as_microseconds(record.unattended),
            "rpa_microseconds": as_microseconds(record.rpa),
            "rpa_claimed_microseconds": as_microseconds(record.rpa_claimed),
            "request_ids": canonical(list(record.request_ids)),
            "refusals": canonical([dict(refusal) for refusal in record.refusals]),
        }
    except (TypeError, ValueError, PydanticSerializationError) as error:
        raise StoreError(f"drill {record.id} holds a value that cannot be kept") from error


def record_of(
    row: DrillRow, steps: Iterable[StepRow], checks: Iterable[CheckResultRow]
) -> DrillRecord:
    """Return the record of a row. Raise StoreError if the row cannot be understood."""
    try:
        return DrillRecord(
            **{name: getattr(row, name) for name in (*_FIRST, *_LATER)},
            plan=Plan.model_validate_json(row.plan),
            trigger=Trigger(row.trigger),
            state=State(row.state),
            finding=Outcome(row.finding) if row.finding else None,
            outcome=Outcome(row.outcome) if row.outcome else None,
            teardown=Teardown(row.teardown),
            inventory=inventories().validate_json(row.inventory) if row.inventory else None,
            choice=_choices().validate_json(row.choice) if row.choice else None,
            copy=_instances().validate_json(row.copy_) if row.copy_ else None,
            rta=as_span(row.rta_microseconds),
            unattended=as_span(row.unattended_microseconds),
            rpa=as_span(row.rpa_microseconds),
            rpa_claimed=as_span(row.rpa_claimed_microseconds),
            request_ids=tuple(json.loads(row.request_ids)),
            refusals=tuple(json.loads(row.refusals)),
            steps=tuple(map(_step_of, steps)),
            checks=tuple(map(_check_of, checks)),
        )
    except (ValidationError, ValueError) as error:
        raise StoreError(
            f"drill {row.id} cannot be read from the store",
            hint="It was changed by hand, or the plan format has changed since: see docs/store.md.",
        ) from error


def step_values(drill_id: str, position: int, step: Step) -> dict[str, Any]:
    """Return the columns of a step; positions count from 1."""
    return {
        "drill_id": drill_id,
        "position": position,
        "name": step.name.value,
        "began_at": step.began_at,
        "ended_at": step.ended_at,
        "result": step.result,
    }


def check_values(drill_id: str, position: int, check: CheckResult) -> dict[str, Any]:
    """Return the columns of an answered check; positions count from 1."""
    return {
        "drill_id": drill_id,
        "position": position,
        "name": check.name,
        "kind": check.kind,
        "answer": check.answer.value,
        "reason": check.reason,
        "expected": check.expected,
        "observed": check.observed,
        "row_count": check.row_count,
        "newest_at": check.newest_at,
        "began_at": check.began_at,
        "duration_microseconds": check.duration // MICROSECOND,
    }


def journal_values(drill_id: str, sequence: int, event: Event) -> dict[str, Any]:
    """Return the columns of an event. Raise StoreError if its facts are not JSON."""
    return {
        "drill_id": drill_id,
        "sequence": sequence,
        "at": event.at,
        "kind": event.kind.value,
        "act": event.act,
        "facts": facts_as_json(event),
    }


def event_of(row: JournalRow) -> Event:
    """Return the event of a row."""
    return Event(
        at=row.at,
        kind=EventKind(row.kind),
        act=row.act,
        facts=json.loads(row.facts),
        sequence=row.sequence,
    )


def _step_of(row: StepRow) -> Step:
    return Step(
        name=StepName(row.name), began_at=row.began_at, ended_at=row.ended_at, result=row.result
    )


def _check_of(row: CheckResultRow) -> CheckResult:
    return CheckResult(
        name=row.name,
        kind=row.kind,
        answer=CheckAnswer(row.answer),
        reason=row.reason,
        expected=row.expected,
        observed=row.observed,
        row_count=row.row_count,
        newest_at=row.newest_at,
        began_at=row.began_at,
        duration=row.duration_microseconds * MICROSECOND,
    )


_SETS = frozenset(
    {"instance_ids", "instance_names", "source_databases", "target_databases", "target_job_ids"}
)
"""Members of an inventory that have no order of their own."""


def _inventory_as_json(inventory: Inventory) -> str:
    document = inventories().dump_python(inventory, mode="json")
    for name, value in document.items():
        if name in _SETS:
            value.sort()
    return canonical(document)


def _as_json(adapter: TypeAdapter[Any], value: object) -> str:
    return canonical(adapter.dump_python(value, mode="json"))


def as_microseconds(span: timedelta | None) -> int | None:
    """Return a span as it is kept."""
    return None if span is None else span // MICROSECOND


def as_span(microseconds: int | None) -> timedelta | None:
    """Return a span that was kept."""
    return None if microseconds is None else microseconds * MICROSECOND
