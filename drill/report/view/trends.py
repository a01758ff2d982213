"""How recovery times, passes and repairs go over the months, for all sources together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from drill.clock import from_milliseconds
from drill.recovery.coverage.fleet import Failure, failure_mttr
from drill.recovery.coverage.intervals import (
    span_of,
)
from drill.recovery.coverage.ranking import nearest_rank, value_at
from drill.recovery.tick import Tick
from drill.report.context import Context
from drill.report.language import _
from drill.report.view.card import Fleet
from drill.report.view.formats import Moment, moment, percent, share_text, span_text
from drill.report.view.recovery_counts import (
    SIZES,
    Times,
    by_month,
    month_name,
    month_of,
    times_by_engine,
)
from drill.report.view.size_model import SizeFigures, size_figures
from drill.report.view.text import shown

MONTHS = 13
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 460, 150, 76, 10, 20


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


def trends_view(fleet: Fleet, context: Context) -> TrendsView:
    """Return everything that the page of trends prints. Simulated drills are in nothing."""
    real = fleet.real
    months = _last_months(context)
    broken = [failure for one in fleet.cards for failure in one.failures]
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


def _last_months(context: Context) -> list[int]:
    last = month_of(context.at.astimezone(UTC))
    return list(range(last - MONTHS + 1, last + 1))


def _multiples(real: Sequence[Tick], months: Sequence[int]) -> Iterable[Multiple]:
    by_engine = times_by_engine(real)
    for number, engine in enumerate(sorted(by_engine), start=1):
        counted = by_engine[engine]
        of_month: dict[int, Times] = {}
        of_size: dict[int | None, Times] = {}
        everything = Times()
        for (month, size), times in counted.items():
            of_month.setdefault(month, Times()).add(times)
            of_size.setdefault(size, Times()).add(times)
            everything.add(times)
        rows = tuple(
            _times(month_name(month), of_month[month]) for month in months if month in of_month
        )
        values = [
            (place, of_month[month].minutes)
            for place, month in enumerate(months)
            if month in of_month
        ]
        band, line, dots, labels = _shapes(values, [month_name(month) for month in months])
        whole = _times(engine, everything)
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
            sizes=tuple(_sizes(of_size)),
        )


def _times(name: str, times: Times) -> TimesRow:
    values = sorted(times.minutes)
    return TimesRow(
        name=name,
        count=len(values),
        failed=times.failed,
        p50=_minutes_text(value_at(values, 50)),
        p90=_minutes_text(value_at(values, 90)),
        longest=_minutes_text(value_at(values, 100)),
        met=_("{part} of {whole}").format(part=times.met, whole=times.with_target)
        if times.with_target
        else _("no target"),
    )


def _minutes_text(minutes: float | None) -> str:
    if minutes is None:
        return _("no data")
    return _("not reached") if math.isinf(minutes) else span_text(timedelta(minutes=minutes))


def _sizes(of_size: Mapping[int | None, Times]) -> Iterable[TimesRow]:
    for place, (_high, name) in enumerate(SIZES):
        if place in of_size:
            yield _times(name, of_size[place])
    if None in of_size:
        yield _times(_("volume not known"), of_size[None])


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
    real: Sequence[Tick], months: Sequence[int], broken: Sequence[Failure]
) -> Iterable[MonthRow]:
    endings = {month: [tick.ending for tick in ticks] for month, ticks in by_month(real)}
    repairs: dict[int, list[Failure]] = {}
    for one in broken:
        if one.ended is not None:
            repairs.setdefault(month_of(from_milliseconds(one.ended)), []).append(one)
    for month in reversed(months):
        mended = repairs.get(month, [])
        mttr = failure_mttr(mended)
        found = endings.get(month, [])
        due, passed = len(found), sum(one.has_passed for one in found)
        yield MonthRow(
            month=month_name(month),
            due=due,
            executed=sum(one.is_executed for one in found),
            passed=passed,
            failed=sum(one.has_failed for one in found),
            share=share_text(span_of(passed), span_of(due)),
            bar=percent(passed / due) if due else "",
            repaired=str(len(mended)),
            mttr=span_text(timedelta(seconds=mttr.value) if mttr.value is not None else None),
        )
