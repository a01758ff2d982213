"""A drill from its first state to its last, when nothing and when something goes wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.check.port import CheckAnswer, Emptiness
from drill.engine.record import EventKind, Outcome, StepName, Teardown
from drill.engine.runner import advance
from drill.provider.memory import Fault
from drill.recovery.values import Window
from tests.engine.scene import NOON, SOURCE_ID, TARGET_ID, Scene, a_plan, an_instance


@pytest.mark.parametrize("target", ["new", "existing"])
@pytest.mark.parametrize("mode", ["pitr", "backup"])
def test_drill_passes_and_leaves_nothing_behind(target, mode):
    scene = Scene()

    record = scene.run(a_plan(target=target, mode=mode))

    assert record.outcome is Outcome.PASSED
    assert record.teardown is Teardown.CLEAN
    assert record.level == 4
    assert scene.restores_accepted() == 1
    scene.assert_nothing_left()


def test_rta_runs_from_the_accepted_request_to_the_end_of_the_checks():
    scene = Scene()

    record = scene.run(a_plan())

    assert record.restore_accepted_at is not None
    assert record.checked_at is not None
    assert record.rta == record.checked_at - record.restore_accepted_at


def test_proven_rpa_counts_from_the_newest_heartbeat_and_claimed_rpa_from_the_restore_time():
    scene = Scene()

    record = scene.run(a_plan())

    assert record.rpa is not None
    assert record.rpa_claimed is not None
    assert record.rpa - record.rpa_claimed == timedelta(milliseconds=400)


def test_every_intent_stands_in_the_journal_before_its_result():
    scene = Scene()

    record = scene.run(a_plan(target="existing"))

    events = scene.journal.events_of(record.id)
    acts = [(event.kind, event.act) for event in events]
    for act in ("restore", "reset"):
        assert acts.index((EventKind.INTENT, act)) < acts.index((EventKind.RESULT, act))


def test_steps_are_all_ended_and_in_order():
    scene = Scene()

    record = scene.run(a_plan())

    assert [step.name for step in record.steps] == list(StepName)
    assert all(step.ended_at is not None for step in record.steps)
    began = [step.began_at for step in record.steps]
    assert began == sorted(began)


def test_failed_check_counts_against_the_backup_and_the_copy_is_torn_down():
    scene = Scene()
    scene.prober.answers["heartbeat"] = CheckAnswer.FAILED

    record = scene.run(a_plan())

    assert record.outcome is Outcome.FAILED_CHECK
    assert record.level == 3
    assert record.teardown is Teardown.CLEAN
    scene.assert_nothing_left()


def test_check_without_data_is_inconclusive_and_never_a_pass():
    scene = Scene()
    scene.prober.answers["row-count"] = CheckAnswer.NO_DATA

    record = scene.run(a_plan())

    assert record.outcome is Outcome.INCONCLUSIVE
    assert record.level == 3


@pytest.mark.parametrize(
    ("target", "fault"), [("new", "fail_create"), ("existing", "fail_restore")]
)
def test_failed_job_is_failed_restore_with_its_reason(target, fault):
    scene = Scene()
    scene.provider.inject(fault)

    record = scene.run(a_plan(target=target))

    assert record.outcome is Outcome.FAILED_RESTORE
    assert record.reason is not None
    assert "failed" in record.reason
    assert record.rta is None
    scene.assert_nothing_left()


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("new", Fault.LOSE_ANSWER_OF_CREATE),
        ("new", Fault.LOSE_ANSWER_OF_DELETE),
        ("new", Fault.LOSE_REQUEST_OF_DELETE),
        ("existing", Fault.LOSE_ANSWER_OF_RESTORE),
        ("existing", Fault.LOSE_ANSWER_OF_RESET),
        ("existing", Fault.LOSE_REQUEST_OF_RESET),
    ],
)
def test_lost_answer_is_resolved_by_looking(target, fault):
    scene = Scene()
    scene.provider.inject(fault)

    record = scene.run(a_plan(target=target))

    assert record.outcome is Outcome.PASSED
    assert record.teardown is Teardown.CLEAN
    assert scene.restores_accepted() == 1
    scene.assert_nothing_left()


@pytest.mark.parametrize(
    ("target", "fault"),
    [("new", Fault.LOSE_REQUEST_OF_CREATE), ("existing", Fault.LOSE_REQUEST_OF_RESTORE)],
)
def test_restore_that_was_never_accepted_is_inconclusive_and_never_repeated(target, fault):
    scene = Scene()
    scene.provider.inject(fault)

    record = scene.run(a_plan(target=target))

    assert record.outcome is Outcome.INCONCLUSIVE
    assert scene.restores_accepted() == 0
    assert record.teardown is Teardown.NOT_NEEDED
    scene.assert_nothing_left()


@pytest.mark.parametrize("target", ["new", "existing"])
@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.UNAVAILABLE, Fault.THROTTLE_TWICE])
def test_passing_trouble_is_waited_for(target, fault):
    scene = Scene()
    scene.provider.inject(fault)

    record = scene.run(a_plan(target=target))

    assert record.outcome is Outcome.PASSED
    scene.assert_nothing_left()


def test_forgotten_job_falls_back_to_the_status_of_the_instance():
    scene = Scene()
    scene.provider.inject(Fault.FORGET_JOB)

    record = scene.run(a_plan())

    assert record.outcome is Outcome.PASSED


def test_unreachable_cloud_ends_as_inconclusive_after_the_patience():
    scene = Scene()
    scene.provider.inject(Fault.UNAVAILABLE, times=10_000)

    record = scene.run(a_plan())

    assert record.outcome is Outcome.INCONCLUSIVE
    assert record.teardown is Teardown.NOT_NEEDED
    assert scene.clock.now() - NOON <= timedelta(minutes=8)


def test_rejected_credentials_end_the_drill_at_once():
    scene = Scene()
    scene.provider.inject(Fault.REJECT_CREDENTIALS)

    record = scene.run(a_plan())

    assert record.outcome is Outcome.INCONCLUSIVE
    assert scene.clock.now() == NOON


def test_empty_window_is_inconclusive_with_a_hint():
    scene = Scene()
    scene.provider.set_windows(SOURCE_ID, [])

    record = scene.run(a_plan())

    assert record.outcome is Outcome.INCONCLUSIVE
    assert record.reason
    assert record.hint


def test_unknown_source_is_inconclusive_with_a_hint():
    scene = Scene()
    scene.provider.remove_instance(SOURCE_ID)

    record = scene.run(a_plan())

    assert record.outcome is Outcome.INCONCLUSIVE
    assert SOURCE_ID in (record.reason or "")
    assert record.hint


def test_target_without_the_scratch_tag_is_refused_and_nothing_is_called():
    scene = Scene()
    scene.provider.change_instance(an_instance(TARGET_ID, "scratch-a"))

    record = scene.run(a_plan(target="existing"))

    assert record.outcome is Outcome.REFUSED
    assert record.refusals
    assert scene.restores_accepted() == 0
    assert scene.provider.calls["restore"] == 0


def test_target_that_is_not_empty_after_its_reset_leaks_and_is_used_by_nobody_else():
    scene = Scene()
    scene.prober.emptiness = Emptiness(is_empty=False, reason="database shop is there")

    first = scene.run(a_plan(target="existing"))
    scene.clock.move(timedelta(seconds=1))
    second = scene.run(a_plan(target="existing"))

    assert first.teardown is Teardown.LEAKED
    assert first.outcome is Outcome.PASSED
    assert second.outcome is Outcome.REFUSED
    assert sum(scene.provider.restores.values()) == 1


def test_hanging_restore_is_given_up_at_the_deadline():
    scene = Scene()
    scene.provider.inject(Fault.CREATE_HANGS)

    drill_id = scene.enlist(a_plan(give_up_after="1h"))
    for _ in range(400):
        if scene.record(drill_id).finding is not None:
            break
        scene.clock.move(timedelta(seconds=15))
        advance(drill_id, scene.parts, held=lambda record: None)
    scene.provider.heal()
    record = scene.run_until_finished(drill_id)

    assert record.outcome is Outcome.INCONCLUSIVE
    assert "gave up" in (record.reason or "")
    scene.assert_nothing_left()


def test_deletion_that_hangs_is_a_leak_after_the_patience():
    scene = Scene()
    scene.provider.inject(Fault.DELETE_HANGS)

    record = scene.run(a_plan())

    assert record.outcome is Outcome.PASSED
    assert record.teardown is Teardown.LEAKED


def test_instance_that_lost_its_tag_is_never_deleted():
    scene = Scene()
    drill_id = scene.enlist(a_plan())
    while scene.record(drill_id).target_id is None:
        scene.clock.move(timedelta(seconds=10))
        advance(drill_id, scene.parts, held=lambda record: None)
    created = scene.provider.find_instance(scene.record(drill_id).target_id or "")
    assert created is not None
    scene.provider.change_instance(
        an_instance(created.id, created.name, status=created.status, created_at=created.created_at)
    )
    record = scene.run_until_finished(drill_id)

    assert record.teardown is Teardown.LEAKED
    assert scene.provider.deletes == {}


def test_drill_asks_for_the_last_window_that_is_there_when_it_restores():
    scene = Scene()
    drill_id = scene.enlist(a_plan(mode="pitr"))
    record = scene.record(drill_id)
    assert record.choice is None

    scene.provider.set_windows(SOURCE_ID, [Window(NOON - timedelta(days=1), NOON)])
    record = scene.run_until_finished(drill_id)

    assert record.choice is not None
    assert NOON - timedelta(minutes=2) < record.choice.point.at < NOON
