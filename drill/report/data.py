"""The same drills for programs: JSON, and CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from drill.check.port import CheckAnswer
from drill.engine.record import DrillRecord
from drill.plan.visible import visible
from drill.report.view.fleet import (
    failing_part,
    newest_first,
    page_name,
    rpo_attainment,
    rto_attainment,
)
from drill.report.view.formats import milliseconds_of, moment
from drill.report.view.text import capped, without_secrets

SCHEMA = 1
"""Number of the shape of these files; it rises when a field changes its meaning."""

CELL_AT_MOST = 2000

Value = str | int | bool | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def drills_json(records: Sequence[DrillRecord], *, now: datetime, tool_version: str) -> bytes:
    """Return all drills as one JSON object, newest slot first; what is not known is null."""
    whole = {
        "schema": SCHEMA,
        "generated_at": moment(now).machine,
        "tool_version": tool_version,
        "drills": [dict(_fields(record)) for record in newest_first(records)],
    }
    text = json.dumps(whole, ensure_ascii=True, indent=1)
    return f"{text}\n".encode("ascii")


def drills_csv(records: Sequence[DrillRecord]) -> bytes:
    """Return all drills as RFC 4180 lines, newest slot first; what is not known is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    ordered = newest_first(records)
    writer.writerow(FIELDS)
    for record in ordered:
        writer.writerow([_cell(value) for _, value in _fields(record)])
    return out.getvalue().encode("utf-8")


def _cell(value: Value) -> str:
    """Return a cell that no spreadsheet takes for a formula and no terminal for a command."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    is_formula = value.lstrip(" \u00a0\ufeff").startswith(_FORMULA)
    return f"'{visible(value)}" if is_formula else visible(value)


def _fields(record: DrillRecord) -> Iterator[tuple[str, Value]]:
    """Yield every field with its glossary name; spans in whole milliseconds."""
    plan, choice, inventory = record.plan, record.choice, record.inventory
    yield "drill_id", _text(record.id)
    yield "plan", _text(record.plan_name)
    yield "cloud", plan.source.cloud
    yield "source_id", plan.source.instance_id
    yield "source_name", _text(inventory.source.name if inventory else None)
    yield "engine", inventory.source.engine.value if inventory else None
    yield "mode", plan.restore.mode
    yield "target_kind", plan.target.kind
    yield "target_id", _text(record.target_id)
    yield "trigger", record.trigger.value
    yield "scheduled_for", _at(record.scheduled_for)
    yield "started_at", _at(record.started_at)
    yield "finished_at", _at(record.finished_at)
    yield "state", record.state.value
    yield "outcome", record.outcome.value if record.outcome else None
    yield "reason", _text(record.reason)
    yield "failing", _text(", ".join(failing_part(record)) or None)
    yield "is_simulated", record.is_simulated
    yield "level", record.level
    yield "recovery_point_at", _at(choice.point.at if choice else None)
    yield "reference_at", _at(choice.reference_at if choice else None)
    yield "rta_ms", _span(record.rta)
    yield "rto_target_ms", _span(plan.objectives.rto)
    yield "rto", rto_attainment(record).value
    yield "rpa_ms", _span(record.rpa)
    yield "rpa_claimed_ms", _span(record.rpa_claimed)
    yield "rpo_target_ms", _span(plan.objectives.rpo)
    yield "rpo", rpo_attainment(record).value
    yield "checks_passed", _answers(record, CheckAnswer.PASSED)
    yield "checks_failed", _answers(record, CheckAnswer.FAILED)
    yield "checks_no_data", _answers(record, CheckAnswer.NO_DATA)
    yield "teardown", record.teardown.value
    yield "teardown_reason", _text(record.teardown_reason)
    yield "restore_job_id", _text(record.restore_job_id)
    yield "plan_digest", _text(record.plan_digest)
    yield "tool_version", _text(record.tool_version)
    yield "page", f"d/{page_name(record.id)}"


def _text(text: str | None) -> str | None:
    return None if text is None else capped(without_secrets(text), CELL_AT_MOST)


def _at(at: datetime | None) -> str | None:
    return None if at is None else moment(at, milliseconds=True).machine


def _span(span: timedelta | None) -> int | None:
    return None if span is None else milliseconds_of(span)


def _answers(record: DrillRecord, answer: CheckAnswer) -> int:
    return sum(1 for one in record.checks if one.answer is answer)


FIELDS = (
    "drill_id", "plan", "cloud", "source_id", "source_name", "engine", "mode", "target_kind",
    "target_id", "trigger", "scheduled_for", "started_at", "finished_at", "state", "outcome",
    "reason", "failing", "is_simulated", "level", "recovery_point_at", "reference_at", "rta_ms",
    "rto_target_ms", "rto", "rpa_ms", "rpa_claimed_ms", "rpo_target_ms", "rpo", "checks_passed",
    "checks_failed", "checks_no_data", "teardown", "teardown_reason", "restore_job_id",
    "plan_digest", "tool_version", "page",
)  # fmt: skip
"""The columns of the CSV file, which are the fields of the JSON file."""
