"""Everything that a report is made of, read from the archive once and sorted by source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from drill.report.collector import collector_resting

_Value = TypeVar("_Value")

SUMS_FOR = timedelta(days=91)
"""How far back the sums of nights are read: for a line of 90."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePast:
    """What is remembered of one source."""

    key: SourceKey
    drills: tuple[DrillFacts, ...]
    """Newest slot first."""
    observation: Observation | None = None
    exceptions: tuple[ExceptionNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is remembered of everything."""

    drills: tuple[DrillFacts, ...]
    """Newest slot first; equal slots by when they were enlisted, then by id."""
    sources: Mapping[SourceKey, SourcePast]
    populations: tuple[Population, ...] = ()
    exceptions: tuple[ExceptionNote, ...] = ()
    reviews: tuple[Review, ...] = ()
    nights: tuple[NightlySums, ...] | None = ()
    """Oldest first. None where the report is about less than they are: about some sources, or
    without the drills before a period."""


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
    """Return the past as it was known at an instant."""
    with collector_resting():
        return _read_past(archive, at, scope or Scope())


def _read_past(archive: Archive, at: datetime, scope: Scope) -> Past:
    has_all = scope.is_everything
    found = [
        drill if drill.finished_at is None or drill.finished_at <= at else _as_known(drill, at)
        for drill in archive.drill_facts(since=scope.since)
        if drill.enlisted_at <= at and (has_all or scope.has(drill))
    ]
    found.sort(key=lambda drill: drill.id)
    found.sort(key=lambda drill: (drill.scheduled_for, drill.enlisted_at), reverse=True)
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
        nights=archive.nightly_sums(since=at - SUMS_FOR, until=at + timedelta.resolution)
        if has_all and scope.since is None
        else None,
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
    by_source = _grouped(drills, lambda drill: drill.source)
    notes = _grouped(
        (note for note in exceptions if note.source_id is not None),
        lambda note: (note.cloud, note.source_id or ""),
    )
    newest = newest_populations(populations)
    named = {(cloud, one) for cloud, seen in newest.items() for one in seen.in_scope}
    keys = sorted({*by_source, *observations, *named})
    return Past(
        drills=tuple(drills),
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
