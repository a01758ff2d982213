"""What random drills make: a sample that may carry a statistical statement (coverage C.9)."""

from __future__ import annotations

from collections.abc import Iterable

from drill.recovery.coverage.confidence import RandomSample
from drill.recovery.coverage.evidence import IMAGE_LEVEL
from drill.recovery.facts import SourceKey
from drill.recovery.tick import Tick


def random_sample(
    ticks: Iterable[Tick], *, population: str, one_per_source: bool = False
) -> RandomSample | None:
    """Return the sample that drills make; None if none was drawn and finished.

    Several drills of one source are no independent draws from a fleet: ``one_per_source`` keeps
    the first slot of each. Passes below L3 prove nothing and count as inconclusive.
    """
    drawn = sorted(
        (one for one in ticks if one.ending.is_drawn and one.ending.outcome is not None),
        key=lambda one: (one.slot, one.id),
    )
    if one_per_source:
        first: dict[SourceKey, Tick] = {}
        for one in drawn:
            first.setdefault(one.source, one)
        drawn = list(first.values())
    if not drawn:
        return None
    passed = [one for one in drawn if one.ending.has_passed and one.level >= IMAGE_LEVEL]
    failed = sum(1 for one in drawn if one.ending.has_failed)
    return RandomSample(
        begin=min(one.night for one in drawn).isoformat(),
        end=max(one.night for one in drawn).isoformat(),
        population=population,
        passed=len(passed),
        failed=failed,
        inconclusive=len(drawn) - len(passed) - failed,
        level=min((one.level for one in passed), default=IMAGE_LEVEL),
    )
