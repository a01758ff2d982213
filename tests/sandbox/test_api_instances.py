"""Listing, creating, tagging and deleting instances."""

from __future__ import annotations

from typing import Any

import pytest

from drill.sandbox.planting import id_of
from drill.sandbox.servers import ServerFault
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, eventually
from tests.sandbox.conftest import PASSWORD, QUICK


def body(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": "drill-new",
        "datastore": {"type": "PostgreSQL", "version": "18"},
        "flavor_ref": "rds.pg.n1.small",
        "volume": {"type": "CLOUDSSD", "size": 100},
        "region": "sandbox-1",
        "availability_zone": "sandbox-1a",
        "vpc_id": "vpc-scratch",
        "subnet_id": "subnet-scratch",
        "security_group_id": "sg-scratch",
        "password": PASSWORD,
    }
    return {key: value for key, value in (plain | changes).items() if value is not None}


def test_an_instance_shows_every_member_that_the_reference_names(client, source_id):
    shown = client.instance(source_id)

    assert shown is not None
    assert shown["datastore"]["version"] == "18"
    assert shown["datastore"]["complete_version"] == "18.6"
    assert shown["private_ips"] == ["127.0.0.1"]
    assert isinstance(shown["port"], int)
    assert shown["volume"] == {"type": "CLOUDSSD", "size": 80}
    assert isinstance(shown["cpu"], str)
    assert {"key": "made-by", "value": "tests"} in shown["tags"]
    assert shown["nodes"][0]["role"] == "master"
    assert shown["created"].endswith("+0000")
    assert shown["backup_strategy"] == {"start_time": "19:00-20:00", "keep_days": 0}


def test_ids_of_planted_instances_follow_from_their_names(source_id):
    assert source_id == id_of("orders-prod")
    assert source_id == "df964dd9324bece9ec331925a1f4ceb5in03"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"name": "orders-prod"}, {"orders-prod"}),
        ({"name": "orders"}, set()),
        ({"name": "*scratch"}, {"drill-scratch-a"}),
        ({"id": "*in03"}, {"orders-prod", "drill-scratch-a"}),
        ({"id": "unknown"}, set()),
        ({"type": "Single"}, {"orders-prod", "drill-scratch-a"}),
        ({"type": "Ha"}, set()),
        ({"datastore_type": "PostgreSQL"}, {"orders-prod", "drill-scratch-a"}),
        ({"datastore_type": "MySQL"}, set()),
        ({"vpc_id": "elsewhere"}, set()),
        ({"subnet_id": "elsewhere"}, set()),
        ({"tags": "name=orders-prod"}, {"orders-prod"}),
        ({"tags": "name=,made-by=tests"}, {"orders-prod", "drill-scratch-a"}),
        ({"tags": "made-by=others"}, set()),
    ],
)
def test_filters_choose_instances(client, source_id, scratch_id, query, names):
    reply = client.get("/instances", **query)

    assert {each["name"] for each in reply.json["instances"]} == names
    assert reply.json["total_count"] == len(names)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "x"},
        {"limit": "-1"},
        {"offset": "-1"},
        {"offset": "1.5"},
        {"limit": "٣"},
        {"datastore_type": "postgresql"},
        {"type": "single"},
        {"tags": "=x"},
        {"tags": ",".join(f"k{i}=v" for i in range(11))},
    ],
)
def test_a_query_that_is_wrong_is_a_400(client, query):
    reply = client.get("/instances", **query)

    assert (reply.status, reply.code) == (400, "DBS.200001")


def test_pages_hold_every_instance_once(client, sandbox):
    for number in range(5):
        sandbox.admin.create_instance(f"simulated-{number}", simulated=True, version="18")

    names: list[str] = []
    for offset in ("0", "2", "4", "6"):
        page = client.get("/instances", offset=offset, limit="2").json
        assert page["total_count"] == 5
        names += [each["name"] for each in page["instances"]]
    assert sorted(names) == [f"simulated-{number}" for number in range(5)]


