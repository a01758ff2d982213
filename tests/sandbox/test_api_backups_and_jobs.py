"""Backups, jobs and tasks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drill.sandbox.servers import ServerFault
from drill.sandbox.times import from_wire, to_milliseconds
from tests.sandbox.client import eventually
from tests.sandbox.test_api_instances import body


def test_a_manual_backup_is_built_and_then_completed(client, servers, source_id):
    servers.backup_gate.clear()
    began = datetime.now(UTC).replace(microsecond=0)
    request = {"instance_id": source_id, "name": "before-upgrade", "description": "just in case"}
    reply = client.post("/backups", request)

    assert reply.status == 200
    assert "job_id" not in reply.json
    made = reply.json["backup"]
    assert (made["status"], made["type"]) == ("BUILDING", "manual")
    query = {"instance_id": source_id, "backup_id": made["id"]}
    assert client.get("/backups", **query).json["backups"][0]["status"] == "BUILDING"

    servers.backup_gate.set()

    def completed():
        found = client.get("/backups", **query).json["backups"][0]
        return found if found["status"] == "COMPLETED" else None

    shown = eventually(completed)
    assert shown["description"] == "just in case"
    assert shown["datastore"] == {"type": "PostgreSQL", "version": "18"}
    assert shown["size"] == 4883  # 5 000 001 bytes in KB, rounded up
    assert began <= from_wire(shown["begin_time"]) <= from_wire(shown["end_time"])
    assert from_wire(shown["end_time"]) <= datetime.now(UTC)


def test_a_backup_never_ends_before_the_newest_data_that_it_holds(client, servers, source_id):
    servers.ends_on_whole_seconds = False
    reply = client.post("/backups", {"instance_id": source_id, "name": "precise"})
    eventually(lambda: client.instance(source_id)["status"] == "ACTIVE")
    ended_at = datetime.now(UTC)

    def completed():
        found = client.get("/backups", instance_id=source_id).json["backups"][0]
        return found if found["status"] == "COMPLETED" else None

    shown = eventually(completed)
    assert shown["id"] == reply.json["backup"]["id"]
    assert from_wire(shown["end_time"]) >= ended_at - timedelta(milliseconds=200)


def test_a_backup_that_fails_is_marked_and_the_instance_goes_on(client, servers, source_id):
    servers.fail_next = lambda: ServerFault("the disk is full")
    client.post("/backups", {"instance_id": source_id, "name": "will-fail"})

    eventually(
        lambda: (
            client.get("/backups", instance_id=source_id).json["backups"][0]["status"] == "FAILED"
        )
    )
    eventually(lambda: client.instance(source_id)["status"] == "ACTIVE")


@pytest.mark.parametrize(
    ("request_body", "status", "code"),
    [
        ({"name": "abcd"}, 400, "DBS.200001"),
        ({"instance_id": "gone", "name": "abcd"}, 404, "DBS.200002"),
        ({"instance_id": "SOURCE", "name": "x"}, 400, "DBS.280277"),
        ({"instance_id": "SOURCE", "name": "taken"}, 409, "DBS.201201"),
        ({"instance_id": "SOURCE", "name": "abcd", "description": "a<b"}, 400, "DBS.280127"),
        ({"instance_id": 7, "name": "abcd"}, 400, "DBS.200001"),
    ],
)
def test_wrong_requests_for_a_backup_are_refused(
    client, sandbox, source_id, request_body, status, code
):
    sandbox.admin.back_up(source_id, name="taken", type="manual")
    if request_body.get("instance_id") == "SOURCE":
        request_body = request_body | {"instance_id": source_id}
    reply = client.post("/backups", request_body)
    assert (reply.status, reply.code) == (status, code)


def test_backups_are_filtered_by_type_status_and_time_and_come_in_pages(client, sandbox, source_id):
    for number in range(2):
        sandbox.admin.back_up(source_id, name=f"auto-{number}", type="auto")
    sandbox.admin.back_up(source_id, name="manual-one", type="manual")

    def names(**query: str) -> set[str]:
        found = client.get("/backups", instance_id=source_id, **query).json
        return {each["name"] for each in found["backups"]}

    assert names() == {"auto-0", "auto-1", "manual-one"}
    assert names(backup_type="manual") == {"manual-one"}
    assert names(backup_type="incremental") == set()
    assert names(status="COMPLETED") == names()
    assert len(names(limit="2") | names(limit="2", offset="2")) == 3
    today = {"begin_time": "2020-01-01T00:00:00+0000", "end_time": "2090-01-01T00:00:00+0800"}
    assert names(**today) == names()
    long_ago = {"begin_time": "2010-01-01T00:00:00+0000", "end_time": "2011-01-01T00:00:00+0000"}
    assert names(**long_ago) == set()


@pytest.mark.parametrize(
    "query",
    [
        {"backup_type": "full"},
        {"status": "completed"},
        {"limit": "101"},
        {"begin_time": "2026-01-01T00:00:00+0000"},
        {"begin_time": "2026-01-02T00:00:00+0000", "end_time": "2026-01-01T00:00:00+0000"},
        {"begin_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-02T00:00:00Z"},
        {"begin_time": "2026-02-31T00:00:00+0000", "end_time": "2026-03-02T00:00:00+0000"},
    ],
)
def test_wrong_queries_for_backups_are_400(client, source_id, query):
    reply = client.get("/backups", instance_id=source_id, **query)
    assert (reply.status, reply.code) == (400, "DBS.200001")


def test_a_plus_that_was_not_encoded_is_read_as_a_space_and_refused(client, source_id):
    path = f"/v3/{client.project_id}/backups"
    query = {"begin_time": "2026-01-01T00:00:00+0000", "end_time": "2026-01-02T00:00:00+0000"}
    headers = client.sign("GET", path, query, b"")
    text = "&".join(f"{k}={v}" for k, v in query.items())
    assert client.send("GET", f"{path}?{text}", headers=headers).status == 400


def test_the_list_of_backups_needs_an_instance(client):
    assert client.get("/backups").code == "DBS.200001"


def test_manual_backups_can_be_deleted_and_automatic_ones_cannot(client, sandbox, source_id):
    manual = sandbox.admin.back_up(source_id, name="manual-one", type="manual")["id"]
    automatic = sandbox.admin.back_up(source_id, type="auto")["id"]

    assert client.call("DELETE", f"/backups/{manual}").status == 200
    assert client.call("DELETE", f"/backups/{manual}").code == "DBS.201203"
    assert client.call("DELETE", f"/backups/{automatic}").code == "DBS.200402"
    kept = client.get("/backups", instance_id=source_id).json["backups"]
    assert [each["id"] for each in kept] == [automatic]


def test_a_backup_that_is_being_restored_cannot_be_deleted(
    client, sandbox, servers, source_id, scratch_id
):
    manual = sandbox.admin.back_up(source_id, name="manual-one", type="manual")["id"]
    servers.gate.clear()
    client.recover(source_id, scratch_id, backup_id=manual)

    assert client.call("DELETE", f"/backups/{manual}").status == 409


def test_tasks_are_found_by_instance_time_and_status(client, sandbox, source_id, scratch_id):
    backup = sandbox.admin.back_up(source_id)["id"]
    since = datetime.now(UTC) - timedelta(seconds=1)
    job_id = client.recover(source_id, scratch_id, backup_id=backup).json["job_id"]
    client.wait_for_job(job_id)
    span = {
        "start_time": str(to_milliseconds(since)),
        "end_time": str(to_milliseconds(since + timedelta(hours=1))),
    }

    found = client.get("/tasklist", instance_id=scratch_id, **span).json
    newest = found["tasks"][0]
    assert newest["id"] == job_id
    assert newest["status"] == "Completed"
    assert newest["instance_status"] == "ACTIVE"
    assert newest["process"] == ""
    assert newest["name"] in found["actions"]
    assert client.get("/tasklist", id=job_id).json["total_count"] == 1
    assert client.get("/tasklist", status="Running").json["tasks"] == []
    earlier = {"start_time": "0", "end_time": str(to_milliseconds(since - timedelta(days=1)))}
    assert client.get("/tasklist", **earlier).json["total_count"] == 0


def test_backups_are_no_tasks(client, sandbox, source_id):
    sandbox.admin.back_up(source_id)
    tasks = eventually(lambda: client.get("/tasklist").json["tasks"])
    assert [each["name"] for each in tasks] == ["CreatePostgresqlSingleHAInstance"]


@pytest.mark.parametrize(
    "query",
    [{"limit": "51"}, {"start_time": "1"}, {"start_time": "a", "end_time": "b"}, {"status": "x"}],
)
def test_wrong_queries_for_tasks_are_400(client, query):
    assert client.get("/tasklist", **query).code == "DBS.200001"


def test_unknown_jobs_and_a_missing_id_are_400(client):
    assert client.get("/jobs", id="0123").code == "DBS.200543"
    assert client.get("/jobs").code == "DBS.200001"


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"keep_days": 800}, "DBS.201106"),
        ({"keep_days": 7, "start_time": "1-2", "period": "1"}, "DBS.201103"),
        ({"keep_days": 7, "start_time": "23:00-00:00", "period": "8"}, "DBS.201101"),
        ({"keep_days": 7}, "DBS.200001"),
        ({"keep_days": "7"}, "DBS.200001"),
    ],
)
def test_a_backup_policy_that_is_wrong_is_refused(client, source_id, policy, code):
    path = f"/instances/{source_id}/backups/policy"
    reply = client.call("PUT", path, body={"backup_policy": policy})
    assert (reply.status, reply.code) == (400, code)
    assert client.get(path).json["backup_policy"] == {"keep_days": 0}


def test_a_new_instance_counts_as_created_but_a_planted_one_does_not(client, sandbox, source_id):
    made = client.post("/instances", body()).json["instance"]["id"]
    state = sandbox.admin.state()
    assert state["accepted"]["create"] == {made: 1}
    assert state["names"][made] == "drill-new"
