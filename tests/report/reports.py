"""Writes a report of records, as the command does it from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from drill.engine.record import DrillRecord, Event
from drill.engine.summary import facts_of, observation_of
from drill.recovery.facts import (
    ExceptionNote,
    NightlySums,
    Observation,
    Population,
    Review,
    SourceKey,
)
from drill.recovery.ordering import newest_first
from drill.report.context import Context
from drill.report.past import Past, past_of
from drill.report.render import RenderedReport, render_report
from tests.report.builders import NOW


class Book:
    """Whole drills by their id, and how often one was asked for."""

    def __init__(
        self, records: Sequence[DrillRecord], events: Mapping[str, Sequence[Event]]
    ) -> None:
        self._records = {record.id: record for record in records}
        self._events = events
        self.asked: list[str] = []

    def find(self, drill_id: str) -> DrillRecord | None:
        self.asked.append(drill_id)
        return self._records.get(drill_id)

    def events_of(self, drill_id: str) -> Sequence[Event]:
        return self._events.get(drill_id, ())


def past(
    records: Sequence[DrillRecord],
    *,
    exceptions: Sequence[ExceptionNote] = (),
    populations: Sequence[Population] = (),
    reviews: Sequence[Review] = (),
    nights: Sequence[NightlySums] | None = (),
) -> Past:
    """Return what an archive would say of these records."""
    seen: dict[SourceKey, Observation] = {}
    for record in sorted(records, key=lambda record: record.scheduled_for):
        if record.inventory is not None:
            observation = observation_of(record.inventory)
            seen[observation.source] = observation
    return past_of(
        newest_first(facts_of(record) for record in records),
        seen,
        exceptions=exceptions,
        populations=populations,
        reviews=reviews,
        nights=nights,
    )


def context(at: datetime = NOW, **changes: Any) -> Context:
    """Return what the pages have in common."""
    facts: dict[str, Any] = {"at": at, "tool_version": "0.1.0"}
    return Context(**(facts | changes))


def write(
    folder: Path,
    records: Sequence[DrillRecord],
    events: Mapping[str, Sequence[Event]] | None = None,
    *,
    at: datetime = NOW,
    exceptions: Sequence[ExceptionNote] = (),
    populations: Sequence[Population] = (),
    reviews: Sequence[Review] = (),
    nights: Sequence[NightlySums] | None = (),
    book: Book | None = None,
    **changes: Any,
) -> RenderedReport:
    """Write the report of these drills."""
    book = book or Book(records, events or {})
    known = past(
        records, exceptions=exceptions, populations=populations, reviews=reviews, nights=nights
    )
    return render_report(
        known,
        book,
        folder=folder,
        context=context(at, **changes),
    )
