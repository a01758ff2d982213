"""The Open Telekom Cloud client restores a real PostgreSQL database to an instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.sandbox.postgres import PostgresServers
from drill.sandbox.threaded import ThreadedSandbox
from tests.conformance.otc_client import WARNINGS, close, connect
from tests.conformance.rows import beat, beat_around, run
from tests.sandbox.client import eventually
from tests.sandbox.conftest import PASSWORD, QUICK

pytestmark = [*WARNINGS, pytest.mark.servers]
PATIENTLY = {"interval": 0.1, "wait": 60}


@pytest.fixture
def real_sandbox(tmp_path: Path) -> Iterator[ThreadedSandbox]:
    servers = PostgresServers(tmp_path / "servers", archive_every=timedelta(seconds=1))
    with ThreadedSandbox(tmp_path, servers, settings=QUICK, personality="otc") as sandbox:
        yield sandbox


@pytest.fixture
def rds(real_sandbox: ThreadedSandbox) -> Iterator[Any]:
    connection = connect(real_sandbox)
    yield connection.rds
    close(connection)


def test_the_copies_hold_the_rows_of_their_recovery_points(rds, real_sandbox):
    source = real_sandbox.admin.create_instance("orders-prod", password=PASSWORD, volume_size=40)
    scratch = real_sandbox.admin.create_instance("drill-scratch-a", password=PASSWORD)["id"]
    run(source["port"], "create table beat (at timestamptz not null)")
    backup = rds.wait_for_backup(rds.create_backup(source["id"], name="before"), **PATIENTLY)
    first, wanted = beat_around(source["port"])

    def is_restorable() -> bool:
        beat(source["port"])
        answer = rds.get(f"/instances/{source['id']}/restore-time")
        windows = answer.json()["restore_time"]
        return any(each["start_time"] <= wanted <= each["end_time"] for each in windows)

    eventually(is_restorable, within=60)
    body = {
        "source": {"instance_id": source["id"], "type": "timestamp", "restore_time": wanted},
        "target": {"instance_id": scratch},
    }
    job_id = rds.post("/instances/recovery", json=body).json()["job_id"]
    assert rds.wait_for_job(job_id, **PATIENTLY).status == "Completed"
    copy = rds.get_instance(scratch)
    assert run(copy.port, "select max(at) from beat") == [(first,)]

    found = rds.get_instance(source["id"])
    made = rds.create_instance(
        name="drill-otc-copy",
        flavor_ref=found.flavor_ref,
        volume={"type": "CLOUDSSD", "size": 40},
        availability_zone=found.nodes[0]["availability_zone"],
        router_id=found.router_id,
        network_id=found.network_id,
        password=PASSWORD,
        restore_point={"instance_id": source["id"], "type": "backup", "backup_id": backup.id},
    )
    assert rds.wait_for_job(made.job_id, **PATIENTLY).status == "Completed"
    assert run(rds.get_instance(made.id).port, "select count(*) from beat") == [(0,)]
