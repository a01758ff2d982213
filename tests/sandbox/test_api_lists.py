"""The smaller lists, and that an instance is shown with all its members."""

from __future__ import annotations

import pytest

from tests.sandbox.client import Client, eventually

REQUIRED = {
    *("id", "status", "enable_ssl", "private_ips", "public_ips", "type", "created", "updated"),
    *("db_user_name", "switch_strategy", "maintenance_window", "nodes", "related_instance"),
    *("name", "datastore", "port", "backup_strategy", "enterprise_project_id", "time_zone"),
    *("disk_encryption_id", "flavor_ref", "volume", "region", "vpc_id", "subnet_id", "tags"),
    *("security_group_id", "charge_info"),
}
OPTIONAL = {
    *("private_dns_names", "public_dns_names", "read_only_by_user", "cpu", "mem", "alias"),
    *("backup_used_space", "storage_used_space", "order_id", "associated_with_ddm", "max_iops"),
    *("expiration_time", "serverless_info"),
}


def test_an_instance_is_shown_with_every_member(client, source_id):
    shown = client.instance(source_id)
    assert set(shown) - {"ha"} == REQUIRED | OPTIONAL
    assert isinstance(shown["port"], int)
    assert isinstance(shown["cpu"], str)
    assert set(shown["nodes"][0]) == {"id", "name", "role", "status", "availability_zone"}
    assert set(shown["datastore"]) == {"type", "version", "complete_version"}


def test_scheduled_tasks_are_none(client):
    reply = client.get("/schedule-tasks", status="Pending", start_time="1", end_time="2")
    assert (reply.status, reply.json) == (200, {"schedule_tasks": [], "total_count": 0})


@pytest.mark.parametrize("query", [{"status": "Done"}, {"limit": "51"}, {"start_time": "1"}])
def test_a_question_for_scheduled_tasks_that_is_wrong_is_refused(client, query):
    assert client.get("/schedule-tasks", **query).status == 400


def simplified(client: Client, *ids: str):
    return client.post("/simplified-instances", {"instance_ids": list(ids)}).json["instances"]


def test_simplified_instances_have_a_vocabulary_of_their_own(client, servers, source_id):
    [shown] = simplified(client, source_id, "unknown")
    assert (shown["id"], shown["instance_status"]) == (source_id, "normal")
    assert (shown["engine_name"], shown["current_actions"]) == ("postgresql", [])

    servers.backup_gate.clear()
    client.post("/backups", {"instance_id": source_id, "name": "slow"})
    assert simplified(client, source_id)[0]["current_actions"] == ["BACKING_UP"]
    servers.backup_gate.set()
    eventually(lambda: client.instance(source_id)["status"] == "ACTIVE")
    servers.gate.clear()
    client.call("DELETE", f"/instances/{source_id}")
    assert simplified(client, source_id)[0]["current_actions"] == ["DELETING"]
    servers.gate.set()
    eventually(lambda: simplified(client, source_id) == [])


@pytest.mark.parametrize("ids", [[], ["x"] * 101, "x", [1], None])
def test_simplified_instances_need_one_to_a_hundred_ids(client, ids):
    assert client.post("/simplified-instances", {"instance_ids": ids}).status == 400


def test_there_is_one_parameter_template_and_it_is_paged(client, servers):
    reply = client.get("/configurations").json
    [template] = reply["configurations"]
    assert (template["datastore_version_name"], template["user_defined"]) == ("18", False)
    assert client.get("/configurations", offset="1").json == {"configurations": [], "count": 1}


def test_collations_are_listed_once_each(client):
    names = client.get("/collations").json["charSets"]
    assert "Chinese_PRC_CI_AS" in names
    assert sorted(set(names)) == names


def test_storage_types_know_the_modes_of_an_instance(client):
    query = {"version_name": "18", "ha_mode": "single"}
    assert client.get("/storage-type/PostgreSQL", **query).status == 200
    assert client.get("/storage-type/PostgreSQL", **query | {"ha_mode": "x"}).status == 400
