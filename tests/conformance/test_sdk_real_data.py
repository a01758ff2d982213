"""The vendor's own SDK against the service with real database servers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkrds.v3 import (
    BackupStrategy,
    CreateInstanceRequest,
    CreateManualBackupRequest,
    CreateManualBackupRequestBody,
    Datastore,
    DeleteInstanceRequest,
    InstanceRequest,
    ListBackupsRequest,
    ListInstancesRequest,
    ListRestoreTimesRequest,
    ListTasksRequest,
    RestoreExistingInstanceRequestBody,
    RestoreExistingInstanceRequestBodySource,
    RestoreExistInstanceRequest,
    RestorePoint,
    TagWithKeyValue,
    TargetInstanceRequest,
    Volume,
)

from drill.sandbox.postgres import PostgresServers
from drill.sandbox.threaded import ThreadedSandbox
from drill.sandbox.times import from_milliseconds
from tests.conformance.clients import finished, make_sdk
from tests.conformance.rows import beat, beat_around, run
from tests.sandbox.client import eventually
from tests.sandbox.conftest import PASSWORD, QUICK

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def real_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedSandbox]:
    folder: Path = tmp_path_factory.mktemp("sandbox")
    servers = PostgresServers(folder / "servers", archive_every=timedelta(seconds=1))
    with ThreadedSandbox(folder, servers, settings=QUICK, personality="huawei") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def sdk(real_sandbox: ThreadedSandbox) -> Iterator[Any]:
    yield from make_sdk(real_sandbox)


@pytest.fixture(scope="module")
def source(real_sandbox: ThreadedSandbox) -> dict[str, Any]:
    made = real_sandbox.admin.create_instance("orders-prod", password=PASSWORD, volume_size=40)
    run(made["port"], "create table beat (at timestamptz not null)")
    return made


def find(sdk: Any, instance_id: str) -> Any:
    found = sdk.list_instances(ListInstancesRequest(id=instance_id)).instances
    return found[0] if found else None


def restorable(sdk: Any, source: dict[str, Any], wanted: Callable[[int, int], bool]) -> Any:
    """Keep the source alive until its windows are as wanted."""

    def look() -> Any:
        beat(source["port"])
        windows = sdk.list_restore_times(ListRestoreTimesRequest(instance_id=source["id"]))
        found = windows.restore_time
        return [each for each in found if wanted(each.start_time, each.end_time)]

    return eventually(look, within=60)


def test_the_sdk_finds_its_way_through_a_recovery_a_creation_and_a_deletion(
    sdk, source, real_sandbox
):
    scratch = real_sandbox.admin.create_instance("drill-scratch-a", password=PASSWORD)["id"]
    found = sdk.list_instances(ListInstancesRequest(datastore_type="PostgreSQL", name="*orders"))
    assert [each.id for each in found.instances] == [source["id"]]
    assert found.instances[0].port == source["port"]

    body = CreateManualBackupRequestBody(instance_id=source["id"], name="before-the-test")
    backup = sdk.create_manual_backup(CreateManualBackupRequest(body=body)).backup
    listing = ListBackupsRequest(instance_id=source["id"], backup_id=backup.id)
    eventually(lambda: sdk.list_backups(listing).backups[0].status == "COMPLETED", within=60)

    first, wanted = beat_around(source["port"])
    restorable(sdk, source, lambda start, end: start <= wanted <= end)
    recovery = RestoreExistingInstanceRequestBody(
        source=RestoreExistingInstanceRequestBodySource(
            instance_id=source["id"], type="timestamp", restore_time=wanted
        ),
        target=TargetInstanceRequest(instance_id=scratch),
    )
    job_id = sdk.restore_exist_instance(RestoreExistInstanceRequest(body=recovery)).job_id
    job = finished(sdk, job_id)
    assert (job.status, job.fail_reason) == ("Completed", None)
    assert job.instance.id == scratch
    newest = run(find(sdk, scratch).port, "select max(at) from beat")[0][0]
    assert newest == first
    assert newest <= from_milliseconds(wanted)
    tasks = sdk.list_tasks(ListTasksRequest(instance_id=scratch)).tasks
    assert tasks[0].id == job_id

    made = create_from(sdk, source["id"], backup.id)
    assert finished(sdk, made.job_id).status == "Completed"
    copy = find(sdk, made.instance.id)
    assert copy.status == "ACTIVE"
    assert {each.key: each.value for each in copy.tags} == {"drill": "sdk"}
    assert run(copy.port, "select count(*) from beat")[0][0] == 0

    gone = sdk.delete_instance(DeleteInstanceRequest(instance_id=made.instance.id))
    assert finished(sdk, gone.job_id).status == "Completed"
    assert find(sdk, made.instance.id) is None
    accepted = real_sandbox.admin.state()["accepted"]
    assert accepted["recovery"] == {scratch: 1}
    assert accepted["create"] == accepted["delete"] == {made.instance.id: 1}


def create_from(sdk: Any, source_id: str, backup_id: str) -> Any:
    body = InstanceRequest(
        name="drill-sdk-copy",
        datastore=Datastore(type="PostgreSQL", version="18"),
        flavor_ref="rds.pg.n1.small",
        volume=Volume(type="CLOUDSSD", size=40),
        region="sandbox-1",
        availability_zone="sandbox-1a",
        vpc_id="vpc-scratch",
        subnet_id="subnet-scratch",
        security_group_id="sg-scratch",
        password=PASSWORD,
        backup_strategy=BackupStrategy(start_time="19:00-20:00", keep_days=0),
        tags=[TagWithKeyValue(key="drill", value="sdk")],
        restore_point=RestorePoint(instance_id=source_id, type="backup", backup_id=backup_id),
    )
    return sdk.create_instance(CreateInstanceRequest(body=body))
