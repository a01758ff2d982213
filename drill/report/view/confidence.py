"""What may be said with confidence, as a sentence; nothing stronger is printed (coverage C.9)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from drill.recovery.coverage.confidence import (
    Bounds,
    RandomSample,
    bounds,
    finite_bound,
    smallest_finite_sample,
)
from drill.recovery.coverage.samples import random_sample
from drill.recovery.coverage.strata import FleetStatement, GroupStatement, fleet_statement
from drill.recovery.tick import Tick
from drill.report.audit import Audit
from drill.report.language import _
from drill.report.view.sheet import Cell, Column, Sheet, plain, sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """Everything that random drills of a period allow to be said."""

    sentence: str
    """Of all sources; the table has the tiers."""
    rules: tuple[str, ...]
    """What was counted, and how tiers are put together."""
    sheet: Sheet


def statement_of(audit: Audit) -> FleetStatement:
    """Return the statement over the drills of an audit, with the tiers of the sources in scope."""
    return fleet_statement(audit.ticks, {one.key: one.tier for one in audit.scope})


def confidence(audit: Audit) -> Confidence:
    """Return the sentence, the rules and the table."""
    said = statement_of(audit)
    return Confidence(
        sentence=_sentence(said.whole.sample, said.whole.bounds, _("All sources")),
        rules=tuple(_rules(said)),
        sheet=_sheet(said),
    )


def _tier(one: GroupStatement) -> str:
    return _("no tier") if one.tier is None else _("tier {tier}").format(tier=one.tier)


def _rules(said: FleetStatement) -> Iterable[str]:
    if said.whole.sample is None:
        return
    sample = said.whole.sample
    yield _(
        "Of each source the first random drill of the period counts: several of one source are no "
        "independent draws, and no correlation (rho) between them is assumed. Random drills that "
        "finished: {drawn}; counted: {counted}."
    ).format(drawn=said.whole.drawn, counted=_size(sample))
    if len(said.strata) > 1:
        yield _(
            "Put together by tier, each of the {count} tiers is bounded at 1 − {alpha} / {count} "
            "(Bonferroni), so that all bounds hold at once; a tier weighs by its sources in scope."
        ).format(count=len(said.strata), alpha=f"{said.alpha:g}")


def _size(sample: RandomSample | None) -> int:
    return sample.passed + sample.failed + sample.inconclusive if sample else 0


def _sheet(said: FleetStatement) -> Sheet:
    groups = [(_("all sources"), said.whole), *((_tier(one), one) for one in said.strata)]
    rows = [
        (
            plain(name),
            plain(one.sources),
            plain(one.drawn),
            *_counts(one.sample),
            plain(_bound(one.bounds.excluded)),
            plain(_bound(one.bounds.as_failures)),
        )
        for name, one in groups
    ]
    if len(said.strata) > 1:
        passed = "–" if said.share is None else f"{_percent(said.share)} %"
        rows.append(
            (
                plain(_("by tier, weighted")), plain(said.whole.sources), plain("–"), plain("–"),
                plain(passed), plain("–"), plain("–"), plain(_bound(said.combined.excluded)),
                plain(_bound(said.combined.as_failures)),
            )
        )  # fmt: skip
    return sheet(
        "confidence-table",
        _finding(said),
        (
            Column(head=_("Group"), kind="nb"),
            Column(head=_("Sources in scope"), kind="n"),
            Column(head=_("Random drills"), kind="n"),
            Column(head=_("Counted"), kind="n"),
            Column(head=_("Passed"), kind="n"),
            Column(head=_("Failed"), kind="n"),
            Column(head=_("Inconclusive"), kind="n"),
            Column(head=_("At least, without inconclusive ones"), kind="n"),
            Column(head=_("At least, if they failed"), kind="n"),
        ),
        rows,
        data="confidence",
    )


def _counts(sample: RandomSample | None) -> tuple[Cell, Cell, Cell, Cell]:
    if sample is None:
        return plain(0), plain(0), plain(0), plain(0)
    return (
        plain(_size(sample)),
        plain(sample.passed),
        plain(sample.failed),
        plain(sample.inconclusive),
    )


def _finding(said: FleetStatement) -> str:
    whole, combined = said.whole.bounds.excluded, said.combined.excluded
    if whole is None:
        return _("No statistical statement: no conclusive drill was drawn at random")
    if len(said.strata) < 2:
        return _("With 95 % confidence at least {bound} % of such points would restore").format(
            bound=_percent(whole)
        )
    if combined is None:
        return _(
            "No statistical statement by tier: nothing conclusive was drawn in {tiers}"
        ).format(tiers=", ".join(_tier(one) for one in said.not_drawn))
    return _(
        "With 95 % confidence at least {bound} % of such points would restore, by tier and weighted"
    ).format(bound=_percent(combined))


def _bound(share: float | None) -> str:
    return _("no statistical statement") if share is None else f"{_percent(share)} %"


def finite_sentence(population: int, n: int) -> str:
    """Return what a sample that is found in order says of the list that it was drawn from, without
    putting back (C.9)."""
    bound = finite_bound(population, n)
    if bound is None:
        return ""
    said = _(
        "If all {n} are found in order, then with 95 % confidence at least {bound} % of the "
        "{population} drills of the list are; a claim of 95 % takes {needed}."
    )
    return said.format(
        n=n,
        bound=_percent(bound),
        population=population,
        needed=smallest_finite_sample(population, 0.95),
    )


def sentence(ticks: Iterable[Tick], population: str) -> str:
    """Return what one random drill a source says, or that nothing can be said.

    Only the first drawn drill of each source counts: several of one source are no independent
    draws. Inconclusive ones are told both ways.
    """
    sample = random_sample(ticks, population=population, one_per_source=True)
    if sample is None:
        return _sentence(None, Bounds(excluded=None, as_failures=None), population)
    found = bounds(passed=sample.passed, failed=sample.failed, inconclusive=sample.inconclusive)
    return _sentence(sample, found, population)


def _sentence(sample: RandomSample | None, found: Bounds, population: str) -> str:
    if sample is None or found.excluded is None or found.as_failures is None:
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
