"""An archive in memory: strict like the one on disk, for tests and simulations.

Both hold to ``drill.engine.remembering``; one contract suite (tests/contract) holds them to that.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from drill.engine.ports import Journal
from drill.engine.record import DrillRecord
from drill.engine.remembering import (
    closed,
    ensure_closable,
    ensure_openable,
    ensure_signable,
    mark_of,
)
from drill.engine.summary import facts_of, observation_of
from drill.errors import StoreError
from drill.recovery.coverage.reading import look_of
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

_ALL = 1_000_000_000


class MemoryArchive:
    """Looks back on the drills of a journal; what else it is told is gone with its process."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._observations: dict[tuple[SourceKey, datetime], Observation] = {}
        self._populations: dict[tuple[str, datetime], Population] = {}
        self._sums: dict[tuple[str, datetime], NightlySums] = {}
        self._exceptions: dict[str, ExceptionNote] = {}
        self._reviews: dict[str, Review] = {}
        self._lock = threading.RLock()

    def drill_facts(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        source: SourceKey | None = None,
        plan_name: str | None = None,
        finished: bool = False,
    ) -> Iterator[DrillFacts]:
        found = [facts_of(record) for record in self._records()]
        for facts in sorted(found, key=lambda one: (one.scheduled_for, one.id)):
            if (
                _is_within(facts.scheduled_for, since, until)
                and source in (None, facts.source)
                and plan_name in (None, facts.plan_name)
                and not (finished and facts.finished_at is None)
            ):
                yield facts

    def newest_observations(self, *, at: datetime | None = None) -> Mapping[SourceKey, Observation]:
        newest: dict[SourceKey, Observation] = {}
        for one in sorted(self._all(), key=lambda one: one.taken_at):
            if one.fault is None and (at is None or one.taken_at <= at):
                newest[one.source] = one
        return newest

    def newest_observation(
        self, source: SourceKey, *, at: datetime | None = None
    ) -> Observation | None:
        return self.newest_observations(at=at).get(source)

    def marks(self, *, at: datetime) -> Mapping[SourceKey, str]:
        looks = {key: one.taken_at for key, one in self.newest_observations(at=at).items()}
        drills = Counter(one.source for one in self.drill_facts() if one.enlisted_at <= at)
        return {key: mark_of(drills[key], looks.get(key)) for key in {*looks, *drills}}

    def observations_of(
        self,
        source: SourceKey,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Observation]:
        found = [
            one
            for one in self._all()
            if one.source == source and _is_within(one.taken_at, since, until)
        ]
        return sorted(found, key=lambda one: one.taken_at)

    def looks_of(
        self,
        source: SourceKey,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Look]:
        with self._lock:
            kept = sorted(self._observations.values(), key=lambda one: one.taken_at)
        return [
            look_of(one)
            for one in kept
            if one.source == source and one.fault is None and _is_within(one.taken_at, since, until)
        ]

    def populations(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Population]:
        with self._lock:
            return _taken(self._populations.values(), since, until)

    def nightly_sums(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[NightlySums]:
        with self._lock:
            return _taken(self._sums.values(), since, until)

    def exceptions(self) -> Sequence[ExceptionNote]:
        with self._lock:
            known = list(self._exceptions.values())
        return sorted(known, key=lambda one: (one.opened_at, one.id))

    def reviews(self) -> Sequence[Review]:
        with self._lock:
            return sorted(self._reviews.values(), key=lambda one: (one.signed_at, one.id))

    def observe(self, observation: Observation) -> None:
        key = (observation.source, observation.taken_at)
        with self._lock:
            if key in self._observations:
                raise StoreError(
                    f"source {observation.source_id} was observed at {observation.taken_at} already"
                )
            self._observations[key] = observation

    def record_population(self, population: Population) -> None:
        key = (population.cloud, population.taken_at)
        with self._lock:
            if key in self._populations:
                raise StoreError(f"cloud {key[0]} was looked at at {key[1]} already")
            self._populations[key] = population

    def keep_sums(self, sums: NightlySums) -> None:
        key = (sums.cloud, sums.taken_at)
        with self._lock:
            if key in self._sums:
                raise StoreError(f"cloud {key[0]} has sums of {key[1]} already")
            self._sums[key] = sums

    def open_exception(self, note: ExceptionNote) -> None:
        with self._lock:
            ensure_openable(note, list(self._exceptions.values()))
            self._exceptions[note.id] = note

    def close_exception(
        self,
        exception_id: str,
        *,
        at: datetime,
        by: str,
        reason: str,
        retest_drill_id: str | None = None,
    ) -> ExceptionNote:
        with self._lock:
            note = ensure_closable(exception_id, list(self._exceptions.values()), at=at)
            after = closed(note, at=at, by=by, reason=reason, retest_drill_id=retest_drill_id)
            self._exceptions[exception_id] = after
            return after

    def sign_review(self, review: Review) -> None:
        with self._lock:
            ensure_signable(review, self._reviews)
            self._reviews[review.id] = review

    def _records(self) -> list[DrillRecord]:
        return self._journal.history(at_most=_ALL)

    def _all(self) -> list[Observation]:
        """Return every observation, those that drills made among them."""
        made = [observation_of(one.inventory) for one in self._records() if one.inventory]
        with self._lock:
            return [*self._observations.values(), *made]


_Taken = TypeVar("_Taken", Population, NightlySums)


def _taken(kept: Iterable[_Taken], since: datetime | None, until: datetime | None) -> list[_Taken]:
    """Return what was kept of clouds in a span, oldest first."""
    within = [one for one in kept if _is_within(one.taken_at, since, until)]
    return sorted(within, key=lambda one: (one.taken_at, one.cloud))


def _is_within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)