def test_a_cloud_without_the_tag_filter_ignores_it(tmp_path, servers):
    with ThreadedSandbox(tmp_path / "s", servers, personality="otc") as sandbox:
        sandbox.admin.create_instance("simulated", simulated=True)
        assert Client(sandbox).get("/instances", tags="a=b").json["total_count"] == 1


def test_a_new_instance_is_built_backed_up_and_then_at_rest(client, servers):
    servers.gate.clear()
    servers.backup_gate.clear()
    reply = client.post("/instances", body(tags=[{"key": "drill", "value": "7"}]))

    assert reply.status == 202
    made = reply.json["instance"]
    assert made["port"] == "5432"
    assert made["status"] == "BUILD"
    building = client.instance(made["id"])
    assert building["status"] == "BUILD"
    assert building["private_ips"] == []
    assert building["updated"] == ""
    assert building["tags"] == [{"key": "drill", "value": "7"}]

    servers.gate.set()
    eventually(lambda: client.instance(made["id"])["status"] == "BACKING UP")
    job = client.wait_for_job(reply.json["job_id"])
    assert job["status"] == "Completed"
    assert job["process"] == ""
    assert job["entities"]["instance"]["datastore"]["type"] == "postgresql"

    servers.backup_gate.set()
    eventually(lambda: client.instance(made["id"])["status"] == "ACTIVE")
    backups = client.get("/backups", instance_id=made["id"]).json["backups"]
    assert [each["type"] for each in backups] == ["auto"]


def test_no_backup_is_taken_where_none_are_kept(client, servers):
    strategy = {"start_time": "19:00-20:00", "keep_days": 0}
    reply = client.post("/instances", body(backup_strategy=strategy))
    client.wait_for_job(reply.json["job_id"])

    eventually(lambda: client.instance(reply.json["instance"]["id"])["status"] == "ACTIVE")
    assert servers.instances[reply.json["instance"]["id"]].backups == {}


def test_a_job_is_unknown_at_first_then_runs_and_then_ends(client, servers):
    servers.gate.clear()
    job_id = client.post("/instances", body()).json["job_id"]

    early = client.get("/jobs", id=job_id)
    assert (early.status, early.code) == (400, "DBS.200543")
    running = eventually(lambda: client.get("/jobs", id=job_id).json.get("job"))
    assert running["status"] == "Running"
    assert running["process"].endswith("%")
    assert "ended" not in running

    servers.gate.set()
    assert client.wait_for_job(job_id)["ended"].endswith("+0000")


def test_a_creation_that_fails_leaves_a_failed_instance_and_a_reason(client, servers):
    servers.fail_next = lambda: ServerFault("no space left on the machine")
    reply = client.post("/instances", body())

    job = client.wait_for_job(reply.json["job_id"])
    assert (job["status"], job["fail_reason"]) == ("Failed", "no space left on the machine")
    assert client.instance(reply.json["instance"]["id"])["status"] == "FAILED"


