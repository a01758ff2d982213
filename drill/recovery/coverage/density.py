"""How dense the backups lie (coverage C.5)."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from drill.recovery.coverage.metric import Metric, no_data, seconds, share

DAY = 86_400_000
"""Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """The recovery points of one source at T."""

    per_day: Metric
    median_interval: Metric
    longest_interval: Metric
    newest_age: Metric
    within_retention: Metric
    by_kind: Mapping[str, Metric]
    """Share of all complete backups, also of those that no restore begins with."""


def density(
    points: Sequence[int],
    *,
    at: int,
    retention: int | None = None,
    kinds: Mapping[str, int] | None = None,
) -> Density:
    """Return the density of points up to T; later ones do not exist yet. ``points`` is sorted."""
    known = [point for point in points if point <= at]
    intervals = [after - before for before, after in pairwise(known)]
    n = len(known)
    elapsed = at - known[0] if known else 0
    counts = kinds or {}
    inside = None
    if retention is not None:
        inside = float(sum(1 for point in known if point >= at - retention))
    median = statistics.median(intervals) if intervals else None
    return Density(
        per_day=Metric(
            id="points_per_day",
            value=n / (elapsed / DAY) if elapsed else None,
            numerator=n,
            denominator=elapsed,
            n=n,
        ),
        median_interval=seconds("median_interval", median, n=len(intervals)),
        longest_interval=seconds(
            "longest_interval", max(intervals, default=None), n=len(intervals)
        ),
        newest_age=seconds("newest_backup_age", at - known[-1], n=n)
        if known
        else no_data("newest_backup_age", "no_backup"),
        within_retention=Metric(id="backups_in_retention", value=inside, n=n),
        by_kind={
            kind: share("backup_kind", count, sum(counts.values()), n=count)
            for kind, count in counts.items()
        },
    )
