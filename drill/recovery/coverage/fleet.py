"""Coverage of the fleet, and whether the control operates (coverage C.8)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.clock import to_milliseconds
from drill.recovery.coverage.evidence import (
    finished_by,
    has_failed,
    has_passed,
    is_executed,
    is_proof,
)
from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.coverage.metric import Metric, seconds, share
from drill.recovery.coverage.ranking import nearest_rank
from drill.recovery.facts import DrillFacts, ExceptionNote, SourceKey
from drill.recovery.persons import same_person
from drill.recovery.tick import Tick, micro

DAY = 86_400_000
"""Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetMember:
    """One source of the inventory, and when it was last drilled for real."""

    source: SourceKey
    cadence: timedelta
    """K: how long a pass counts."""
    tier: int | None = None
    size_bytes: int | None = None
    proven_at: datetime | None = None
    """End of its newest proof; None if it never had one."""
    attempted_at: datetime | None = None
    """End of the newest drill whose restore was accepted, whatever came of it."""


def last_proof(drills: Iterable[DrillFacts], *, at: datetime) -> datetime | None:
    """Return when the newest proof ended that was known at an instant."""
    return _last_end(drills, is_proof, at)


def last_attempt(drills: Iterable[DrillFacts], *, at: datetime) -> datetime | None:
    """Return when the newest real drill ended whose restore was accepted, as known then."""
    return _last_end(drills, is_executed, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetCoverage:
    """Shares of the sources in scope; who failed or was never drilled stays in the denominator."""

    passed: Metric
    attempted: Metric
    passed_by_bytes: Metric
    """Sources of unknown size are in neither part; the flag says that there are some."""
    passed_by_tier: Mapping[int | None, Metric]
    in_scope: tuple[SourceKey, ...]
    excluded: tuple[SourceKey, ...]
    without_pass: tuple[SourceKey, ...]


def fleet_coverage(
    members: Sequence[FleetMember], exceptions: Iterable[ExceptionNote], *, at: datetime
) -> FleetCoverage:
    """Return the coverage at T. Excluded is only who has an approved exclusion open at T."""
    now = to_milliseconds(at)
    out = excluded_sources(exceptions, at=at)
    scope = sorted((one for one in members if one.source not in out), key=lambda one: one.source)
    passed = [one for one in scope if _within(one, one.proven_at, now)]
    attempted = [one for one in scope if _within(one, one.attempted_at, now)]
    sized = [one for one in scope if one.size_bytes is not None]
    sized_passed = [one for one in passed if one.size_bytes is not None]
    tiers = sorted({one.tier for one in scope}, key=lambda tier: (tier is None, tier or 0))
    covered = {one.source for one in passed}
    return FleetCoverage(
        passed=share("fleet_coverage", len(passed), len(scope), n=len(scope)),
        attempted=share("fleet_attempted", len(attempted), len(scope), n=len(scope)),
        passed_by_bytes=share(
            "fleet_coverage_bytes",
            sum(one.size_bytes or 0 for one in sized_passed),
            sum(one.size_bytes or 0 for one in sized),
            n=len(sized),
            flags=("size_unknown",) if len(sized) < len(scope) else (),
        ),
        passed_by_tier={
            tier: share(
                "fleet_coverage",
                sum(1 for one in passed if one.tier == tier),
                sum(1 for one in scope if one.tier == tier),
                n=sum(1 for one in scope if one.tier == tier),
            )
            for tier in tiers
        },
        in_scope=tuple(one.source for one in scope),
        excluded=tuple(sorted(one.source for one in members if one.source in out)),
        without_pass=tuple(one.source for one in scope if one.source not in covered),
    )


def excluded_sources(exceptions: Iterable[ExceptionNote], *, at: datetime) -> frozenset[SourceKey]:
    """Return the sources with an approved, open and not expired exclusion.

    Nobody approves what they opened themselves, by whatever spelling of their name.
    """
    return frozenset(
        (note.cloud, note.source_id)
        for note in exceptions
        if note.kind == "exclusion"
        and note.source_id is not None
        and note.approver
        and note.is_open(at)
        and not same_person(note.approver, note.opened_by)
    )


def weighted_coverage(parts: Iterable[tuple[float, Metric]]) -> Metric:
    """Return the mean of shares by weight, such as one a tier; no data is in neither part."""
    known = [(weight, one.value) for weight, one in parts if one.value is not None]
    return share(
        "fleet_coverage_weighted",
        math.fsum(weight * value for weight, value in known),
        math.fsum(weight for weight, _ in known),
        n=len(known),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOperation:
    """Whether drills ran as planned; end-to-end is the headline, and all three are shown."""

    execution: Metric
    pass_of_executed: Metric
    end_to_end: Metric


def control_operation(*, scheduled: int, executed: int, passed: int) -> ControlOperation:
    """Return the three shares of what was scheduled."""
    return ControlOperation(
        execution=share("execution", executed, scheduled, n=scheduled),
        pass_of_executed=share("pass_of_executed", passed, executed, n=executed),
        end_to_end=share("end_to_end", passed, scheduled, n=scheduled),
    )


def control_of(ticks: Iterable[Tick], *, begin: datetime, end: datetime) -> ControlOperation:
    """Return the operation of the slots in ``[begin, end)``; simulated drills count nowhere."""
    first, after = micro(begin), micro(end)
    due = [
        tick.ending for tick in ticks if first <= tick.slot < after and not tick.ending.is_simulated
    ]
    return control_operation(
        scheduled=len(due),
        executed=sum(1 for ending in due if ending.is_executed),
        passed=sum(1 for ending in due if ending.has_passed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """From the first failure to the next pass of the same source."""

    source: SourceKey
    began: int
    ended: int | None
    """None while it lasts."""


def failures(drills: Iterable[DrillFacts], *, at: datetime) -> tuple[Failure, ...]:
    """Return the failures of all sources, by source and begin, in milliseconds."""
    began: dict[SourceKey, int] = {}
    found: list[Failure] = []
    for finished, drill in finished_by(drills, to_milliseconds(at)):
        if has_failed(drill):
            began.setdefault(drill.source, finished)
        elif has_passed(drill) and drill.source in began:
            since = began.pop(drill.source)
            found.append(Failure(source=drill.source, began=since, ended=finished))
    found += [Failure(source=one, began=since, ended=None) for one, since in began.items()]
    return tuple(sorted(found, key=lambda one: (one.source, one.began)))


def failure_mttr(found: Sequence[Failure]) -> Metric:
    """Return the mean time from a first failure to the next pass; those that last are flagged."""
    spans = [one.ended - one.began for one in found if one.ended is not None]
    flags = ("some_last",) if len(spans) < len(found) else ()
    mean = sum(spans) / len(spans) if spans else None
    return seconds("failure_mttr", mean, n=len(spans), flags=flags)


def open_streak(drills: Iterable[DrillFacts], *, at: datetime) -> Metric:
    """Return the whole nights (24 h) since the last pass of one source; infinite without one."""
    now = to_milliseconds(at)
    passes = [finished for finished, drill in finished_by(drills, now) if has_passed(drill)]
    value = (now - passes[-1]) // DAY if passes else math.inf
    flags = () if passes else ("never",)
    return Metric(id="open_streak", value=value, n=len(passes), flags=flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofAges:
    """Age of the newest proof over all sources in scope; who was never proven is infinitely old."""

    p50: Metric
    p95: Metric
    longest: Metric


def proof_ages(members: Iterable[FleetMember], *, at: datetime) -> ProofAges:
    """Return the quantiles of the time since the newest proof of each source, valid or not."""
    now = to_milliseconds(at)
    ages = []
    for member in members:
        proven_at = member.proven_at
        ages.append(math.inf if proven_at is None else now - to_milliseconds(proven_at))
    flags = ("some_never",) if math.inf in ages else ()
    p50, p95, longest = (nearest_rank(ages, percent) for percent in (50, 95, 100))
    return ProofAges(
        p50=seconds("proof_age_p50", p50, n=len(ages), flags=flags),
        p95=seconds("proof_age_p95", p95, n=len(ages), flags=flags),
        longest=seconds("proof_age_max", longest, n=len(ages), flags=flags),
    )


def _last_end(
    drills: Iterable[DrillFacts], counts: Callable[[DrillFacts], bool], at: datetime
) -> datetime | None:
    now = to_milliseconds(at)
    return max(
        (
            drill.finished_at
            for drill in drills
            if drill.finished_at is not None
            and drill.outcome is not None
            and not drill.is_simulated
            and counts(drill)
            and to_milliseconds(drill.finished_at) <= now
        ),
        default=None,
    )


def _within(member: FleetMember, ended: datetime | None, now: int) -> bool:
    """Tell whether the drill that ended then counts: no longer ago than the cadence."""
    begin = now - milliseconds_of(member.cadence)
    return ended is not None and begin < to_milliseconds(ended) <= now
