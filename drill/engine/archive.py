"""What reports and selection read of the past: small values, many at a time, never a whole record.

The journal (``drill.engine.ports``) is for drills that are under way; this is for looking back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

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


class Archive(Protocol):
    """Looks back. ``since`` is included, ``until`` is not; None is no border."""

    def drill_facts(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        source: SourceKey | None = None,
        plan_name: str | None = None,
        finished: bool = False,
    ) -> Iterator[DrillFacts]:
        """Yield drills by (scheduled_for, id), oldest first, without holding all of them.

        ``finished`` leaves out those that have no outcome yet.
        """
        ...

    def newest_observations(self, *, at: datetime | None = None) -> Mapping[SourceKey, Observation]:
        """Return the newest observation without a fault of every source, taken at or before."""
        ...

    def newest_observation(
        self, source: SourceKey, *, at: datetime | None = None
    ) -> Observation | None:
        """Return the newest observation without a fault of one source, taken at or before."""
        ...

    def marks(self, *, at: datetime) -> Mapping[SourceKey, str]:
        """Return a text for each source that a drill or an observation without a fault is about,
        as known at an instant: it differs when another drill was enlisted, or another observation
        made. That a drill goes on, or its teardown, does not change it.
        """
        ...

    def observations_of(
        self,
        source: SourceKey,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Observation]:
        """Return the observations of one source, oldest first, faults included."""
        ...

    def looks_of(
        self,
        source: SourceKey,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Look]:
        """Return what ``observe`` was told of one source, oldest first, faults left out.

        The observations that drills made are not among them: to read one, its whole inventory
        has to be read.
        """
        ...

    def populations(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Population]:
        """Return what was seen of every cloud, oldest first."""
        ...

    def nightly_sums(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[NightlySums]:
        """Return the sums that were kept for nights, by (taken_at, cloud), oldest first."""
        ...

    def exceptions(self) -> Sequence[ExceptionNote]:
        """Return every exception, opened first first."""
        ...

    def reviews(self) -> Sequence[Review]:
        """Return every review, signed first first."""
        ...

    def observe(self, observation: Observation) -> None:
        """Keep what was observed. Append-only."""
        ...

    def record_population(self, population: Population) -> None:
        """Keep what was seen of a cloud. Append-only."""
        ...

    def keep_sums(self, sums: NightlySums) -> None:
        """Keep the sums of a cloud. Append-only: raise StoreError if there are some of then."""
        ...

    def open_exception(self, note: ExceptionNote) -> None:
        """Keep a new exception. Raise StoreError if its id is taken."""
        ...

    def close_exception(
        self,
        exception_id: str,
        *,
        at: datetime,
        by: str,
        reason: str,
        retest_drill_id: str | None = None,
    ) -> ExceptionNote:
        """Close an open exception, once. Raise StoreError if there is none, or it is closed."""
        ...

    def sign_review(self, review: Review) -> None:
        """Keep a review. Append-only."""
        ...
