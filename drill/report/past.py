"""Everything that a report is made of, read from the archive once, by source."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TypeVar

from drill.engine.archive import Archive
from drill.engine.record import State, Teardown
from drill.recovery.facts import (
    DrillFacts,
    ExceptionNote,
    NightlySums,
    Observation,
    Population,
    Review,
    SourceKey,
)
from drill.recovery.ordering import newest_first
from drill.report.collector import collector_resting

_Value = TypeVar("_Value")

SUMS_FOR = timedelta(days=91)
"""How far back the sums of nights are read: for a line of 90."""

ALL_INSTEAD = 5
"""Where more than one source in so many has to be read, all are, in one go."""


Reading = Callable[[datetime | None, datetime | None], Sequence[DrillFacts] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePast:
    """What is remembered of one source."""

    key: SourceKey
    drills: tuple[DrillFacts, ...]
    """Newest slot first."""
    observation: Observation | None = None
    exceptions: tuple[ExceptionNote, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing of it changes any more, unless there is a new drill or look."""
        return all(map(_is_settled, self.drills))


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is remembered of everything."""

    sources: Mapping[SourceKey, SourcePast]
    """In the order of their keys. They may be read when they are asked for (``Unread``)."""
    marks: Mapping[SourceKey, str] = field(default_factory=dict)
    """A text for each source that differs when there is a new drill of it, or a new look at it.
    A source without one is counted anew in every report."""
    read_within: Reading | None = None
    """Reads drills by their slot; it returns None where their sources have been read anyway."""
    read_ahead: Callable[[Collection[SourceKey]], None] = field(default=lambda _keys: None)
    """Reads sources together that will be asked for."""
    populations: tuple[Population, ...] = ()
    exceptions: tuple[ExceptionNote, ...] = ()
    reviews: tuple[Review, ...] = ()
    nights: tuple[NightlySums, ...] | None = ()
    """Oldest first. None where the report is about less than they are: about some sources, or
    without the drills before a period."""

    def drills_of(self, key: SourceKey) -> Sequence[DrillFacts]:
        """Return the drills of one source, newest slot first."""
        return self.sources[key].drills

    def within(self, since: datetime | None, until: datetime | None) -> Sequence[DrillFacts]:
        """Return the drills with a slot in ``[since, until)``, newest first; None is no border."""
        read = self.read_within(since, until) if self.read_within is not None else None
        if read is not None:
            return read
        everything = (drill for one in self.sources.values() for drill in one.drills)
        return newest_first(drill for drill in everything if _is_within(drill, since, until))

    @property
    def drills(self) -> tuple[DrillFacts, ...]:
        """Return the drills of all sources, newest slot first."""
        return newest_first(drill for one in self.sources.values() for drill in one.drills)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which part of the past a report is about; the default is all of it."""

    since: datetime | None = None
    clouds: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = field(default_factory=tuple)
    """Shell patterns of plans, or of ids or names of sources; none is every plan."""

    def has(self, drill: DrillFacts) -> bool:
        """Tell whether the report is about the drill."""
        if self.clouds and drill.cloud not in self.clouds:
            return False
        if self.groups and (drill.group is None or drill.group not in self.groups):
            return False
        if not self.patterns:
            return True
        names = (drill.plan_name, drill.source_id, drill.source_name or "")
        return any(fnmatchcase(name, pattern) for pattern in self.patterns for name in names)

    @property
    def is_everything(self) -> bool:
        """Tell whether sources count that no drill was ever about."""
        return not (self.clouds or self.groups or self.patterns)


def read_past(archive: Archive, *, at: datetime, scope: Scope | None = None) -> Past:
    """Return the past as it was known at an instant.

    Of everything the sources are read when they are asked for; of a part they are read at once.
    """
    scope = scope or Scope()
    with collector_resting():
        if scope.is_everything and scope.since is None:
            return _unread_past(archive, at)
        return _read_past(archive, at, scope)


