"""What a client sees of each ordered fault, and that clearing lets hanging things go on."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime, timedelta

import pytest

from drill.sandbox.admin_client import AdminRefused
from drill.sandbox.servers import Span
from tests.sandbox.client import Client, eventually


def raw_get(client: Client, path: str) -> tuple[int, str, bytes]:
    """Return status, content type and bytes of one answer, whatever it is."""
    full = f"/v3/{client.project_id}{path}"
    connection = http.client.HTTPConnection(client.address, timeout=20)
    try:
        connection.request("GET", full, headers=client.sign("GET", full, {}, b""))
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("status", "body"), [(503, "empty"), (502, "text"), (500, "cloud")])
def test_an_error_comes_with_the_body_that_was_asked_for(client, sandbox, status, body):
    sandbox.admin.add_fault("error_next", status=status, body=body, code="DBS.108000")

    got, kind, text = raw_get(client, "/instances")

    assert got == status
    assert (text == b"") is (body == "empty")
    assert ("json" in kind) is (body == "cloud")
    assert (b"DBS.108000" in text) is (body == "cloud")


def test_an_error_may_come_although_the_call_was_carried_out(client, sandbox, source_id):
    sandbox.admin.add_fault("error_next", accepted=True, method="POST", status=503)

    reply = client.post("/backups", {"instance_id": source_id, "name": "manual-1"})

    assert reply.status == 503
    assert sandbox.admin.state()["accepted"]["backup"][source_id] == 1


@pytest.mark.parametrize("status", [200, 502])
def test_a_page_for_people_comes_instead_of_json_and_nothing_is_carried_out(
    client, sandbox, status
):
    sandbox.admin.add_fault("html_next", status=status)

    got, kind, text = raw_get(client, "/instances")

    assert (got, kind.split(";")[0]) == (status, "text/html")
    assert text.startswith(b"<!DOCTYPE html>")


def test_a_body_is_cut_by_a_reset_after_the_call_was_carried_out(client, sandbox, source_id):
    sandbox.admin.add_fault("reset_body", method="POST")

    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        client.post("/backups", {"instance_id": source_id, "name": "manual-1"})

    assert sandbox.admin.state()["accepted"]["backup"][source_id] == 1
    assert client.get("/instances").status == 200


def test_an_answer_is_as_huge_as_was_asked_for(client, sandbox):
    sandbox.admin.add_fault("huge_answer", megabytes=9)

    status, _, text = raw_get(client, "/instances")

    assert status == 200
    assert len(text) > 9 * 1024 * 1024


def test_tokens_are_forgotten_right_before_the_call(client, sandbox):
    keys = sandbox.credentials
    user = {"name": keys.user, "password": keys.password, "domain": {"name": keys.domain}}
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"id": keys.project_id}},
        }
    }
    sandbox.admin.add_fault("expire_tokens", path="/instances$")
    headers = token_headers(client, body)

    path = f"/v3/{keys.project_id}/instances"
    assert client.send("GET", path, headers=headers).status == 401
    assert client.send("GET", path, headers=token_headers(client, body)).status == 200


def token_headers(client: Client, body: object) -> dict[str, str]:
    payload = json.dumps(body).encode()
    made = client.send("POST", "/v3/auth/tokens", payload, {"Content-Type": "application/json"})
    assert made.status == 201
    return {"X-Auth-Token": made.headers["x-subject-token"]}


def names(reply) -> list[str]:
    return [each["name"] for each in reply.json["instances"]]


def test_pages_are_short_repeat_an_item_or_turn_around(client, sandbox, source_id, scratch_id):
    whole = names(client.get("/instances"))
    assert len(whole) == 2

    sandbox.admin.add_fault("short_pages", items=1)
    reply = client.get("/instances")
    assert (names(reply), reply.json["total_count"]) == (whole[:1], 2)

    sandbox.admin.add_fault("repeat_items")
    assert names(client.get("/instances", offset="1", limit="1")) == whole[:1]

    sandbox.admin.add_fault("reorder_items")
    assert names(client.get("/instances")) == whole[::-1]
    assert names(client.get("/instances")) == whole


@pytest.mark.parametrize(
    ("path", "key"), [("/instances", "instances"), ("/backups", "backups"), ("/tasklist", "tasks")]
)
def test_lists_have_objects_that_nobody_knows(client, sandbox, source_id, path, key):
    query = {"instance_id": source_id} if path == "/backups" else {}
    if path == "/tasklist":  # the task of the creation is hidden at first
        eventually(lambda: client.get(path).json[key])
    before = client.get(path, **query).json
    sandbox.admin.add_fault("odd_objects")

    after = client.get(path, **query).json

    assert len(after[key]) == len(before[key]) + 2
    assert after["total_count"] == before["total_count"] + 2


def test_a_malformed_list_request_is_refused_even_with_a_fault(client, sandbox):
    sandbox.admin.add_fault("short_pages")

    assert client.get("/instances", limit="0").status == 400


def windows(client: Client, source_id: str) -> list[dict[str, int]]:
    listed: list[dict[str, int]] = client.get(f"/instances/{source_id}/restore-time").json[
        "restore_time"
    ]
    return listed


def test_windows_shrink_at_either_border_and_vanish_after_a_look(
    client, sandbox, servers, source_id
):
    at = datetime.now(UTC).replace(microsecond=0)
    servers.instances[source_id].spans = [Span(at - timedelta(seconds=60), at)]
    (true,) = windows(client, source_id)

    sandbox.admin.add_fault("shrink_windows", seconds=10, border="end")
    assert windows(client, source_id) == [{**true, "end_time": true["end_time"] - 10_000}]
    sandbox.admin.add_fault("shrink_windows", seconds=10, border="start")
    assert windows(client, source_id) == [{**true, "start_time": true["start_time"] + 10_000}]
    sandbox.admin.add_fault("shrink_windows", seconds=61)
    assert windows(client, source_id) == []
    sandbox.admin.add_fault("hide_windows", after=1)
    assert windows(client, source_id) == [true]
    assert windows(client, source_id) == []
    assert windows(client, source_id) == [true]


def test_a_job_hangs_until_the_faults_are_cleared_and_then_does_its_work(
    client, sandbox, servers, source_id, scratch_id
):
    backup = sandbox.admin.back_up(source_id)["id"]
    sandbox.admin.add_fault("hang_next_job")
    job_id = client.recover(source_id, scratch_id, backup_id=backup).json["job_id"]
    eventually(lambda: client.get("/jobs", id=job_id).status == 200)

    assert client.get("/jobs", id=job_id).json["job"]["status"] == "Running"
    assert servers.restores == []
    assert client.recover(source_id, scratch_id, backup_id=backup).status == 409

    sandbox.admin.clear_faults()
    assert client.wait_for_job(job_id)["status"] == "Completed"
    assert len(servers.restores) == 1


@pytest.mark.parametrize("status", ["BUILD", "BACKING UP", "RESTORING"])
def test_an_instance_is_stuck_until_the_faults_are_cleared(client, sandbox, scratch_id, status):
    sandbox.admin.add_fault("stick_instance", instance=scratch_id, status=status, at_once=True)

    assert client.instance(scratch_id)["status"] == status
    assert client.call("DELETE", f"/instances/{scratch_id}").status == 409
    sandbox.admin.clear_faults()
    assert eventually(lambda: client.instance(scratch_id)["status"] == "ACTIVE")


def test_a_restore_completes_but_its_target_is_stuck(client, sandbox, source_id, scratch_id):
    backup = sandbox.admin.back_up(source_id)["id"]
    sandbox.admin.add_fault("stick_instance", status="BACKING UP", instance=scratch_id)

    reply = client.recover(source_id, scratch_id, backup_id=backup)

    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    assert client.instance(scratch_id)["status"] == "BACKING UP"
    sandbox.admin.clear_faults()
    assert eventually(lambda: client.instance(scratch_id)["status"] == "ACTIVE")


def test_a_deletion_and_a_backup_fail_with_the_ordered_reason(client, sandbox, scratch_id):
    sandbox.admin.add_fault("fail_next_job", reason="the tape broke")
    backup = client.post("/backups", {"instance_id": scratch_id, "name": "manual-1"}).json["backup"]
    query = {"instance_id": scratch_id, "backup_id": backup["id"]}
    assert eventually(
        lambda: client.get("/backups", **query).json["backups"][0]["status"] == "FAILED"
    )
    eventually(lambda: client.instance(scratch_id)["status"] == "ACTIVE")

    sandbox.admin.add_fault("fail_next_job", reason="the disk is stuck", method="DELETE")
    job = client.wait_for_job(client.call("DELETE", f"/instances/{scratch_id}").json["job_id"])
    assert (job["status"], job["fail_reason"]) == ("Failed", "the disk is stuck")
    assert client.instance(scratch_id) is not None


def test_a_fault_of_a_job_waits_on_where_the_call_is_refused(client, sandbox, scratch_id):
    sandbox.admin.add_fault("stick_instance", instance=scratch_id, at_once=True)
    sandbox.admin.add_fault("fail_next_job", method="DELETE")

    assert client.call("DELETE", f"/instances/{scratch_id}").status == 409

    assert sandbox.admin.state()["faults"] == [{"kind": "fail_next_job", "times": 1}]


def test_a_full_disk_is_said_as_a_real_one_would_be(client, sandbox, source_id, scratch_id):
    backup = sandbox.admin.back_up(source_id)["id"]
    sandbox.admin.add_fault("disk_full")

    job = client.wait_for_job(
        client.recover(source_id, scratch_id, backup_id=backup).json["job_id"]
    )

    assert job["fail_reason"] == "the disk of the target is full"


def test_a_fault_meets_the_named_instance_alone(client, sandbox, source_id, scratch_id):
    sandbox.admin.add_fault("error_next", instance=scratch_id)

    assert client.get("/instances", id=source_id).status == 200
    assert client.get("/instances", id=scratch_id).status == 500


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "delay", "status": 500},
        {"kind": "error_next", "status": 200},
        {"kind": "html_next", "status": 302},
        {"kind": "error_next", "body": "xml"},
        {"kind": "error_next", "after": -1},
        {"kind": "huge_answer", "megabytes": 65},
        {"kind": "short_pages", "items": 0},
        {"kind": "shrink_windows", "border": "middle"},
        {"kind": "stick_instance", "status": "ACTIVE"},
        {"kind": "stick_instance", "at_once": True},
        {"kind": "corrupt_backup", "backup": "x"},
    ],
)
def test_members_that_make_no_sense_are_refused(sandbox, members):
    with pytest.raises(AdminRefused, match="400"):
        sandbox.admin.add_fault(**members)


def test_servers_without_files_say_that_they_cannot_be_damaged(sandbox, source_id):
    with pytest.raises(AdminRefused, match="409 these servers have no files"):
        sandbox.admin.add_fault("corrupt_backup", instance=source_id, at_once=True)
