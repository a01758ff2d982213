"""Nothing that was ordered to hang outlives the service, however it ends."""

from __future__ import annotations

import contextlib
import sqlite3

from tests.sandbox.client import Client
from tests.sandbox.conftest import PASSWORD
from tests.sandbox.test_api_restart import run


def test_a_stop_does_not_wait_for_what_hangs_or_is_stuck(tmp_path, servers):
    with run(tmp_path, servers) as sandbox:
        client = Client(sandbox)
        source = sandbox.admin.create_instance("orders-prod", password=PASSWORD)["id"]
        stuck = sandbox.admin.create_instance("drill-scratch-a", password=PASSWORD)["id"]
        target = sandbox.admin.create_instance("drill-scratch-b", password=PASSWORD)["id"]
        backup = sandbox.admin.back_up(source)["id"]
        sandbox.admin.add_fault("stick_instance", instance=stuck, status="BUILD", at_once=True)
        sandbox.admin.add_fault("hang_next_job")
        job_id = client.recover(source, target, backup_id=backup).json["job_id"]

    with run(tmp_path, servers) as sandbox:
        client = Client(sandbox)
        job = client.wait_for_job(job_id)
        assert (job["status"], job["fail_reason"]) == ("Failed", "the service was stopped")
        assert client.instance(target)["status"] == "FAILED"
        assert client.instance(stuck)["status"] == "ACTIVE"
        assert servers.restores == []


def test_an_instance_that_was_stuck_when_the_service_was_killed_is_well_again(tmp_path, servers):
    killed = tmp_path / "killed"
    killed.mkdir()
    with run(tmp_path, servers) as sandbox:
        stuck = sandbox.admin.create_instance("drill-scratch-a", password=PASSWORD)["id"]
        sandbox.admin.add_fault("stick_instance", instance=stuck, at_once=True)
        # What a kill leaves behind is what the file holds at this instant.
        with (
            contextlib.closing(sqlite3.connect(tmp_path / "state.sqlite")) as original,
            contextlib.closing(sqlite3.connect(killed / "state.sqlite")) as copy,
        ):
            original.backup(copy)

    with run(killed, servers) as sandbox:
        assert Client(sandbox).instance(stuck)["status"] == "ACTIVE"
