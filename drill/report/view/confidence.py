"""What may be said with confidence, as a sentence; nothing stronger is printed (coverage C.9)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from drill.recovery.coverage.confidence import bounds
from drill.recovery.coverage.drawn import is_drawn, random_sample
from drill.recovery.facts import DrillFacts
from drill.report.language import _


def sentences(drills: Sequence[DrillFacts]) -> tuple[str, ...]:
    """Return the statement about all sources, and one about each tier that was drawn from."""
    found = [sentence(drills, _("all sources"))]
    tiers = sorted({one.tier for one in drills if one.tier is not None and is_drawn(one)})
    for tier in tiers:
        name = _("tier {tier}").format(tier=tier)
        found.append(sentence([one for one in drills if one.tier == tier], name))
    return tuple(found)


def sentence(drills: Iterable[DrillFacts], population: str) -> str:
    """Return what one random drill a source says, or that nothing can be said.

    Only the first drawn drill of each source counts: several of one source are no independent
    draws. Inconclusive ones are told both ways.
    """
    sample = random_sample(drills, population=population, one_per_source=True)
    found = (
        bounds(passed=sample.passed, failed=sample.failed, inconclusive=sample.inconclusive)
        if sample is not None
        else None
    )
    if sample is None or found is None or found.excluded is None or found.as_failures is None:
        return _("{population}: no statistical statement, because no conclusive drill was drawn at "
                 "random with a published seed.").format(population=population)  # fmt: skip
    said = _(
        "{population}: between {begin} and {end}, {drawn} recovery points were drawn at random, "
        "the first of each source (method and seed are published); {passed} restored and passed "
        "checks of L{level} or higher. With 95 % confidence at least {bound} % of such points "
        "would restore. Targeted drills are not counted here."
    ).format(
        population=population,
        begin=sample.begin,
        end=sample.end,
        drawn=sample.passed + sample.failed + sample.inconclusive,
        passed=sample.passed,
        level=sample.level,
        bound=_percent(found.excluded),
    )
    if not sample.inconclusive:
        return said
    both = _(
        "That leaves the {count} inconclusive ones out; if they count as failures, it is at least "
        "{bound} %."
    ).format(count=sample.inconclusive, bound=_percent(found.as_failures))
    return f"{said} {both}"


def _percent(bound: float) -> str:
    """Return a share in percent with one decimal, never rounded up."""
    return f"{math.floor(bound * 1000) / 10:.1f}"
