"""How every provider takes orders: restores, creations, deletions, and what is not accepted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drill.errors import (
    AnswerLost,
    NotFound,
    ProviderBusy,
    RequestRejected,
)
from drill.provider.port import Accepted, Job, JobStatus
from drill.recovery.values import Backup, BackupKind, BackupPoint, TimePoint
from tests.contract.stages import (
    DRILL_ID,
    NEW_NAME,
    NOWHERE,
    PASSWORD,
    POINTS,
    SCRATCH,
    MakePoint,
    Stage,
    a_baseline_order,
    a_create,
    a_deletion,
    a_reset,
    a_restore,
    a_setting_aside,
    backup_point,
    eventually,
    job_of,
    the_instance,
    time_point,
    wait_until_idle,
)

# The existing target.


def tasks_of_target(stage: Stage) -> dict[str, Job]:
    """Return the recent tasks of the existing target; also that of its own creation."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    return {each.id: each for each in stage.provider.list_jobs_of(stage.target_id, since=since)}


@POINTS
def test_restore_runs_visibly_and_ends_with_a_target_that_is_up(stage, make_point: MakePoint):
    point = make_point(stage)
    known = tasks_of_target(stage).keys()
    stage.hold()
    accepted = stage.provider.restore(a_restore(stage, point))

    assert accepted.instance_id is None
    assert accepted.request_id
    assert stage.provider.find_job(str(accepted.job_id)).status in {
        JobStatus.UNKNOWN,
        JobStatus.RUNNING,
    }
    assert the_instance(stage.provider, stage.target_id).status == "RESTORING"
    running = eventually(
        lambda: stage.provider.find_job(str(accepted.job_id)).status is JobStatus.RUNNING
    )
    assert running
    fresh = [task for task in tasks_of_target(stage).values() if task.id not in known]
    (task,) = [task for task in fresh if "restore" in str(task.name).lower()]
    assert (task.id, task.instance_id) == (accepted.job_id, stage.target_id)
    assert "restore" in str(task.name).lower()

    stage.release()
    job = job_of(stage, accepted)
    assert (job.status, job.instance_id) == (JobStatus.COMPLETED, stage.target_id)
    assert job.ended_at is not None
    assert wait_until_idle(stage, stage.target_id).tags == SCRATCH
    assert stage.accepted("recovery") == 1


def test_reset_is_a_restore_of_the_targets_own_backup(stage):
    stage.back_up(stage.target_id, "baseline")
    (baseline,) = stage.provider.list_backups(stage.target_id)

    accepted = stage.provider.reset(a_reset(stage, baseline))

    assert job_of(stage, accepted).status is JobStatus.COMPLETED
    wait_until_idle(stage, stage.target_id)
    assert stage.accepted("recovery") == 1


def test_busy_target_takes_no_second_order(stage):
    point = backup_point(stage)
    stage.back_up(stage.target_id, "baseline")
    (baseline,) = stage.provider.list_backups(stage.target_id)
    stage.hold()
    accepted = stage.provider.restore(a_restore(stage, point))

    with pytest.raises(ProviderBusy):
        stage.provider.restore(a_restore(stage, point))
    with pytest.raises(ProviderBusy):
        stage.provider.reset(a_reset(stage, baseline))

    stage.release()
    assert job_of(stage, accepted).status is JobStatus.COMPLETED
    assert stage.accepted("recovery") == 1


def test_failed_restore_says_why_and_leaves_a_failed_target_that_can_be_reset(stage):
    point = backup_point(stage)
    stage.back_up(stage.target_id, "baseline")
    (baseline,) = stage.provider.list_backups(stage.target_id)
    stage.fail_job("restore")

    job = job_of(stage, stage.provider.restore(a_restore(stage, point)))

    assert (job.status, job.fail_reason) == (JobStatus.FAILED, "injected fault")
    assert the_instance(stage.provider, stage.target_id).status == "FAILED"
    reset = stage.provider.reset(a_reset(stage, baseline))
    assert job_of(stage, reset).status is JobStatus.COMPLETED


# Setting an instance aside.


