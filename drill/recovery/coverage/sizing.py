"""How the recovery time grows with the size of the volume, and when it will be too long (C.11)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from drill.recovery.coverage.regression import Fit, fit_line
from drill.recovery.coverage.tails import t_quantile
from drill.recovery.tick import HOUR, MINUTE, Tick

ENOUGH_DRILLS = 8
ENOUGH_SIZES = 3
ENOUGH_FOR_REPLAY = 20
"""Drills from which the hours since the base get a term of their own."""
REFUSED_BEYOND = 2
"""How many times the largest observed size may be spoken of at most."""
NOTABLE_DIFFERENCE = 0.2
"""From which relative difference of slopes the Theil-Sen line is shown beside the other."""

Reach = Literal["observed", "extrapolated"]
ModelKey = tuple[str | None, str | None, str | None]
"""(engine, type of the volume, flavor of the target): times are not carried from one to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One drill that passed."""

    size_gb: float
    minutes: float
    replay_hours: float | None = None
    """From the base to the recovery point; None for a backup restore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Minutes for one size, with the interval in which the next drill would fall."""

    size_gb: float
    minutes: float
    low: float
    high: float
    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeModel:
    """A line through the recovery times of one kind of instance, and how far it may be trusted."""

    n: int
    fit: Fit
    robust_slope: float
    """Theil-Sen: minutes for each GB, whatever single outliers say."""
    robust_intercept: float
    largest_gb: float
    has_replay_term: bool
    mean_replay_hours: float | None = None

    @property
    def slope(self) -> float:
        """Return the minutes for each GB."""
        return self.fit.coefficients[1]

    @property
    def intercept(self) -> float:
        """Return the minutes that are there whatever the size."""
        return self.fit.coefficients[0]

    @property
    def robust_differs(self) -> bool:
        """Tell whether both slopes differ so much that both must be shown."""
        return abs(self.robust_slope - self.slope) > NOTABLE_DIFFERENCE * abs(self.slope)

    def predict(
        self, size_gb: float, *, replay_hours: float | None = None, confidence: float = 0.95
    ) -> Prediction | None:
        """Return the minutes for a size; None beyond twice the largest one that was observed.

        Where the model has a term for the replay, its mean is used unless it is given.
        """
        if size_gb > REFUSED_BEYOND * self.largest_gb:
            return None
        row = [1.0, size_gb]
        if self.has_replay_term:
            hours = self.mean_replay_hours if replay_hours is None else replay_hours
            row.append(hours or 0.0)
        minutes = self.fit.value(row)
        half = t_quantile(0.5 + confidence / 2, self.fit.freedom) * self.fit.prediction_error(row)
        return Prediction(
            size_gb=size_gb,
            minutes=minutes,
            low=minutes - half,
            high=minutes + half,
            reach="extrapolated" if size_gb > self.largest_gb else "observed",
        )

    def size_at(self, minutes: float) -> float | None:
        """Return the size at which the line reaches a time; None if never, or out of reach."""
        if self.slope <= 0:
            return None
        rest = minutes - self.intercept
        if self.has_replay_term:
            rest -= self.fit.coefficients[2] * (self.mean_replay_hours or 0.0)
        size = rest / self.slope
        return size if 0 <= size <= REFUSED_BEYOND * self.largest_gb else None

    def days_until(self, minutes: float, *, size_gb: float, growth_per_day: float) -> float | None:
        """Return in how many days a growing volume reaches the size of a time; 0 if it has.

        None if it does not grow, or if that size is out of reach.
        """
        size = self.size_at(minutes)
        if size is None:
            return None
        if size <= size_gb:
            return 0.0
        return (size - size_gb) / growth_per_day if growth_per_day > 0 else None


def size_model(timings: Sequence[Timing]) -> SizeModel | None:
    """Return the model; None below eight drills or three distinct sizes."""
    sizes = {timing.size_gb for timing in timings}
    if len(timings) < ENOUGH_DRILLS or len(sizes) < ENOUGH_SIZES:
        return None
    minutes = [timing.minutes for timing in timings]
    rows = [[1.0, timing.size_gb] for timing in timings]
    hours = [one.replay_hours for one in timings if one.replay_hours is not None]
    fit = None
    if len(hours) == len(timings) >= ENOUGH_FOR_REPLAY:
        both = [[*row, hour] for row, hour in zip(rows, hours, strict=True)]
        fit = fit_line(both, minutes)
    has_replay_term = fit is not None
    if fit is None:
        fit = fit_line(rows, minutes)
    if fit is None:
        return None
    slope, intercept = theil_sen([(one.size_gb, one.minutes) for one in timings])
    return SizeModel(
        n=len(timings),
        fit=fit,
        robust_slope=slope,
        robust_intercept=intercept,
        largest_gb=max(sizes),
        has_replay_term=has_replay_term,
        mean_replay_hours=math.fsum(hours) / len(hours) if has_replay_term else None,
    )


def theil_sen(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the median slope of all pairs, and the median intercept that goes with it."""
    slope = statistics.median(
        (other[1] - one[1]) / (other[0] - one[0])
        for one, other in combinations(points, 2)
        if other[0] != one[0]
    )
    return slope, statistics.median(y - slope * x for x, y in points)


def by_kind(ticks: Iterable[Tick]) -> Mapping[ModelKey, Sequence[Tick]]:
    """Return drills by the kind of instance that their times hold for."""
    found: dict[ModelKey, list[Tick]] = {}
    for tick in ticks:
        key = tick.engine, tick.volume_type, tick.flavor
        of_kind = found.get(key)
        if of_kind is None:
            of_kind = found[key] = []
        of_kind.append(tick)
    return found


def timed(ticks: Iterable[Tick]) -> Sequence[Tick]:
    """Return the real drills that passed with a known time and size. An upper bound is none: it
    says how long we looked away, not how big it is."""
    return [
        tick
        for tick in ticks
        if tick.rta is not None
        and tick.volume_gb is not None
        and tick.ending.has_passed
        and not tick.ending.is_at_most
    ]


def timing_of(tick: Tick) -> Timing:
    """Return the time of a drill that is ``timed``."""
    return Timing(
        size_gb=tick.volume_gb or 0,
        minutes=(tick.rta or 0) / MINUTE,
        replay_hours=None if tick.replay is None else tick.replay / HOUR,
    )
