"""Backup policy, off-site policy and recycle bin, as clients meet them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.sandbox import recycle
from drill.sandbox.offsite import REGION
from drill.sandbox.threaded import ThreadedSandbox
from drill.sandbox.times import from_wire, to_milliseconds
from tests.sandbox.client import Client, eventually
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_servers import FakeServers

ON = {"keep_days": 7, "start_time": "19:00-20:00", "period": "1,2,3,4,5,6,7"}


def put_policy(client: Client, instance_id: str, policy: dict[str, object], **more: object) -> int:
    path = f"/instances/{instance_id}/backups/policy"
    return client.call("PUT", path, body={"backup_policy": policy, **more}).status


def auto_backups(client: Client, instance_id: str) -> list[str]:
    reply = client.get("/backups", instance_id=instance_id, backup_type="auto")
    return [each["id"] for each in reply.json["backups"] if each["status"] == "COMPLETED"]


def test_a_policy_that_is_turned_on_takes_a_full_backup_at_once(client, source_id):
    assert put_policy(client, source_id, ON) == 200
    assert len(eventually(lambda: auto_backups(client, source_id))) == 1
    eventually(lambda: client.instance(source_id)["status"] == "ACTIVE")

    assert put_policy(client, source_id, {**ON, "keep_days": 3}) == 200
    assert client.instance(source_id)["backup_strategy"]["keep_days"] == 3
    assert len(auto_backups(client, source_id)) == 1


def test_turned_off_it_keeps_the_backups_unless_told_otherwise(client, servers, source_id):
    put_policy(client, source_id, ON)
    eventually(lambda: auto_backups(client, source_id))
    eventually(lambda: client.instance(source_id)["status"] == "ACTIVE")

    assert put_policy(client, source_id, {"keep_days": 0}) == 200
    assert len(auto_backups(client, source_id)) == 1
    assert put_policy(client, source_id, {"keep_days": 0}, reserve_backups=False) == 200
    assert auto_backups(client, source_id) == []
    eventually(lambda: not servers.instances[source_id].backups)


def test_a_policy_cannot_be_turned_on_while_a_backup_runs(client, servers, source_id):
    servers.backup_gate.clear()
    client.post("/backups", {"instance_id": source_id, "name": "slow"})
    reply = client.call("PUT", f"/instances/{source_id}/backups/policy", body={"backup_policy": ON})
    assert (reply.status, reply.code) == (409, "DBS.201205")
    shown = client.get(f"/instances/{source_id}/backups/policy").json
    assert shown == {"backup_policy": {"keep_days": 0}}
    servers.backup_gate.set()


def test_the_recycle_bin_lists_what_was_deleted_until_it_is_kept_no_longer(
    client, sandbox, source_id
):
    body = {"recycle_policy": {"retention_period_in_days": "3"}}
    assert client.call("PUT", "/instances/recycle-policy", body=body).status == 200
    shown = client.get("/instances/recycle-policy").json
    assert shown == {"retention_period_in_days": 3}
    job = client.call("DELETE", f"/instances/{source_id}").json["job_id"]
    client.wait_for_job(job)

    reply = client.get("/recycle-instances", offset="0", limit="50").json
    assert reply["total_count"] == 1
    [entry] = reply["instances"]
    assert (entry["id"], entry["name"], entry["volume_size"]) == (source_id, "orders-prod", 80)
    kept_for = from_wire(entry["retained_until"]) - from_wire(entry["deleted_at"])
    assert abs(kept_for - timedelta(days=3)) <= timedelta(seconds=1)
    with sandbox.service.context.state.transaction() as connection:
        assert recycle.every(connection, datetime.now(UTC) + timedelta(days=4)) == []
    assert client.get("/recycle-instances", offset="0", limit="50").json["total_count"] == 0


@pytest.mark.parametrize("days", ["0", "8", "-1", "x", "", 0, 8, None, True, ["1"], {}])
def test_the_recycle_bin_cannot_be_turned_off(client, days):
    body = {"recycle_policy": {"retention_period_in_days": days}}
    reply = client.call("PUT", "/instances/recycle-policy", body=body)
    assert (reply.status, reply.code) == (400, "DBS.200001")
    shown = client.get("/instances/recycle-policy").json
    assert shown == {"retention_period_in_days": 7}


@pytest.mark.parametrize(
    "query", [{}, {"offset": "0"}, {"limit": "1"}, {"offset": "0", "limit": "51"}]
)
def test_the_recycle_bin_needs_both_paging_parameters(client, query):
    assert client.get("/recycle-instances", **query).status == 400


def put_offsite(client: Client, instance_id: str, **members: object) -> int:
    policy = {
        "backup_type": "all",
        "keep_days": 5,
        "destination_region": REGION,
        "destination_project_id": client.project_id,
        **members,
    }
    path = f"/instances/{instance_id}/backups/offsite-policy"
    return client.call("PUT", path, body={"policy_para": policy}).status


def test_off_site_copies_follow_from_the_policy_and_say_that_they_are_simulated(
    client, sandbox, servers, source_id
):
    path = f"/instances/{source_id}"
    sandbox.admin.back_up(source_id, name="before")
    servers.open_window(source_id)
    assert client.get(f"{path}/backups/offsite-policy").json == {"policy_para": []}
    assert client.get("/offsite-backups", instance_id=source_id).json["total_count"] == 0
    assert client.get(f"{path}/offsite-restore-time").json == {"restore_time": []}

    servers.ends_on_whole_seconds = False
    set_at = datetime.now(UTC)
    assert put_offsite(client, source_id) == 200
    sandbox.admin.back_up(source_id, name="after")
    copies = client.get("/offsite-backups", instance_id=source_id).json
    assert [each["name"] for each in copies["backups"]] == ["simulated-after"]
    assert copies["backups"][0]["id"] not in auto_backups(client, source_id)
    kinds = client.get(f"{path}/backups/offsite-policy").json["policy_para"]
    assert [each["backup_type"] for each in kinds] == ["auto", "incremental"]

    window = servers.open_window(source_id)
    later = type(window)(window.starts_at, set_at + timedelta(hours=1))
    servers.instances[source_id].spans = [later]
    [shown] = client.get(f"{path}/offsite-restore-time").json["restore_time"]
    assert shown["start_time"] >= to_milliseconds(set_at)
    assert shown["end_time"] == to_milliseconds(later.ends_at)


def test_instances_with_copies_are_listed_without_a_project_in_the_path(client, source_id):
    path = "/v3/backups/offsite-backup-instance"

    def listed() -> Any:
        return client.send("GET", path, headers=client.sign("GET", path, {}, b"")).json

    assert listed() == {"offsite_backup_instances": [], "total_count": 0}
    put_offsite(client, source_id)
    [entry] = listed()["offsite_backup_instances"]
    assert (entry["id"], entry["destination_region"], entry["keep_days"]) == (source_id, REGION, 5)
    put_offsite(client, source_id, keep_days=0)
    assert listed()["total_count"] == 0
    assert client.send("GET", path).status == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"backup_type": "fragment"},
        {"keep_days": -1},
        {"keep_days": "5"},
        {"destination_region": "sandbox-1"},
        {"destination_project_id": "a b"},
        {"destination_project_id": None},
    ],
)
def test_an_off_site_policy_that_is_wrong_is_refused(client, source_id, wrong):
    assert put_offsite(client, source_id, **wrong) == 400


@pytest.fixture
def otc(tmp_path: Path) -> Iterator[Client]:
    folder = tmp_path / "otc"
    with ThreadedSandbox(folder, FakeServers(), settings=QUICK, personality="otc") as sandbox:
        sandbox.admin.create_instance("orders-prod", password=PASSWORD)
        yield Client(sandbox)


def test_a_cloud_without_off_site_backups_does_not_know_the_calls(otc):
    [instance] = otc.get("/instances").json["instances"]
    replies = [
        otc.get(f"/instances/{instance['id']}/offsite-restore-time"),
        otc.get(f"/instances/{instance['id']}/backups/offsite-policy"),
        otc.get("/offsite-backups", instance_id=instance["id"]),
    ]
    assert {(each.status, each.code) for each in replies} == {(404, "APIGW.0101")}
