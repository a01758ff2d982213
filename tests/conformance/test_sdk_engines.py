"""The vendor's SDK goes the whole way with instances that are not PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from huaweicloudsdkrds import v3 as model

from drill.sandbox import catalogue
from drill.sandbox.engines import Engines
from drill.sandbox.threaded import ThreadedSandbox
from tests.conformance.clients import World, active, back_up, finished, make_sdk, recover
from tests.sandbox.client import eventually
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_servers import FakeServers
from tests.sandbox.simulated_past import give_a_past


@dataclass(frozen=True)
class Kind:
    """One engine, and what the admin call and an order need for it."""

    engine: str
    version: str
    flavor: str
    members: tuple[tuple[str, Any], ...]


KINDS = (
    Kind("MariaDB", "10.11", "rds.mariadb.n1.small", (("engine", "MariaDB"),)),
    Kind(
        "SQLServer",
        "2019_SE",
        "rds.mssql.n1.medium",
        (
            ("engine", "SQLServer"),
            ("version", "2019_SE"),
            ("simulated", True),
            ("databases", ["crm"]),
        ),
    ),
)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.engine)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture(scope="module")
def world(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    servers = FakeServers()
    servers.version = servers.complete_version = "10.11"
    engines = Engines({catalogue.ENGINE: FakeServers(), catalogue.MARIADB: servers})
    folder = tmp_path_factory.mktemp("state")
    with ThreadedSandbox(folder, engines, settings=QUICK, personality="huawei") as sandbox:
        source_id, scratch_id = (
            str(
                sandbox.admin.create_instance(
                    name, password=PASSWORD, volume_size=40, **dict(kind.members)
                )["id"]
            )
            for name in ("crm-prod", "crm-scratch")
        )
        if source_id in servers.instances:
            servers.open_window(source_id)
        else:
            give_a_past(sandbox, source_id)
        yield World(sandbox, servers, source_id, scratch_id)


@pytest.fixture(scope="module")
def sdk(world: World) -> Iterator[Any]:
    yield from make_sdk(world.sandbox)


def last_instant(sdk: Any, world: World) -> int:
    request = model.ListRestoreTimesRequest(instance_id=world.source_id)
    return int(sdk.list_restore_times(request).restore_time[-1].end_time)


def test_instances_are_listed_by_their_engine(sdk, world, kind):
    listed = sdk.list_instances(model.ListInstancesRequest(datastore_type=kind.engine)).instances

    assert {each.id for each in listed} == {world.source_id, world.scratch_id}
    assert {each.datastore.version for each in listed} == {kind.version}
    assert (
        sdk.list_instances(model.ListInstancesRequest(datastore_type="PostgreSQL")).instances == []
    )


@pytest.mark.parametrize("version", ["v3", "v3.1"])
def test_both_paths_restore_backups_and_instants_onto_an_existing_instance(sdk, world, version):
    backup = back_up(sdk, world.source_id, f"taken-for-{version.replace('.', '-')}")
    points: list[dict[str, Any]] = [
        {"type": "backup", "backup_id": backup.id},
        {"type": "timestamp", "restore_time": last_instant(sdk, world)},
    ]

    for point in points:
        eventually(lambda: active(sdk, world.scratch_id))
        job = finished(sdk, recover(sdk, world, version, **point))

        assert job.status == "Completed"
        assert "Restore" in job.name
        assert job.instance.id == world.scratch_id


def test_new_instance_is_restored_tagged_and_deleted(sdk, world, kind):
    body = model.InstanceRequest(
        name="crm-copy",
        datastore=model.Datastore(type=kind.engine, version=kind.version),
        flavor_ref=kind.flavor,
        volume=model.Volume(type="CLOUDSSD", size=40),
        region=catalogue.REGION,
        availability_zone=catalogue.ZONE,
        vpc_id=catalogue.VPC_ID,
        subnet_id=catalogue.SCRATCH_SUBNET_ID,
        security_group_id=catalogue.SCRATCH_SECURITY_GROUP_ID,
        password=PASSWORD,
        restore_point=model.RestorePoint(
            instance_id=world.source_id,
            type="timestamp",
            restore_time=last_instant(sdk, world),
        ),
    )
    made = sdk.create_instance(model.CreateInstanceRequest(body=body))
    copy_id = made.instance.id
    assert finished(sdk, made.job_id).status == "Completed"
    eventually(lambda: active(sdk, copy_id))

    tag = model.TagWithKeyValue(key="drill", value="yes")
    add = model.BatchTagActionAddRequestBody(action="create", tags=[tag])
    sdk.batch_tag_add_action(model.BatchTagAddActionRequest(instance_id=copy_id, body=add))
    (found,) = sdk.list_instance_tags(model.ListInstanceTagsRequest(instance_id=copy_id)).tags
    assert (found.key, found.value) == ("drill", "yes")

    deletion = sdk.delete_instance(model.DeleteInstanceRequest(instance_id=copy_id))
    assert finished(sdk, deletion.job_id).status == "Completed"
    assert sdk.list_instances(model.ListInstancesRequest(id=copy_id)).instances == []


def test_detailed_tasks_are_told_for_sql_server_alone(sdk, world, kind):
    request = model.ListJobInfoDetailRequest(instance_id=world.scratch_id, start_time="0")

    if kind.engine == "SQLServer":
        eventually(lambda: active(sdk, world.scratch_id))
        restore_time = last_instant(sdk, world)
        finished(sdk, recover(sdk, world, "v3.1", type="timestamp", restore_time=restore_time))
        assert sdk.list_job_info_detail(request).count >= 1
    else:
        with pytest.raises(Exception, match=r"DBS\.280238"):
            sdk.list_job_info_detail(request)
