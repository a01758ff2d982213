"""Many drills at once: limits, the queue for a target, takeover, and what a sweep finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from drill.engine.ports import SeatLimits
from drill.engine.record import Outcome, State, Teardown
from drill.engine.runner import advance
from drill.engine.sweeping import abandoned_drills, find_leaks, reopen_teardowns
from drill.guard.facts import DRILL_TAG
from drill.provider.memory import Fault
from tests.engine.scene import NOON, TARGET_ID, Scene, a_plan, an_instance

A_DAY = timedelta(days=1)


def run_all(scene: Scene, drill_ids: list[str]) -> int:
    """Advance all drills together; return how many were under way at the same time at most."""
    most = 0
    for _ in range(5000):
        records = [scene.record(drill_id) for drill_id in drill_ids]
        waiting = [record for record in records if record.state is not State.FINISHED]
        most = max(most, sum(record.is_seated for record in waiting))
        if not waiting:
            return most
        next_at = min(record.next_at for record in waiting)
        scene.clock.move(max(next_at - scene.clock.now(), timedelta(0)))
        for drill_id in scene.journal.due(now=scene.clock.now(), at_most=100, only=drill_ids):
            advance(drill_id, scene.parts, held=lambda record: None)
    raise AssertionError("never finished")


def test_drills_of_one_source_stay_within_its_limit():
    scene = Scene()
    drill_ids = [scene.enlist(a_plan(name=f"plan-{number}")) for number in range(9)]

    most = run_all(scene, drill_ids)

    assert most == 4
    assert {scene.record(drill_id).outcome for drill_id in drill_ids} == {Outcome.PASSED}
    scene.assert_nothing_left()


def test_drills_that_want_one_target_queue_for_it_in_their_order():
    scene = Scene()
    plans = [a_plan(name=f"plan-{number}", target="existing") for number in range(3)]
    drill_ids = []
    for plan in plans:
        drill_ids.append(scene.enlist(plan))
        scene.clock.move(timedelta(milliseconds=1))

    run_all(scene, drill_ids)

    records = [scene.record(drill_id) for drill_id in drill_ids]
    assert [record.outcome for record in records] == [Outcome.PASSED] * 3
    for earlier, later in pairwise(records):
        assert earlier.finished_at is not None
        assert later.started_at is not None
        assert earlier.finished_at <= later.started_at
    assert scene.provider.restores[TARGET_ID] == scene.provider.resets[TARGET_ID] == 3


def test_slot_of_a_plan_is_taken_once():
    scene = Scene()
    first = scene.record(scene.enlist(a_plan()))

    assert scene.journal.enlist([first]) == []


def test_drill_of_a_dead_worker_is_abandoned_at_once_and_one_of_a_live_worker_is_not():
    scene = Scene()
    dead, alive = scene.enlist(a_plan(name="one")), scene.enlist(a_plan(name="two"))
    now = scene.clock.now()
    scene.journal.claim(dead, worker="dead", now=now, lease=A_DAY)
    scene.journal.claim(alive, worker="alive", now=now, lease=A_DAY)

    found = abandoned_drills(scene.parts, is_dead=lambda worker: worker == "dead", now=now)

    assert [record.id for record in found] == [dead]
    assert scene.journal.claim(dead, worker="next", now=now, lease=A_DAY) is not None


def test_sweep_finds_and_deletes_an_instance_that_outlived_its_drill():
    scene = Scene()
    scene.provider.inject(Fault.DELETE_HANGS)
    record = scene.run(a_plan())
    assert record.teardown is Teardown.LEAKED
    scene.provider.heal()
    scene.clock.move(3 * A_DAY)

    leaks = find_leaks(scene.parts, now=scene.clock.now(), lives_at_most=A_DAY).leaks
    reopened = reopen_teardowns(scene.parts, leaks, now=scene.clock.now())
    swept = scene.run_until_finished(reopened[0])

    assert [leak.drill_id for leak in leaks] == [record.id]
    assert swept.teardown is Teardown.CLEAN
    assert swept.outcome is Outcome.PASSED
    assert swept.finished_at == record.finished_at, "its proof is no younger for it"
    assert swept.torn_down_at is not None
    assert swept.finished_at is not None
    assert swept.torn_down_at - swept.finished_at >= 3 * A_DAY
    scene.assert_nothing_left()


def test_sweep_cleans_a_target_that_was_left_unclean_and_gives_it_free():
    scene = Scene()
    scene.provider.inject(Fault.FAIL_RESET)
    record = scene.run(a_plan(target="existing"))
    assert record.teardown is Teardown.LEAKED

    leaks = find_leaks(scene.parts, now=scene.clock.now(), lives_at_most=A_DAY).leaks
    reopened = reopen_teardowns(scene.parts, leaks, now=scene.clock.now())
    swept = scene.run_until_finished(reopened[0])

    assert swept.teardown is Teardown.CLEAN
    assert scene.journal.holder_of("memory", TARGET_ID) is None
    scene.assert_nothing_left()


def test_instance_that_only_looks_like_ours_is_listed_and_left_alone():
    scene = Scene()
    scene.provider.add_instance(
        an_instance(
            "stranger0000000000000000000000000in03",
            "drill-20260101-000000-00000000",
            tags={DRILL_TAG: "20260101-000000-00000000"},
        )
    )

    leaks = find_leaks(scene.parts, now=NOON, lives_at_most=A_DAY).leaks
    reopened = reopen_teardowns(scene.parts, leaks, now=NOON)

    assert [leak.can_be_torn_down for leak in leaks] == [False]
    assert reopened == []
    assert scene.provider.calls["delete"] == 0


def test_cloud_that_cannot_be_asked_is_named_and_never_counts_as_clean():
    scene = Scene()
    scene.provider.inject(Fault.UNAVAILABLE)

    search = find_leaks(scene.parts, now=NOON, lives_at_most=A_DAY)

    assert search.leaks == ()
    assert [name for name, _ in search.unasked] == ["memory"]


def test_target_whose_worker_died_between_verdict_and_release_is_given_free():
    scene = Scene()
    first = scene.run(a_plan(target="existing"))
    again = scene.enlist(a_plan(target="existing", name="again"))
    held = scene.journal.claim(again, worker="w", now=scene.clock.now(), lease=A_DAY)
    assert held is not None
    limits = SeatLimits(drills_at_once=9, drills_per_cloud=9, drills_per_source=9, new_per_cloud=9)
    assert scene.journal.seat(held, limits, target_id=TARGET_ID) is None
    scene.journal.save(
        replace(
            held,
            state=State.FINISHED,
            outcome=Outcome.ABORTED,
            teardown=Teardown.NOT_NEEDED,
            finished_at=scene.clock.now(),
        )
    )

    third = scene.run(a_plan(target="existing", name="third"))

    assert first.outcome is Outcome.PASSED
    assert third.outcome is Outcome.PASSED