def test_an_unexpected_fault_of_the_servers_still_ends_the_job(client, servers):
    servers.fail_next = lambda: KeyError("a bug")
    reply = client.post("/instances", body())

    job = client.wait_for_job(reply.json["job_id"])
    assert (job["status"], job["fail_reason"]) == ("Failed", "internal error")
    assert client.instance(reply.json["instance"]["id"])["status"] == "FAILED"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "ab"}, "DBS.280277"),
        ({"name": "1abcd"}, "DBS.280277"),
        ({"name": "with space"}, "DBS.280277"),
        ({"name": "a" * 65}, "DBS.280277"),
        ({"flavor_ref": "rds.mysql.large"}, "DBS.200053"),
        ({"volume": {"type": "CLOUDSSD", "size": 45}}, "DBS.200302"),
        ({"volume": {"type": "CLOUDSSD", "size": 30}}, "DBS.200023"),
        ({"volume": {"type": "CLOUDSSD", "size": 4010}}, "DBS.200023"),
        ({"volume": {"type": "FLOPPY", "size": 40}}, "DBS.200001"),
        ({"volume": {"type": "CLOUDSSD", "size": "40"}}, "DBS.200001"),
        ({"volume": None}, "DBS.200001"),
        ({"availability_zone": "elsewhere"}, "DBS.200001"),
        ({"region": "elsewhere"}, "DBS.200001"),
        ({"vpc_id": "not an id"}, "DBS.200048"),
        ({"password": "short1!"}, "DBS.200052"),
        ({"password": "alllowercase"}, "DBS.200052"),
        ({"password": "Password123"}, "DBS.200052"),
        ({"password": "Correct Horse 7"}, "DBS.200052"),
        ({"password": None}, "DBS.200052"),
        ({"datastore": {"type": "PostgreSQL", "version": "9.5"}}, "DBS.200041"),
        ({"datastore": {"type": "MySQL", "version": "8.0"}}, "DBS.280238"),
        ({"datastore": None}, "DBS.200001"),
        ({"port": "80"}, "DBS.200001"),
        ({"port": 5432}, "DBS.200001"),
        ({"charge_info": {"charge_mode": "prePaid"}}, "DBS.200001"),
        ({"ha": {"mode": "Ha", "replication_mode": "async"}}, "DBS.200001"),
        ({"backup_strategy": {"start_time": "19:00-21:00"}}, "DBS.201103"),
        ({"backup_strategy": {"start_time": "19:00-20:00", "keep_days": 733}}, "DBS.201106"),
        ({"tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, "DBS.280272"),
        ({"tags": [{"key": f"k{i}", "value": ""} for i in range(21)]}, "DBS.200087"),
    ],
)
def test_a_creation_that_breaks_a_rule_is_refused_and_changes_nothing(
    client, sandbox, changes, code
):
    reply = client.post("/instances", body(**changes))

    assert (reply.status, reply.code) == (400, code)
    assert sandbox.admin.state()["instances"] == []


def test_a_name_that_exists_is_refused(client, source_id):
    reply = client.post("/instances", body(name="orders-prod"))
    assert (reply.status, reply.code) == (409, "DBS.200022")


def test_the_quota_is_a_413(tmp_path, servers):
    from dataclasses import replace

    settings = replace(QUICK, instance_quota=1)
    with ThreadedSandbox(tmp_path / "s", servers, settings=settings) as sandbox:
        client = Client(sandbox)
        sandbox.admin.create_instance("only-one", simulated=True)
        reply = client.post("/instances", body())
        quota = client.get("/quotas").json["quotas"]["resources"]

    assert (reply.status, reply.code) == (413, "DBS.200046")
    assert quota == [{"type": "instance", "quota": 1, "used": 1}]


def test_a_client_token_must_have_its_form(client):
    client.extra["X-Client-Token"] = "not-a-uuid"
    assert client.post("/instances", body()).code == "DBS.280497"
    client.extra["X-Client-Token"] = "01234567-89ab-cdef-0123-456789abcdef"
    assert client.post("/instances", body()).status == 202


def test_a_deleted_instance_leaves_the_list_with_its_automatic_backups(client, sandbox, source_id):
    sandbox.admin.back_up(source_id, name="manual-one", type="manual")
    sandbox.admin.back_up(source_id, name="auto-one", type="auto")
    reply = client.call("DELETE", f"/instances/{source_id}")

    assert reply.status == 202
    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    assert client.instance(source_id) is None
    kept = client.get("/backups", instance_id=source_id).json["backups"]
    assert [each["name"] for each in kept] == ["manual-one"]
    assert sandbox.admin.state()["accepted"]["delete"] == {source_id: 1}


def test_an_instance_stays_listed_until_its_deletion_is_done(client, servers, source_id):
    servers.gate.clear()
    client.call("DELETE", f"/instances/{source_id}")

    assert client.instance(source_id) is not None
    assert client.call("DELETE", f"/instances/{source_id}").code == "DBS.201202"
    servers.gate.set()
    eventually(lambda: client.instance(source_id) is None)


def test_deleting_an_unknown_instance_is_a_404(client):
    reply = client.call("DELETE", "/instances/0123")
    assert (reply.status, reply.code) == (404, "DBS.200002")