def test_an_instance_is_tagged_and_its_baseline_is_complete_after_a_while(stage):
    instance_id = stage.add_instance("aside")

    for _ in range(2):
        stage.provider.tag(a_setting_aside(instance_id), instance_id)
    stage.provider.back_up(a_baseline_order(instance_id))

    def is_complete() -> bool:
        stage.provider.find_instance(instance_id)
        return [one.is_complete for one in stage.provider.list_backups(instance_id)] == [True]

    eventually(is_complete)
    (baseline,) = stage.provider.list_backups(instance_id)
    assert (baseline.name, baseline.kind) == ("drill-baseline", BackupKind.MANUAL)
    assert the_instance(stage.provider, instance_id).tags == SCRATCH


def test_a_target_is_reset_by_the_backup_of_another_instance(stage):
    blank_id = stage.add_instance("blank")
    stage.back_up(blank_id, "drill-baseline")
    (baseline,) = stage.provider.list_backups(blank_id)
    job_of(stage, stage.provider.restore(a_restore(stage, backup_point(stage))))
    wait_until_idle(stage, stage.target_id)

    reset = stage.provider.reset(a_reset(stage, baseline, blank_id=blank_id))

    assert job_of(stage, reset).status is JobStatus.COMPLETED
    assert stage.accepted("recovery") == 2


def test_a_backup_of_another_instance_is_not_one_of_the_target(stage):
    blank_id = stage.add_instance("blank")
    stage.back_up(blank_id, "drill-baseline")
    (baseline,) = stage.provider.list_backups(blank_id)

    with pytest.raises((NotFound, RequestRejected)):
        stage.provider.reset(a_reset(stage, baseline))


def test_what_was_deleted_is_listed_in_the_recycle_bin(stage):
    accepted = stage.provider.create(a_create(stage, backup_point(stage)), password=PASSWORD)
    job_of(stage, accepted)
    wait_until_idle(stage, str(accepted.instance_id))
    job_of(stage, stage.provider.delete(a_deletion(str(accepted.instance_id))))

    listed = [one for one in stage.provider.list_recycled() if one.id == accepted.instance_id]

    assert [one.name for one in listed] == [NEW_NAME]
    assert listed[0].kept_until > listed[0].deleted_at


# The new target.


@POINTS
def test_new_instance_is_built_tagged_reachable_and_deleted_again(stage, make_point: MakePoint):
    point = make_point(stage)
    stage.hold()
    accepted = stage.provider.create(a_create(stage, point), password=PASSWORD)

    assert accepted.instance_id is not None
    (building,) = stage.provider.list_instances(name=NEW_NAME)
    assert (building.id, building.status) == (accepted.instance_id, "BUILD")
    assert building.tags == {"drill-id": DRILL_ID}
    assert building.host is None

    stage.release()
    assert job_of(stage, accepted).status is JobStatus.COMPLETED
    up = wait_until_idle(stage, accepted.instance_id)
    assert (up.host is not None) is stage.has_servers
    assert up.volume_gb == 100

    deletion = stage.provider.delete(a_deletion(accepted.instance_id))
    eventually(lambda: stage.provider.find_instance(str(accepted.instance_id)) is None)
    assert job_of(stage, deletion).status is JobStatus.COMPLETED
    assert list(stage.provider.list_instances(name=NEW_NAME)) == []
    assert (stage.accepted("create"), stage.accepted("delete")) == (1, 1)


def test_tagging_again_changes_nothing(stage):
    admitted = a_create(stage, backup_point(stage))
    accepted = stage.provider.create(admitted, password=PASSWORD)
    job_of(stage, accepted)

    for _ in range(2):
        stage.provider.tag(admitted, str(accepted.instance_id))

    tags = the_instance(stage.provider, str(accepted.instance_id)).tags
    assert tags == {"drill-id": DRILL_ID}


def test_failed_creation_says_why_and_can_be_deleted(stage):
    point = backup_point(stage)
    stage.fail_job("create")
    accepted = stage.provider.create(a_create(stage, point), password=PASSWORD)

    job = job_of(stage, accepted)

    assert (job.status, job.fail_reason) == (JobStatus.FAILED, "injected fault")
    left = the_instance(stage.provider, str(accepted.instance_id))
    assert left.status in {"FAILED", "CREATE FAIL"}
    stage.provider.delete(a_deletion(left.id))
    eventually(lambda: stage.provider.find_instance(left.id) is None)


