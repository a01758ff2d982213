"""The nights that the lines of the overview are drawn of, as rows."""

from __future__ import annotations

import math
from collections.abc import Iterator

from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.facts import NightlySums
from drill.report.data_table import Row, foreign, instant
from drill.report.site import Site
from drill.report.view.history import nights_until

HISTORY_FIELDS = (
    "night", "cloud", "taken_at", "proven_ms", "advertised_ms", "sources_with_window",
    "sources_with_lag", "with_rpo_target", "beyond_rpo_target", "worst_source_id", "worst_lag_ms",
    "worst_rpo_target_ms",
)  # fmt: skip
"""``worst_lag_ms`` is nothing beside a source that had no recovery point."""


def history_rows(site: Site) -> Iterator[Row]:
    """Yield the sums of each cloud in each night, the oldest night first; none of a report that is
    about less than they are."""
    for night, clouds in nights_until(site.fleet.nights or (), site.context.at).items():
        for cloud in sorted(clouds):
            yield (night.isoformat(), *_row(clouds[cloud]))


def _row(kept: NightlySums) -> Row:
    sums, worst = kept.sums, kept.sums.worst
    is_finite = worst is not None and math.isfinite(worst.milliseconds)
    return (
        kept.cloud,
        instant(kept.taken_at),
        sums.proven,
        sums.advertised,
        sums.with_window,
        sums.measured,
        sums.promised,
        sums.late,
        foreign(worst.source[1]) if worst else None,
        int(worst.milliseconds) if worst and is_finite else None,
        milliseconds_of(worst.target) if worst and worst.target else None,
    )
