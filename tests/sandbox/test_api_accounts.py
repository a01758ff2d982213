"""Databases and accounts, with fake servers and with a real one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from drill.sandbox.postgres import PostgresServers
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, eventually
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_administration import AdministeredServers
from tests.sandbox.fake_servers import FakeServers


@pytest.fixture
def servers() -> AdministeredServers:
    return AdministeredServers()


def names(client: Client, instance_id: str, **query: str) -> list[str]:
    reply = client.get(f"/instances/{instance_id}/database/detail", **query)
    assert (reply.status, reply.json["total_count"]) == (200, 5)
    return [each["name"] for each in reply.json["databases"]]


def test_databases_come_in_pages_that_count_from_one(client, source_id):
    assert names(client, source_id, page="1", limit="2") == ["shop1", "shop2"]
    assert names(client, source_id, page="3", limit="2") == ["shop5"]
    assert names(client, source_id, page="4", limit="2") == []
    reply = client.get(f"/instances/{source_id}/database/detail", page="1", limit="9", db="shop3")
    assert [each["size"] for each in reply.json["databases"]] == [3000]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"page": "1"},
        {"limit": "10"},
        {"page": "0", "limit": "10"},
        {"page": "1", "limit": "0"},
        {"page": "1", "limit": "101"},
    ],
)
@pytest.mark.parametrize("what", ["database", "db_user"])
def test_both_paging_parameters_are_needed(client, source_id, what, query):
    reply = client.get(f"/instances/{source_id}/{what}/detail", **query)
    assert (reply.status, reply.code) == (400, "DBS.200001")


def test_a_server_that_does_not_answer_is_not_ready(client, servers, source_id):
    servers.refuses_administration = True
    for what in ("database", "db_user"):
        reply = client.get(f"/instances/{source_id}/{what}/detail", page="1", limit="1")
        assert (reply.status, reply.code) == (500, "DBS.280036")


def test_an_instance_that_does_not_run_has_no_lists(client, servers, source_id):
    servers.instances[source_id].port = None
    reply = client.get(f"/instances/{source_id}/db_user/detail", page="1", limit="1")
    assert (reply.status, reply.code) == (400, "DBS.201014")


def test_servers_that_cannot_be_administered_say_so(tmp_path: Path):
    with ThreadedSandbox(tmp_path, FakeServers(), settings=QUICK) as sandbox:
        made = sandbox.admin.create_instance("orders-prod", password=PASSWORD)["id"]
        path = f"/instances/{made}/database/detail"
        reply = Client(sandbox).get(path, page="1", limit="1")
        assert (reply.status, reply.code) == (400, "DBS.280238")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedSandbox]:
    folder: Path = tmp_path_factory.mktemp("real")
    servers = PostgresServers(folder / "servers", archive_every=timedelta(seconds=1))
    with ThreadedSandbox(folder, servers, settings=QUICK) as running:
        yield running


def connect(port: int, password: str = PASSWORD) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user="root",
        password=password,
        dbname="postgres",
        autocommit=True,
    )


@pytest.mark.servers
def test_a_real_server_tells_its_databases_and_accounts_and_takes_a_password(real):
    client = Client(real)
    made = real.admin.create_instance("orders-prod", password=PASSWORD)
    path = f"/instances/{made['id']}"
    with connect(made["port"]) as connection:
        connection.execute("create database shop")
        connection.execute("comment on database shop is 'orders'")
        connection.execute("create role reader login password 'Some-Reader-1'")
        connection.execute("create role nobody")

    found = client.get(f"{path}/database/detail", page="1", limit="100").json
    shown = {each["name"]: each for each in found["databases"]}
    assert set(shown) == {"postgres", "shop"}
    assert (shown["shop"]["owner"], shown["shop"]["comment"]) == ("root", "orders")
    assert shown["shop"]["character_set"] == "UTF8"
    assert shown["shop"]["size"] > 1_000_000
    users = client.get(f"{path}/db_user/detail", page="1", limit="100").json["users"]
    assert [each["name"] for each in users] == ["reader", "root"]
    assert {"name": "shop", "readonly": True} in users[0]["databases"]
    assert {"name": "shop", "readonly": False} in users[1]["databases"]

    fresh = "Another-Horse-8"
    assert client.post(f"{path}/password", {"db_user_pwd": fresh}).status == 200
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(made["port"])
    connect(made["port"], fresh).close()


@pytest.mark.servers
def test_a_real_server_is_another_process_after_a_restart(real):
    client = Client(real)
    made = real.admin.create_instance("billing-prod", password=PASSWORD)

    def started_at() -> Any:
        port = client.instance(made["id"])["port"]
        with connect(port) as connection:
            row = connection.execute("select pg_postmaster_start_time()").fetchone()
        assert row
        return row[0]

    before = started_at()
    reply = client.post(f"/instances/{made['id']}/action", {"restart": {}})
    assert client.wait_for_job(reply.json["job_id"])["status"] == "Completed"
    eventually(lambda: client.instance(made["id"])["status"] == "ACTIVE")
    assert started_at() > before
