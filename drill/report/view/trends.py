"""How recovery times, passes and repairs go over the months, for all sources together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import NamedTuple

from drill.clock import from_milliseconds
from drill.recovery.coverage.evidence import is_executed
from drill.recovery.coverage.fleet import Failure, failure_mttr, failures
from drill.recovery.coverage.intervals import (
    span_of,
)
from drill.recovery.coverage.ranking import nearest_rank
from drill.recovery.facts import DrillFacts
from drill.recovery.measure import Attainment
from drill.report.context import Context
from drill.report.language import _
from drill.report.past import Past
from drill.report.view.fleet import CONCLUSIVE, FAILURES, PASSES, rto_attainment
from drill.report.view.formats import Moment, moment, percent, share_text, span_text
from drill.report.view.size_model import SizeFigures, size_figures
from drill.report.view.text import shown

MONTHS = 13
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 460, 150, 76, 10, 20
SIZES = ((100, "< 100 GB"), (500, "100–499 GB"), (2000, "500–1999 GB"), (None, "≥ 2000 GB"))
"""Borders of the sizes of volumes, in gigabytes, and what they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesRow:
    """Recovery times of one group; failed drills took forever."""

    name: str
    count: int
    failed: int
    p50: str
    p90: str
    longest: str
    met: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiple:
    """One small figure: the middle of each month, and the band up to nine in ten."""

    id: str
    title: str
    finding: str
    band: str
    line: str
    dots: str
    labels: tuple[tuple[int, int, str, str], ...]
    months: tuple[TimesRow, ...]
    sizes: tuple[TimesRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """One month of the control: what was due, executed, passed, and how long repairs took."""

    month: str
    due: int
    executed: int
    passed: int
    failed: int
    share: str
    bar: str
    repaired: str
    mttr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendsView:
    """The page of trends."""

    generated_at: Moment
    multiples: tuple[Multiple, ...]
    months: tuple[MonthRow, ...]
    models: SizeFigures
    mttr: str
    lasting: int
    width: int
    height: int
    left: int
    axis_y: int


class _Timed(NamedTuple):
    """What a group of recovery times counts of one conclusive drill."""

    minutes: float | None
    """Infinite for a failed drill: it took forever (coverage C.11)."""
    has_failed: bool
    is_met: bool | None
    """None without an RTO target, or without a measured RTA."""
    month: str
    volume_gb: int | None


def trends_view(past: Past, context: Context) -> TrendsView:
    """Return everything that the page of trends prints. Simulated drills are in nothing."""
    real = [drill for drill in past.drills if not drill.is_simulated]
    months = _last_months(context)
    broken = failures(real, at=context.at)
    mttr = failure_mttr(broken)
    return TrendsView(
        generated_at=moment(context.at),
        multiples=tuple(_multiples(real, months)),
        months=tuple(_month_rows(real, months, broken)),
        models=size_figures(real, of_one_source=False),
        mttr=span_text(timedelta(seconds=mttr.value) if mttr.value is not None else None),
        lasting=sum(1 for one in broken if one.ended is None),
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        axis_y=HEIGHT - BOTTOM,
    )


def _last_months(context: Context) -> list[str]:
    at = context.at.astimezone(UTC)
    count = at.year * 12 + at.month - 1
    return [f"{one // 12}-{one % 12 + 1:02d}" for one in range(count - MONTHS + 1, count + 1)]


def _month(drill: DrillFacts) -> str:
    at = drill.scheduled_for
    return f"{at.year}-{at.month:02d}"


def _multiples(real: Sequence[DrillFacts], months: Sequence[str]) -> Iterable[Multiple]:
    by_engine: dict[str, list[_Timed]] = {}
    for drill in real:
        if drill.outcome in CONCLUSIVE and drill.engine:
            by_engine.setdefault(drill.engine, []).append(_timed(drill))
    for number, engine in enumerate(sorted(by_engine), start=1):
        drills = by_engine[engine]
        of_month: dict[str, list[_Timed]] = {}
        for one in drills:
            of_month.setdefault(one.month, []).append(one)
        rows = tuple(_times(month, of_month[month]) for month in months if month in of_month)
        values = [
            (place, _minutes(of_month[month]))
            for place, month in enumerate(months)
            if month in of_month
        ]
        band, line, dots, labels = _shapes(values, months)
        whole = _times(engine, drills)
        yield Multiple(
            id=f"engine-{number}",
            title=shown(engine, 40),
            finding=_(
                "{engine}, {count} conclusive drills: median recovery time {p50}, nine in ten "
                "{p90}."
            ).format(engine=shown(engine, 40), count=whole.count, p50=whole.p50, p90=whole.p90),
            band=band,
            line=line,
            dots=dots,
            labels=labels,
            months=rows,
            sizes=tuple(_sizes(drills)),
        )


def _timed(drill: DrillFacts) -> _Timed:
    has_failed = drill.outcome in FAILURES
    known = drill.rta / timedelta(minutes=1) if drill.rta is not None else None
    attained = rto_attainment(drill)
    return _Timed(
        minutes=math.inf if has_failed else known,
        has_failed=has_failed,
        is_met=None if attained is Attainment.NO_DATA else attained is Attainment.MET,
        month=_month(drill),
        volume_gb=drill.volume_gb,
    )


def _minutes(drills: Sequence[_Timed]) -> list[float]:
    return [one.minutes for one in drills if one.minutes is not None]


def _times(name: str, drills: Sequence[_Timed]) -> TimesRow:
    values = _minutes(drills)
    promised = [one.is_met for one in drills if one.is_met is not None]
    return TimesRow(
        name=name,
        count=len(values),
        failed=sum(one.has_failed for one in drills),
        p50=_minutes_text(nearest_rank(values, 50)),
        p90=_minutes_text(nearest_rank(values, 90)),
        longest=_minutes_text(nearest_rank(values, 100)),
        met=_("{part} of {whole}").format(part=sum(promised), whole=len(promised))
        if promised
        else _("no target"),
    )


def _minutes_text(minutes: float | None) -> str:
    if minutes is None:
        return _("no data")
    return _("not reached") if math.isinf(minutes) else span_text(timedelta(minutes=minutes))


def _sizes(drills: Sequence[_Timed]) -> Iterable[TimesRow]:
    low = 0
    for high, name in SIZES:
        inside = [
            drill
            for drill in drills
            if drill.volume_gb is not None
            and drill.volume_gb >= low
            and (high is None or drill.volume_gb < high)
        ]
        if inside:
            yield _times(name, inside)
        low = high or low
    unknown = [drill for drill in drills if drill.volume_gb is None]
    if unknown:
        yield _times(_("volume not known"), unknown)


def _shapes(
    values: Sequence[tuple[int, list[float]]], months: Sequence[str]
) -> tuple[str, str, str, tuple[tuple[int, int, str, str], ...]]:
    quantiles = [
        (place, nearest_rank(found, 50), nearest_rank(found, 90)) for place, found in values
    ]
    finite = [
        one
        for _place, p50, p90 in quantiles
        for one in (p50, p90)
        if one is not None and _is_finite(one)
    ]
    top = max(finite, default=1.0) * 1.15 or 1.0
    step = (WIDTH - LEFT - 20) / max(len(months) - 1, 1)

    def x(place: int) -> int:
        return round(LEFT + 10 + step * place)

    def y(value: float | None) -> int:
        share = 1.0 if not _is_finite(value) else min((value or 0.0) / top, 1.0)
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share)

    band = "".join(
        f"M{x(place) - 8} {y(p90)}h16v{max(y(p50) - y(p90), 1)}h-16z"
        for place, p50, p90 in quantiles
    )
    known = [(x(place), y(p50)) for place, p50, _p90 in quantiles if _is_finite(p50)]
    line = "".join(f"{'M' if not n else 'L'}{at} {high}" for n, (at, high) in enumerate(known))
    dots = "".join(f"M{at - 3} {high}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0" for at, high in known)
    labels = [
        (LEFT - 6, HEIGHT - BOTTOM + 4, "0", "end"),
        (LEFT - 6, y(top / 2) + 4, span_text(timedelta(minutes=round(top / 2, 1))), "end"),
        *(
            (x(place), HEIGHT - 4, months[place][2:], "middle")
            for place in range(0, len(months), 3)
        ),
    ]
    return band, line, dots, tuple(labels)


def _is_finite(value: float | None) -> bool:
    return value is not None and not math.isinf(value)


def _month_rows(
    real: Sequence[DrillFacts], months: Sequence[str], broken: Sequence[Failure]
) -> Iterable[MonthRow]:
    of_month: dict[str, list[DrillFacts]] = {month: [] for month in months}
    for drill in real:
        of_month.get(_month(drill), []).append(drill)
    repairs: dict[str, list[Failure]] = {}
    for one in broken:
        if one.ended is not None:
            repairs.setdefault(f"{from_milliseconds(one.ended):%Y-%m}", []).append(one)
    for month in reversed(months):
        due = of_month[month]
        passed = sum(1 for drill in due if drill.outcome in PASSES)
        mended = repairs.get(month, [])
        mttr = failure_mttr(mended)
        yield MonthRow(
            month=month,
            due=len(due),
            executed=sum(1 for drill in due if is_executed(drill)),
            passed=passed,
            failed=sum(1 for drill in due if drill.outcome in FAILURES),
            share=share_text(span_of(passed), span_of(len(due))),
            bar=percent(passed / len(due)) if due else "",
            repaired=str(len(mended)),
            mttr=span_text(timedelta(seconds=mttr.value) if mttr.value is not None else None),
        )
