"""What is known when notices are decided: plans, drills, and how the daemon began."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from drill.plan.model import Plan, Schedule
from drill.recovery.coverage.reading import DEFAULT_VALIDITY, validity_of
from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.verdict import Outcome

FAILURES = frozenset({Outcome.FAILED_RESTORE, Outcome.FAILED_CHECK, Outcome.PASSED_LATE})
"""The copy, or the promise about it, was not good. A late pass fails its plan, and is a proof."""
WITHOUT_ANSWER = frozenset({Outcome.INCONCLUSIVE, Outcome.REFUSED, Outcome.MISSED})
"""Says nothing about the backup: the control did not operate."""
NEVER_RAN = frozenset({Outcome.MISSED, Outcome.SKIPPED, Outcome.ABORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a plan promises about its drills."""

    plan_name: str
    group: str | None = None
    source: SourceKey
    cadence: timedelta | None = None
    proof_validity: timedelta = DEFAULT_VALIDITY
    schedule: Schedule | None = None
    give_up_after: timedelta = timedelta(hours=6)
    seen_at: datetime | None = None
    """When the plan was first seen with a schedule; None if nobody has looked since it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStart:
    """A daemon has begun, and knows how the one before it ended."""

    name: str
    started_at: datetime
    previous_crashed: bool
    previous_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that notices are decided from."""

    promises: tuple[Promise, ...]
    drills: tuple[DrillFacts, ...]
    """Drills of any plan, in any order; unfinished ones too."""
    start: DaemonStart | None = None


def promise_of(plan: Plan, *, seen_at: datetime | None = None) -> Promise:
    """Return what a plan promises; ``seen_at`` is when it was first seen with a schedule."""
    objectives = plan.objectives
    return Promise(
        plan_name=plan.name,
        group=plan.group,
        source=(plan.source.cloud, plan.source.instance_id),
        cadence=objectives.cadence,
        proof_validity=validity_of(objectives),
        schedule=plan.schedule,
        give_up_after=plan.give_up_after,
        seen_at=seen_at,
    )


def ended_at(drill: DrillFacts) -> datetime:
    """Return when the drill ended; its slot stands in for one that never ran."""
    return drill.finished_at or drill.scheduled_for


def is_real(drill: DrillFacts) -> bool:
    """Tell whether the drill ended, and databases stood behind it: a simulated one is no drill."""
    return drill.outcome is not None and not drill.is_simulated


def newest_first(drills: Iterable[DrillFacts]) -> list[DrillFacts]:
    """Return the drills by their end, the newest first."""
    return sorted(drills, key=lambda one: (ended_at(one), one.id), reverse=True)


def of_each_plan(drills: Iterable[DrillFacts]) -> Mapping[str, list[DrillFacts]]:
    """Return the drills by plan, the newest first; a plan without any has an empty list."""
    by_plan: dict[str, list[DrillFacts]] = defaultdict(list)
    for drill in newest_first(drills):
        by_plan[drill.plan_name].append(drill)
    return by_plan


def last_run(drills: Sequence[DrillFacts]) -> DrillFacts | None:
    """Return the drill of one plan that ran and ended last; of simulated ones only if that is all.

    ``drills`` are newest first. What was missed, skipped or stopped by a person never ran.
    """
    ran = [one for one in drills if one.outcome is not None and one.outcome not in NEVER_RAN]
    return next((one for one in ran if is_real(one)), ran[0] if ran else None)


class DaemonLife(Protocol):
    """What the store knows of one daemon, as far as it is told."""

    @property
    def worker(self) -> str:
        """Return its name: ``host/pid/start``."""
        ...

    @property
    def started_at(self) -> datetime:
        """Return when it began."""
        ...

    @property
    def beat_at(self) -> datetime:
        """Return when it showed its last sign of life."""
        ...

    @property
    def how(self) -> str | None:
        """Return how it ended: ``clean``, ``crash``, or None while it runs."""
        ...


def start_of(lives: Sequence[DaemonLife], worker: str) -> DaemonStart | None:
    """Return how a daemon began; None if the store does not know it.

    The daemon before it is the one of the same host that began last before it.
    """
    ours = next((one for one in lives if one.worker == worker), None)
    if ours is None:
        return None
    host = worker.partition("/")[0]
    earlier = [
        one
        for one in lives
        if one.worker.partition("/")[0] == host and one.started_at < ours.started_at
    ]
    before = max(earlier, key=lambda one: one.started_at, default=None)
    return DaemonStart(
        name=host,
        started_at=ours.started_at,
        previous_crashed=before is not None and before.how == "crash",
        previous_seen_at=before.beat_at if before is not None else None,
    )
