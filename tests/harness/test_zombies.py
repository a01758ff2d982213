"""A worker stops at any boundary, as a suspended machine does; another one takes its drill over;
and then the first one wakes up and goes on as if nothing had happened."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.engine.record import State
from tests.engine.scene import a_plan
from tests.harness.stage import a_stage, assert_all_is_well, boundaries_of, finish_by_a_third
from tests.harness.workers import Ledger, SteppedWorker

TARGETS = ("new", "existing")


def wake_up_late(target: str, mode: str, at: int, steps_of_the_other: int) -> None:
    """Play it: stop at boundary ``at``, let the other take so many boundaries, and wake up."""
    stage = a_stage(f"zombie/{target}/{mode}/{at}/{steps_of_the_other}")
    scene = stage.scene
    ledger = Ledger(scene.provider)
    drill_id = scene.enlist(a_plan(target=target, mode=mode))
    first = SteppedWorker(scene, "host/1/1", ledger)
    while at > 0 and scene.record(drill_id).state is not State.FINISHED:
        at -= go_on(first, drill_id, at)
    if not first.is_busy:
        return
    scene.clock.move(first.lease + timedelta(seconds=1))
    second = SteppedWorker(scene, "host/2/2", ledger)
    left = steps_of_the_other
    while left > 0 and scene.record(drill_id).state is not State.FINISHED:
        left -= go_on(second, drill_id, left)
    first.step(1000)
    while second.is_busy:
        second.step(1000)
    assert [first.surprise, second.surprise] == [None, None]
    assert ledger.accepted[drill_id] <= 1
    finish_by_a_third(stage, drill_id)
    assert_all_is_well(stage, drill_id)


def go_on(worker: SteppedWorker, drill_id: str, at_most: int) -> int:
    """Take up to so many boundaries; return how many were taken, at least one."""
    scene = worker.scene
    if not worker.is_busy:
        record = scene.record(drill_id)
        look_at = max(record.next_at, record.leased_until or record.next_at)
        scene.clock.move(max(look_at - scene.clock.now(), timedelta(0)))
        worker.begin(drill_id)
        return 1
    before = worker.passed
    worker.step(at_most)
    return max(1, worker.passed - before)


@pytest.mark.parametrize("steps", [3, 20, 60, 1000])
@pytest.mark.parametrize("mode", ["pitr", "backup"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_worker_that_wakes_up_late_does_no_harm(target, mode, steps):
    for at in range(1, boundaries_of(a_plan(target=target, mode=mode))):
        try:
            wake_up_late(target, mode, at, steps)
        except AssertionError as error:
            raise AssertionError(f"stopped at boundary {at}") from error
