"""A larger disk, a restart, a stopped backup, a new password."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drill.sandbox.servers import RestoreFailed
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, eventually
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_administration import AdministeredServers
from tests.sandbox.fake_servers import FakeServers


@pytest.fixture
def servers() -> AdministeredServers:
    return AdministeredServers()


def enlarge(client: Client, instance_id: str, size: object):
    return client.post(f"/instances/{instance_id}/action", {"enlarge_volume": {"size": size}})


def test_an_enlarged_disk_is_larger_when_its_job_is_done(client, source_id):
    reply = enlarge(client, source_id, 120)
    assert reply.status == 202
    assert client.instance(source_id)["status"] == "MODIFYING"
    assert client.instance(source_id)["volume"]["size"] == 80
    assert enlarge(client, source_id, 130).code == "DBS.201202"

    job = client.wait_for_job(reply.json["job_id"])
    assert job["status"] == "Completed"
    expected = {"type": "CLOUDSSD", "original_size": "80", "target_size": "120"}
    assert job["entities"] == {"volume": expected}
    assert client.instance(source_id)["volume"]["size"] == 120
    assert client.instance(source_id)["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("size", "code"),
    [
        (80, "DBS.200306"),
        (70, "DBS.200306"),
        (85, "DBS.200302"),
        (30, "DBS.200023"),
        (4010, "DBS.200023"),
        ("100", "DBS.200001"),
        (100.0, "DBS.200001"),
        (None, "DBS.200001"),
        (True, "DBS.200001"),
        (10**30, "DBS.200001"),
    ],
)
def test_a_size_that_is_wrong_is_refused(client, source_id, size, code):
    reply = enlarge(client, source_id, size)
    assert (reply.status, reply.code) == (400, code)
    assert client.instance(source_id)["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "DBS.200001"),
        ({"restart": {}, "enlarge_volume": {"size": 100}}, "DBS.200001"),
        ({"restart": []}, "DBS.200001"),
        ({"restart": {"forcible": "yes"}}, "DBS.200001"),
        ({"explode": {}}, "DBS.200001"),
        ({"resize_flavor": {"spec_code": "rds.pg.n1.large"}}, "DBS.280238"),
        ({"single_to_ha": {}}, "DBS.280238"),
    ],
)
def test_an_action_that_is_none_is_refused(client, source_id, body, code):
    reply = client.post(f"/instances/{source_id}/action", body)
    assert (reply.status, reply.code) == (400, code)


def test_a_restart_starts_the_server_again(client, servers, source_id):
    port = client.instance(source_id)["port"]
    reply = client.post(f"/instances/{source_id}/action", {"restart": {}})
    assert reply.status == 202
    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    assert servers.starts == [source_id]
    assert client.instance(source_id)["port"] != port
    assert client.instance(source_id)["status"] == "ACTIVE"


def test_a_restart_is_the_way_out_where_the_server_has_died(client, servers, source_id):
    servers.instances[source_id].port = None
    reply = client.post(f"/instances/{source_id}/action", {"restart": {}})
    client.wait_for_job(reply.json["job_id"])
    assert client.instance(source_id)["private_ips"] == ["127.0.0.1"]


def test_a_failed_instance_cannot_become_active_by_a_restart(
    client, sandbox, servers, source_id, scratch_id
):
    backup_id = sandbox.admin.back_up(source_id)["id"]
    servers.fail_next = lambda: RestoreFailed("no space")
    client.wait_for_job(client.recover(source_id, scratch_id, backup_id=backup_id).json["job_id"])
    path = f"/instances/{scratch_id}"
    replies = [
        client.post(f"{path}/action", {"restart": {}}),
        enlarge(client, scratch_id, 200),
        client.post(f"{path}/password", {"db_user_pwd": PASSWORD}),
        client.post("/backups", {"instance_id": scratch_id, "name": "late"}),
    ]
    codes = [(each.status, each.code) for each in replies]
    assert codes == [(400, "DBS.201014")] * 2 + [(409, "DBS.200019")] * 2
    assert client.instance(scratch_id)["status"] == "FAILED"


def test_what_changes_an_instance_waits_for_its_backup(client, servers, source_id):
    servers.backup_gate.clear()
    client.post("/backups", {"instance_id": source_id, "name": "slow"})
    path = f"/instances/{source_id}"
    replies = [
        client.post(f"{path}/action", {"restart": {}}),
        enlarge(client, source_id, 200),
        client.call("DELETE", path),
        client.post("/backups", {"instance_id": source_id, "name": "second"}),
        client.post(f"{path}/password", {"db_user_pwd": PASSWORD}),
    ]
    assert {(each.status, each.code) for each in replies} == {(409, "DBS.201205")}
    servers.backup_gate.set()


def test_an_instance_that_is_being_read_cannot_be_changed(
    client, sandbox, servers, source_id, scratch_id
):
    backup_id = sandbox.admin.back_up(source_id)["id"]
    servers.gate.clear()
    restore = client.recover(source_id, scratch_id, backup_id=backup_id)
    assert enlarge(client, source_id, 200).code == "DBS.200011"
    assert client.call("DELETE", f"/instances/{source_id}").code == "DBS.200011"
    servers.gate.set()
    client.wait_for_job(restore.json["job_id"])


def test_a_stopped_backup_has_failed_at_once_and_its_files_go(client, servers, source_id):
    servers.backup_gate.clear()
    backup = client.post("/backups", {"instance_id": source_id, "name": "slow"}).json["backup"]
    reply = client.post(f"/instances/{source_id}/backups/stop", {})
    assert reply.status == 200
    shown = client.get("/backups", instance_id=source_id).json["backups"][0]
    assert (shown["id"], shown["status"]) == (backup["id"], "FAILED")
    assert client.instance(source_id)["status"] == "BACKING UP"

    servers.backup_gate.set()
    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    assert servers.instances[source_id].backups == {}
    assert client.instance(source_id)["status"] == "ACTIVE"
    assert client.get("/backups", instance_id=source_id).json["backups"][0]["status"] == "FAILED"


def test_without_a_running_backup_there_is_nothing_to_stop(client, source_id):
    reply = client.post(f"/instances/{source_id}/backups/stop", {})
    assert (reply.status, reply.code) == (400, "DBS.201014")


def test_several_backups_are_deleted_each_with_a_result(client, sandbox, source_id):
    manual = sandbox.admin.back_up(source_id, name="manual-one", type="manual")["id"]
    automatic = sandbox.admin.back_up(source_id, name="auto-one")["id"]
    reply = client.post("/backups/batch-delete", {"backup_ids": [manual, automatic, "none"]})
    assert reply.status == 200
    codes = [each["error_code"] for each in reply.json["delete_results"]]
    assert codes == ["0", "DBS.200402", "DBS.201203"]
    left = client.get("/backups", instance_id=source_id).json["backups"]
    assert [each["id"] for each in left] == [automatic]


@pytest.mark.parametrize("ids", [[], ["x"] * 51, [1], "x", None, [None], [{"id": "x"}]])
def test_a_list_of_backups_that_is_wrong_is_refused(client, ids):
    assert client.post("/backups/batch-delete", {"backup_ids": ids}).status == 400


def test_a_password_is_reset_on_the_server(client, servers, source_id):
    path = f"/instances/{source_id}/password"
    reply = client.post(path, {"db_user_pwd": "Another-Horse-8"})
    assert (reply.status, reply.json) == (200, None)
    assert servers.passwords == {"root": "Another-Horse-8"}
    assert client.post(path, {"db_user_pwd": "weak"}).code == "DBS.200052"
    servers.refuses_administration = True
    refused = client.post(path, {"db_user_pwd": "Another-Horse-9"})
    assert (refused.status, refused.code) == (500, "DBS.200005")
    assert "Another-Horse-9" not in str(refused.json)


def test_a_simulated_instance_has_no_password_to_reset(client, sandbox):
    made = sandbox.admin.create_instance("paper", simulated=True, engine="SQLServer", version="9")
    reply = client.post(f"/instances/{made['id']}/password", {"db_user_pwd": PASSWORD})
    assert (reply.status, reply.code) == (400, "DBS.280238")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/action", {"restart": {}}),
        ("POST", "/action", {"enlarge_volume": {"size": 200}}),
        ("POST", "/backups/stop", {}),
        ("POST", "/password", {"db_user_pwd": PASSWORD}),
        ("GET", "/database/detail?page=1&limit=1", None),
        ("PUT", "/backups/policy", {"backup_policy": {"keep_days": 0}}),
    ],
)
def test_an_unknown_instance_is_a_404_everywhere(client, method, path, body):
    path, _, text = path.partition("?")
    query = dict(pair.split("=") for pair in text.split("&") if pair)
    reply = client.call(method, f"/instances/{'0' * 32}in03{path}", body=body, query=query)
    assert (reply.status, reply.code) == (404, "DBS.200002")


def test_an_enlargement_that_a_stop_interrupts_leaves_the_instance_usable(tmp_path: Path):
    slow = replace(QUICK, enlarging_takes=timedelta(hours=1))
    servers = FakeServers()
    with ThreadedSandbox(tmp_path, servers, settings=slow) as sandbox:
        made = sandbox.admin.create_instance("orders-prod", password=PASSWORD)["id"]
        job_id = enlarge(Client(sandbox), made, 200).json["job_id"]
    with ThreadedSandbox(tmp_path, servers, settings=QUICK) as sandbox:
        client = Client(sandbox)
        job = eventually(lambda: client.get("/jobs", id=job_id).json["job"])
        assert (job["status"], job["fail_reason"]) == ("Failed", "the service was stopped")
        assert client.instance(made)["status"] == "ACTIVE"
        assert client.instance(made)["volume"]["size"] == 100
