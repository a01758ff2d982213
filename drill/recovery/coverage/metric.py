"""One figure with everything that is needed to doubt it, and the register of all figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drill.recovery.pickling import quickly_pickled

Unit = Literal["share", "seconds", "count", "per day", "gigabytes", "days", "bytes", "money"]


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of a metric in the register."""

    id: str
    """Which metric it is; its definition is ``METRICS[id]`` in ``register``."""
    value: float | None
    """None is "no data", and ``math.inf`` is "never" or "not reached"; neither is zero."""
    numerator: float | None = None
    """Of a share; lengths are in milliseconds."""
    denominator: float | None = None
    n: int = 0
    """How many things were looked at: stretches, drills, sources."""
    flags: tuple[str, ...] = ()
    """Stable keys of what a reader must know about this figure, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDefinition:
    """What a figure means."""

    id: str
    title: str
    formula: str
    version: int
    """Goes up when the formula gives another figure for the same history."""
    unit: Unit
    caveats: tuple[str, ...]
    section: str
    """The section of the definitions it follows, such as C.6."""


def share(
    metric_id: str, numerator: float, denominator: float, *, n: int, flags: tuple[str, ...] = ()
) -> Metric:
    """Return a share; an empty denominator is no data, never 0 or 100 %."""
    return Metric(
        id=metric_id,
        value=numerator / denominator if denominator else None,
        numerator=numerator,
        denominator=denominator,
        n=n,
        flags=tuple(sorted(flags)) if flags else (),
    )


def seconds(
    metric_id: str, milliseconds: float | None, *, n: int, flags: tuple[str, ...] = ()
) -> Metric:
    """Return a span as a figure in seconds."""
    value = None if milliseconds is None else milliseconds / 1000
    return Metric(id=metric_id, value=value, n=n, flags=tuple(sorted(flags)))


def no_data(metric_id: str, *flags: str) -> Metric:
    """Return the figure of which nothing is known."""
    return Metric(id=metric_id, value=None, flags=tuple(sorted(flags)))
