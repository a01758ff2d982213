"""What random drills say of a fleet, as a whole and by tier (coverage C.9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drill.recovery.coverage.confidence import (
    ALPHA,
    Bounds,
    RandomSample,
    Stratum,
    bounds,
    stratified_bound,
    stratified_share,
)
from drill.recovery.coverage.samples import random_sample
from drill.recovery.facts import SourceKey
from drill.recovery.tick import Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStatement:
    """What may be said of one group of sources."""

    tier: int | None
    """None for sources without a tier, and for the whole."""
    sources: int
    """In scope: what a stratum weighs."""
    drawn: int
    """All finished random drills; the sample has one of them a source."""
    sample: RandomSample | None
    bounds: Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStatement:
    """What may be said of the fleet."""

    whole: GroupStatement
    """Of all random drills, whatever the scope is now: leaving a source out mends no figure."""
    strata: tuple[GroupStatement, ...]
    """The tiers of the sources in scope, the most critical first, those without a tier last."""
    combined: Bounds
    """Of the strata by weight, each bound at alpha / H; None if one of them was not drawn from."""
    share: float | None
    """The share that passed, by weight."""
    alpha: float

    @property
    def not_drawn(self) -> tuple[GroupStatement, ...]:
        """Return the strata without a conclusive random drill: they forbid the combined bound."""
        return tuple(one for one in self.strata if one.bounds.excluded is None)


def fleet_statement(
    ticks: Iterable[Tick],
    tiers: Mapping[SourceKey, int | None],
    *,
    alpha: float = ALPHA,
) -> FleetStatement:
    """Return the statement over the drills of one period; ``tiers`` names the sources in scope.

    Of each source the first drawn drill counts (``random_sample``): several are no independent
    draws, and no correlation has to be assumed.
    """
    drawn = [one for one in ticks if one.ending.is_drawn and one.ending.outcome is not None]
    by_tier: dict[int | None, list[Tick]] = {tier: [] for tier in tiers.values()}
    for one in drawn:
        if one.source in tiers:
            by_tier[tiers[one.source]].append(one)
    sources = list(tiers.values())
    strata = tuple(
        _group(by_tier[tier], tier, sources.count(tier), alpha)
        for tier in sorted(by_tier, key=lambda tier: (tier is None, tier or 0))
    )
    return FleetStatement(
        whole=_group(drawn, None, len(tiers), alpha),
        strata=strata,
        combined=Bounds(
            excluded=stratified_bound(_strata(strata, len(tiers), with_unclear=False), alpha=alpha),
            as_failures=stratified_bound(
                _strata(strata, len(tiers), with_unclear=True), alpha=alpha
            ),
        ),
        share=stratified_share(_strata(strata, len(tiers), with_unclear=False)),
        alpha=alpha,
    )


def _group(drawn: Sequence[Tick], tier: int | None, sources: int, alpha: float) -> GroupStatement:
    sample = random_sample(drawn, population="", one_per_source=True)
    found = Bounds(excluded=None, as_failures=None)
    if sample is not None:
        found = bounds(
            passed=sample.passed,
            failed=sample.failed,
            inconclusive=sample.inconclusive,
            alpha=alpha,
        )
    return GroupStatement(tier=tier, sources=sources, drawn=len(drawn), sample=sample, bounds=found)


def _strata(groups: Sequence[GroupStatement], sources: int, *, with_unclear: bool) -> list[Stratum]:
    """Return the strata; inconclusive drills count as failures, or not at all."""
    found = []
    for one in groups:
        sample = one.sample
        passed = sample.passed if sample else 0
        n = passed + sample.failed if sample else 0
        if sample and with_unclear:
            n += sample.inconclusive
        found.append(Stratum(weight=one.sources / sources, passed=passed, n=n))
    return found
