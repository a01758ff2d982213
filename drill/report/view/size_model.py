"""Recovery time against the size of the volume: a line, its band, and when it will be too long.

The rules are those of ``recovery/coverage/sizing.py``; nothing here depends on the instant of the
report, so that a page without news stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from drill.recovery.coverage.sizing import (
    ENOUGH_DRILLS,
    ENOUGH_SIZES,
    REFUSED_BEYOND,
    ModelKey,
    Prediction,
    SizeModel,
    Timing,
    by_kind,
    size_model,
    timed,
    timing_of,
)
from drill.recovery.tick import DAY, MICROSECOND, Tick, instant
from drill.report.language import _
from drill.report.view.formats import gigabytes_text, span_text
from drill.report.view.text import shown

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 460, 170, 76, 14, 20
STEPS = 12
"""Places at which the band is drawn, from nothing to twice the largest size."""
DRILLS_AT_MOST = 300
"""The newest drills that a model is made of: the robust slope looks at every pair of them."""
KINDS_AT_MOST = 8
YEARS_AT_MOST = 10
"""No day is named beyond."""

_DAY = timedelta(days=1)
_ToPixel = Callable[[float], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRow:
    """What the model says of one size."""

    size: str
    expected: str
    low: str
    high: str
    reach: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SizePlot:
    """The figure in pixels."""

    dots: str
    band: str
    line: str
    beyond: str
    """The line past the largest size that was drilled: it is extrapolated."""
    robust: str
    """The line that no single outlier moves, where it differs; or empty."""
    edge_x: int
    target_y: int | None
    labels: tuple[tuple[int, int, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeFigure:
    """One kind of instance: a model, or why there is none."""

    kind: str
    finding: str
    width: int
    height: int
    left: int
    axis_y: int
    plot: SizePlot | None
    """None where the rules allow no model."""
    rows: tuple[SizeRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeFigures:
    """Figures of the kinds with the most drills, and how many kinds are left out."""

    shown: tuple[SizeFigure, ...]
    left_out: int

    @property
    def has_plot(self) -> bool:
        """Tell whether there is any model."""
        return any(one.plot is not None for one in self.shown)


def size_figures(ticks: Sequence[Tick], *, of_one_source: bool) -> SizeFigures:
    """Return a figure for each engine, storage type and flavor. Newest slot comes first.

    Of one source the forecast also says when its own growth reaches the RTO target.
    """
    kinds = by_kind(ticks)
    found = {key: known for key, inside in kinds.items() if (known := timed(inside))}
    ordered = sorted(found, key=lambda key: (-len(found[key]), _name(key)))
    return SizeFigures(
        shown=tuple(
            _figure(
                key,
                [timing_of(one) for one in found[key][:DRILLS_AT_MOST]],
                _target(kinds[key]),
                [one for one in kinds[key] if one.volume_gb is not None] if of_one_source else (),
            )
            for key in ordered[:KINDS_AT_MOST]
        ),
        left_out=max(0, len(ordered) - KINDS_AT_MOST),
    )


def _target(ticks: Iterable[Tick]) -> timedelta | None:
    """Return the shortest RTO target of drills of one kind."""
    targets = [tick.rto_target for tick in ticks if tick.rto_target is not None]
    return min(targets) * MICROSECOND if targets else None


def _name(key: ModelKey) -> str:
    return ", ".join(shown(part, 40) if part else _("not known") for part in key)


def _figure(
    key: ModelKey,
    timings: Sequence[Timing],
    target: timedelta | None,
    volumes: Sequence[Tick],
) -> SizeFigure:
    model = size_model(timings)
    finding = _no_model(timings) if model is None else _finding(model, target, volumes)
    return SizeFigure(
        kind=_name(key),
        finding=finding,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        axis_y=HEIGHT - BOTTOM,
        plot=_plot(model, timings, target) if model is not None else None,
        rows=tuple(_rows(model, timings)) if model is not None else (),
    )


def _no_model(timings: Sequence[Timing]) -> str:
    sizes = len({timing.size_gb for timing in timings})
    if len(timings) < ENOUGH_DRILLS or sizes < ENOUGH_SIZES:
        return _(
            "No model: {count} drills that passed, of {sizes} sizes; it takes {drills} of "
            "{enough} sizes."
        ).format(count=len(timings), sizes=sizes, drills=ENOUGH_DRILLS, enough=ENOUGH_SIZES)
    return _("No model: the drills do not tell size and replay apart.")


def _finding(model: SizeModel, target: timedelta | None, volumes: Sequence[Tick]) -> str:
    parts = [_growth_text(model)]
    if model.robust_differs:
        parts.append(
            _("A line that single outliers do not move says {span} for 100 GB.").format(
                span=_signed(100 * model.robust_slope)
            )
        )
    largest = model.predict(model.largest_gb)
    if largest is not None:
        parts.append(
            _(
                "At {size}, the largest that was drilled, 95 of 100 drills would take {low} to "
                "{high}."
            ).format(
                size=_size(model.largest_gb), low=_minutes(largest.low), high=_minutes(largest.high)
            )
        )
    parts.append(_forecast(model, target, volumes))
    return " ".join(parts)


def _growth_text(model: SizeModel) -> str:
    return _("100 GB more take {span} longer, by {count} drills that passed.").format(
        span=_signed(100 * model.slope), count=model.n
    )


def _forecast(model: SizeModel, target: timedelta | None, volumes: Sequence[Tick]) -> str:
    if target is None:
        return _("There is no RTO target.")
    size = model.size_at(target / timedelta(minutes=1))
    if size is None:
        return _(
            "The RTO target of {target} is not reached up to {size}, twice the largest size; "
            "beyond it nothing is said."
        ).format(target=span_text(target), size=_size(REFUSED_BEYOND * model.largest_gb))
    if size > model.largest_gb:
        reached = _("Extrapolated, the line reaches the RTO target of {target} at {size}.").format(
            target=span_text(target), size=_size(size)
        )
    else:
        reached = _("The line reaches the RTO target of {target} at {size}.").format(
            target=span_text(target), size=_size(size)
        )
    when = _when(model, target, volumes)
    return f"{reached} {when}" if when else reached


def _when(model: SizeModel, target: timedelta, volumes: Sequence[Tick]) -> str:
    """Return on which day the growth of the one source gets there; empty where it has no growth
    to speak of."""
    if len(volumes) < 2:
        return ""
    newest, oldest = volumes[0], volumes[-1]
    days = (newest.slot - oldest.slot) / DAY
    size = float(newest.volume_gb or 0)
    growth = (size - float(oldest.volume_gb or 0)) / days if days > 0 else 0.0
    left = model.days_until(target / timedelta(minutes=1), size_gb=size, growth_per_day=growth)
    if left is None:
        return _("The volume did not grow.")
    if left == 0:
        return _("The volume has that size already.")
    if left > YEARS_AT_MOST * 365:
        return _("With the growth so far that is more than {years} years away.").format(
            years=YEARS_AT_MOST
        )
    day = (instant(newest.slot) + left * _DAY).date()
    return _("With the growth so far, {growth} GB a day, that is on {day}.").format(
        growth=f"{growth:.1f}", day=day.isoformat()
    )


def _rows(model: SizeModel, timings: Sequence[Timing]) -> Iterable[SizeRow]:
    sizes = sorted({timing.size_gb for timing in timings})
    if len(sizes) > 6:
        sizes = [sizes[round(place * (len(sizes) - 1) / 5)] for place in range(6)]
    for size in (*sizes, 1.5 * model.largest_gb, REFUSED_BEYOND * model.largest_gb):
        said = model.predict(size)
        if said is not None:
            yield SizeRow(
                size=_size(size),
                expected=_minutes(said.minutes),
                low=_minutes(said.low),
                high=_minutes(said.high),
                reach=_("extrapolated") if said.reach == "extrapolated" else _("observed"),
            )


def _plot(model: SizeModel, timings: Sequence[Timing], target: timedelta | None) -> SizePlot:
    widest = REFUSED_BEYOND * model.largest_gb
    said = [
        one
        for place in range(STEPS + 1)
        if (one := model.predict(widest * place / STEPS)) is not None
    ]
    tops = [one.high for one in said] + [timing.minutes for timing in timings]
    tops += [target / timedelta(minutes=1)] if target is not None else []
    top = max(tops) * 1.05 or 1.0

    def x(size: float) -> int:
        return LEFT + 8 + round((WIDTH - LEFT - 16) * size / widest)

    def y(minutes: float) -> int:
        share = min(max(minutes / top, 0.0), 1.0)
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share)

    inside = [one for one in said if one.reach == "observed"]
    edge = model.predict(model.largest_gb)
    inside += [edge] if edge is not None and inside[-1].size_gb < edge.size_gb else []
    outside = [inside[-1], *(one for one in said if one.reach == "extrapolated")]
    border = [(x(one.size_gb), y(one.high)) for one in said]
    border += [(x(one.size_gb), y(one.low)) for one in reversed(said)]
    ends = ((0.0, model.robust_intercept), (widest, model.robust_intercept))
    robust = [(x(size), y(base + model.robust_slope * size)) for size, base in ends]
    dots = dict.fromkeys((x(one.size_gb), y(one.minutes)) for one in timings)
    middle = target if target is not None else timedelta(minutes=round(top / 2))
    return SizePlot(
        dots="".join(f"M{at - 3} {high}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0" for at, high in dots),
        band=f"{_path(border)}z",
        line=_line(inside, x, y),
        beyond=_line(outside, x, y),
        robust=_path(robust) if model.robust_differs else "",
        edge_x=x(model.largest_gb),
        target_y=y(target / timedelta(minutes=1)) if target is not None else None,
        labels=(
            (LEFT - 6, HEIGHT - BOTTOM + 4, "0", "end"),
            (LEFT - 6, y(middle / timedelta(minutes=1)) + 4, span_text(middle), "end"),
            (LEFT, HEIGHT - 4, "0 GB", "start"),
            (x(model.largest_gb), HEIGHT - 4, _size(model.largest_gb), "middle"),
            (WIDTH, HEIGHT - 4, _size(widest), "end"),
        ),
    )


def _line(said: Sequence[Prediction], x: _ToPixel, y: _ToPixel) -> str:
    return _path([(x(one.size_gb), y(one.minutes)) for one in said])


def _path(points: Sequence[tuple[int, int]]) -> str:
    return "".join(f"{'L' if place else 'M'}{x} {y}" for place, (x, y) in enumerate(points))


def _minutes(minutes: float) -> str:
    """Return a time, to the second; a line may say less than nothing, and then it says 0."""
    return span_text(timedelta(seconds=max(0, round(minutes * 60))))


def _signed(minutes: float) -> str:
    return span_text(timedelta(seconds=round(minutes * 60)))


def _size(size: float) -> str:
    return gigabytes_text(int(size))
