"""Restores: onto existing instances, into new ones, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drill.sandbox.servers import RestoreFailed, Span
from drill.sandbox.threaded import ThreadedSandbox
from drill.sandbox.times import to_milliseconds
from tests.sandbox.client import Client, eventually
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.test_api_instances import body


@pytest.fixture
def backup_id(sandbox: ThreadedSandbox, servers, source_id: str) -> str:
    servers.instances[source_id].content = "the orders"
    return str(sandbox.admin.back_up(source_id)["id"])


@pytest.mark.parametrize(("version", "status"), [("v3", 200), ("v3.1", 202)])
def test_a_backup_is_restored_onto_an_existing_instance(
    client, servers, source_id, scratch_id, backup_id, version, status
):
    servers.gate.clear()
    reply = client.recover(
        source_id, scratch_id, type="backup", backup_id=backup_id, version=version
    )

    assert reply.status == status
    restoring = client.instance(scratch_id)
    assert restoring["status"] == "RESTORING"
    assert restoring["nodes"][0]["status"] == "RESTORING"
    servers.gate.set()
    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    assert client.instance(scratch_id)["status"] == "ACTIVE"
    assert servers.instances[scratch_id].content == "the orders"
    assert servers.restores[0]["password"] is None


def test_a_backup_follows_a_restore_where_backups_are_kept(
    client, servers, source_id, scratch_id, backup_id
):
    policy = {"keep_days": 3, "start_time": "01:00-02:00", "period": "1,2,3"}
    path = f"/instances/{scratch_id}/backups/policy"
    assert client.call("PUT", path, body={"backup_policy": policy}).status == 200
    assert client.get(path).json["backup_policy"] == policy
    eventually(lambda: client.instance(scratch_id)["status"] == "ACTIVE")
    servers.backup_gate.clear()

    client.recover(source_id, scratch_id, backup_id=backup_id)
    eventually(lambda: client.instance(scratch_id)["status"] == "BACKING UP")
    busy = client.call("DELETE", f"/instances/{scratch_id}")
    assert (busy.status, busy.code) == (409, "DBS.201205")
    servers.backup_gate.set()
    eventually(lambda: client.instance(scratch_id)["status"] == "ACTIVE")


def test_an_instant_is_restored_to_the_millisecond(client, servers, source_id, scratch_id):
    window = servers.open_window(source_id)
    instant = window.starts_at + timedelta(milliseconds=1234567)
    reply = client.recover(
        source_id, scratch_id, type="timestamp", restore_time=to_milliseconds(instant)
    )

    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    assert servers.restores[0]["restore_time"] == instant


@pytest.mark.parametrize("border", ["starts_at", "ends_at"])
def test_the_borders_of_a_window_can_be_restored_to(client, servers, source_id, scratch_id, border):
    instant = to_milliseconds(getattr(servers.open_window(source_id), border))
    reply = client.recover(source_id, scratch_id, type="timestamp", restore_time=instant)
    assert reply.status == 202


@pytest.mark.parametrize("outside", ["before", "after", "in the gap"])
def test_an_instant_outside_all_windows_is_refused(client, servers, source_id, scratch_id, outside):
    window = servers.open_window(source_id)
    gap = Span(window.starts_at - timedelta(hours=9), window.starts_at - timedelta(hours=8))
    servers.instances[source_id].spans.append(gap)
    instant = {
        "before": gap.starts_at - timedelta(milliseconds=1),
        "after": window.ends_at + timedelta(milliseconds=1),
        "in the gap": gap.ends_at + timedelta(minutes=5),
    }[outside]
    reply = client.recover(
        source_id, scratch_id, type="timestamp", restore_time=to_milliseconds(instant)
    )

    assert (reply.status, reply.code) == (400, "DBS.200001")
    assert servers.restores == []


@pytest.mark.parametrize(
    ("point", "code"),
    [
        ({"type": "backup"}, "DBS.200001"),
        ({"type": "timestamp"}, "DBS.200001"),
        ({}, "DBS.200001"),
        ({"type": "timestamp", "backup_id": "x"}, "DBS.200001"),
        ({"backup_id": "x", "restore_time": 1}, "DBS.200001"),
        ({"type": "tape", "backup_id": "x"}, "DBS.200001"),
        ({"type": "timestamp", "restore_time": "1532001446987"}, "DBS.200001"),
        ({"type": "timestamp", "restore_time": 1.5}, "DBS.200001"),
        ({"type": "timestamp", "restore_time": True}, "DBS.200001"),
        ({"type": "timestamp", "restore_time": -1}, "DBS.200001"),
        ({"type": "timestamp", "restore_time": 2**52}, "DBS.200001"),
        ({"type": "timestamp", "restore_time": 2**80}, "DBS.200001"),
        ({"backup_id": "x", "database_name": {"a": "b"}}, "DBS.200001"),
        ({"backup_id": "unknown"}, "DBS.201203"),
    ],
)
def test_a_recovery_point_that_makes_no_sense_is_refused(
    client, servers, source_id, scratch_id, point, code
):
    reply = client.recover(source_id, scratch_id, **point)

    assert (reply.status, reply.code) == (400, code)
    assert client.instance(scratch_id)["status"] == "ACTIVE"


def test_a_backup_of_another_instance_is_unknown(client, sandbox, source_id, scratch_id):
    other = sandbox.admin.back_up(scratch_id)["id"]
    assert client.recover(source_id, scratch_id, backup_id=other).code == "DBS.201203"


def test_unknown_instances_are_404_by_their_part(client, source_id, scratch_id, backup_id):
    source = client.recover("0" * 32 + "in03", scratch_id, backup_id=backup_id)
    assert (source.status, source.code) == (404, "DBS.200013")
    target = client.recover(source_id, "0" * 32 + "in03", backup_id=backup_id)
    assert (target.status, target.code) == (404, "DBS.200002")


def test_a_target_with_less_storage_is_refused(client, sandbox, source_id, backup_id):
    small = sandbox.admin.create_instance("too-small", password=PASSWORD, volume_size=40)
    reply = client.recover(source_id, small["id"], backup_id=backup_id)
    assert (reply.status, reply.code) == (400, "DBS.200306")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"engine": "MySQL", "version": "8.0"}, "DBS.201207"),
        ({"version": "17"}, "DBS.200037"),
        ({"version": "18"}, "DBS.280238"),
    ],
)
def test_a_target_of_another_kind_is_refused(client, sandbox, source_id, backup_id, members, code):
    other = sandbox.admin.create_instance("other-kind", simulated=True, **members)
    reply = client.recover(source_id, other["id"], backup_id=backup_id)
    assert (reply.status, reply.code) == (400, code)


def test_of_two_restores_onto_one_target_the_second_is_refused(
    client, sandbox, servers, source_id, scratch_id, backup_id
):
    servers.gate.clear()
    first = client.recover(source_id, scratch_id, backup_id=backup_id)
    second = client.recover(source_id, scratch_id, backup_id=backup_id)

    assert first.status == 202
    assert (second.status, second.code) == (409, "DBS.201202")
    assert sandbox.admin.state()["accepted"]["recovery"] == {scratch_id: 1}
    servers.gate.set()
    client.wait_for_job(first.json["job_id"])
    assert client.recover(source_id, scratch_id, backup_id=backup_id).status == 202


def test_a_source_can_be_restored_from_while_it_is_backed_up(
    client, servers, source_id, scratch_id, backup_id
):
    servers.backup_gate.clear()
    taken = client.post("/backups", {"instance_id": source_id, "name": "slow-one"})
    assert taken.status == 200
    assert client.instance(source_id)["status"] == "BACKING UP"

    reply = client.recover(source_id, scratch_id, backup_id=backup_id)
    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"


def test_a_source_that_is_being_read_can_be_neither_overwritten_nor_deleted(
    client, servers, source_id, scratch_id, backup_id
):
    servers.gate.clear()
    client.recover(source_id, scratch_id, backup_id=backup_id)

    assert client.call("DELETE", f"/instances/{source_id}").status == 409
    assert client.recover(source_id, source_id, backup_id=backup_id).status == 409


def test_an_instance_is_restored_to_its_own_backup(client, servers, source_id, backup_id):
    servers.instances[source_id].content = "damaged"
    reply = client.recover(source_id, source_id, backup_id=backup_id)

    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    assert servers.instances[source_id].content == "the orders"


def test_a_cloud_that_does_not_restore_to_current_says_so(tmp_path, servers):
    with ThreadedSandbox(tmp_path / "s", servers, settings=QUICK, personality="huawei") as sandbox:
        made = sandbox.admin.create_instance("scratch", password=PASSWORD)["id"]
        backup = sandbox.admin.back_up(made)["id"]
        reply = Client(sandbox).recover(made, made, backup_id=backup)

    assert (reply.status, reply.code) == (400, "DBS.280238")


def test_a_restore_that_fails_says_why_and_the_target_can_be_restored_again(
    client, servers, source_id, scratch_id, backup_id
):
    servers.fail_next = lambda: RestoreFailed("segment 000000010000000000000007 is missing")
    reply = client.recover(source_id, scratch_id, backup_id=backup_id)

    job = client.wait_for_job(reply.json["job_id"])
    assert job["status"] == "Failed"
    assert job["fail_reason"] == "segment 000000010000000000000007 is missing"
    assert client.instance(scratch_id)["status"] == "FAILED"
    again = client.recover(source_id, scratch_id, backup_id=backup_id)
    client.wait_for_job(again.json["job_id"])
    assert client.instance(scratch_id)["status"] == "ACTIVE"


def test_a_backup_is_restored_into_a_new_instance_with_its_own_password(
    client, sandbox, servers, source_id, backup_id
):
    point = {"instance_id": source_id, "type": "backup", "backup_id": backup_id}
    reply = client.post("/instances", body(restore_point=point, datastore=None))

    assert reply.status == 202
    made = reply.json["instance"]["id"]
    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    assert servers.instances[made].content == "the orders"
    assert servers.instances[made].password == PASSWORD
    assert sandbox.admin.state()["accepted"]["create"] == {made: 1}
    assert sandbox.admin.state()["accepted"]["recovery"] == {}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"volume": {"type": "CLOUDSSD", "size": 70}}, 400, "DBS.200306"),
        ({"datastore": {"type": "PostgreSQL", "version": "17"}}, 400, "DBS.200037"),
        ({"datastore": {"type": "MySQL", "version": "8.0"}}, 400, "DBS.201207"),
        ({"restore_point": {"instance_id": "gone", "backup_id": "x"}}, 404, "DBS.200013"),
        ({"restore_point": {"backup_id": "x"}}, 400, "DBS.200001"),
        ({"restore_point": 7}, 400, "DBS.200001"),
    ],
)
def test_a_restore_into_a_new_instance_follows_the_rules_of_its_source(
    client, sandbox, source_id, backup_id, changes: dict[str, Any], status, code
):
    point = {"instance_id": source_id, "type": "backup", "backup_id": backup_id}
    reply = client.post("/instances", body(**({"restore_point": point} | changes)))

    assert (reply.status, reply.code) == (status, code)
    assert len(sandbox.admin.state()["instances"]) == 1


def test_windows_are_listed_whole_or_cut_to_a_day(client, servers, source_id):
    window = servers.open_window(source_id, timedelta(days=2))
    whole = client.get(f"/instances/{source_id}/restore-time").json["restore_time"]
    assert whole == [
        {
            "start_time": to_milliseconds(window.starts_at),
            "end_time": to_milliseconds(window.ends_at),
        }
    ]

    middle = (window.starts_at + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    path = f"/instances/{source_id}/restore-time"
    of_day = client.get(path, date=f"{middle:%Y-%m-%d}").json["restore_time"]
    assert of_day == [
        {
            "start_time": to_milliseconds(middle),
            "end_time": to_milliseconds(min(middle + timedelta(days=1), window.ends_at)),
        }
    ]
    assert client.get(path, date="2001-01-01").json["restore_time"] == []


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026-1-1", "9999-12-31", "20260115"])
def test_a_day_that_is_none_is_a_400(client, source_id, day):
    reply = client.get(f"/instances/{source_id}/restore-time", date=day)
    assert (reply.status, reply.code) == (400, "DBS.200001")


def test_the_windows_of_an_unknown_instance_are_a_404(client):
    assert client.get("/instances/gone/restore-time").code == "DBS.200002"
