"""What survives a restart of the service, and what becomes of unfinished work."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, eventually
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_servers import FakeServers
from tests.sandbox.test_api_instances import body


def run(folder: Path, servers: FakeServers) -> ThreadedSandbox:
    return ThreadedSandbox(folder, servers, settings=QUICK)


def test_instances_backups_tags_tokens_and_keys_survive(tmp_path, servers):
    with run(tmp_path, servers) as sandbox:
        made = sandbox.admin.create_instance(
            "orders-prod", password=PASSWORD, tags=[{"key": "a", "value": "b"}]
        )["id"]
        backup = sandbox.admin.back_up(made)["id"]
        keys = sandbox.credentials
    assert servers.is_shut_down

    with run(tmp_path, servers) as sandbox:
        client = Client(sandbox)
        assert sandbox.credentials == keys
        shown = client.instance(made)
        assert shown["status"] == "ACTIVE"
        assert shown["private_ips"] == ["127.0.0.1"]
        assert shown["tags"] == [{"key": "a", "value": "b"}]
        backups = client.get("/backups", instance_id=made).json["backups"]
        assert [each["id"] for each in backups] == [backup]
        assert servers.starts == [made]


def test_work_that_was_interrupted_by_a_kill_has_failed(tmp_path, servers):
    with run(tmp_path, servers) as sandbox:
        client = Client(sandbox)
        source = sandbox.admin.create_instance("orders-prod", password=PASSWORD)["id"]
        target = sandbox.admin.create_instance("drill-scratch-a", password=PASSWORD)["id"]
        doomed = sandbox.admin.create_instance("doomed", password=PASSWORD)["id"]
        backup = sandbox.admin.back_up(source)["id"]
        servers.gate.clear()
        servers.backup_gate.clear()
        restore = client.recover(source, target, backup_id=backup).json["job_id"]
        creation = client.post("/instances", body()).json
        deletion = client.call("DELETE", f"/instances/{doomed}").json["job_id"]
        taken = client.post("/backups", {"instance_id": source, "name": "half"}).json["backup"]
        # What a kill leaves behind is what the file holds at this instant.
        killed = tmp_path / "killed"
        killed.mkdir()
        with (
            sqlite3.connect(tmp_path / "state.sqlite") as original,
            sqlite3.connect(killed / "state.sqlite") as copy,
        ):
            original.backup(copy)
        original.close()
        copy.close()
        servers.gate.set()
        servers.backup_gate.set()

    after = FakeServers()
    after.instances = servers.instances
    with run(killed, after) as sandbox:
        client = Client(sandbox)
        for job_id in (restore, creation["job_id"], deletion):
            job = client.wait_for_job(job_id)
            assert (job["status"], job["fail_reason"]) == ("Failed", "service restarted")
        assert client.instance(target)["status"] == "FAILED"
        assert client.instance(creation["instance"]["id"])["status"] == "FAILED"
        assert client.instance(doomed)["status"] == "FAILED"
        assert client.instance(source)["status"] == "ACTIVE"
        backups = client.get("/backups", instance_id=source).json["backups"]
        assert {each["id"]: each["status"] for each in backups} == {
            backup: "COMPLETED",
            taken["id"]: "FAILED",
        }
        gone = client.call("DELETE", f"/instances/{doomed}")
        client.wait_for_job(gone.json["job_id"])
        assert client.instance(doomed) is None


def test_an_instance_that_does_not_start_again_is_failed_and_the_others_serve(tmp_path, servers):
    with run(tmp_path, servers) as sandbox:
        lost = sandbox.admin.create_instance("lost", password=PASSWORD)["id"]
        kept = sandbox.admin.create_instance("kept", password=PASSWORD)["id"]
    del servers.instances[lost]

    with run(tmp_path, servers) as sandbox:
        client = Client(sandbox)
        assert client.instance(lost)["status"] == "FAILED"
        assert client.instance(kept)["status"] == "ACTIVE"


def test_a_stop_waits_for_a_restore_that_is_under_way(tmp_path, servers):
    import threading

    with run(tmp_path, servers) as sandbox:
        client = Client(sandbox)
        source = sandbox.admin.create_instance("orders-prod", password=PASSWORD)["id"]
        target = sandbox.admin.create_instance("drill-scratch-a", password=PASSWORD)["id"]
        backup = sandbox.admin.back_up(source)["id"]
        servers.gate.clear()
        client.recover(source, target, backup_id=backup)
        eventually(lambda: servers.restores)
        threading.Timer(0.3, servers.gate.set).start()

    with run(tmp_path, servers) as sandbox:
        assert Client(sandbox).instance(target)["status"] == "ACTIVE"
