"""The cloud in memory is strict, and its faults do what their names say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drill.errors import (
    AnswerLost,
    NotFound,
    ProviderBusy,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRejected,
)
from drill.provider.memory import Fault, Habits, MemoryProvider, ScratchViolated
from drill.provider.port import JobStatus, Provider
from drill.provider.rds.client import RdsProvider
from drill.provider.rds.records import parse_instance
from drill.recovery.values import BackupKind, BackupPoint, TimePoint, Window


@pytest.fixture
def cloud(clock, samples) -> Any:
    return make_cloud(clock, samples)


def make_cloud(clock, samples, **habits) -> Any:
    provider = MemoryProvider(clock, cloud="here", habits=Habits(**habits))
    scratch = {"drill-scratch": "yes"}
    for instance_id, tags in [(samples.source, {}), (samples.target, scratch)]:
        raw = samples.raw_instance(id=instance_id, name=instance_id[:6])
        provider.add_instance(parse_instance(raw, cloud="here", tags=tags))
    provider.set_windows(samples.source, [Window(samples.now - timedelta(hours=5), samples.now)])
    provider.add_backup(samples.backup())
    provider.add_backup(samples.reset().baseline)
    return provider


IMPLEMENTATIONS: list[type[Provider]] = [MemoryProvider, RdsProvider]
"""The type checker holds both to the port; the test holds them to its every name."""


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_every_name_of_the_port_is_implemented(implementation):
    names = {name for name in vars(Provider) if not name.startswith("_")}
    assert "restore" in names
    assert names <= set(dir(implementation))


def test_a_restore_goes_through_the_states_of_the_real_cloud(cloud, samples):
    accepted = cloud.restore(samples.restore())

    assert cloud.find_job(accepted.job_id).status is JobStatus.UNKNOWN
    assert cloud.find_job(accepted.job_id).status is JobStatus.RUNNING
    assert cloud.find_instance(samples.target).status == "BACKING UP"
    assert cloud.find_instance(samples.target).status == "ACTIVE"
    assert cloud.find_job(accepted.job_id).status is JobStatus.COMPLETED
    assert cloud.restores == {samples.target: 1}
    assert cloud.contents[samples.target] == samples.restore().point


def test_an_operation_takes_its_time_on_the_clock(clock, samples):
    cloud = make_cloud(clock, samples, polls=1, hidden_polls=0, takes=timedelta(minutes=5))
    accepted = cloud.restore(samples.restore())

    assert cloud.find_job(accepted.job_id).status is JobStatus.RUNNING
    clock.move(timedelta(minutes=5))
    assert cloud.find_job(accepted.job_id).status is JobStatus.COMPLETED


def test_a_creation_appears_at_once_and_gets_an_address_in_the_end(cloud, samples):
    accepted = cloud.create(samples.create(), password=samples.password)

    assert accepted.instance_id is not None
    (building,) = cloud.list_instances(name="drill-d1")
    assert (building.status, building.host, building.tags) == ("BUILD", None, {"drill-id": "d1"})
    cloud.find_instance(accepted.instance_id)
    up = cloud.find_instance(accepted.instance_id)
    assert (up.status, up.host) == ("BACKING UP", "127.0.0.1")
    assert cloud.leaks() == [accepted.instance_id]


def test_a_deleted_instance_is_gone(cloud, samples):
    created = cloud.create(samples.create(), password=samples.password)
    for _ in range(4):
        cloud.find_instance(created.instance_id)

    cloud.delete(samples.deletion(instance_id=created.instance_id))
    for _ in range(2):
        cloud.find_instance(created.instance_id)

    assert cloud.find_instance(created.instance_id) is None
    assert cloud.deletes == {created.instance_id: 1}
    assert cloud.leaks() == []


def test_a_reset_brings_the_baseline_back(cloud, samples):
    accepted = cloud.reset(samples.reset())

    assert cloud.contents[samples.target] is None
    assert cloud.resets == {samples.target: 1}
    assert accepted.job_id


def test_a_restore_onto_what_is_not_scratch_stops_the_test(cloud, samples):
    with pytest.raises(ScratchViolated):
        cloud.restore(samples.restore(target_id=samples.source))
    with pytest.raises(ScratchViolated):
        cloud.delete(samples.deletion(instance_id=samples.source))
    assert not cloud.restores


def test_an_order_with_another_admission_is_no_order(cloud, samples):
    with pytest.raises(TypeError):
        cloud.restore(samples.reset())
    with pytest.raises(ValueError, match="for cloud there"):
        cloud.restore(samples.restore(cloud="there"))


def test_the_cloud_rejects_what_the_real_one_rejects(cloud, samples):
    early = TimePoint(
        restore_time=samples.now - timedelta(days=3),
        window=Window(samples.now - timedelta(days=4), samples.now),
    )
    unknown = BackupPoint(backup=samples.backup(id="unknown"))

    with pytest.raises(RequestRejected):
        cloud.restore(samples.restore(point=early))
    with pytest.raises(NotFound):
        cloud.restore(samples.restore(point=unknown))
    with pytest.raises(NotFound):
        cloud.restore(samples.restore(source_id="unknown"))
    with pytest.raises(NotFound):
        cloud.restore(samples.restore(target_id="unknown"))
    with pytest.raises(NotFound):
        cloud.reset(samples.reset(baseline=samples.backup(id="unknown")))
    with pytest.raises(RequestRejected):
        cloud.create(samples.create(volume_gb=10), password=samples.password)
    assert [*cloud.restores, *cloud.resets, *cloud.creates] == []


def test_a_busy_instance_takes_no_second_order(cloud, samples):
    cloud.restore(samples.restore())

    with pytest.raises(ProviderBusy):
        cloud.restore(samples.restore())
    with pytest.raises(ProviderBusy):
        cloud.reset(samples.reset())

    assert cloud.restores[samples.target] == 1


def test_a_name_is_taken_once_and_the_quota_ends(clock, samples):
    cloud = make_cloud(clock, samples, instances_at_most=3)
    cloud.create(samples.create(), password=samples.password)

    with pytest.raises(RequestRejected):
        cloud.create(samples.create(), password=samples.password)
    with pytest.raises(QuotaExceeded):
        cloud.create(samples.create(instance_name="drill-d2"), password=samples.password)


def test_a_lost_answer_was_accepted_and_a_lost_request_was_not(cloud, samples):
    cloud.inject("lose_request_of_restore")
    with pytest.raises(AnswerLost):
        cloud.restore(samples.restore())
    assert cloud.restores[samples.target] == 0

    cloud.inject("lose_answer_of_restore")
    with pytest.raises(AnswerLost):
        cloud.restore(samples.restore())
    assert cloud.restores[samples.target] == 1
    (job,) = cloud.list_jobs_of(samples.target, since=samples.now)
    assert job.status is JobStatus.RUNNING


@pytest.mark.parametrize(
    ("fault", "status"), [("fail_restore", "FAILED"), ("restore_hangs", "RESTORING")]
)
def test_a_restore_fails_or_hangs_as_it_is_told(clock, samples, fault, status):
    cloud = make_cloud(clock, samples, hidden_polls=0)
    cloud.inject(fault)
    accepted = cloud.restore(samples.restore())

    for _ in range(9):
        job = cloud.find_job(accepted.job_id)

    assert cloud.find_instance(samples.target).status == status
    failed = fault == "fail_restore"
    assert job.status is (JobStatus.FAILED if failed else JobStatus.RUNNING)
    assert (job.fail_reason is not None) == failed


def test_a_deletion_that_hangs_leaves_the_instance_until_it_is_healed(cloud, samples):
    created = cloud.create(samples.create(), password=samples.password)
    for _ in range(4):
        cloud.find_instance(created.instance_id)
    cloud.inject("delete_hangs")
    cloud.delete(samples.deletion(instance_id=created.instance_id))

    for _ in range(9):
        assert cloud.find_instance(created.instance_id) is not None
    cloud.heal()
    for _ in range(2):
        cloud.find_instance(created.instance_id)

    assert cloud.find_instance(created.instance_id) is None


def test_throttling_twice_is_throttling_twice(cloud):
    cloud.inject("throttle_twice")

    for _ in range(2):
        with pytest.raises(ProviderThrottled):
            cloud.list_instances()

    assert len(cloud.list_instances()) == 2
    assert cloud.calls["list_instances"] == 3


def test_a_forgotten_job_is_unknown_for_ever(cloud, samples):
    cloud.inject(Fault.FORGET_JOB)
    accepted = cloud.restore(samples.restore())

    assert {cloud.find_job(accepted.job_id).status for _ in range(5)} == {JobStatus.UNKNOWN}
    assert cloud.list_jobs_of(samples.target, since=samples.now) == []


def test_a_failing_read_leaves_orders_alone(cloud, samples):
    cloud.inject("fail_read")

    cloud.restore(samples.restore())
    with pytest.raises(ProviderUnavailable):
        cloud.list_backups(samples.source)


def test_a_cloud_without_tags_in_the_creation_waits_for_them(clock, samples):
    cloud = make_cloud(clock, samples, tags_in_create=False)
    created = cloud.create(samples.create(), password=samples.password)

    assert cloud.list_instances(tags={"drill-id": "d1"}) == []
    cloud.tag(samples.create(), created.instance_id)
    assert len(cloud.list_instances(tags={"drill-id": "d1"})) == 1


def test_backups_and_windows_come_sorted_and_merged(cloud, samples):
    now = samples.now
    older = samples.backup(id="older", began_at=now - timedelta(days=2), kind=BackupKind.MANUAL)
    cloud.add_backup(older)
    cloud.set_windows(
        samples.source,
        [Window(now - timedelta(hours=2), now), Window(now - timedelta(hours=3), now)],
    )

    assert cloud.list_backups(samples.source)[0] == older
    assert cloud.list_windows(samples.source, retention_days=7, now=now) == (
        Window(now - timedelta(hours=3), now),
    )


def test_a_fault_that_does_not_exist_cannot_be_injected(cloud):
    with pytest.raises(ValueError, match="meteor"):
        cloud.inject("meteor")
