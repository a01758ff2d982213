"""Whatever the description allows or forbids is sent: no 500, no hang, the right shape."""

from __future__ import annotations

import copy
import json
import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from drill.sandbox import catalogue
from drill.sandbox.api.controls import description
from drill.sandbox.offsite import REGION
from drill.sandbox.threaded import ThreadedSandbox
from drill.sandbox.times import now
from tests.sandbox.client import Client, Reply
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_administration import AdministeredServers

EXAMPLES = int(os.environ.get("DRILL_FUZZ_EXAMPLES", "12"))
"""For each operation; ``make soak`` asks for many more."""
IDS = [f"{digit * 32}in03" for digit in "123"]
KNOWN: dict[str, list[str]] = {
    "instance_id": IDS,
    "flavor_ref": [each.spec_code for each in catalogue.FLAVORS],
    "availability_zone": [catalogue.ZONE],
    "region": [catalogue.REGION],
    "password": [PASSWORD],
    "db_user_pwd": [PASSWORD],
    "charge_mode": ["postPaid"],
    "destination_region": [REGION],
    "engine": ["PostgreSQL", "postgresql", "MySQL"],
    "version": ["18"],
    "version_name": ["18"],
    "port": ["5432"],
    "start_time": ["19:00-20:00"],
    "period": ["1,2,3"],
    "kind": ["delay", "fail_next_restore", "answer_code", "lose_next_answer"],
    "code": ["DBS.200011", "APIGW.0308"],
}
"""Values that lead on: a string that is made up seldom names something that is there."""


def with_known_values(node: Any, project_id: str) -> Any:
    """Return the description with more of what the sandbox knows, so that calls get far."""
    if isinstance(node, list):
        return [with_known_values(each, project_id) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: with_known_values(value, project_id) for key, value in node.items()}
    for name, schema in (made.get("properties") or {}).items():
        if name in KNOWN and schema == {"type": "string"}:
            made["properties"][name] = {"anyOf": [{"enum": KNOWN[name]}, schema]}
    if made.get("in") in ("path", "query"):
        if made["name"] == "project_id":
            made["schema"] = {"type": "string", "enum": [project_id]}
        elif made["name"] in KNOWN:
            made["schema"] = {"anyOf": [{"enum": KNOWN[made["name"]]}, made["schema"]]}
    return made


PROJECT = "PROJECT"
DOCUMENT: Any = with_known_values(copy.deepcopy(description()), PROJECT)
OPERATIONS = [
    result.ok()
    for result in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
    if isinstance(result, Ok)
]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedSandbox]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with ThreadedSandbox(folder, AdministeredServers(), settings=QUICK) as sandbox:
        for number, instance_id in enumerate(IDS):
            made = {"password": PASSWORD} if number else {"simulated": True}
            sandbox.admin.create_instance(f"fuzzed-{number}", id=instance_id, **made)
        yield sandbox


def send(sandbox: ThreadedSandbox, case: Any) -> Reply:
    """Send one case with good credentials, then undo what it ordered for later calls."""
    client, context = Client(sandbox), sandbox.service.context
    # What is no text was put into the path as it is: nothing unencoded can be sent.
    path = quote(case.formatted_path.replace(PROJECT, client.project_id), safe="/%~")
    query = urlencode(case.query or {}, doseq=True)
    body = b""
    if isinstance(case.body, bytes):
        body = case.body
    elif type(case.body).__name__ != "NotSet":
        body = json.dumps(case.body).encode()
    if path.startswith("/sandbox/"):
        headers = {"Authorization": f"Bearer {context.admin_token}"}
    else:
        identity = context.keyring.by_user(sandbox.credentials.user)
        assert identity
        token = context.tokens.issue(identity, in_project=True, now=now())
        headers = {"X-Auth-Token": token.text}
    try:
        return client.send(
            case.method.upper(), path + (f"?{query}" if query else ""), body, headers
        )
    finally:
        context.faults.clear()
        context.ordered.clear()
        context.limits.set(None)
        context.clock.shift(timedelta(0))


def ensure_proper(reply: Reply, operation: Any, case: Any) -> None:
    about = (operation.method, operation.path, case.query, case.body, reply)
    assert reply.status < 500, about
    assert reply.headers["x-request-id"], about
    if reply.status < 400:
        described = DOCUMENT["paths"][operation.path][operation.method]["responses"]
        assert str(reply.status) in described, about
        return
    if set(reply.json) == {"error"}:
        assert reply.json["error"]["code"] == reply.status, about
        assert operation.path.startswith(("/v3/auth", "/v3/projects", "/v3.0")), about
    else:
        assert {"error_code", "error_msg"} <= set(reply.json), about
        assert set(reply.json) <= {"error_code", "error_msg", "request_id"}, about


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
def test_no_call_makes_the_service_fail(fuzzed, operation, caplog):
    cases = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @given(case=cases)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attack(case: Any) -> None:
        ensure_proper(send(fuzzed, case), operation, case)

    attack()
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_every_described_call_is_fuzzed():
    described = sum(len(each) for each in description()["paths"].values())
    assert len(OPERATIONS) == described


def test_a_fault_of_ours_would_be_found(fuzzed, monkeypatch, caplog):
    def broken(connection: object) -> object:
        raise RuntimeError("broken on purpose")

    [quotas] = [each for each in OPERATIONS if each.path.endswith("/quotas")]
    monkeypatch.setattr("drill.sandbox.api.catalogue.instances.every", broken)

    @given(case=quotas.as_strategy())
    @settings(max_examples=1, deadline=None, database=None, phases=[Phase.generate])
    def attack(case: Any) -> None:
        ensure_proper(send(fuzzed, case), quotas, case)

    with pytest.raises(AssertionError, match="500"):
        attack()
    assert "broken on purpose" in caplog.text
