"""RTO and RPO against what was promised, with every failed drill as never recovered (C.11)."""

from __future__ import annotations

import math
from collections.abc import Sequence
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

    tier: int | None
    """Of the group; None is every tier."""
    engine: str | None
    """Of the group; None is every engine."""
    objective: str
    conclusive: int
    with_target: int
    """Measured or failed, and with a target."""
    met: int
    unknown: int
    """Passed without an answer: not measured, or so that it may be met or not. In no attainment,
    and always shown beside."""
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

    @property
    def group(self) -> str:
        """Return what the group is called."""
        if self.tier is not None:
            return _("tier {tier}").format(tier=self.tier)
        return shown(self.engine, 40) if self.engine is not None else _("all drills")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measure:
    """One objective of one drill: its actual in milliseconds, and whether it was met."""

    actual: float | None
    has_target: bool
    is_met: bool
    is_unknown: bool = False


def attained(drills: Sequence[DrillFacts]) -> tuple[Attained, ...]:
    """Return RTO and RPO for all drills, for each tier, and for each engine; each drill is
    measured once."""
    groups: dict[tuple[int | None, str | None], list[tuple[_Measure, _Measure]]] = {}
    groups[None, None] = []
    for one in drills:
        if not is_conclusive(one):
            continue
        both = _rto(one), _rpo(one)
        groups[None, None].append(both)
        if one.tier is not None:
            groups.setdefault((one.tier, None), []).append(both)
        if one.engine:
            groups.setdefault((None, one.engine), []).append(both)
    ordered = sorted(groups, key=lambda key: (key[1] or "", key[0] or 0))
    return tuple(
        _summed(key, objective, [both[place] for both in groups[key]])
        for key in ordered
        for place, objective in enumerate(("RTO", "RPO"))
    )


def _rto(drill: DrillFacts) -> _Measure:
    return _measure(drill, drill.rto_target, drill.rta, rto_attainment(drill))


def _rpo(drill: DrillFacts) -> _Measure:
    return _measure(drill, drill.rpo_target, drill.rpa, rpo_attainment(drill))


def _measure(
    drill: DrillFacts, target: timedelta | None, actual: timedelta | None, judged: Attainment
) -> _Measure:
    """A failed drill gave nothing back: it took forever, and met no objective."""
    if has_failed(drill):
        return _Measure(actual=math.inf, has_target=target is not None, is_met=False)
    return _Measure(
        actual=None if actual is None else actual / _MILLISECOND,
        has_target=target is not None,
        is_met=judged is Attainment.MET,
        is_unknown=actual is None or (target is not None and judged is Attainment.NO_DATA),
    )


def _summed(
    key: tuple[int | None, str | None], objective: str, found: Sequence[_Measure]
) -> Attained:
    values = sorted(one.actual for one in found if one.actual is not None)
    return Attained(
        tier=key[0],
        engine=key[1],
        objective=objective,
        conclusive=len(found),
        with_target=sum(one.has_target and not one.is_unknown for one in found),
        met=sum(one.has_target and one.is_met for one in found),
        unknown=sum(one.is_unknown for one in found),
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
