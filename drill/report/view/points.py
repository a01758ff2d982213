"""How dense the recovery points of a source lie, and how much would have been lost (C.4, C.5).

A window and backups alone are never mixed: of a window the lag is known at looks alone, of backups
the exposure is known at every instant.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drill.clock import from_milliseconds
from drill.recovery.coverage.density import Density
from drill.recovery.coverage.exposure import Exposure
from drill.recovery.coverage.intervals import span_of
from drill.recovery.coverage.metric import Metric
from drill.recovery.coverage.source import SourceCoverage, exposed_period
from drill.recovery.facts import Look
from drill.report.language import _
from drill.report.view.formats import minute, share_text, span_text
from drill.report.view.target import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The recovery points of a source over time; every figure with what it was counted over."""

    density: tuple[Fact, ...]
    exposure: tuple[Fact, ...]
    basis: str
    """What the exposure was counted over."""


def points(found: SourceCoverage, looks: Sequence[Look]) -> Points | None:
    """Return what is known of the points; None if the provider never answered."""
    if found.ground.observation is None:
        return None
    if found.exposure is None:
        facts, basis = tuple(_polled(found)), _polled_basis(looks)
    else:
        facts, basis = tuple(_exposed(found.exposure)), _exposed_basis(found)
    return Points(
        density=tuple(_density(found.density)),
        exposure=(*facts, *_trouble(found)),
        basis=basis,
    )


def _density(dense: Density) -> Iterable[Fact]:
    rate = dense.per_day
    yield Fact(
        name=_("backups a day"),
        value=_no() if rate.value is None else _counted(f"{rate.value:.1f}", rate.n),
    )
    yield Fact(name=_("median between two"), value=_span(dense.median_interval))
    yield Fact(name=_("longest between two"), value=_span(dense.longest_interval))
    yield Fact(name=_("newest, when last read"), value=_span(dense.newest_age, counted=False))
    kept = dense.within_retention
    yield Fact(
        name=_("within the retention"),
        value=_no()
        if kept.value is None
        else _("{part} of {whole}").format(part=int(kept.value), whole=kept.n),
    )
    kinds = sorted(dense.by_kind.items(), key=lambda one: (-one[1].n, one[0]))
    shares = ", ".join(f"{kind} {_share(metric)}" for kind, metric in kinds)
    yield Fact(name=_("by type"), value=shares or _no())


def _polled(found: SourceCoverage) -> Iterable[Fact]:
    yield Fact(name=_("longest lag seen"), value=_span(found.polled.observed))
    yield Fact(name=_("worst case between two looks"), value=_span(found.polled.bound))


def _polled_basis(looks: Sequence[Look]) -> str:
    end = minute(looks[-1].taken_at).text
    if len(looks) == 1:
        return _("Of one look, at {end} UTC. A worst case would need two.").format(end=end)
    return _(
        "Of {count} looks from {begin} to {end} UTC. The worst case is a bound: nobody saw it."
    ).format(count=len(looks), begin=minute(looks[0].taken_at).text, end=end)


def _exposed(found: Exposure) -> Iterable[Fact]:
    yield Fact(name=_("longest exposure"), value=_span(found.longest))
    yield Fact(name=_("mean exposure"), value=_span(found.mean))
    yield Fact(
        name=_("time over RPO"),
        value=_("no target") if "no_rpo_target" in found.over_rpo.flags else _share(found.over_rpo),
    )


def _exposed_basis(found: SourceCoverage) -> str:
    begin, end = exposed_period(found.ground) or (0, 0)
    return _(
        "Of backups alone, from {begin} to {end} UTC: what would have been lost at each instant."
    ).format(begin=minute(from_milliseconds(begin)).text, end=minute(from_milliseconds(end)).text)


def _trouble(found: SourceCoverage) -> Iterable[Fact]:
    """Yield what only a page with trouble has to say; without a window both say nothing."""
    if not found.ground.proof.advertised:
        return
    shortfall = found.metrics["retention_shortfall"]
    if shortfall.value:
        yield Fact(name=_("retention shortfall"), value=_span(shortfall, counted=False))
    missing = len(found.without_base)
    if missing:
        yield Fact(name=_("windows without a backup to begin with"), value=str(missing))


def _span(metric: Metric, *, counted: bool = True) -> str:
    if metric.value is None:
        return _no()
    if math.isinf(metric.value):
        return _("no recovery point at times")
    text = span_text(span_of(round(metric.value * 1000)))
    return _counted(text, metric.n) if counted else text


def _share(metric: Metric) -> str:
    return share_text(span_of(int(metric.numerator or 0)), span_of(int(metric.denominator or 0)))


def _counted(value: str, n: int) -> str:
    return _("{value} (n = {n})").format(value=value, n=n)


def _no() -> str:
    return _("no data")
