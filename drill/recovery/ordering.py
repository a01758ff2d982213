"""The order in which drills are read."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from drill.recovery.facts import DrillFacts


def newest_first(records: Iterable[DrillFacts]) -> tuple[DrillFacts, ...]:
    """Return drills by slot, newest first; equal ones by id."""
    records = tuple(records)
    if all(
        one.scheduled_for > two.scheduled_for or _is_before(one, two)
        for one, two in pairwise(records)
    ):
        return records
    by_id = sorted(records, key=lambda record: record.id)
    return tuple(sorted(by_id, key=lambda one: (one.scheduled_for, one.enlisted_at), reverse=True))


def _is_before(one: DrillFacts, other: DrillFacts) -> bool:
    """Tell whether two neighbours stand in the order of ``newest_first``."""
    if one.scheduled_for != other.scheduled_for:
        return one.scheduled_for > other.scheduled_for
    if one.enlisted_at != other.enlisted_at:
        return one.enlisted_at > other.enlisted_at
    return one.id <= other.id
