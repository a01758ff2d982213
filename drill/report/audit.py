"""Everything that an auditor asks of a period, counted once for all pages, and made to add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.engine.reviewing import reviewed
from drill.recovery.coverage.fleet import (
    ControlOperation,
    FleetCoverage,
    FleetMember,
    control_operation,
    excluded_sources,
    fleet_coverage,
)
from drill.recovery.coverage.hygiene import CloudHygiene, hygiene_by_cloud
from drill.recovery.coverage.metric import Metric, share
from drill.recovery.coverage.reading import validity_of
from drill.recovery.coverage.reconciliation import (
    Identity,
    Inventory,
    Operation,
    ensure_all_hold,
    identities,
    inventory_of,
    operation_of,
)
from drill.recovery.coverage.sampling import first_ranked, population_digest
from drill.recovery.facts import DrillFacts, ExceptionNote, Population, Review, SourceKey
from drill.report.context import Context
from drill.report.past import Past, newest_populations
from drill.report.signatures import Signature, accepted, in_order, signature_of
from drill.report.view.attainment import Attained, attained
from drill.report.view.standing import Standing, Status

DEFAULT_SEED = "drill"
"""Known to everybody beforehand; who doubts the sample names a seed of their own."""

GB = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Drills drawn for a closer look, in the order in which they were drawn."""

    seed: str
    is_default: bool
    drawn: tuple[DrillFacts, ...]
    eligible: int
    eligible_digest: str
    """SHA-256 over the sorted ids of all drills that could be drawn, joined by newlines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePull:
    """When one cloud was last asked."""

    cloud: str
    listed_at: datetime | None
    """When its instances were listed; None if they never were."""
    listed: int | None
    looked_at: datetime | None
    """When the newest of its sources was looked at."""
    looked_at_first: datetime | None
    """When the source was looked at whose newest look is the oldest."""
    sources: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One period, from the inventory to what passed."""

    begin: datetime | None
    """The first slot that counts; None if there is no drill."""
    end: datetime
    drills: tuple[DrillFacts, ...]
    """The real drills of the period, newest slot first."""
    simulated: int
    """Drills of the period that count nowhere."""
    inventory: Inventory
    operation: Operation
    by_source: tuple[tuple[SourceKey, Operation], ...]
    control: ControlOperation
    coverage: FleetCoverage
    coverage_with_excluded: Metric
    """Fleet coverage as it would be without any exclusion: nobody can hide a source."""
    excluded_failing: int
    """Excluded sources whose newest conclusive drill failed."""
    by_cadence: tuple[tuple[timedelta, int, int], ...]
    """(cadence, covered, in scope), the shortest first."""
    attainment: tuple[Attained, ...]
    """RTO and RPO: first of all drills, then by tier and by engine."""
    hygiene: tuple[CloudHygiene, ...]
    """What the drills left behind: first of all clouds, then of each."""
    scope: tuple[Standing, ...]
    """The sources in scope, worst first."""
    identities: tuple[Identity, ...]
    sample: Sample
    exceptions: tuple[ExceptionNote, ...]
    """Those that held at some instant of the period, and all that still hold."""
    signatures: tuple[Signature, ...]
    """Reviews of the period or of a drill of it, the newest first."""
    accepted: int
    """Real, finished drills that the newest sound review accepted."""
    finished: int
    pulls: tuple[SourcePull, ...]
    ordered: tuple[DrillFacts, ...]
    """Every drill of the report, as a review counts them."""
    digest: str
    """SHA-256 over every drill of the report, as a review of all of them would have it."""
    period_digest: str
    """The same over ``drills``."""


def audit_of(past: Past, standings: Sequence[Standing], context: Context) -> Audit:
    """Return the audit of the period of a report. Raise NumbersDisagree if it does not add up."""
    at = context.at
    inside = [one for one in past.drills if one.scheduled_for <= at]
    real = [one for one in inside if not one.is_simulated]
    begin = context.since or min((one.scheduled_for for one in real), default=None)
    simulated = [one.key for one in standings if one.is_simulated]
    out = excluded_sources(past.exceptions, at=at)
    scope = tuple(one for one in standings if not one.is_simulated and one.key not in out)
    by_source = tuple(
        (key, operation_of(drill for drill in one.drills if drill.scheduled_for <= at))
        for key, one in past.sources.items()
    )
    operation = operation_of(inside)
    members = [_member(one) for one in standings if not one.is_simulated]
    coverage = fleet_coverage(members, past.exceptions, at=at)
    by_cadence = tuple(_by_cadence(members, coverage))
    ordered = tuple(in_order(past.drills))
    signatures = tuple(
        signature_of(one, ordered, context) for one in _about(past.reviews, inside, begin or at, at)
    )
    finished = [one for one in real if one.outcome is not None]
    inventory = inventory_of(
        _listed(past.populations),
        (one.key for one in standings),
        excluded=out,
        simulated=simulated,
    )
    found = identities(
        inventory,
        operation,
        by_source=[one for _key, one in by_source],
        covered=int(coverage.passed.numerator or 0),
        covered_by_tier=sum(int(one.numerator or 0) for one in coverage.passed_by_tier.values()),
        covered_by_cadence=sum(one for _cadence, one, _count in by_cadence),
        counted=int(coverage.passed.denominator or 0),
        counted_by_cadence=sum(count for _cadence, _covered, count in by_cadence),
    )
    ensure_all_hold(found)
    digest = reviewed(ordered).facts["sha256"]
    return Audit(
        begin=begin,
        end=at,
        drills=tuple(real),
        simulated=len(inside) - len(real),
        inventory=inventory,
        operation=operation,
        by_source=by_source,
        control=control_operation(
            scheduled=operation.scheduled, executed=operation.executed, passed=operation.passed
        ),
        coverage=coverage,
        coverage_with_excluded=_with_excluded(coverage, members, out, at),
        excluded_failing=sum(one.status is Status.FAILED for one in standings if one.key in out),
        by_cadence=by_cadence,
        attainment=attained(real),
        hygiene=hygiene_by_cloud(real, context.prices),
        scope=scope,
        identities=found,
        sample=sample_of(real, seed=context.sample_seed, size=context.sample_size),
        exceptions=tuple(_of_period(past.exceptions, begin or at, at)),
        signatures=signatures,
        accepted=len(accepted(finished, signatures)),
        finished=len(finished),
        pulls=tuple(_pulls(past)),
        ordered=ordered,
        digest=digest,
        period_digest=digest
        if len(real) == len(ordered)
        else reviewed(in_order(real)).facts["sha256"],
    )