def _unread_past(archive: Archive, at: datetime) -> Past:
    # The marks come first: what happens while the rest is read changes them for the next report.
    marks = archive.marks(at=at)
    populations = [one for one in archive.populations() if one.taken_at <= at]
    exceptions = [note for note in archive.exceptions() if note.opened_at <= at]
    keys = sorted({*marks, *_named(populations)})
    unread = Unread(archive, at, keys, exceptions)
    return Past(
        sources=unread,
        marks=marks,
        read_within=unread.drills_within,
        read_ahead=unread.read_ahead,
        populations=tuple(populations),
        exceptions=tuple(exceptions),
        reviews=tuple(one for one in archive.reviews() if one.signed_at <= at),
        nights=tuple(archive.nightly_sums(since=at - SUMS_FOR, until=at + timedelta.resolution)),
    )


class Unread(Mapping[SourceKey, SourcePast]):
    """Sources that are read from an archive when they are asked for."""

    def __init__(
        self,
        archive: Archive,
        at: datetime,
        keys: Sequence[SourceKey],
        exceptions: Iterable[ExceptionNote],
    ) -> None:
        self._archive, self._at, self._process = archive, at, os.getpid()
        self._read: dict[SourceKey, SourcePast | None] = dict.fromkeys(keys)
        self._notes = notes_by_source(exceptions)

    def read_ahead(self, keys: Collection[SourceKey]) -> None:
        """Read sources together: all of them where that is hardly more."""
        self._ensure_here()
        missing = [key for key in keys if self._read[key] is None]
        if len(missing) * ALL_INSTEAD < len(self._read):
            for key in missing:
                drills = self._archive.drill_facts(source=key)
                seen = self._archive.newest_observation(key, at=self._at)
                self._put(key, known_by(drills, self._at), seen)
            return
        drills_of = _grouped(known_by(self._archive.drill_facts(), self._at), _source_of)
        seen_of = self._archive.newest_observations(at=self._at)
        for key in missing:
            self._put(key, drills_of.get(key, ()), seen_of.get(key))

    def drills_within(
        self, since: datetime | None, until: datetime | None
    ) -> Sequence[DrillFacts] | None:
        """Return the drills with a slot in ``[since, until)``, newest first, without reading their
        sources; None if those have all been read."""
        if None not in self._read.values():
            return None
        self._ensure_here()
        return known_by(self._archive.drill_facts(since=since, until=until), self._at)

    def _ensure_here(self) -> None:
        """Refuse to read in a copy of the process (``drill.report.aside``): a connection to a store
        is not for two."""
        if os.getpid() != self._process:
            raise RuntimeError("a copy of a process reads nothing")

    def _put(self, key: SourceKey, drills: Sequence[DrillFacts], seen: Observation | None) -> None:
        self._read[key] = SourcePast(
            key=key,
            drills=tuple(drills),
            observation=seen,
            exceptions=tuple(self._notes.get(key, ())),
        )

    def __getitem__(self, key: SourceKey) -> SourcePast:
        """Return one source, read if it was not."""
        found = self._read[key]
        if found is None:
            self.read_ahead([key])
            found = self._read[key]
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[SourceKey]:
        """Yield the keys in order."""
        return iter(self._read)

    def __len__(self) -> int:
        """Return how many sources there are."""
        return len(self._read)


def _is_within(drill: DrillFacts, since: datetime | None, until: datetime | None) -> bool:
    slot = drill.scheduled_for
    return (since is None or since <= slot) and (until is None or slot < until)


def _source_of(drill: DrillFacts) -> SourceKey:
    return drill.source


def _is_settled(drill: DrillFacts) -> bool:
    """Tell whether a drill never changes again: it has ended, and so has its teardown."""
    return (
        drill.outcome is not None
        and drill.finished_at is not None
        and drill.teardown in {Teardown.CLEAN.value, Teardown.NOT_NEEDED.value}
    )


def known_by(drills: Iterable[DrillFacts], at: datetime) -> tuple[DrillFacts, ...]:
    """Return drills as they were known at an instant, newest slot first."""
    return newest_first(
        drill if drill.finished_at is None or drill.finished_at <= at else _as_known(drill, at)
        for drill in drills
        if drill.enlisted_at <= at
    )


