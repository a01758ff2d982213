"""The daemon tears down what a failed teardown left, and leaves alone what is not its own."""

from __future__ import annotations

from datetime import timedelta

import structlog.testing

from drill.engine.record import Outcome, Teardown
from drill.guard.facts import DRILL_TAG
from drill.provider.memory import Fault
from drill.scheduler.sweeper import Sweeper
from tests.engine.scene import TARGET_ID, Scene, a_plan, an_instance


class Told:
    """Counts how often the dispatcher is woken."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def sweeper(scene: Scene, told: Told) -> Sweeper:
    return Sweeper(
        parts=lambda: scene.parts,
        every=timedelta(minutes=10),
        lives_at_most=timedelta(hours=12),
        found=told,
    )


def test_a_target_that_was_left_unclean_is_cleaned_and_given_free():
    scene, told = Scene(), Told()
    scene.provider.inject(Fault.FAIL_RESET)
    left = scene.run(a_plan(target="existing"))
    assert left.teardown is Teardown.LEAKED

    sweeper(scene, told).sweep()
    swept = scene.run_until_finished(left.id)

    assert told.times == 1
    assert (swept.outcome, swept.teardown) == (Outcome.PASSED, Teardown.CLEAN)
    assert scene.journal.holder_of("memory", TARGET_ID) is None
    scene.assert_nothing_left()


def test_where_nothing_is_left_nobody_is_woken():
    scene, told = Scene(), Told()
    scene.run(a_plan())

    sweeper(scene, told).sweep()

    assert told.times == 0


def test_a_stranger_is_left_alone_and_told_of_once():
    scene, told = Scene(), Told()
    stranger = "stranger0000000000000000000000000in03"
    name = "20260101-000000-00000000"
    scene.provider.add_instance(an_instance(stranger, f"drill-{name}", tags={DRILL_TAG: name}))
    sweeps = sweeper(scene, told)

    with structlog.testing.capture_logs() as lines:
        sweeps.sweep()
        sweeps.sweep()

    assert told.times == 0
    assert [line["event"] for line in lines] == ["leak left alone"]
    assert scene.provider.find_instance(stranger) is not None


def test_a_cloud_that_cannot_be_asked_is_asked_another_time():
    scene, told = Scene(), Told()
    scene.provider.inject(Fault.FAIL_RESET)
    left = scene.run(a_plan(target="existing"))
    scene.provider.inject(Fault.UNAVAILABLE, times=1)
    sweeps = sweeper(scene, told)

    sweeps.sweep()
    sweeps.sweep()

    assert scene.run_until_finished(left.id).teardown is Teardown.CLEAN
