"""The archive of the engine, in the same database as the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime

from sqlmodel import Session, col, select

from drill.engine.remembering import (
    closed,
    ensure_closable,
    ensure_openable,
    ensure_signable,
    mark_of,
)
from drill.errors import StoreError
from drill.recovery.facts import (
    DrillFacts,
    ExceptionNote,
    Look,
    NightlySums,
    Observation,
    Population,
    Review,
    SourceKey,
)
from drill.store import lines, nightly, observations
from drill.store.database import Database
from drill.store.mapping import canonical
from drill.store.packing import pack_population, unpack_population
from drill.store.queries import during
from drill.store.remembered import ExceptionClosingRow, ExceptionRow, PopulationRow, ReviewRow

_OPENED = tuple(
    field.name
    for field in fields(ExceptionNote)
    if field.name not in ("closed_at", "closed_by", "closing_reason", "retest_drill_id")
)
_SIGNED = tuple(field.name for field in fields(Review) if field.name != "facts")


class SqlArchive:
    """Implements ``drill.engine.archive.Archive``: see there for what each method promises.

    Threads may share one. Every method raises StoreError when the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def drill_facts(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        source: SourceKey | None = None,
        plan_name: str | None = None,
        finished: bool = False,
    ) -> Iterator[DrillFacts]:
        """Yield drills by (scheduled_for, id), all of them as they were at one moment."""
        with self._database.reading() as session:
            yield from lines.stream(
                session,
                since=since,
                until=until,
                source=source,
                plan_name=plan_name,
                finished=finished,
            )

    def newest_observations(self, *, at: datetime | None = None) -> Mapping[SourceKey, Observation]:
        """Return the newest observation without a fault of every source."""
        with self._database.reading() as session:
            return observations.newest(session, at)

    def newest_observation(
        self, source: SourceKey, *, at: datetime | None = None
    ) -> Observation | None:
        """Return the newest observation without a fault of one source."""
        with self._database.reading() as session:
            return observations.newest(session, at, source).get(source)

    def marks(self, *, at: datetime) -> Mapping[SourceKey, str]:
        """Return a text for each source that differs when more is known of it."""
        with self._database.reading() as session:
            looks, drills = observations.newest_looks(session, at), lines.counts(session, at)
        marks = {}
        for key in {*looks, *drills}:
            count, observed_at = drills.get(key, (0, None))
            known = [one for one in (looks.get(key), observed_at) if one is not None]
            marks[key] = mark_of(count, max(known, default=None))
        return marks

    def observations_of(
        self,
        source: SourceKey,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Observation]:
        """Return the observations of one source, oldest first, faults included."""
        with self._database.reading() as session:
            return observations.of_source(session, source, since, until)

    def looks_of(
        self,
        source: SourceKey,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Look]:
        """Return the kept looks at one source, oldest first, faults left out."""
        with self._database.reading() as session:
            return observations.looks(session, source, since, until)

    def populations(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Population]:
        """Return what was seen of every cloud, oldest first."""
        taken_at = col(PopulationRow.taken_at)
        statement = select(PopulationRow).where(*during(taken_at, since, until))
        statement = statement.order_by(taken_at, col(PopulationRow.cloud))
        with self._database.reading() as session:
            return [_population(row) for row in session.exec(statement)]

    def nightly_sums(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[NightlySums]:
        """Return the sums that were kept for nights, oldest first."""
        with self._database.reading() as session:
            return nightly.read(session, since, until)

    def exceptions(self) -> Sequence[ExceptionNote]:
        """Return every exception, opened first first."""
        with self._database.reading() as session:
            return _exceptions(session)

    def reviews(self) -> Sequence[Review]:
        """Return every review, signed first first."""
        statement = select(ReviewRow).order_by(col(ReviewRow.signed_at), col(ReviewRow.id))
        with self._database.reading() as session:
            return [
                Review(
                    **{name: getattr(row, name) for name in _SIGNED}, facts=json.loads(row.facts)
                )
                for row in session.exec(statement)
            ]

    def observe(self, observation: Observation) -> None:
        """Keep what was observed."""
        with self._database.writing() as session:
            observations.keep(session, observation)

    def record_population(self, population: Population) -> None:
        """Keep what was seen of a cloud."""
        row = PopulationRow(
            cloud=population.cloud, taken_at=population.taken_at, fault=population.fault
        )
        if population.fault is None:
            row.document = pack_population(population)
        with self._database.writing() as session:
            if session.get(PopulationRow, (row.cloud, row.taken_at)) is not None:
                raise StoreError(f"cloud {row.cloud} was looked at at {row.taken_at} already")
            session.add(row)

    def keep_sums(self, sums: NightlySums) -> None:
        """Keep the sums of a cloud."""
        with self._database.writing() as session:
            nightly.keep(session, sums)

    def open_exception(self, note: ExceptionNote) -> None:
        """Keep a new exception."""
        with self._database.writing() as session:
            ensure_openable(note, _exceptions(session))
            session.add(ExceptionRow(**{name: getattr(note, name) for name in _OPENED}))

    def close_exception(
        self,
        exception_id: str,
        *,
        at: datetime,
        by: str,
        reason: str,
        retest_drill_id: str | None = None,
    ) -> ExceptionNote:
        """Close an open exception, once."""
        with self._database.writing() as session:
            note = ensure_closable(exception_id, _exceptions(session), at=at)
            session.add(
                ExceptionClosingRow(
                    exception_id=exception_id,
                    closed_at=at,
                    closed_by=by,
                    reason=reason,
                    retest_drill_id=retest_drill_id,
                )
            )
            return closed(note, at=at, by=by, reason=reason, retest_drill_id=retest_drill_id)

    def sign_review(self, review: Review) -> None:
        """Keep a review."""
        with self._database.writing() as session:
            known = session.exec(select(ReviewRow.id)).all()
            ensure_signable(review, known)
            session.add(
                ReviewRow(
                    **{name: getattr(review, name) for name in _SIGNED},
                    facts=canonical(dict(review.facts)),
                )
            )


def _population(row: PopulationRow) -> Population:
    if row.document is None:
        return Population(cloud=row.cloud, taken_at=row.taken_at, fault=row.fault)
    return unpack_population(row.cloud, row.taken_at, row.document)


def _exceptions(session: Session) -> list[ExceptionNote]:
    closings = {row.exception_id: row for row in session.exec(select(ExceptionClosingRow))}
    opened = select(ExceptionRow).order_by(col(ExceptionRow.opened_at), col(ExceptionRow.id))
    found = []
    for row in session.exec(opened):
        note = ExceptionNote(**{name: getattr(row, name) for name in _OPENED})
        if (end := closings.get(row.id)) is not None:
            note = closed(
                note,
                at=end.closed_at,
                by=end.closed_by,
                reason=end.reason,
                retest_drill_id=end.retest_drill_id,
            )
        found.append(note)
    return found
