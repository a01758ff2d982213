"""How long recovery took, drill by drill, and how it goes with the size of the volume."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from drill.recovery.coverage.ranking import nearest_rank
from drill.recovery.facts import DrillFacts
from drill.recovery.measure import Attainment
from drill.report.language import _
from drill.report.view.fleet import FAILURES, PASSES, rto_attainment
from drill.report.view.formats import (
    Moment,
    gigabytes_text,
    minute,
    rta_text,
    span_text,
)

WIDTH, HEIGHT = 460, 150
LEFT, TOP, BOTTOM = 76, 14, 20
"""Room for labels; the plot is what is left."""
POINTS_AT_MOST = 400
"""Drills in one figure, the newest."""
ROWS_AT_MOST = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One text in the figure."""

    x: int
    y: int
    text: str
    anchor: str = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Points in pixels: passed drills as dots, failed ones as crosses at the top edge."""

    title: str
    dots: str
    crosses: str
    target_y: int | None
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    """One drill in the table behind the figure."""

    slot: Moment
    rta: str
    target: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryTimes:
    """The figure with its table."""

    finding: str
    width: int
    height: int
    left: int
    axis_y: int
    trend: Plot
    sizes: Plot | None
    """None if fewer than two sizes were drilled."""
    rows: tuple[TimeRow, ...]
    left_out: int


def recovery_times(drills: Sequence[DrillFacts]) -> RecoveryTimes | None:
    """Return how long recovery took; None if no drill was conclusive. Newest slot comes first."""
    counted = [
        drill
        for drill in drills
        if not drill.is_simulated
        and (drill.outcome in FAILURES or (drill.outcome in PASSES and drill.rta is not None))
    ]
    if not counted:
        return None
    plotted = counted[:POINTS_AT_MOST][::-1]
    target = next((one.rto_target for one in counted if one.rto_target is not None), None)
    sizes = {one.volume_gb for one in plotted if one.volume_gb is not None and one.rta}
    rows = counted[:ROWS_AT_MOST]
    return RecoveryTimes(
        finding=_finding(counted, target),
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        axis_y=HEIGHT - BOTTOM,
        trend=_trend(plotted, target),
        sizes=_sizes(plotted, target) if len(sizes) > 1 else None,
        rows=tuple(_row(drill) for drill in rows),
        left_out=len(counted) - len(rows),
    )


def _finding(counted: Sequence[DrillFacts], target: timedelta | None) -> str:
    failed = sum(1 for one in counted if one.outcome in FAILURES)
    if failed == len(counted):
        return _("Recovery never succeeded in {count} conclusive drills.").format(count=failed)
    minutes = [_minutes(one) for one in counted]
    middle, longest = (_text(nearest_rank(minutes, percent)) for percent in (50, 100))
    if target is None:
        return _(
            "Median recovery time {middle}, longest {longest}; there is no RTO target."
        ).format(middle=middle, longest=longest)
    attained = [rto_attainment(one) for one in counted]
    promised = [one for one in attained if one is not Attainment.NO_DATA]
    return _(
        "{met} of {count} conclusive drills kept their RTO target; median recovery time {middle}, "
        "longest {longest}."
    ).format(
        met=promised.count(Attainment.MET), count=len(promised), middle=middle, longest=longest
    )


def _minutes(drill: DrillFacts) -> float:
    """Return how long recovery took; a failed drill took forever (coverage C.11)."""
    if drill.outcome in FAILURES or drill.rta is None:
        return math.inf
    return drill.rta / timedelta(minutes=1)


def _text(minutes: float | None) -> str:
    if minutes is None or math.isinf(minutes):
        return _("not reached")
    return span_text(timedelta(minutes=minutes))


class _Axis:
    """Turns spans into heights; the plot reaches a little above the longest."""

    def __init__(self, drills: Sequence[DrillFacts], target: timedelta | None) -> None:
        known = [one.rta for one in drills if one.rta is not None and one.outcome in PASSES]
        known += [target] if target is not None else []
        self.top = max(known, default=timedelta(minutes=1)) * 1.15
        self.target = target

    def y(self, span: timedelta) -> int:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(span / self.top, 1.0))

    def labels(self) -> list[Label]:
        found = [Label(x=LEFT - 6, y=HEIGHT - BOTTOM + 4, text="0")]
        middle = self.target or timedelta(seconds=round(self.top.total_seconds() / 2))
        found.append(Label(x=LEFT - 6, y=self.y(middle) + 4, text=span_text(middle)))
        return found


def _x(share: float) -> int:
    return LEFT + 8 + round((WIDTH - LEFT - 16) * share)


def _trend(drills: Sequence[DrillFacts], target: timedelta | None) -> Plot:
    axis = _Axis(drills, target)
    begin, end = drills[0].scheduled_for, drills[-1].scheduled_for
    width = max((end - begin) / timedelta(seconds=1), 1.0)
    points = [
        (
            LEFT
            + 8
            + round((WIDTH - LEFT - 16) * ((one.scheduled_for - begin).total_seconds() / width)),
            one,
        )
        for one in drills
    ]
    labels = axis.labels()
    labels.append(Label(x=LEFT, y=HEIGHT - 4, text=begin.strftime("%Y-%m-%d"), anchor="start"))
    if end > begin:
        labels.append(Label(x=WIDTH, y=HEIGHT - 4, text=end.strftime("%Y-%m-%d")))
    return _plot(_("Recovery time by night"), points, axis, labels)


def _sizes(drills: Sequence[DrillFacts], target: timedelta | None) -> Plot:
    axis = _Axis(drills, target)
    known = [one for one in drills if one.volume_gb is not None]
    largest = max(one.volume_gb or 0 for one in known)
    points = [(_x((one.volume_gb or 0) / largest), one) for one in known]
    labels = axis.labels()
    labels.append(Label(x=LEFT, y=HEIGHT - 4, text="0 GB", anchor="start"))
    labels.append(Label(x=WIDTH, y=HEIGHT - 4, text=gigabytes_text(largest)))
    return _plot(_("Recovery time by size of the volume"), points, axis, labels)


def _plot(
    title: str, points: Sequence[tuple[int, DrillFacts]], axis: _Axis, labels: list[Label]
) -> Plot:
    dots, crosses = [], []
    for x, drill in points:
        if drill.outcome in FAILURES:
            crosses.append(f"M{x - 4} {TOP - 8}l8 8m0 -8l-8 8")
        elif drill.rta is not None:
            dots.append(f"M{x - 3} {axis.y(drill.rta)}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0")
    return Plot(
        title=title,
        dots="".join(dict.fromkeys(dots)),
        crosses="".join(dict.fromkeys(crosses)),
        target_y=axis.y(axis.target) if axis.target is not None else None,
        labels=tuple(labels),
    )


def _row(drill: DrillFacts) -> TimeRow:
    has_failed = drill.outcome in FAILURES
    return TimeRow(
        slot=minute(drill.scheduled_for),
        rta=_("not reached") if has_failed else rta_text(drill),
        target=span_text(drill.rto_target) if drill.rto_target else _("no target"),
        size=gigabytes_text(drill.volume_gb),
    )
