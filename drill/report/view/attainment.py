"""RTO and RPO against what was promised, with every failed drill as never recovered (C.11)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter

from drill.recovery.coverage.ranking import value_at
from drill.recovery.tick import MET, MISSED, NO_DATA, NO_TARGET, Tick
from drill.report.language import _
from drill.report.view.formats import span_text
from drill.report.view.text import shown

FEW = 20
"""Below so many drills the longest stands for p95."""


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


@dataclass(slots=True)
class _Tally:
    """One objective of a group of drills, while it is counted."""

    actuals: list[float] = field(default_factory=list)
    """Milliseconds; infinity for a failed drill."""
    conclusive: int = 0
    with_target: int = 0
    met: int = 0
    unknown: int = 0

    def add(self, other: _Tally) -> None:
        """Count what another group has counted."""
        self.actuals += other.actuals
        self.conclusive += other.conclusive
        self.with_target += other.with_target
        self.met += other.met
        self.unknown += other.unknown


_Group = tuple[int | None, str | None]
"""(tier, engine)"""


def attained(ticks: Iterable[Tick]) -> tuple[Attained, ...]:
    """Return RTO and RPO for all drills, for each tier, and for each engine.

    Each drill is counted once, with its tier and its engine; the groups are sums of those.
    """
    groups: dict[_Group, tuple[_Tally, _Tally]] = {(None, None): (_Tally(), _Tally())}
    for (tier, engine), counted in _counted(ticks).items():
        for one in counted:
            one.actuals.sort()  # sorted pieces are put together faster than all is sorted
        keys: list[_Group] = [(None, None)]
        keys += [(tier, None)] if tier is not None else []
        keys += [(None, engine)] if engine else []
        for key in keys:
            whole = groups.setdefault(key, (_Tally(), _Tally()))
            for one, more in zip(whole, counted, strict=True):
                one.add(more)
    ordered = sorted(groups, key=lambda key: (key[1] or "", key[0] or 0))
    return tuple(
        _summed(key, objective, tally)
        for key in ordered
        for objective, tally in zip(("RTO", "RPO"), groups[key], strict=True)
    )


def _counted(ticks: Iterable[Tick]) -> dict[_Group, tuple[_Tally, _Tally]]:
    """Return RTO and RPO of the conclusive drills, by tier and engine together."""
    inside: dict[_Group, list[Tick]] = {}
    for one in ticks:
        if one.ending.is_conclusive:
            key = one.tier, one.engine
            group = inside.get(key)
            if group is None:
                group = inside[key] = []
            group.append(one)
    return {
        key: (_tally(group, _rto_of, _rta_of), _tally(group, _rpo_of, _rpa_of))
        for key, group in inside.items()
    }


_rto_of, _rta_of = attrgetter("rto"), attrgetter("rta")
_rpo_of, _rpa_of = attrgetter("rpo"), attrgetter("rpa")


def _tally(
    group: Sequence[Tick],
    answer_of: Callable[[Tick], int],
    actual_of: Callable[[Tick], int | None],
) -> _Tally:
    """Count one objective of conclusive drills. Those that failed gave nothing back: they took
    forever, and met nothing."""
    passed = [one for one in group if not one.ending.has_failed]
    failed = [answer_of(one) for one in group if one.ending.has_failed]
    measured = [one for one in passed if actual_of(one) is not None]
    answers = list(map(answer_of, measured))
    actuals = [(actual_of(one) or 0) / 1000 for one in measured]
    met, missed = answers.count(MET), answers.count(MISSED)
    return _Tally(
        actuals=actuals + [math.inf] * len(failed),
        conclusive=len(group),
        with_target=met + missed + len(failed) - failed.count(NO_TARGET),
        met=met,
        unknown=answers.count(NO_DATA) + len(passed) - len(measured),
    )


def _summed(key: _Group, objective: str, tally: _Tally) -> Attained:
    values = sorted(tally.actuals)
    return Attained(
        tier=key[0],
        engine=key[1],
        objective=objective,
        conclusive=tally.conclusive,
        with_target=tally.with_target,
        met=tally.met,
        unknown=tally.unknown,
        p50=value_at(values, 50),
        p90=value_at(values, 90),
        p95=value_at(values, 95) if len(values) >= FEW else None,
        longest=value_at(values, 100),
    )


def quantile_text(milliseconds: float | None) -> str:
    """Return a quantile; infinity is "not reached"."""
    if milliseconds is None:
        return _("no data")
    if math.isinf(milliseconds):
        return _("not reached")
    return span_text(timedelta(milliseconds=milliseconds))
