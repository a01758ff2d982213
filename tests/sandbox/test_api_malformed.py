"""Requests that no client should send, to every route that reads them."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.sandbox.routes import ROUTES, Door, Route
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, Reply
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_administration import AdministeredServers
from tests.sandbox.test_api_instances import body as instance_body

SERVICE = [each for each in ROUTES if each.door is Door.PROJECT]
READING = [
    each
    for each in ROUTES
    if each.method in ("POST", "PUT") and not each.template.endswith(("/stop", "}/backup"))
]
BODIES = [
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"a": 1' + b"0" * 5000 + b"}",
    b"\xff\xfe\x00",
    b'{"a": "\xff"}',
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b'{"a": 1} trailing',
]


def named(route: Route) -> str:
    return f"{route.method} {route.template}"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedSandbox]:
    folder: Path = tmp_path_factory.mktemp("malformed")
    with ThreadedSandbox(folder, AdministeredServers(), settings=QUICK) as running:
        yield running


@pytest.fixture(scope="module")
def made(sandbox: ThreadedSandbox) -> str:
    return str(sandbox.admin.create_instance("drill-scratch-a", password=PASSWORD)["id"])


@pytest.fixture(autouse=True)
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def send(sandbox: ThreadedSandbox, route: Route, payload: bytes, instance_id: str) -> Reply:
    client = Client(sandbox)
    parts = {"project_id": client.project_id, "instance_id": instance_id, "backup_id": "none"}
    path = re.sub(r"{(\w+)}", lambda found: parts.get(found[1], "PostgreSQL"), route.template)
    headers = client.sign(route.method, path, {}, payload)
    if route.door is Door.ADMIN:
        headers = {"Authorization": f"Bearer {sandbox.credentials.admin_token}"}
    return client.send(route.method, path, payload, headers)


def ensure_error(reply: Reply, status: int = 400) -> None:
    assert reply.status == status, reply
    assert set(reply.json) == {"error"} or {"error_code", "error_msg"} <= set(reply.json)
    assert reply.headers["x-request-id"]
    assert "Traceback" not in str(reply.json)


@pytest.mark.parametrize("route", READING, ids=named)
def test_a_body_that_is_no_json_object_is_refused_by_every_call_that_reads_one(
    sandbox, made, route
):
    for raw in BODIES:
        ensure_error(send(sandbox, route, raw, made))


@pytest.mark.parametrize("route", READING, ids=named)
def test_missing_members_are_refused_by_every_call_that_needs_some(sandbox, made, route):
    if route.template == "/sandbox/skew":
        return  # It has no member that it needs.
    ensure_error(send(sandbox, route, b"{}", made))
    ensure_error(send(sandbox, route, b'{"unknown": 1}', made))


MEMBERS = {
    "/instances": list(instance_body()),
    "/instances/recovery": ["source", "target"],
    "/backups": ["instance_id", "name"],
    "/backups/policy": ["backup_policy"],
    "/backups/offsite-policy": ["policy_para"],
    "/backups/batch-delete": ["backup_ids"],
    "/instances/recycle-policy": ["recycle_policy"],
    "/action": ["restart", "enlarge_volume"],
    "/password": ["db_user_pwd"],
    "/simplified-instances": ["instance_ids"],
    "/tags/action": ["action", "tags"],
}


WRONG: list[Any] = [0, 1.5, True, [1], [["x"]], 10**400, "\x00", {"x": []}]


@pytest.mark.parametrize(
    "route", [each for each in READING if each.door is Door.PROJECT], ids=named
)
def test_a_member_of_the_wrong_type_is_refused(sandbox, made, route):
    template = route.template.replace("/v3.1/", "/v3/").replace("/v3/{project_id}", "")
    members = MEMBERS[template.replace("/instances/{instance_id}", "")]
    for name in members:
        for wrong in WRONG:
            valid = instance_body() if template == "/instances" else {}
            reply = send(sandbox, route, json.dumps(valid | {name: wrong}).encode(), made)
            accepted_shape = name == "restart" and wrong == {"x": []}
            if accepted_shape:
                assert reply.status in (202, 409)
            else:
                ensure_error(reply)


def test_unknown_members_change_nothing(sandbox, made):
    client = Client(sandbox)
    before = client.instance(made)
    known = {"action": "create", "tags": [{"key": "k", "value": "v", "color": "red"}]}
    reply = client.post(f"/instances/{made}/tags/action", {**known, "dry_run": True, "x": None})
    assert reply.status == 200
    assert client.instance(made)["tags"] == [{"key": "k", "value": "v"}]
    body = {"policy_para": {}, "backup_policy": {"keep_days": 0, "keep_weeks": 9}}
    path = f"/instances/{made}/backups/policy"
    assert client.call("PUT", path, body=body).status == 200
    assert client.get("/instances", id=made, unknown="1", limit="1").json["total_count"] == 1
    assert client.instance(made)["backup_strategy"] == before["backup_strategy"]


@pytest.mark.parametrize("route", SERVICE, ids=named)
def test_an_old_date_and_a_date_to_come_are_refused_by_every_call(sandbox, route):
    client = Client(sandbox)
    path = re.sub(r"{\w+}", client.project_id, route.template)
    for span in (timedelta(minutes=-16), timedelta(minutes=16), timedelta(days=-3650)):
        headers = client.sign(route.method, path, {}, b"", at=datetime.now(UTC) + span)
        reply = client.send(route.method, path, headers=headers)
        ensure_error(reply, 401)
        assert reply.code == "APIGW.0301"


@pytest.mark.parametrize("route", SERVICE, ids=named)
def test_a_signature_holds_for_one_body_only(sandbox, route):
    client = Client(sandbox)
    path = re.sub(r"{\w+}", client.project_id, route.template)
    headers = client.sign(route.method, path, {}, b"{}")
    reply = client.send(route.method, path, b'{"a":1}', headers)
    ensure_error(reply, 401)


@pytest.mark.parametrize(
    "change",
    [
        {"X-Sdk-Date": "yesterday"},
        {"X-Sdk-Date": ""},
        {"X-Sdk-Date": "99999999T999999Z"},
        {"Authorization": "SDK-HMAC-SHA256"},
        {"Authorization": "SDK-HMAC-SHA256 Access=, SignedHeaders=, Signature="},
        {"Authorization": "SDK-HMAC-SHA256 " + "Access=x, " * 500},
        {"Authorization": "V11-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=h, Signature=0"},
        {"Authorization": "Basic \xff\xfe"},
        {"X-Project-Id": "another"},
        {"X-Security-Token": "x"},
    ],
    ids=str,
)
def test_odd_credentials_are_refused(sandbox, change):
    client = Client(sandbox)
    path = f"/v3/{client.project_id}/instances"
    reply = client.send("GET", path, headers=client.sign("GET", path, {}, b"") | change)
    if "X-Security-Token" in change:
        assert reply.status in (200, 401)
        return
    ensure_error(reply, 403 if "X-Project-Id" in change else 401)


def exchange(client: Client, raw: bytes, *, within: float = 5.0) -> bytes:
    """Send bytes as they are; return what comes until the connection is closed."""
    host, port = client.address.split(":")
    began, told = time.monotonic(), b""
    with socket.create_connection((host, int(port)), timeout=within) as connection:
        connection.sendall(raw)
        while chunk := connection.recv(65536):
            told += chunk
    assert time.monotonic() - began < within
    return told


@pytest.mark.parametrize(
    "raw",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_no_http_is_answered_in_the_shape_of_the_gateway(sandbox, raw):
    head, _, body = exchange(Client(sandbox), raw).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error_code"] == "APIGW.0201"


def test_an_endless_path_is_answered(sandbox):
    head = exchange(
        Client(sandbox),
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))


def chunked(client: Client, chunks: list[bytes], payload: bytes) -> Reply:
    path = f"/v3/{client.project_id}/backups/batch-delete"
    headers = client.sign("POST", path, {}, payload)
    headers |= {"Transfer-Encoding": "chunked", "Connection": "close"}
    text = f"POST {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    body = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in chunks) + b"0\r\n\r\n"
    head, _, told = exchange(client, text.encode() + b"\r\n" + body).partition(b"\r\n\r\n")
    status = int(head.split()[1])
    names = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return Reply(status, json.loads(told), names)


def test_a_chunked_body_is_read_like_any_other(sandbox):
    payload = b'{"backup_ids": ["none"]}'
    reply = chunked(Client(sandbox), [payload[:5], payload[5:6], payload[6:]], payload)
    assert reply.status == 200
    assert reply.json["delete_results"][0]["error_code"] == "DBS.201203"


def test_a_chunked_body_is_no_way_around_the_largest_body(sandbox):
    chunks = [b"x" * 65536] * 20
    reply = chunked(Client(sandbox), chunks, b"".join(chunks))
    assert (reply.status, reply.code) == (413, "APIGW.0201")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"])
def test_a_method_that_no_route_has_is_a_404(sandbox, method):
    client = Client(sandbox)
    reply = client.send(method, f"/v3/{client.project_id}/instances")
    assert reply.status == 404
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize(
    "path",
    [
        "/v3/P/instances/",
        "/v3/P//instances",
        "/v3/P/instances/%2e%2e/backups/policy/x",
        "/v4/P/instances",
        "/V3/P/instances",
        "//",
        "/sandbox",
        "/sandbox/../sandbox/state",
    ],
)
def test_a_path_that_no_route_has_is_a_404(sandbox, path):
    client = Client(sandbox)
    reply = client.send("GET", path.replace("P", client.project_id))
    assert (reply.status, reply.code) == (404, "APIGW.0101")


NUMBERS = ["-1", "1e3", "0x1", "1.0", " 1", "٣", "9" * 5000, "NaN", "+1", "1_0"]
PAGED = [
    ("/instances", "offset", {}),
    ("/instances", "limit", {}),
    ("/backups", "limit", {"instance_id": "x"}),
    ("/offsite-backups", "offset", {"instance_id": "x"}),
    ("/tasklist", "limit", {}),
    ("/schedule-tasks", "start_time", {"end_time": "1"}),
    ("/recycle-instances", "limit", {"offset": "0"}),
    ("/instances/M/database/detail", "page", {"limit": "1"}),
    ("/instances/M/db_user/detail", "limit", {"page": "1"}),
    ("/configurations", "limit", {}),
]


@pytest.mark.parametrize(("path", "name", "others"), PAGED, ids=str)
def test_a_number_that_is_none_is_refused(sandbox, made, path, name, others):
    client = Client(sandbox)
    for wrong in NUMBERS:
        reply = client.get(path.replace("M", made), **{name: wrong}, **others)
        ensure_error(reply)
