"""RTO and RPO against what was promised, with every failed drill as never recovered (C.11)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from drill.recovery.coverage.evidence import has_failed, is_conclusive
from drill.recovery.coverage.ranking import nearest_rank
from drill.recovery.facts import DrillFacts
from drill.recovery.measure import Attainment
from drill.report.language import _
from drill.report.view.fleet import rpo_attainment, rto_attainment
from drill.report.view.formats import span_text
from drill.report.view.text import shown

FEW = 20
"""Below so many drills the longest stands for p95."""

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attained:
    """One objective over a group of conclusive drills."""

    group: str
    objective: str
    conclusive: int
    with_target: int
    met: int
    unknown: int
    """Passed without a measure: in no quantile, and never met."""
    p50: float | None
    """Milliseconds; None is no data, and infinity is "not reached"."""
    p90: float | None
    p95: float | None
    """None below ``FEW`` drills."""
    longest: float | None

    @property
    def share(self) -> float | None:
        """Return the share that was met; None without a target."""
        return self.met / self.with_target if self.with_target else None


def attained(drills: Sequence[DrillFacts]) -> tuple[Attained, ...]:
    """Return RTO and RPO for all drills, for each tier, and for each engine."""
    conclusive = [one for one in drills if is_conclusive(one)]
    return tuple(row for name, inside in _groups(conclusive) for row in _both(name, inside))


def overall(drills: Iterable[DrillFacts]) -> tuple[Attained, Attained]:
    """Return RTO and RPO over all drills."""
    rto, rpo = _both("", [one for one in drills if is_conclusive(one)])
    return rto, rpo


def _groups(drills: Sequence[DrillFacts]) -> Iterable[tuple[str, Sequence[DrillFacts]]]:
    yield _("all drills"), drills
    for tier in sorted({one.tier for one in drills if one.tier is not None}):
        yield _("tier {tier}").format(tier=tier), [one for one in drills if one.tier == tier]
    for engine in sorted({one.engine for one in drills if one.engine}):
        yield shown(engine, 40), [one for one in drills if one.engine == engine]


def _both(name: str, drills: Sequence[DrillFacts]) -> tuple[Attained, Attained]:
    return (
        _one(name, "RTO", drills, rto_attainment, lambda one: one.rto_target, lambda one: one.rta),
        _one(name, "RPO", drills, _rpo, lambda one: one.rpo_target, lambda one: one.rpa),
    )


def _rpo(drill: DrillFacts) -> Attainment:
    """A failed drill gave nothing back, so it met no objective."""
    if has_failed(drill) and drill.rpo_target is not None:
        return Attainment.MISSED
    return rpo_attainment(drill)


def _one(
    name: str,
    objective: str,
    drills: Sequence[DrillFacts],
    judge: Callable[[DrillFacts], Attainment],
    target_of: Callable[[DrillFacts], timedelta | None],
    actual_of: Callable[[DrillFacts], timedelta | None],
) -> Attained:
    values = [math.inf for one in drills if has_failed(one)]
    passed = [one for one in drills if not has_failed(one)]
    known = [actual for one in passed if (actual := actual_of(one)) is not None]
    values += [actual / _MILLISECOND for actual in known]
    promised = [one for one in drills if target_of(one) is not None]
    return Attained(
        group=name,
        objective=objective,
        conclusive=len(drills),
        with_target=len(promised),
        met=sum(1 for one in promised if judge(one) is Attainment.MET),
        unknown=len(passed) - len(known),
        p50=nearest_rank(values, 50),
        p90=nearest_rank(values, 90),
        p95=nearest_rank(values, 95) if len(values) >= FEW else None,
        longest=nearest_rank(values, 100),
    )


def quantile_text(milliseconds: float | None) -> str:
    """Return a quantile; infinity is "not reached"."""
    if milliseconds is None:
        return _("no data")
    if math.isinf(milliseconds):
        return _("not reached")
    return span_text(timedelta(milliseconds=milliseconds))
