"""Two processes on hosts whose clocks are minutes apart: the second takes the first one's drill for
abandoned, works on it or sweeps it away, while the first is alive and about to go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.engine.record import Outcome, State
from drill.engine.sweeping import sweep
from tests.engine.scene import a_plan
from tests.harness.stage import (
    NOT_ABOUT_THE_BACKUP,
    a_stage,
    assert_all_is_well,
    boundaries_of,
    finish_by_a_third,
)
from tests.harness.test_zombies import go_on
from tests.harness.workers import Ledger, SteppedWorker

TARGETS = ("new", "existing")
SECOND = timedelta(seconds=1)
AT_MOST = timedelta(seconds=25)
"""How long, by the right time, the first process stands still: less than its lease."""


def overlap(target: str, at: int, ahead: timedelta, *, sweeps: bool) -> None:
    """Play it: the first stops at boundary ``at``, and goes on when the second has had its time."""
    stage = a_stage(f"clock/{target}/{ahead}/{at}/{sweeps}")
    scene = stage.scene
    ledger = Ledger(scene.provider)
    drill_id = scene.enlist(a_plan(target=target))
    first = SteppedWorker(scene, "host/1/1", ledger)
    while at > 0 and scene.record(drill_id).state is not State.FINISHED:
        at -= go_on(first, drill_id, at)
    if not first.is_busy:
        return
    second = SteppedWorker(scene, "host/2/2", ledger, ahead=ahead)
    if sweeps:
        second.begin_to(
            lambda: sweep(
                second.parts,
                is_dead=lambda worker: False,
                lives_at_most=timedelta(hours=12),
                apply=True,
            )
        )
        second.step(1000)
    until = scene.clock.now() + AT_MOST * stage.lots.random()
    while scene.clock.now() <= until and scene.record(drill_id).state is not State.FINISHED:
        record = scene.record(drill_id)
        look_at = max(record.next_at, record.leased_until or record.next_at)
        if look_at <= second.parts.clock.now():
            second.begin(drill_id)
            second.step(1000)
        else:
            scene.clock.move(SECOND)
    first.step(1000)
    assert [first.surprise, second.surprise] == [None, None]
    assert ledger.accepted[drill_id] <= 1
    finish_by_a_third(stage, drill_id)
    assert_all_is_well(stage, drill_id, outcomes={*NOT_ABOUT_THE_BACKUP, Outcome.ABORTED})


@pytest.mark.parametrize("sweeps", [False, True], ids=["works", "sweeps"])
@pytest.mark.parametrize("ahead", [-400, 5, 130, 1000])
@pytest.mark.parametrize("target", TARGETS)
def test_a_clock_that_is_minutes_wrong_does_no_harm(target, ahead, sweeps):
    for at in range(1, boundaries_of(a_plan(target=target))):
        try:
            overlap(target, at, timedelta(seconds=ahead), sweeps=sweeps)
        except AssertionError as error:
            raise AssertionError(f"the first one stood at boundary {at}") from error
