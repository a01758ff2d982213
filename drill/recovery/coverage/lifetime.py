"""How long a copy of production lived (coverage C.13)."""

from __future__ import annotations

import math
from datetime import timedelta

from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.facts import DrillFacts

LEAKED, CLEAN = "leaked", "clean"
"""Answers of a teardown after which something is known of the copy."""


def lifetime_of(drill: DrillFacts) -> float | None:
    """Return how long a copy of the source lived, in milliseconds: from the accepted restore to
    the end of teardown. Infinite while it is left over; None where there was none, or nothing is
    known yet.

    Teardown that was taken up again, for what had leaked, counts to its last end. Drills of earlier
    versions know their end alone.
    """
    if drill.is_simulated or drill.restore_accepted_at is None or drill.finished_at is None:
        return None
    if drill.teardown == LEAKED:
        return math.inf
    if drill.teardown != CLEAN:
        return None
    ended = drill.torn_down_at or drill.finished_at
    return milliseconds_of(max(ended - drill.restore_accepted_at, timedelta(0)))
