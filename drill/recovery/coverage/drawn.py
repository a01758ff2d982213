"""Which drills were drawn at random, and so may carry a statistical statement (coverage C.9)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from drill.recovery.coverage.confidence import RandomSample
from drill.recovery.coverage.evidence import IMAGE_LEVEL, has_failed, has_passed
from drill.recovery.facts import DrillFacts, SourceKey

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


def random_sample(
    drills: Iterable[DrillFacts], *, population: str, one_per_source: bool = False
) -> RandomSample | None:
    """Return the sample that drills make; None if none was drawn and finished.

    Several drills of one source are no independent draws from a fleet: ``one_per_source`` keeps
    the first slot of each. Passes below L3 prove nothing and count as inconclusive.
    """
    drawn = sorted(
        (one for one in drills if is_drawn(one) and one.outcome is not None),
        key=lambda one: (one.scheduled_for, one.id),
    )
    if one_per_source:
        first: dict[SourceKey, DrillFacts] = {}
        for drill in drawn:
            first.setdefault(drill.source, drill)
        drawn = list(first.values())
    if not drawn:
        return None
    passed = [one for one in drawn if has_passed(one) and one.level >= IMAGE_LEVEL]
    failed = sum(1 for one in drawn if has_failed(one))
    return RandomSample(
        begin=min(one.scheduled_for for one in drawn).date().isoformat(),
        end=max(one.scheduled_for for one in drawn).date().isoformat(),
        population=population,
        passed=len(passed),
        failed=failed,
        inconclusive=len(drawn) - len(passed) - failed,
        level=min((one.level for one in passed), default=IMAGE_LEVEL),
    )
