"""Which drills count as what: passed, failed, proof (docs/measurement.md)."""

from __future__ import annotations

from collections.abc import Iterable

from drill.clock import to_milliseconds
from drill.recovery.facts import DrillFacts
from drill.recovery.verdict import Outcome

PASSES = frozenset({Outcome.PASSED, Outcome.PASSED_LATE})
FAILURES = frozenset({Outcome.FAILED_RESTORE, Outcome.FAILED_CHECK})
CONCLUSIVE = PASSES | FAILURES
"""Outcomes that say something about the recovery point; every other one changes nothing."""

IMAGE_LEVEL = 3
"""Assurance level from which a pass proves the image that it began with."""
CHAIN_LEVEL = 4
"""Assurance level from which a PITR pass proves a chain: below it the time itself is unproven."""


def has_passed(drill: DrillFacts) -> bool:
    """Tell whether the drill passed, and a database stood behind it."""
    return not drill.is_simulated and drill.outcome in PASSES


def has_failed(drill: DrillFacts) -> bool:
    """Tell whether the recovery point failed, and a database stood behind it."""
    return not drill.is_simulated and drill.outcome in FAILURES


def is_conclusive(drill: DrillFacts) -> bool:
    """Tell whether the drill says anything about its recovery point."""
    return not drill.is_simulated and drill.outcome in CONCLUSIVE


def is_proof(drill: DrillFacts) -> bool:
    """Tell whether the drill proves anything at all: passed, real, and at least at L3."""
    return has_passed(drill) and drill.level >= IMAGE_LEVEL


def is_executed(drill: DrillFacts) -> bool:
    """Tell whether a restore was under way: the cloud accepted it."""
    return drill.restore_accepted_at is not None or drill.outcome in CONCLUSIVE


def finished_by(drills: Iterable[DrillFacts], at: int) -> list[tuple[int, DrillFacts]]:
    """Return (finished, drill) of what had finished at an instant, in the order of (finished, id).

    Both in milliseconds. What finished later is not known yet.
    """
    finished = [
        (to_milliseconds(drill.finished_at), drill)
        for drill in drills
        if drill.finished_at is not None and drill.outcome is not None
    ]
    known = [pair for pair in finished if pair[0] <= at]
    known.sort(key=lambda pair: (pair[0], pair[1].id))
    return known
