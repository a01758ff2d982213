"""Faults that a test can order, and what the client then sees."""

from __future__ import annotations

import http.client
import time
from typing import Any

import pytest

from drill.sandbox.admin_client import AdminRefused
from tests.sandbox.client import Client, eventually


def restore(client: Client, source_id: str, scratch_id: str, backup_id: str) -> Any:
    reply = client.recover(source_id, scratch_id, backup_id=backup_id)
    return client.wait_for_job(reply.json["job_id"])


def test_a_restore_fails_with_the_ordered_reason_and_the_next_one_works(
    client, sandbox, source_id, scratch_id
):
    backup = sandbox.admin.back_up(source_id)["id"]
    sandbox.admin.add_fault("fail_next_restore", reason="the storage is full")

    job = client.wait_for_job(
        client.recover(source_id, scratch_id, backup_id=backup).json["job_id"]
    )
    assert (job["status"], job["fail_reason"]) == ("Failed", "the storage is full")
    assert client.instance(scratch_id)["private_ips"] == []
    job = client.wait_for_job(
        client.recover(source_id, scratch_id, backup_id=backup).json["job_id"]
    )
    assert job["status"] == "Completed"


def test_a_restore_takes_longer_when_told_to(client, sandbox, source_id, scratch_id):
    backup = sandbox.admin.back_up(source_id)["id"]
    sandbox.admin.add_fault("slow_next_restore", seconds=0.4)
    began = time.monotonic()

    restore(client, source_id, scratch_id, backup)
    assert time.monotonic() - began >= 0.4


def test_an_answer_is_lost_but_the_call_was_carried_out(client, sandbox, source_id, scratch_id):
    backup = sandbox.admin.back_up(source_id)["id"]
    sandbox.admin.add_fault("lose_next_answer")

    assert client.get("/instances").status == 200
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        client.recover(source_id, scratch_id, backup_id=backup)
    assert sandbox.admin.state()["accepted"]["recovery"] == {scratch_id: 1}
    eventually(
        lambda: client.get(
            "/tasklist", instance_id=scratch_id, name="RestorePostgresqlInInstance"
        ).json["tasks"]
    )


def test_throttling_says_when_to_come_again(client, sandbox):
    sandbox.admin.add_fault("throttle_next", times=2, seconds=3)

    for _ in range(2):
        reply = client.get("/instances")
        assert (reply.status, reply.code) == (429, "APIGW.0308")
        assert reply.headers["retry-after"] == "3"
        assert reply.headers["x-request-id"]
    assert client.get("/instances").status == 200


def test_an_error_happens_on_the_chosen_path_alone(client, sandbox):
    sandbox.admin.add_fault("error_next", path="/backups$")

    assert client.get("/instances").status == 200
    reply = client.get("/backups", instance_id="x")
    assert (reply.status, reply.code) == (500, "DBS.200005")
    assert client.get("/backups", instance_id="x").status == 200


def test_an_answer_is_delayed(client, sandbox):
    sandbox.admin.add_fault("delay", seconds=0.3)
    began = time.monotonic()
    assert client.get("/instances").status == 200
    assert time.monotonic() - began >= 0.3


def test_faults_can_be_seen_and_taken_back(client, sandbox):
    sandbox.admin.add_fault("error_next", times=5)
    assert sandbox.admin.state()["faults"] == [{"kind": "error_next", "times": 5}]
    sandbox.admin.clear_faults()
    assert client.get("/instances").status == 200


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "burn"},
        {"kind": "delay", "path": "("},
        {"kind": "delay", "times": 0},
        {"kind": "delay", "seconds": -1},
        {"kind": "delay", "seconds": "1"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox, members):
    with pytest.raises(AdminRefused, match="400"):
        sandbox.admin.add_fault(**members)
