"""One drill, one trouble at one boundary, and another process that goes on afterwards."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from drill.engine.memory import MemoryJournal
from drill.engine.ports import Journal, Parts
from drill.engine.record import DrillRecord, Outcome, State, Teardown
from drill.engine.runner import advance
from drill.engine.sweeping import find_leaks, reopen_teardowns
from drill.errors import DrillError
from drill.plan.model import Plan
from tests.engine.scene import Scene, a_plan
from tests.harness.boundaries import gated_journal, gated_provider
from tests.harness.troubles import NEVER, TROUBLES, Killed, Trouble

SEED = int(os.environ.get("DRILL_TEST_HARNESS_SEED", "1"))
"""Another seed gives other delays, other lengths of trouble, and other choices of who goes on."""

LONGEST_DELAY = timedelta(seconds=float(os.environ.get("DRILL_TEST_HARNESS_DELAY", "90")))
"""The longest delay before a step, in seconds of the simulated clock."""

STEPS_AT_MOST = 4000

NOT_ABOUT_THE_BACKUP = frozenset({Outcome.PASSED, Outcome.PASSED_LATE, Outcome.INCONCLUSIVE})
"""How a drill of a good backup may end, whatever happens around it."""


@dataclass(slots=True)
class Stage:
    """A scene, and what is drawn by lot in it."""

    scene: Scene
    lots: random.Random

    def delay(self) -> timedelta:
        """Return how long nobody does anything: often nothing, sometimes longer than a lease."""
        if self.lots.random() < 0.6:
            return timedelta(0)
        return LONGEST_DELAY * self.lots.random()


def a_stage(text: str, journal: Journal | None = None, *, tags_in_create: bool = True) -> Stage:
    """Return a stage whose lots depend on the seed and on this text."""
    return Stage(
        Scene(journal or MemoryJournal(), tags_in_create=tags_in_create),
        random.Random(f"{SEED}/{text}"),
    )


def work(stage: Stage, drill_id: str, parts: Parts) -> None:
    """Do what a dispatcher does until the drill is finished; a broken store is tried again.

    Whoever is killed raises Killed out of here.
    """
    scene = stage.scene
    for _ in range(STEPS_AT_MOST):
        record = scene.record(drill_id)
        if record.state is State.FINISHED:
            return
        wait = max(record.next_at - scene.clock.now(), timedelta(0)) + stage.delay()
        scene.clock.move(wait)
        try:
            advance(drill_id, parts, held=lambda record: None)
        except DrillError:
            scene.clock.move(parts.lease)
        after = scene.record(drill_id)
        if after.leased_until is not None and after.leased_until > scene.clock.now():
            scene.clock.move(after.leased_until - scene.clock.now())
    raise AssertionError(f"never finished: {scene.record(drill_id)}")


def boundaries_of(plan: Plan, *, tags_in_create: bool = True) -> int:
    """Return how many boundaries a drill of this plan has when nothing goes wrong."""
    stage = a_stage("count", tags_in_create=tags_in_create)
    counter = Trouble(NEVER, clock=stage.scene.clock, lasts=timedelta(0))
    parts = _gated(stage, counter)
    drill_id = stage.scene.enlist(plan)
    work(stage, drill_id, parts)
    return counter.seen


def play(
    trouble_name: str,
    at: int,
    *,
    target: str,
    mode: str = "pitr",
    journal: Journal | None = None,
    tags_in_create: bool = True,
    prepare: Callable[[Scene], None] = lambda scene: None,
) -> tuple[Stage, str, Trouble]:
    """Let a trouble happen at one boundary of a drill, and another process go on; then sweep."""
    stage = a_stage(f"{trouble_name}/{target}/{mode}/{at}", journal, tags_in_create=tags_in_create)
    scene = stage.scene
    prepare(scene)
    lasts = timedelta(seconds=stage.lots.choice((5, 40, 200, 900)))
    trouble = TROUBLES[trouble_name](at, clock=scene.clock, lasts=lasts)
    first = _gated(stage, trouble)
    drill_id = scene.enlist(a_plan(target=target, mode=mode))
    try:
        work(stage, drill_id, first)
    except Killed:
        scene.clock.move(stage.delay())
    scene.worker = "host/2/2"
    if stage.lots.random() < 0.5:  # it is known to be dead; otherwise its lease runs out
        scene.journal.expire_leases(lambda worker: worker == "host/1/1")
    second = scene.parts_with(scene.journal, scene.provider)
    work(stage, drill_id, second)
    sweep(stage, second)
    return stage, drill_id, trouble


def sweep(stage: Stage, parts: Parts) -> None:
    """Find what was left and finish it, as ``drill sweep`` does."""
    scene = stage.scene
    search = find_leaks(parts, now=scene.clock.now(), lives_at_most=timedelta(hours=12))
    for drill_id in reopen_teardowns(parts, search.leaks, now=scene.clock.now()):
        work(stage, drill_id, parts)


def finish_by_a_third(stage: Stage, drill_id: str) -> None:
    """Let one more process end what the others left, when all of them are dead, and sweep."""
    scene = stage.scene
    scene.worker = "host/3/3"
    scene.journal.expire_leases(lambda worker: True)
    third = scene.parts_with(scene.journal, scene.provider)
    work(stage, drill_id, third)
    sweep(stage, third)


def assert_all_is_well(
    stage: Stage, drill_id: str, *, outcomes: Collection[Outcome] = NOT_ABOUT_THE_BACKUP
) -> DrillRecord:
    """Raise AssertionError unless the promises hold: whatever happened, for this one drill."""
    scene = stage.scene
    record = scene.record(drill_id)
    assert record.state is State.FINISHED
    assert record.outcome in outcomes, (record.outcome, record.reason)
    assert record.teardown in {Teardown.CLEAN, Teardown.NOT_NEEDED}, record.teardown_reason
    accepted = scene.restores_accepted()
    assert accepted <= 1
    if record.outcome not in {Outcome.INCONCLUSIVE, Outcome.ABORTED}:
        assert accepted == 1
    if record.outcome in {Outcome.PASSED, Outcome.PASSED_LATE}:
        assert all(check.answer.value == "passed" for check in record.checks)
    scene.assert_nothing_left()
    of_this_slot = [
        one
        for one in scene.journal.history(at_most=1000)
        if (one.plan_name, one.scheduled_for) == (record.plan_name, record.scheduled_for)
    ]
    assert [one.id for one in of_this_slot] == [drill_id]
    return record


def _gated(stage: Stage, trouble: Trouble) -> Parts:
    scene = stage.scene
    return scene.parts_with(
        gated_journal(scene.journal, trouble), gated_provider(scene.provider, trouble)
    )