def _read_past(archive: Archive, at: datetime, scope: Scope) -> Past:
    has_all = scope.is_everything
    read = archive.drill_facts(since=scope.since)
    found = known_by((drill for drill in read if has_all or scope.has(drill)), at)
    sources = set() if has_all else {drill.source for drill in found}
    seen = {
        key: one
        for key, one in archive.newest_observations(at=at).items()
        if has_all or key in sources
    }
    notes = [note for note in archive.exceptions() if note.opened_at <= at]
    return past_of(
        found,
        seen,
        exceptions=[note for note in notes if _is_about(note, sources, scope)],
        populations=[one for one in archive.populations() if _counts(one, scope, at)],
        reviews=[one for one in archive.reviews() if one.signed_at <= at],
        nights=None,
    )


def past_of(
    drills: Sequence[DrillFacts],
    observations: Mapping[SourceKey, Observation],
    *,
    exceptions: Sequence[ExceptionNote] = (),
    populations: Sequence[Population] = (),
    reviews: Sequence[Review] = (),
    nights: Sequence[NightlySums] | None = (),
) -> Past:
    """Return the past by source; ``drills`` come newest slot first.

    What a plan named when a cloud was last listed is a source too, also if it was never seen and
    never drilled: it is not covered, and it is not "without a plan".
    """
    by_source = _grouped(drills, _source_of)
    notes = notes_by_source(exceptions)
    keys = sorted({*by_source, *observations, *_named(populations)})
    return Past(
        sources={
            key: SourcePast(
                key=key,
                drills=tuple(by_source.get(key, ())),
                observation=observations.get(key),
                exceptions=tuple(notes.get(key, ())),
            )
            for key in keys
        },
        populations=tuple(populations),
        exceptions=tuple(exceptions),
        reviews=tuple(reviews),
        nights=None if nights is None else tuple(nights),
    )


def notes_by_source(
    exceptions: Iterable[ExceptionNote],
) -> Mapping[SourceKey, list[ExceptionNote]]:
    """Return the exceptions that are about a source, by source."""
    return _grouped(
        (note for note in exceptions if note.source_id is not None),
        lambda note: (note.cloud, note.source_id or ""),
    )


def _named(populations: Iterable[Population]) -> Iterator[SourceKey]:
    """Yield what a plan named when a cloud was last listed."""
    for cloud, seen in newest_populations(populations).items():
        yield from ((cloud, one) for one in seen.in_scope)


def newest_populations(populations: Iterable[Population]) -> Mapping[str, Population]:
    """Return the newest list of each cloud that was read without a fault."""
    newest: dict[str, Population] = {}
    for one in populations:
        before = newest.get(one.cloud)
        if one.fault is None and (before is None or before.taken_at <= one.taken_at):
            newest[one.cloud] = one
    return newest


def _grouped(
    values: Iterable[_Value], key_of: Callable[[_Value], SourceKey]
) -> dict[SourceKey, list[_Value]]:
    found: dict[SourceKey, list[_Value]] = {}
    for value in values:
        found.setdefault(key_of(value), []).append(value)
    return found


def _counts(seen: Population, scope: Scope, at: datetime) -> bool:
    """Tell whether the list of a cloud says how complete the report is: not of some plans alone."""
    if seen.taken_at > at or scope.groups or scope.patterns:
        return False
    return not scope.clouds or seen.cloud in scope.clouds


def _is_about(note: ExceptionNote, sources: set[SourceKey], scope: Scope) -> bool:
    if scope.is_everything or note.source_id is None:
        return True
    return (note.cloud, note.source_id) in sources


def _as_known(drill: DrillFacts, at: datetime) -> DrillFacts:
    """Return a drill that finished later without what was found out then: it was under way."""
    accepted = drill.restore_accepted_at
    is_accepted = accepted is not None and accepted <= at
    return replace(
        drill, outcome=None, state=(State.RESTORING if is_accepted else State.QUEUED).value,
        reason=None, hint=None, failing=(), checks=(), finished_at=None, checked_at=None,
        restore_accepted_at=accepted if is_accepted else None,
        teardown=Teardown.PENDING.value, teardown_reason=None, level=0, rta=None,
        unattended=None, rpa=None,
    )  # fmt: skip
