"""Long lists come in pages that leave nothing out and tell nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client
from tests.sandbox.conftest import QUICK
from tests.sandbox.crowd import crowd
from tests.sandbox.fake_servers import FakeServers


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, list[str]]]:
    folder: Path = tmp_path_factory.mktemp("pages")
    with ThreadedSandbox(folder, FakeServers(), settings=QUICK) as sandbox:
        ids = crowd(sandbox.service.context.state, of_instances=25, of_backups=130)
        yield Client(sandbox), ids


def pages(client: Client, path: str, member: str, limit: int, **query: str) -> list[Any]:
    found: list[Any] = []
    while True:
        offset = str(len(found))
        reply = client.get(path, offset=offset, limit=str(limit), **query)
        assert reply.status == 200
        found += reply.json[member]
        assert len(reply.json[member]) <= limit
        if not reply.json[member]:
            assert reply.json["total_count"] == len(found)
            return found


@pytest.mark.parametrize("limit", [1, 7, 25, 100])
def test_instances_come_newest_first_in_pages_of_any_size(world, limit):
    client, ids = world
    assert [each["id"] for each in pages(client, "/instances", "instances", limit)] == ids


@pytest.mark.parametrize("limit", [9, 100])
def test_backups_come_newest_first_in_pages_of_any_size(world, limit):
    client, ids = world
    found = pages(client, "/backups", "backups", limit, instance_id=ids[3])
    assert [each["name"] for each in found] == [f"auto-{n:06}" for n in range(129, -1, -1)]
    assert {each["instance_id"] for each in found} == {ids[3]}


def test_a_list_that_names_no_limit_gives_a_hundred(world):
    client, ids = world
    reply = client.get("/backups", instance_id=ids[0]).json
    assert (len(reply["backups"]), reply["total_count"]) == (100, 130)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"backup_type": "manual"}, 13),
        ({"backup_type": "incremental"}, 0),
        ({"status": "COMPLETED"}, 130),
        ({"status": "FAILED"}, 0),
        ({"begin_time": "2026-01-02T00:00:00+0000", "end_time": "2026-01-02T23:00:00+0000"}, 24),
        ({"begin_time": "2026-01-02T02:00:00+0200", "end_time": "2026-01-02T00:00:00+0000"}, -1),
    ],
)
def test_backups_are_narrowed_before_they_are_paged(world, query, count):
    client, ids = world
    if count < 0:
        assert client.get("/backups", instance_id=ids[0], **query).status == 400
        return
    assert len(pages(client, "/backups", "backups", 10, instance_id=ids[0], **query)) == count


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"name": "crowd-0007"}, 1),
        ({"name": "*000"}, 10),
        ({"name": "*"}, 25),
        ({"name": "*CROWD"}, 0),
        ({"name": "%crowd%"}, 0),
        ({"tags": "number=7"}, 1),
        ({"tags": "number="}, 25),
        ({"tags": "environment=production,number=3"}, 1),
        ({"tags": "environment=test"}, 0),
        ({"tags": "none="}, 0),
        ({"datastore_type": "PostgreSQL"}, 25),
        ({"datastore_type": "MySQL"}, 0),
        ({"type": "Ha"}, 0),
        ({"type": "Single"}, 25),
        ({"vpc_id": "other"}, 0),
        ({"id": "*in03"}, 25),
        ({"id": "' or true --"}, 0),
    ],
)
def test_instances_are_narrowed_before_they_are_paged(world, query, count):
    client, _ = world
    assert len(pages(client, "/instances", "instances", 4, **query)) == count


def test_a_page_beyond_the_end_is_empty(world):
    client, ids = world
    far = str(10**9)
    assert client.get("/instances", offset=far).json == {"instances": [], "total_count": 25}
    reply = client.get("/backups", instance_id=ids[0], offset=far).json
    assert reply == {"backups": [], "total_count": 130}
