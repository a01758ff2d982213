"""What an auditor finds beside drills: lists of instances, exceptions, reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from drill.engine.record import DrillRecord
from drill.engine.reviewing import reviewed
from drill.engine.summary import facts_of
from drill.recovery.facts import ExceptionNote, Population, Review
from drill.report.render import RenderedReport
from tests.report import builders, fleet, reports
from tests.report.builders import DAY, NOW


def note(**changes: Any) -> ExceptionNote:
    """Return a finding that holds."""
    facts: dict[str, Any] = {
        "id": "E-20260305-0a1b2c", "kind": "finding", "cloud": "frankfurt",
        "source_id": "src-billing", "reason": "archiving of the log stood still", "owner": "ada",
        "ticket": "https://tickets.example/4711", "opened_at": NOW - 3 * DAY, "opened_by": "ada",
    }  # fmt: skip
    return ExceptionNote(**(facts | changes))


def exclusion(**changes: Any) -> ExceptionNote:
    """Return an exclusion that holds, approved by somebody else."""
    facts: dict[str, Any] = {
        "id": "E-20260301-0d0e0f", "kind": "exclusion", "source_id": "src-stock",
        "reason": "is retired in March", "approver": "grace", "ticket": "CHG-12",
        "opened_at": NOW - 7 * DAY, "expires_at": NOW + 20 * DAY,
    }  # fmt: skip
    return note(**(facts | changes))


def review_of(records: Sequence[DrillRecord], **changes: Any) -> Review:
    """Return an accepted review of the drills of a week, as the command signs it."""
    begin, end = NOW - 8 * DAY, NOW - DAY
    inside = sorted(
        (
            replace(facts_of(one), initiated_by=one.initiated_by or "schedule")
            for one in records
            if begin <= one.scheduled_for < end
        ),
        key=lambda one: (one.scheduled_for, one.id),
    )
    facts: dict[str, Any] = {
        "id": "R-20260307-112233", "reviewer": "grace", "initiator": "ada, schedule",
        "period_from": begin, "period_to": end, "verdict": "accepted", "comment": "read and fine",
        "signed_at": NOW - timedelta(hours=12), "facts": reviewed(inside).facts,
    }  # fmt: skip
    return Review(**(facts | changes))


def population(records: Sequence[DrillRecord], *, without_plan: int = 2) -> Population:
    """Return the list of the cloud frankfurt: every source, and some that no plan names."""
    known = sorted(
        {
            (one.plan.source.instance_id, one.plan.source.instance_id)
            for one in records
            if one.plan.source.cloud == "frankfurt"
        }
    )
    more = [(f"db-{number}", f"nobody-{number}") for number in range(without_plan)]
    return Population(
        cloud="frankfurt",
        taken_at=NOW - timedelta(hours=2),
        instances=tuple(sorted([*known, *more])),
        in_scope=tuple(one for one, _name in known),
    )


def registers(records: Sequence[DrillRecord]) -> dict[str, Any]:
    """Return what a report of these drills is made of besides them."""
    return {
        "exceptions": [
            note(),
            exclusion(),
            note(
                id="E-20260220-aaaaaa", source_id="src-catalog", reason="a table was missing",
                opened_at=NOW - 16 * DAY, closed_at=NOW - 14 * DAY, closed_by="ada",
                closing_reason="was dropped on purpose", ticket=None,
            ),
        ],
        "populations": [population(records)],
        "reviews": [
            review_of(records),
            review_of(
                records, id="R-20260306-445566", reviewer="Ada", verdict="rejected",
                comment="no row was counted",
            ),
        ],
    }  # fmt: skip


def write(folder: Path, **changes: Any) -> RenderedReport:
    """Write the report of a morning with everything that an auditor asks for."""
    records = fleet.morning()
    events = {one.id: builders.events_of(one) for one in records}
    return reports.write(folder, records, events, **(registers(records) | changes))