# What is not accepted.


def test_second_instance_of_a_name_is_rejected_and_not_made(stage):
    admitted = a_create(stage, backup_point(stage))
    job_of(stage, stage.provider.create(admitted, password=PASSWORD))

    with pytest.raises(RequestRejected):
        stage.provider.create(admitted, password=PASSWORD)
    assert stage.accepted("create") == 1


def unknown_backup(point: BackupPoint) -> BackupPoint:
    facts = {name: getattr(point.backup, name) for name in point.backup.__dataclass_fields__}
    return BackupPoint(backup=Backup(**{**facts, "id": "e" * 32 + "br03"}))


@pytest.mark.parametrize("kind", ["restore", "create"])
def test_unknown_source_and_unknown_backup_are_not_found(stage, kind):
    point = backup_point(stage)

    for changes in ({"source_id": NOWHERE}, {"point": unknown_backup(point)}):
        with pytest.raises(NotFound):
            order(stage, kind, **{"point": point, **changes})
    assert stage.accepted("recovery") == stage.accepted("create") == 0


@pytest.mark.parametrize("kind", ["restore", "create"])
def test_instant_outside_every_window_is_rejected(stage, kind):
    inside = time_point(stage)
    late = inside.window.ends_at + timedelta(minutes=5)

    with pytest.raises(RequestRejected):
        order(stage, kind, point=TimePoint(restore_time=late, window=inside.window))
    assert stage.accepted("recovery") == stage.accepted("create") == 0


def test_smaller_volume_is_rejected_for_both_kinds_of_target(stage):
    point = backup_point(stage)
    small = stage.add_instance("scratch-small", volume_gb=40, scratch=True)

    with pytest.raises(RequestRejected):
        stage.provider.restore(a_restore(stage, point, target_id=small))
    with pytest.raises(RequestRejected):
        stage.provider.create(a_create(stage, point, volume_gb=40), password=PASSWORD)


def test_deleting_what_is_not_there_is_not_found(stage):
    with pytest.raises(NotFound):
        stage.provider.delete(a_deletion(NOWHERE))


def order(stage: Stage, kind: str, *, point: Any, **changes: Any) -> Accepted:
    if kind == "create":
        return stage.provider.create(a_create(stage, point, **changes), password=PASSWORD)
    return stage.provider.restore(a_restore(stage, point, **changes))


# Lost answers.


def test_restore_whose_answer_is_lost_shows_in_tasks_and_status(stage):
    point = backup_point(stage)
    known = tasks_of_target(stage).keys()
    stage.hold()
    stage.lose_answer("restore")

    with pytest.raises(AnswerLost):
        stage.provider.restore(a_restore(stage, point))

    assert the_instance(stage.provider, stage.target_id).status == "RESTORING"
    assert len(eventually(lambda: tasks_of_target(stage).keys() - known)) == 1
    stage.release()
    wait_until_idle(stage, stage.target_id)
    assert stage.accepted("recovery") == 1


def test_creation_whose_answer_is_lost_is_found_by_its_name_and_tag(stage):
    point = backup_point(stage)
    stage.lose_answer("create")

    with pytest.raises(AnswerLost):
        stage.provider.create(a_create(stage, point), password=PASSWORD)

    (found,) = stage.provider.list_instances(name=NEW_NAME)
    assert found.tags == {"drill-id": DRILL_ID}
    assert stage.accepted("create") == 1
    wait_until_idle(stage, found.id)


@pytest.mark.parametrize("kind", ["restore", "create"])
def test_request_that_is_lost_leaves_no_sign(stage, kind):
    point = backup_point(stage)
    known = tasks_of_target(stage).keys()
    stage.lose_request(kind)

    with pytest.raises(AnswerLost):
        order(stage, kind, point=point)

    assert the_instance(stage.provider, stage.target_id).status == "ACTIVE"
    assert tasks_of_target(stage).keys() == known
    assert list(stage.provider.list_instances(name=NEW_NAME)) == []
    assert stage.accepted("recovery") == stage.accepted("create") == 0