def sample_of(drills: Sequence[DrillFacts], *, seed: str | None, size: int) -> Sample:
    """Draw drills by SHA-256 of the seed and their id: whoever has the list draws the same ones.

    More drills change the sample as little as they can: who is drawn depends on the own id alone.
    """
    by_id = {one.id: one for one in drills}
    text = seed if seed is not None else DEFAULT_SEED
    drawn = first_ranked(text.encode("utf-8", "surrogatepass"), by_id, count=size)
    return Sample(
        seed=text,
        is_default=seed is None,
        drawn=tuple(by_id[one] for one in drawn),
        eligible=len(by_id),
        eligible_digest=population_digest(by_id),
    )


def _listed(populations: Iterable[Population]) -> Iterable[SourceKey]:
    for cloud, one in newest_populations(populations).items():
        yield from ((cloud, instance) for instance, _name in one.instances)


def _member(one: Standing) -> FleetMember:
    seen = one.past.observation
    return FleetMember(
        source=one.key,
        cadence=one.promise.cadence or validity_of(one.promise),
        tier=one.tier,
        size_bytes=seen.volume_gb * GB if seen and seen.volume_gb is not None else None,
        drills=one.past.drills,
    )


def _with_excluded(
    coverage: FleetCoverage, members: Sequence[FleetMember], out: Set[SourceKey], at: datetime
) -> Metric:
    more = fleet_coverage([one for one in members if one.source in out], (), at=at).passed
    both = (coverage.passed, more)
    part = sum(one.numerator or 0 for one in both)
    whole = sum(one.denominator or 0 for one in both)
    return share("fleet_coverage", part, whole, n=int(whole))


def _by_cadence(
    members: Sequence[FleetMember], coverage: FleetCoverage
) -> Iterable[tuple[timedelta, int, int]]:
    scope, without = frozenset(coverage.in_scope), frozenset(coverage.without_pass)
    for cadence in sorted({one.cadence for one in members if one.source in scope}):
        inside = [one for one in members if one.cadence == cadence and one.source in scope]
        yield cadence, sum(1 for one in inside if one.source not in without), len(inside)


def _of_period(
    notes: Iterable[ExceptionNote], begin: datetime, end: datetime
) -> Iterable[ExceptionNote]:
    """Yield what held in the period: opened before its end, and not over before its begin."""
    for note in notes:
        ends = [one for one in (note.closed_at, note.expires_at) if one is not None]
        if note.opened_at <= end and (not ends or min(ends) >= begin):
            yield note


def _about(
    reviews: Iterable[Review], drills: Sequence[DrillFacts], begin: datetime, end: datetime
) -> list[Review]:
    ids = {one.id for one in drills}
    found = [
        one
        for one in reviews
        if (one.drill_id is not None and one.drill_id in ids)
        or (
            one.period_from is not None
            and one.period_to is not None
            and one.period_from <= end
            and one.period_to > begin
        )
    ]
    return sorted(found, key=lambda one: (one.signed_at, one.id), reverse=True)


def _pulls(past: Past) -> Iterable[SourcePull]:
    newest = newest_populations(past.populations)
    looks: dict[str, list[datetime]] = {}
    for key, one in past.sources.items():
        times = looks.setdefault(key[0], [])
        if one.observation is not None:
            times.append(one.observation.taken_at)
    sources = [key[0] for key in past.sources]
    for cloud in sorted({*looks, *newest}):
        listed = newest.get(cloud)
        times = looks.get(cloud, [])
        yield SourcePull(
            cloud=cloud,
            listed_at=listed.taken_at if listed else None,
            listed=len(listed.instances) if listed else None,
            looked_at=max(times, default=None),
            looked_at_first=min(times, default=None),
            sources=sources.count(cloud),
        )
