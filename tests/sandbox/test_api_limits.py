"""One user may call one API so often in a minute, and is told when to come again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from drill.sandbox.errors import ApiError
from drill.sandbox.limits import Limits
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client
from tests.sandbox.conftest import QUICK
from tests.sandbox.fake_servers import FakeServers


def test_without_an_order_there_is_no_limit(client):
    assert {client.get("/quotas").status for _ in range(70)} == {200}


def test_the_limit_holds_for_each_api_and_user_apart(client, sandbox):
    sandbox.admin.limit_calls(3)
    assert [client.get("/quotas").status for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/quotas")
    assert refused.code == "APIGW.0308"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert set(refused.json) == {"error_code", "error_msg", "request_id"}
    assert client.get("/instances").status == 200
    assert Client(sandbox, restricted=True).get("/quotas").status == 200
    sandbox.admin.limit_calls(0)
    assert client.get("/quotas").status == 200


def test_the_limit_can_be_there_from_the_start(tmp_path: Path):
    settings = replace(QUICK, calls_per_minute=2)
    with ThreadedSandbox(tmp_path, FakeServers(), settings=settings) as sandbox:
        client = Client(sandbox)
        assert [client.get("/quotas").status for _ in range(3)] == [200, 200, 429]


def test_whoever_waits_as_long_as_told_gets_through():
    clock = [100.0]
    limits = Limits(2, lambda: clock[0])
    limits.count("api", "user")
    clock[0] += 45.5
    limits.count("api", "user")
    with pytest.raises(ApiError) as refused:
        limits.count("api", "user")
    wait = int(refused.value.headers["Retry-After"])
    assert wait == 15
    clock[0] += wait
    limits.count("api", "user")


@pytest.mark.parametrize("calls", [-1, 10**7, "60", None, 1.5, True])
def test_a_limit_that_is_none_is_refused(client, sandbox, calls):
    headers = {"Authorization": f"Bearer {sandbox.credentials.admin_token}"}
    raw = json.dumps({"calls_per_minute": calls}).encode()
    assert client.send("POST", "/sandbox/limits", raw, headers).status == 400
