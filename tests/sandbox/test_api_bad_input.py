"""Whatever is sent, the answer is an error of the cloud: never a 500, a traceback or a hang."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_servers import FakeServers
from tests.sandbox.test_api_instances import body as instance_body

POSTS = [
    "/instances",
    "/instances/recovery",
    "/backups",
    "/instances/x/tags/action",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, str, str]]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with ThreadedSandbox(folder, FakeServers(), settings=QUICK) as sandbox:
        made = sandbox.admin.create_instance("fuzzed", password=PASSWORD)["id"]
        yield Client(sandbox), made, sandbox.credentials.admin_token


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"   ",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{'single': 1}",
        b'{"a": NaN}',
        b'{"a": 1' + b"0" * 5000 + b"}",
        b"\xff\xfe",
        b"\x00",
        b"[" * 100_000,
        b'{"source":' * 20_000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_a_body_that_is_no_json_object_is_a_400(world, path, raw):
    client, _, _ = world
    reply = client.call("POST", path, raw=raw)
    assert reply.status == 400
    assert reply.code in ("DBS.280001", "DBS.200006", "DBS.200001")


def test_a_body_of_more_than_a_megabyte_is_a_413(world):
    client, _, _ = world
    raw = b'{"name":"' + b"x" * (1024 * 1024) + b'"}'
    reply = client.call("POST", "/instances", raw=raw)
    assert (reply.status, reply.code) == (413, "APIGW.0201")
    assert reply.headers["x-request-id"]


def test_a_body_that_never_ends_is_answered(world):
    client, _, _ = world
    host, port = client.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /v3/x/instances HTTP/1.1\r\nHost: {client.address}\r\nContent-Length: 99\r\n"
        connection.sendall(head.encode() + b'\r\n{"name"')
        began = time.monotonic()
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 5000, "\x1b[31m"])
def test_hostile_text_is_refused_wherever_text_is_read(world, text):
    client, made, _ = world
    replies = [
        client.post("/instances", instance_body(name=text)),
        client.recover(text, made, backup_id="x"),
        client.recover(made, text, backup_id="x"),
        client.recover(made, made, backup_id=text),
        client.post("/backups", {"instance_id": text, "name": "abcd"}),
        client.post(
            f"/instances/{made}/tags/action",
            {"action": "create", "tags": [{"key": "k", "value": text}]},
        ),
    ]
    assert {reply.status for reply in replies} == {400}


@pytest.mark.parametrize(
    "target",
    ["/v3/P/instances?name=%00", "/v3/P/instances?name=%ff", "/v3/P/instances/%00/restore-time"],
)
def test_hostile_characters_in_the_address_are_no_fault(world, target):
    client, _, _ = world
    target = target.replace("P", client.project_id)
    path, _, _ = target.partition("?")
    headers = client.sign("GET", path, {}, b"")
    assert client.send("GET", target, headers=headers).status in (400, 401, 404)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
SHAPES = {
    "/instances": [*instance_body(), "restore_point", "tags", "port", "backup_strategy", "ha"],
    "/instances/recovery": ["source", "target"],
    "/backups": ["instance_id", "name", "description", "databases"],
    "/instances/x/tags/action": ["action", "tags"],
}
POINT = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.just("backup")
        for name in ("instance_id", "type", "backup_id", "restore_time", "database_name")
    },
)


@given(data=st.data())
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_body_makes_the_service_fail(world, data):
    client, made, _ = world
    path = data.draw(st.sampled_from(POSTS))
    valid: dict[str, Any] = instance_body() if path == "/instances" else {}
    if path == "/instances/recovery":
        valid = {"source": {"instance_id": made}, "target": {"instance_id": made}}
    names = st.sampled_from(SHAPES[path])
    changes = data.draw(st.dictionaries(names, JSON | POINT, min_size=1, max_size=3))
    # A body that happens to be valid would make instances without end.
    changes.setdefault("name", data.draw(JSON.filter(lambda value: value != "drill-new")))
    raw = json.dumps(valid | changes).encode()

    reply = client.call("POST", path, raw=raw)
    assert reply.status < 500, (path, raw, reply)
    assert reply.headers["x-request-id"]


@given(
    path=st.sampled_from(["/sandbox/instances", "/sandbox/faults", "/sandbox/skew"]),
    names=st.lists(
        st.sampled_from(["name", "kind", "seconds", "times", "path", "tags", "id", "password"]),
        max_size=4,
    ),
    data=st.data(),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_admin_call_makes_the_service_fail(world, path, names, data):
    client, _, token = world
    raw = json.dumps({name: data.draw(JSON) for name in names}).encode()
    headers = {"Authorization": f"Bearer {token}"}
    assert client.send("POST", path, raw, headers).status < 500
    client.send("DELETE", "/sandbox/faults", headers=headers)
    client.send("POST", "/sandbox/skew", b'{"seconds": 0}', headers)


@given(
    query=st.dictionaries(
        st.sampled_from(["id", "name", "limit", "offset", "tags", "date", "instance_id", "status"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        max_size=4,
    ),
    path=st.sampled_from(["/instances", "/backups", "/jobs", "/tasklist", "/flavors/PostgreSQL"]),
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_query_makes_the_service_fail(world, query, path):
    client, _, _ = world
    assert client.get(path, **query).status in (200, 400)
