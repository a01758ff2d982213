"""Two engines behind one API, and an engine that has no server here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.sandbox.engines import Engines
from drill.sandbox.planting import id_of, list_only
from drill.sandbox.threaded import ThreadedSandbox
from drill.sandbox.times import to_milliseconds
from tests.sandbox.client import Client
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_servers import FakeServers
from tests.sandbox.test_api_instances import body

REASON = "no server here: it is not installed"


@pytest.fixture
def mariadb() -> FakeServers:
    servers = FakeServers()
    servers.version, servers.complete_version = "10.11", "10.11.19"
    return servers


@pytest.fixture
def both(tmp_path: Path, servers: FakeServers, mariadb: FakeServers) -> Iterator[ThreadedSandbox]:
    engines = Engines({"PostgreSQL": servers, "MariaDB": mariadb})
    with ThreadedSandbox(tmp_path / "both", engines, settings=QUICK) as running:
        yield running


@pytest.fixture
def without(tmp_path: Path, servers: FakeServers) -> Iterator[ThreadedSandbox]:
    engines = Engines({"PostgreSQL": servers}, absent={"MariaDB": REASON})
    with ThreadedSandbox(tmp_path / "without", engines, settings=QUICK) as running:
        yield running


def plant(sandbox: ThreadedSandbox, name: str, engine: str) -> str:
    made = sandbox.admin.create_instance(name, password=PASSWORD, volume_size=100, engine=engine)
    return str(made["id"])


def test_an_instance_of_each_engine_has_the_id_and_the_datastore_of_its_engine(both):
    client = Client(both)

    ours = client.instance(plant(both, "invoices-prod", "MariaDB"))
    other = client.instance(plant(both, "orders-prod", "PostgreSQL"))

    assert ours["id"] == id_of("invoices-prod", "in01")
    assert ours["datastore"] == {
        "type": "MariaDB",
        "version": "10.11",
        "complete_version": "10.11.19",
    }
    assert ours["flavor_ref"].startswith("rds.mariadb.")
    assert other["id"].endswith("in03")
    assert other["datastore"]["type"] == "PostgreSQL"


def test_an_order_reaches_the_servers_of_its_engine_alone(both, servers, mariadb):
    client = Client(both)
    source, target = (plant(both, name, "MariaDB") for name in ("invoices-prod", "scratch-m"))
    mariadb.instances[source].content = "the invoices"
    backup_id = str(both.admin.back_up(source)["id"])
    window = mariadb.open_window(source)

    windows = client.get(f"/instances/{source}/restore-time").json["restore_time"]
    reply = client.recover(source, target, type="backup", backup_id=backup_id)

    assert backup_id.endswith("br01")
    assert windows[0]["end_time"] == to_milliseconds(window.ends_at)
    job = client.wait_for_job(reply.json["job_id"])
    assert (job["name"], job["status"]) == ("RestoreMysqlInInstance", "Completed")
    assert mariadb.instances[target].content == "the invoices"
    assert servers.instances == {}


def test_engines_cannot_be_restored_onto_each_other(both):
    client = Client(both)
    source = plant(both, "invoices-prod", "MariaDB")
    target = plant(both, "drill-scratch-a", "PostgreSQL")
    backup_id = str(both.admin.back_up(source)["id"])

    reply = client.recover(source, target, type="backup", backup_id=backup_id)

    assert (reply.status, reply.json["error_code"]) == (400, "DBS.201207")


def test_a_new_instance_of_the_other_engine_needs_its_version_and_its_flavor(both):
    client = Client(both)
    datastore = {"type": "MariaDB", "version": "10.11"}
    good = body(datastore=datastore, flavor_ref="rds.mariadb.n1.small")

    assert client.post("/instances", {**good, "flavor_ref": "rds.pg.n1.small"}).status == 400
    assert (
        client.post("/instances", {**good, "datastore": {**datastore, "version": "18"}}).status
        == 400
    )
    reply = client.post("/instances", good)

    assert reply.status == 202
    assert reply.json["instance"]["port"] == "3306"
    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    flavors = client.get("/flavors/MariaDB").json["flavors"]
    assert {each["version_name"][0] for each in flavors} == {"10.11"}
    assert "rds.mariadb.n1.small" in {each["spec_code"] for each in flavors}


def test_an_instance_without_a_server_is_listed_and_every_order_on_it_is_refused_with_the_reason(
    without,
):
    client = Client(without)
    list_only(without.service.context, "invoices-prod", "MariaDB")
    instance_id = id_of("invoices-prod", "in01")
    point: dict[str, Any] = {"type": "timestamp", "restore_time": 1_700_000_000_000}
    orders = [
        client.get(f"/instances/{instance_id}/restore-time"),
        client.post("/backups", {"instance_id": instance_id, "name": "by-hand"}),
        client.recover(instance_id, instance_id, **point),
    ]

    assert client.instance(instance_id)["private_ips"] == []
    for reply in orders:
        assert (reply.status, reply.json["error_code"]) == (400, "DBS.280238")
        assert reply.json["error_msg"] == f"The sandbox has {REASON}."


def test_a_restart_without_the_server_does_not_spoil_the_instance(tmp_path, servers, mariadb):
    folder = tmp_path / "state"
    engines = Engines({"PostgreSQL": servers, "MariaDB": mariadb})
    with ThreadedSandbox(folder, engines, settings=QUICK) as first:
        instance_id = plant(first, "invoices-prod", "MariaDB")
    absent = Engines({"PostgreSQL": servers}, absent={"MariaDB": REASON})
    with ThreadedSandbox(folder, absent, settings=QUICK) as second:
        assert Client(second).instance(instance_id)["private_ips"] == []

    with ThreadedSandbox(folder, engines, settings=QUICK) as third:
        found = Client(third).instance(instance_id)

    assert found["status"] == "ACTIVE"
    assert found["private_ips"] == ["127.0.0.1"]


TOKEN = "01234567-89ab-cdef-0123-456789abcdef"


def mariadb_body(**members: Any) -> dict[str, Any]:
    datastore = {"type": "MariaDB", "version": "10.11"}
    return body(datastore=datastore, flavor_ref="rds.mariadb.n1.small", **members)


def test_a_creation_that_is_ordered_again_with_its_client_token_is_carried_out_once(both):
    client = Client(both)
    client.extra["X-Client-Token"] = TOKEN

    first, second = (client.post("/instances", mariadb_body()) for _ in range(2))

    assert (first.status, second.status) == (202, 202)
    assert second.json == first.json
    assert client.get("/instances").json["total_count"] == 1
    other = client.post("/instances", mariadb_body(name="another-name"))
    assert (other.status, other.code) == (400, "DBS.280495")


def test_a_refused_creation_leaves_its_client_token_unused(both):
    client = Client(both)
    client.extra["X-Client-Token"] = TOKEN

    assert client.post("/instances", mariadb_body(volume={"type": "CLOUDSSD"})).status == 400
    assert client.post("/instances", mariadb_body()).status == 202


def test_an_old_client_token_has_expired(both, monkeypatch):
    client = Client(both)
    client.extra["X-Client-Token"] = TOKEN
    client.post("/instances", mariadb_body())
    monkeypatch.setattr("drill.sandbox.client_tokens.VALID_FOR", timedelta(0))

    assert client.post("/instances", mariadb_body()).code == "DBS.280498"


def test_engines_outside_the_mysql_family_do_not_heed_a_client_token(both):
    client = Client(both)
    client.extra["X-Client-Token"] = TOKEN

    assert client.post("/instances", body()).status == 202
    assert client.post("/instances", body()).code == "DBS.200022"
