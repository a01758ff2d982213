"""Which drills were drawn at random, and so may carry a statistical statement (coverage C.9)."""

from __future__ import annotations

import re

from drill.recovery.facts import DrillFacts

_PUBLISHED = re.compile(r"[0-9a-f]{64}")


def is_drawn(drill: DrillFacts) -> bool:
    """Tell whether the recovery point was drawn by a seed that nobody chose (docs/measurement.md).

    A plan with a seed of its own draws too, but its author may have tried seeds.
    """
    return (
        drill.policy == "random"
        and drill.seed is not None
        and _PUBLISHED.fullmatch(drill.seed) is not None
        and not drill.is_simulated
    )
