"""A drill that nobody looks at for hours, again and again: every process of its host was down."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.engine.record import Outcome, State, Teardown
from drill.engine.runner import advance
from tests.engine.scene import TARGET_ID, Scene, a_plan


def look_once_in(scene: Scene, drill_id: str, span: timedelta) -> None:
    """Look at a drill so long after it was due, until it is finished."""
    while (record := scene.record(drill_id)).state is not State.FINISHED:
        scene.clock.move(max(record.next_at - scene.clock.now(), timedelta(0)) + span)
        advance(drill_id, scene.parts, held=lambda record: None)


@pytest.mark.parametrize("hours", [2, 24])
@pytest.mark.parametrize("target", ["new", "existing"])
def test_time_in_which_nobody_looked_is_no_try_to_tear_down(target, hours):
    scene = Scene()
    drill_id = scene.enlist(a_plan(target=target, give_up_after="30d"))

    look_once_in(scene, drill_id, timedelta(hours=hours))

    record = scene.record(drill_id)
    assert record.teardown is Teardown.CLEAN, record.teardown_reason
    assert record.outcome is not Outcome.FAILED_RESTORE
    scene.assert_nothing_left()


def test_teardown_that_is_tried_in_time_still_ends_after_its_patience():
    scene = Scene()
    drill_id = scene.enlist(a_plan(target="existing"))
    while scene.record(drill_id).state is not State.TEARING_DOWN:
        record = scene.record(drill_id)
        scene.clock.move(max(record.next_at - scene.clock.now(), timedelta(0)))
        advance(drill_id, scene.parts, held=lambda record: None, may_go_on=_until_teardown)
    began_at = scene.clock.now()
    scene.provider._set_status(TARGET_ID, "MODIFYING")

    look_once_in(scene, drill_id, timedelta(seconds=1))

    record = scene.record(drill_id)
    assert record.teardown is Teardown.LEAKED
    assert scene.clock.now() - began_at < scene.parts.teardown_patience + timedelta(minutes=5)


def _until_teardown(record):
    return record.state is not State.TEARING_DOWN
