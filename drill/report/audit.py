"""Everything that an auditor asks of a period, counted once for all pages, and made to add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

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
from drill.recovery.facts import ExceptionNote, Population, Review, SourceKey
from drill.recovery.tick import UNDER_WAY, Tick, between, instant, micro
from drill.report.context import Context
from drill.report.past import newest_populations
from drill.report.signatures import Signature, accepted, digest_of, in_order, signature_of
from drill.report.view.attainment import Attained, attained
from drill.report.view.card import Card, Fleet
from drill.report.view.standing import Status

DEFAULT_SEED = "drill"
"""Known to everybody beforehand; who doubts the sample names a seed of their own."""

GB = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Drills drawn for a closer look, in the order in which they were drawn."""

    seed: str
    is_default: bool
    drawn: tuple[Tick, ...]
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


@dataclass(frozen=True, kw_only=True)
class Audit:
    """One period, from the inventory to what passed. What does not have to add up is counted when
    it is asked for."""

    fleet: Fleet = field(repr=False, compare=False)
    context: Context = field(repr=False, compare=False)
    begin: datetime | None
    """The first slot that counts; None if there is no drill."""
    end: datetime
    ticks: tuple[Tick, ...]
    """The real drills of the period, newest slot first."""
    simulated: int
    """Drills of the period that count nowhere."""
    inventory: Inventory
    operation: Operation
    by_source: tuple[tuple[SourceKey, Operation], ...]
    coverage: FleetCoverage
    coverage_with_excluded: Metric
    """Fleet coverage as it would be without any exclusion: nobody can hide a source."""
    excluded_failing: int
    """Excluded sources whose newest conclusive drill failed."""
    by_cadence: tuple[tuple[timedelta, int, int], ...]
    """(cadence, covered, in scope), the shortest first."""
    scope: tuple[Card, ...]
    """The sources in scope, worst first."""
    identities: tuple[Identity, ...]

    @cached_property
    def control(self) -> ControlOperation:
        """Return whether drills ran as planned."""
        one = self.operation
        return control_operation(scheduled=one.scheduled, executed=one.executed, passed=one.passed)

    @cached_property
    def attainment(self) -> tuple[Attained, ...]:
        """Return RTO and RPO: first of all drills, then by tier and by engine."""
        return attained(self.ticks)

    @cached_property
    def hygiene(self) -> tuple[CloudHygiene, ...]:
        """Return what the drills left behind: first of all clouds, then of each."""
        return hygiene_by_cloud(self.ticks, self.context.prices)

    @cached_property
    def sample(self) -> Sample:
        """Return the drills that were drawn for a closer look."""
        context = self.context
        return sample_of(self.ticks, seed=context.sample_seed, size=context.sample_size)

    @cached_property
    def exceptions(self) -> tuple[ExceptionNote, ...]:
        """Return those that held at some instant of the period, and all that still hold."""
        return tuple(_of_period(self.fleet.exceptions, self.begin or self.end, self.end))

    @cached_property
    def signatures(self) -> tuple[Signature, ...]:
        """Return the reviews of the period or of a drill of it, the newest first."""
        about = _about(self.fleet, self.begin or self.end, self.end)
        return tuple(signature_of(one, self._ordered, self.context) for one in about)

    @cached_property
    def accepted(self) -> int:
        """Return how many real, finished drills the newest sound review accepted."""
        finished = (one for one in self.ticks if one.ending.outcome is not None)
        return accepted(finished, self.signatures)

    @cached_property
    def finished(self) -> int:
        """Return how many real drills have ended."""
        one = self.operation
        ways = one.executed_as, one.not_executed_as
        return one.scheduled - sum(counts.get(UNDER_WAY, 0) for counts in ways)

    @cached_property
    def not_passed(self) -> tuple[Tick, ...]:
        """Return the drills that ended otherwise than passed, newest slot first."""
        return tuple(
            one
            for one in self.ticks
            if one.ending.outcome is not None and not one.ending.has_passed
        )

    @cached_property
    def pulls(self) -> tuple[SourcePull, ...]:
        """Return when each cloud was last asked."""
        return tuple(_pulls(self.fleet.populations, self.fleet.cards))

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 over every drill of the report, as a review of all of them has it."""
        return digest_of(self._ordered)

    @cached_property
    def period_digest(self) -> str:
        """Return the same over ``ticks``."""
        has_all = len(self.ticks) == len(self._ordered)
        return self.digest if has_all else digest_of(in_order(self.ticks))

    @cached_property
    def _ordered(self) -> list[Tick]:
        return in_order(self.fleet.ticks)


def audit_of(fleet: Fleet, context: Context) -> Audit:
    """Return the audit of the period of a report. Raise NumbersDisagree if it does not add up."""
    at, now, cards = context.at, micro(context.at), fleet.cards
    inside = between(fleet.ticks, None, now)
    real = tuple(between(fleet.real, None, now))
    simulated = [one.key for one in cards if one.is_simulated]
    out = excluded_sources(fleet.exceptions, at=at)
    operation = operation_of(inside)
    by_source = tuple((one.key, one.operation) for one in sorted(cards, key=_key))
    members = [_member(one) for one in cards if not one.is_simulated]
    coverage = fleet_coverage(members, fleet.exceptions, at=at)
    by_cadence = tuple(_by_cadence(members, coverage))
    inventory = inventory_of(
        _listed(fleet.populations),
        (one.key for one in cards),
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
    return Audit(
        fleet=fleet,
        context=context,
        begin=context.since or (instant(real[-1].slot) if real else None),
        end=at,
        ticks=real,
        simulated=len(inside) - len(real),
        inventory=inventory,
        operation=operation,
        by_source=by_source,
        coverage=coverage,
        coverage_with_excluded=_with_excluded(coverage, members, out, at),
        excluded_failing=sum(one.status is Status.FAILED for one in cards if one.key in out),
        by_cadence=by_cadence,
        scope=tuple(one for one in cards if not one.is_simulated and one.key not in out),
        identities=found,
    )


def sample_of(ticks: Sequence[Tick], *, seed: str | None, size: int) -> Sample:
    """Draw drills by SHA-256 of the seed and their id: whoever has the list draws the same ones.

    More drills change the sample as little as they can: who is drawn depends on the own id alone.
    """
    by_id = {one.id: one for one in ticks}
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


def _key(one: Card) -> SourceKey:
    return one.key


def _member(one: Card) -> FleetMember:
    return FleetMember(
        source=one.key,
        cadence=one.cadence,
        tier=one.tier,
        size_bytes=None if one.volume_gb is None else one.volume_gb * GB,
        proven_at=one.covered_at,
        attempted_at=one.attempted_at,
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


def _about(fleet: Fleet, begin: datetime, end: datetime) -> list[Review]:
    found = [one for one in fleet.reviews if _is_about(one, fleet, begin, end)]
    return sorted(found, key=lambda one: (one.signed_at, one.id), reverse=True)


def _is_about(review: Review, fleet: Fleet, begin: datetime, end: datetime) -> bool:
    if review.drill_id is not None:
        tick = fleet.tick(review.drill_id)
        return tick is not None and tick.slot <= micro(end)
    return (
        review.period_from is not None
        and review.period_to is not None
        and review.period_from <= end
        and review.period_to > begin
    )


def _pulls(populations: Iterable[Population], cards: Iterable[Card]) -> Iterable[SourcePull]:
    newest = newest_populations(populations)
    of_cloud: dict[str, list[Card]] = {}
    for one in cards:
        of_cloud.setdefault(one.key[0], []).append(one)
    for cloud in sorted({*of_cloud, *newest}):
        listed = newest.get(cloud)
        sources = of_cloud.get(cloud, [])
        times = [one.looked_at for one in sources if one.looked_at is not None]
        yield SourcePull(
            cloud=cloud,
            listed_at=listed.taken_at if listed else None,
            listed=len(listed.instances) if listed else None,
            looked_at=max(times, default=None),
            looked_at_first=min(times, default=None),
            sources=len(sources),
        )
