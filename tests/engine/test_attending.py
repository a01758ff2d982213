"""A restore that nobody looked at: RTA is then an upper bound, and the drill says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.engine.record import DrillRecord, EventKind, Outcome, State
from drill.engine.runner import advance
from drill.engine.summary import facts_of
from drill.errors import ProviderUnavailable
from drill.provider.memory import Habits, MemoryProvider
from tests.engine.scene import Scene, ScriptedProber, a_plan

NOTHING = timedelta(0)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def restoring_for(span: timedelta) -> Scene:
    """Return a scene whose restores are over after this long, however often one looks."""
    scene = Scene()
    scene.provider = MemoryProvider(scene.clock, habits=Habits(polls=1, takes=span))
    scene.prober = ScriptedProber(scene.provider, scene.clock)
    scene._fill_cloud()
    scene.parts = scene.parts_with(scene.journal, scene.provider)
    return scene


def until(scene: Scene, drill_id: str, state: State) -> DrillRecord:
    """Advance the drill in time until it is in this state."""
    while scene.record(drill_id).state is not state:
        look(scene, drill_id)
    return scene.record(drill_id)


def look(scene: Scene, drill_id: str, *, later: timedelta = NOTHING) -> DrillRecord:
    """Look when the drill wants to be looked at, or later."""
    wanted = scene.record(drill_id).next_at - scene.clock.now()
    scene.clock.move(max(wanted, NOTHING) + later)
    advance(drill_id, scene.parts, held=lambda record: None)
    return scene.record(drill_id)


def stretches(scene: Scene, drill_id: str) -> list[int]:
    return [
        event.facts["seconds"]
        for event in scene.journal.events_of(drill_id)
        if event.kind is EventKind.OBSERVATION and event.act == "unattended"
    ]


def test_a_drill_that_is_looked_at_in_time_says_so():
    scene = Scene()

    record = scene.run(a_plan())

    assert record.unattended == NOTHING
    assert facts_of(record).unattended == NOTHING
    assert stretches(scene, record.id) == []


def test_a_stretch_before_the_copy_was_seen_ready_is_a_part_of_rta_and_decides_nothing():
    scene = restoring_for(5 * MINUTE)
    drill_id = scene.enlist(a_plan())
    until(scene, drill_id, State.RESTORING)
    before = scene.clock.now()
    look(scene, drill_id, later=2 * HOUR)

    record = scene.run_until_finished(drill_id)

    assert record.rta is not None
    assert record.unattended is not None
    assert 2 * HOUR < record.unattended <= record.rta
    assert record.unattended <= scene.clock.now() - before
    assert stretches(scene, drill_id) == [round(record.unattended.total_seconds())]
    assert record.outcome is Outcome.PASSED  # over the target of 30 min, and no proof of it
    assert "the RTO target is no data: nobody looked for 2h" in (record.reason or "")


def test_a_restore_that_was_too_slow_also_while_somebody_looked_is_late():
    scene = Scene()
    drill_id = scene.enlist(a_plan(objectives={"rto": "1s"}))
    until(scene, drill_id, State.RESTORING)
    look(scene, drill_id)
    look(scene, drill_id, later=2 * HOUR)

    record = scene.run_until_finished(drill_id)

    assert record.unattended is not None
    assert record.rta is not None
    assert timedelta(seconds=1) < record.rta - record.unattended
    assert record.outcome is Outcome.PASSED_LATE
    assert "no data" not in (record.reason or "")


def test_a_stretch_after_which_the_restore_was_still_seen_at_work_is_noted_and_costs_nothing():
    scene = restoring_for(3 * HOUR)
    drill_id = scene.enlist(a_plan(give_up_after="12h"))
    until(scene, drill_id, State.RESTORING)
    look(scene, drill_id, later=HOUR)

    record = scene.run_until_finished(drill_id)

    assert len(stretches(scene, drill_id)) == 1
    assert record.unattended == NOTHING
    assert record.outcome is Outcome.PASSED_LATE


def test_a_cloud_that_could_not_be_asked_is_the_same_as_nobody_looking(monkeypatch):
    scene = Scene()
    drill_id = scene.enlist(a_plan())
    until(scene, drill_id, State.RESTORING)

    def away(instance_id: str) -> None:
        raise ProviderUnavailable("no route")

    with monkeypatch.context() as patched:
        patched.setattr(scene.provider, "find_instance", away)
        begun = scene.clock.now()
        while scene.clock.now() < begun + HOUR:
            look(scene, drill_id)

    record = scene.run_until_finished(drill_id)

    assert record.unattended is not None
    assert record.unattended >= HOUR
    assert record.outcome is Outcome.PASSED


def test_a_worker_that_dies_between_its_checks_leaves_a_stretch_too():
    scene = Scene()
    scene.prober.unreachable = "it starts"
    drill_id = scene.enlist(a_plan())
    until(scene, drill_id, State.CHECKING)
    scene.prober.unreachable = None
    look(scene, drill_id, later=HOUR)

    record = scene.run_until_finished(drill_id)

    assert record.unattended is not None
    assert HOUR < record.unattended < HOUR + MINUTE
    assert record.outcome is Outcome.PASSED


@pytest.mark.parametrize("late_by", [NOTHING, timedelta(seconds=9)])
def test_a_look_that_comes_a_little_late_is_no_stretch(late_by):
    scene = Scene()
    drill_id = scene.enlist(a_plan())
    until(scene, drill_id, State.RESTORING)
    while scene.record(drill_id).state is State.RESTORING:
        look(scene, drill_id, later=late_by)

    assert scene.run_until_finished(drill_id).unattended == NOTHING
