"""The vendor's own SDK restores, creates, backs up and deletes, in both of its personalities."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkrds.v3 import (
    BackupStrategy,
    ChargeInfo,
    CreateInstanceRequest,
    CreateRestoreInstanceRequest,
    CreateRestoreInstanceRequestBody,
    Datastore,
    DeleteInstanceRequest,
    DeleteManualBackupRequest,
    InstanceRequest,
    ListBackupsRequest,
    ListInstancesRequest,
    ListJobInfoRequest,
    ListRestoreTimesRequest,
    ListTasksRequest,
    RdsClient,
    RestorePoint,
    TagWithKeyValue,
    Volume,
)

from tests.conformance.clients import (
    World,
    active,
    back_up,
    closing_sdk,
    finished,
    recover,
    unfilled,
)
from tests.sandbox.client import eventually
from tests.sandbox.conftest import PASSWORD

FAILED_ONLY = {"fail_reason"}
OF_OTHER_JOBS = {f"entities.{name}" for name in ("volume", "public_ip", "switch_strategy")}


@pytest.fixture(scope="module")
def backup(sdk, world: World) -> Any:
    return back_up(sdk, world.source_id, "for-restores")


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        *product(("v3", "v3.1"), ("backup", "timestamp", "backup by default")),
        ("v3.1", "all databases"),  # the model of v3 has no such member
    ],
)
def test_a_restore_onto_the_scratch_instance_ends_with_its_job(sdk, world, backup, version, kind):
    window = sdk.list_restore_times(ListRestoreTimesRequest(instance_id=world.source_id))
    instant = window.restore_time[-1].end_time - 1234
    points: dict[str, dict[str, Any]] = {
        "backup": {"type": "backup", "backup_id": backup.id},
        "timestamp": {"type": "timestamp", "restore_time": instant},
        "backup by default": {"backup_id": backup.id},
        # What a well-known tool sends for every engine (reference, 1.6).
        "all databases": {"type": "backup", "backup_id": backup.id, "restore_all_database": True},
    }
    job_id = recover(sdk, world, version, **points[kind])
    job = finished(sdk, job_id)
    scratch = eventually(lambda: active(sdk, world.scratch_id))

    assert (job.id, job.status, job.instance.id) == (job_id, "Completed", world.scratch_id)
    assert unfilled(job) - OF_OTHER_JOBS - FAILED_ONLY <= {
        "entities.instance",
        "entities.resource_ids",
    }
    assert scratch.name == "drill-scratch-a"
    restored = world.servers.restores[-1]
    assert (restored["source_id"], restored["target_id"]) == (world.source_id, world.scratch_id)
    assert restored["backup_id"] == (None if kind == "timestamp" else backup.id)


def test_a_busy_target_is_a_conflict_and_its_status_says_why(sdk, world, backup):
    world.servers.gate.clear()
    try:
        job_id = recover(sdk, world, "v3.1", type="backup", backup_id=backup.id)
        with pytest.raises(ClientRequestException) as refusal:
            recover(sdk, world, "v3.1", type="backup", backup_id=backup.id)
        found = sdk.list_instances(ListInstancesRequest(id=world.scratch_id)).instances
        running = eventually(lambda: _visible(sdk, job_id))
    finally:
        world.servers.gate.set()
    assert (refusal.value.status_code, refusal.value.error_code) == (409, "DBS.201202")
    assert found[0].status == found[0].nodes[0].status == "RESTORING"
    assert running.status == "Running"
    assert running.process.endswith("%")
    assert finished(sdk, job_id).status == "Completed"


def _visible(sdk: Any, job_id: str) -> Any:
    try:
        return sdk.list_job_info(ListJobInfoRequest(id=job_id)).job
    except ClientRequestException:
        return None


def test_a_restore_that_fails_says_so_in_its_job(sdk, world, backup):
    world.servers.fail_next = lambda: OSError(28, "No space left on device")
    job = finished(sdk, recover(sdk, world, "v3", type="backup", backup_id=backup.id))
    # What failed is brought back by a restore that succeeds.
    again = finished(sdk, recover(sdk, world, "v3", type="backup", backup_id=backup.id))

    assert job.status == "Failed"
    assert "No space left" in job.fail_reason
    assert again.status == "Completed"


@pytest.mark.parametrize(
    ("point", "code"),
    [
        ({"type": "backup", "backup_id": "none"}, "DBS.201203"),
        ({"type": "timestamp", "restore_time": 1532001446987}, "DBS.200001"),
        ({"type": "timestamp"}, "DBS.200001"),
        ({"type": "backup"}, "DBS.200001"),
    ],
)
@pytest.mark.parametrize("version", ["v3", "v3.1"])
def test_a_point_that_cannot_be_restored_is_refused(sdk, world, version, point, code):
    with pytest.raises(ClientRequestException) as refusal:
        recover(sdk, world, version, **point)
    assert (refusal.value.status_code, refusal.value.error_code) == (400, code)


def order(sdk: Any, world: World, **changes: Any) -> dict[str, Any]:
    """Return the members of a creation that are read from the source itself."""
    source = sdk.list_instances(ListInstancesRequest(id=world.source_id)).instances[0]
    return {
        "datastore": Datastore(type="PostgreSQL", version=source.datastore.version),
        "flavor_ref": source.flavor_ref,
        "volume": Volume(type=source.volume.type, size=source.volume.size),
        "region": source.region,
        "availability_zone": source.nodes[0].availability_zone,
        "vpc_id": source.vpc_id,
        "subnet_id": source.subnet_id,
        "security_group_id": source.security_group_id,
        "password": PASSWORD,
        "charge_info": ChargeInfo(charge_mode="postPaid"),
        "backup_strategy": BackupStrategy(start_time="19:00-20:00", keep_days=0),
        "tags": [TagWithKeyValue(key="drill-id", value="d1")],
        **changes,
    }


@pytest.mark.parametrize("operation", ["create", "create to restore", "as little as allowed"])
def test_a_new_instance_from_a_recovery_point_is_made_and_deleted(sdk, world, backup, operation):
    point = RestorePoint(instance_id=world.source_id, type="backup", backup_id=backup.id)
    name = f"drill-{operation.replace(' ', '-')}"
    members = order(sdk, world, name=name, restore_point=point)
    if operation == "create":
        body = InstanceRequest(**members)
        made = sdk.create_instance(CreateInstanceRequest(body=body))
    else:
        if operation == "as little as allowed":
            for left_out in ("datastore", "region", "security_group_id", "password", "tags"):
                del members[left_out]
        restore = CreateRestoreInstanceRequestBody(**members)
        made = sdk.create_restore_instance(CreateRestoreInstanceRequest(body=restore))
    assert made.status_code == 202
    assert (made.instance.status, made.instance.name, made.order_id) == ("BUILD", name, None)
    assert made.instance.volume.size == 40
    job = finished(sdk, made.job_id)
    copy = eventually(lambda: active(sdk, made.instance.id))
    assert job.status == "Completed"
    assert job.entities.instance.endpoint == f"{copy.private_ips[0]}:{copy.port}"
    assert job.entities.resource_ids
    assert {each.key for each in copy.tags} == (set() if "tags" not in members else {"drill-id"})

    deletion = sdk.delete_instance(DeleteInstanceRequest(instance_id=copy.id))
    assert deletion.status_code == 202
    assert finished(sdk, deletion.job_id).status == "Completed"
    assert sdk.list_instances(ListInstancesRequest(id=copy.id)).instances == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": "orders-prod"}, 409, "DBS.200022"),
        ({"volume": Volume(type="CLOUDSSD", size=45)}, 400, "DBS.200302"),
        ({"volume": Volume(type="CLOUDSSD", size=10)}, 400, "DBS.200023"),
        ({"flavor_ref": "rds.pg.none"}, 400, "DBS.200053"),
        ({"password": "short"}, 400, "DBS.200052"),
        ({"datastore": Datastore(type="PostgreSQL", version="9.6")}, 400, "DBS.200037"),
    ],
)
def test_a_wrong_creation_is_refused_with_its_own_code(sdk, world, backup, changes, status, code):
    point = RestorePoint(instance_id=world.source_id, type="backup", backup_id=backup.id)
    members = order(sdk, world, name="drill-wrong", restore_point=point) | changes
    with pytest.raises(ClientRequestException) as refusal:
        sdk.create_instance(CreateInstanceRequest(body=InstanceRequest(**members)))
    assert (refusal.value.status_code, refusal.value.error_code) == (status, code)


def test_backups_are_listed_by_every_filter_and_page(sdk, world, backup):
    for number in (1, 2):
        back_up(sdk, world.source_id, f"page-{number}")
    every = listed(sdk, world)
    assert every.total_count == len(every.backups) == 3
    assert unfilled(every) == set()
    pages = [listed(sdk, world, offset=index, limit=1) for index in range(3)]
    assert [page.backups[0].id for page in pages] == [each.id for each in every.backups]
    assert {page.total_count for page in pages} == {3}
    assert listed(sdk, world, offset=3).backups == []
    assert [each.name for each in listed(sdk, world, backup_id=backup.id).backups] == [backup.name]
    assert listed(sdk, world, backup_type="manual", status="COMPLETED").total_count == 3
    assert listed(sdk, world, backup_type="auto").total_count == 0
    long_ago = {"begin_time": "2020-01-01T00:00:00+0800", "end_time": "2020-01-02T00:00:00+0800"}
    assert listed(sdk, world, **long_ago).total_count == 0
    always = {"begin_time": "2020-01-01T00:00:00+0000", "end_time": "2120-01-01T00:00:00+0000"}
    assert listed(sdk, world, **always).total_count == 3


def listed(sdk: Any, world: World, **query: Any) -> Any:
    return sdk.list_backups(ListBackupsRequest(instance_id=world.source_id, **query))


def test_a_manual_backup_is_deleted_once(sdk, world):
    doomed = back_up(sdk, world.scratch_id, "to-be-deleted")
    request = DeleteManualBackupRequest(backup_id=doomed.id)
    assert sdk.delete_manual_backup(request).status_code == 200

    with pytest.raises(ClientRequestException) as refusal:
        sdk.delete_manual_backup(request)
    assert (refusal.value.status_code, refusal.value.error_code) == (400, "DBS.201203")


def test_tasks_are_listed_newest_first_by_every_filter(sdk, world, backup):
    job = finished(sdk, recover(sdk, world, "v3.1", type="backup", backup_id=backup.id))
    answer = sdk.list_tasks(ListTasksRequest(instance_id=world.scratch_id, offset=0, limit=50))
    newest = answer.tasks[0]
    assert (newest.id, newest.name, newest.status) == (job.id, job.name, "Completed")
    assert job.name in answer.actions
    assert unfilled(answer) == set()
    for query, found in (
        ({"id": job.id}, True),
        ({"name": job.name, "status": "Completed"}, True),
        ({"status": "Running"}, False),
        ({"start_time": "0", "end_time": "9999999999999"}, True),
        ({"start_time": "0", "end_time": "1"}, False),
    ):
        tasks = sdk.list_tasks(ListTasksRequest(instance_id=world.scratch_id, **query)).tasks
        assert (job.id in {each.id for each in tasks}) is found


def test_an_identity_without_the_action_may_not_restore_in_place(world, backup):
    keys = world.sandbox.credentials
    restricted = BasicCredentials(
        keys.restricted_access_key, keys.restricted_secret_key, keys.project_id
    )
    builder = RdsClient.new_builder().with_credentials(restricted)
    for sdk in closing_sdk(builder.with_endpoint(world.sandbox.endpoint).build()):
        with pytest.raises(ClientRequestException) as refusal:
            recover(sdk, world, "v3.1", type="backup", backup_id=backup.id)
    assert (refusal.value.status_code, refusal.value.error_code) == (403, "DBS.280015")
