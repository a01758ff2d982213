"""One source as a line of ``data/sources``."""

from __future__ import annotations

from datetime import timedelta

from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.coverage.reading import validity_of
from drill.report.context import Context
from drill.report.data_table import foreign, instant
from drill.report.view.links import source_page
from drill.report.view.standing import Standing, name_of
from drill.report.view.statuses import SLUGS


def source_cells(one: Standing, context: Context) -> tuple[str | int | None, ...]:
    """Return every field of a source; shares as numerator and denominator, in milliseconds."""
    seen, newest = one.past.observation, one.newest
    proof = one.newest_proof
    window, proven = one.metrics.get("window_coverage"), one.metrics["proven"]
    suspect, images = one.metrics["suspect"], one.metrics["image_coverage"]
    lag = one.lag
    return (
        one.key[0],
        foreign(context.region(one.key[0])),
        foreign(one.key[1]),
        foreign(name_of(one.past)),
        seen.engine if seen else newest.engine if newest else None,
        seen.volume_gb if seen else None,
        one.tier,
        _span(one.promise.cadence),
        _span(validity_of(one.promise)),
        SLUGS[one.status],
        one.is_simulated,
        len(one.past.drills),
        foreign(newest.id if newest else None),
        newest.outcome.value if newest and newest.outcome else None,
        instant(proof.finished_at if proof else None),
        instant(one.expires_at),
        len(one.standing_proofs),
        instant(seen.taken_at if seen else None),
        _part(window.denominator if window else None),
        _part(proven.denominator) if one.window else None,
        _part(proven.numerator) if one.window else None,
        _part(suspect.numerator) if one.window else None,
        len(one.gaps.stretches) if one.gaps else None,
        one.gaps.longest if one.gaps else None,
        int(lag.milliseconds) if lag and lag.kind != "none" else None,
        _part(images.denominator) if one.window else None,
        _part(images.numerator) if one.window else None,
        f"i/{source_page(one.key)}",
    )


SOURCE_FIELDS = (
    "cloud", "region", "source_id", "source_name", "engine", "volume_gb", "tier", "cadence_ms",
    "proof_validity_ms", "standing", "is_simulated", "drills", "newest_drill_id", "newest_outcome",
    "newest_proof_at", "proof_ends_at", "proofs_of_restorable", "windows_read_at", "promised_ms",
    "advertised_ms", "proven_ms", "suspect_ms", "gaps", "longest_gap_ms", "lag_ms", "backups",
    "backups_proven", "page",
)  # fmt: skip
"""The columns of the sources, in CSV and in JSON."""


def _part(value: float | None) -> int | None:
    return None if value is None else int(value)


def _span(span: timedelta | None) -> int | None:
    return None if span is None else milliseconds_of(span)
