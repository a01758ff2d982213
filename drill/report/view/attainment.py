"""RTO and RPO against what was promised, with every failed drill as never recovered (C.11)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from drill.recovery.coverage.ranking import nearest_rank
from drill.recovery.tick import ANSWERED, MET, NO_DATA, NO_TARGET, Tick
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

    def count(self, answer: int, actual: int | None, *, has_failed: bool) -> None:
        """Count a drill. One that failed gave nothing back: it took forever, and met nothing."""
        self.conclusive += 1
        if has_failed:
            self.actuals.append(math.inf)
            self.with_target += answer != NO_TARGET
            return
        if actual is None:
            self.unknown += 1
            return
        self.actuals.append(actual / 1000)
        self.unknown += answer == NO_DATA
        self.with_target += answer in ANSWERED
        self.met += answer == MET

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
    found: dict[_Group, tuple[_Tally, _Tally]] = {}
    for one in ticks:
        ending = one.ending
        if not ending.is_conclusive:
            continue
        key = one.tier, one.engine
        both = found.get(key)
        if both is None:
            both = found[key] = _Tally(), _Tally()
        both[0].count(one.rto, one.rta, has_failed=ending.has_failed)
        both[1].count(one.rpo, one.rpa, has_failed=ending.has_failed)
    return found


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
