"""Every code of the reference occurs with its status and shape: by doing, or on order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drill.sandbox.ordered_answers import known_codes
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client, Reply, eventually
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_administration import AdministeredServers
from tests.sandbox.test_api_instances import body as instance_body


@dataclass
class World:
    """One sandbox with a source, a scratch instance, and a backup of the source."""

    sandbox: ThreadedSandbox
    servers: AdministeredServers
    client: Client
    source: str
    scratch: str
    backup: str

    def path(self, rest: str = "") -> str:
        return f"/instances/{self.source}{rest}"

    def create(self, **members: object) -> Reply:
        return self.client.post("/instances", instance_body(**members))

    def backing_up(self, call: Callable[[], Reply]) -> Reply:
        self.servers.backup_gate.clear()
        name = f"slow-{time.monotonic_ns()}"
        self.client.post("/backups", {"instance_id": self.source, "name": name})
        try:
            return call()
        finally:
            self.servers.backup_gate.set()
            eventually(lambda: self.client.instance(self.source)["status"] == "ACTIVE")

    def restoring(self, call: Callable[[], Reply]) -> Reply:
        self.servers.gate.clear()
        job = self.client.recover(self.source, self.scratch, backup_id=self.backup).json["job_id"]
        try:
            return call()
        finally:
            self.servers.gate.set()
            self.client.wait_for_job(job)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("codes")
    servers = AdministeredServers()
    with ThreadedSandbox(folder, servers, settings=QUICK) as sandbox:
        make = sandbox.admin.create_instance
        source = make("orders-prod", password=PASSWORD, volume_size=80)["id"]
        scratch = make("drill-scratch-a", password=PASSWORD)["id"]
        make("paper", simulated=True, engine="MySQL", version="8.0", id="1" * 32 + "in01")
        make("older", simulated=True, version="17", id="2" * 32 + "in03")
        make("small", password=PASSWORD, volume_size=40, id="3" * 32 + "in03")
        backup = sandbox.admin.back_up(source, name="taken", type="manual")["id"]
        yield World(sandbox, servers, Client(sandbox), source, scratch, backup)


def policy(**members: object) -> dict[str, object]:
    plain = {"keep_days": 1, "start_time": "01:00-02:00", "period": "1"}
    return {"backup_policy": plain | members}


TAG = {"action": "create", "tags": [{"key": "k", "value": "v"}] * 2}
TAGS = {"action": "create", "tags": [{"key": f"k{n}", "value": "v"} for n in range(21)]}
DOING: dict[str, Callable[[World], Reply]] = {
    "DBS.200001": lambda w: w.client.get("/backups"),
    "DBS.280001": lambda w: w.client.call("POST", "/backups", raw=b"{"),
    "DBS.200006": lambda w: w.client.call("POST", "/backups"),
    "DBS.200002": lambda w: w.client.call("DELETE", "/instances/none"),
    "DBS.200013": lambda w: w.client.recover("none", w.scratch, backup_id=w.backup),
    "DBS.200010": lambda w: w.client.send(
        "GET", "/v3/other/jobs", headers=w.client.sign("GET", "/v3/other/jobs", {}, b"")
    ),
    "DBS.280015": lambda w: Client(w.sandbox, restricted=True).recover(
        w.source, w.scratch, backup_id=w.backup
    ),
    "DBS.201202": lambda w: w.restoring(
        lambda: w.client.recover(w.source, w.scratch, backup_id=w.backup)
    ),
    "DBS.200011": lambda w: w.restoring(lambda: w.client.call("DELETE", w.path())),
    "DBS.201205": lambda w: w.backing_up(lambda: w.client.call("DELETE", w.path())),
    "DBS.201014": lambda w: w.client.post(w.path("/backups/stop"), {}),
    "DBS.201208": lambda w: w.backing_up(
        lambda: w.client.recover(w.source, w.scratch, backup_id=building(w))
    ),
    "DBS.200402": lambda w: w.client.call("DELETE", f"/backups/{automatic(w)}"),
    "DBS.201203": lambda w: w.client.recover(w.source, w.scratch, backup_id="none"),
    "DBS.201207": lambda w: w.client.recover(w.source, "1" * 32 + "in01", backup_id=w.backup),
    "DBS.200037": lambda w: w.client.recover(w.source, "2" * 32 + "in03", backup_id=w.backup),
    "DBS.280238": lambda w: w.client.post(w.path("/action"), {"single_to_ha": {}}),
    "DBS.200041": lambda w: w.create(datastore={"type": "PostgreSQL", "version": "9.1"}),
    "DBS.200306": lambda w: w.client.recover(w.source, "3" * 32 + "in03", backup_id=w.backup),
    "DBS.200023": lambda w: w.create(volume={"type": "CLOUDSSD", "size": 10}),
    "DBS.200302": lambda w: w.create(volume={"type": "CLOUDSSD", "size": 45}),
    "DBS.200022": lambda w: w.create(name="orders-prod"),
    "DBS.201201": lambda w: w.client.post("/backups", {"instance_id": w.source, "name": "taken"}),
    "DBS.280127": lambda w: w.client.post(
        "/backups", {"instance_id": w.source, "name": "abcd", "description": "<"}
    ),
    "DBS.280277": lambda w: w.create(name="1"),
    "DBS.201101": lambda w: w.client.call(
        "PUT", w.path("/backups/policy"), body=policy(period="9")
    ),
    "DBS.201103": lambda w: w.client.call(
        "PUT", w.path("/backups/policy"), body=policy(start_time="1")
    ),
    "DBS.201106": lambda w: w.client.call(
        "PUT", w.path("/backups/policy"), body=policy(keep_days=999)
    ),
    "DBS.200048": lambda w: w.create(vpc_id="a b"),
    "DBS.200049": lambda w: w.create(subnet_id="a b"),
    "DBS.200052": lambda w: w.create(password="weak"),
    "DBS.200053": lambda w: w.create(flavor_ref="none"),
    "DBS.200087": lambda w: w.client.post(w.path("/tags/action"), TAGS),
    "DBS.280272": lambda w: w.client.post(w.path("/tags/action"), TAG),
    "DBS.200543": lambda w: w.client.get("/jobs", id="none"),
    "APIGW.0101": lambda w: w.client.get("/nothing"),
    "APIGW.0301": lambda w: w.client.send("GET", f"/v3/{w.client.project_id}/instances"),
}


def building(world: World) -> str:
    reply = world.client.get("/backups", instance_id=world.source, status="BUILDING")
    return str(reply.json["backups"][0]["id"])


def automatic(world: World) -> str:
    return str(world.sandbox.admin.back_up(world.source)["id"])


def code_of(reply: Reply) -> tuple[str, bool]:
    """Return the code and whether the rest of the body has the shape of who sends such codes."""
    told: dict[str, Any] = reply.json
    if "errCode" in told:
        return told["errCode"], set(told) == {"errCode", "externalMessage"}
    members = {"error_code", "error_msg"}
    if told["error_code"].startswith("APIGW."):
        members.add("request_id")
    return told["error_code"], set(told) == members and bool(told["error_msg"])


@pytest.mark.parametrize("code", DOING)
def test_a_code_occurs_when_a_client_does_what_leads_to_it(world, code):
    reply = DOING[code](world)
    assert (code_of(reply), reply.status) == ((code, True), known_codes()[code][0])
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize("code", [each for each in known_codes() if not each.startswith("IAM.")])
def test_every_code_occurs_on_order_exactly_once(world, code):
    world.sandbox.admin.answer_code(code, path="/instances$")
    assert world.client.get("/quotas").status == 200
    reply = world.client.get("/instances")
    assert (code_of(reply), reply.status) == ((code, True), known_codes()[code][0])
    assert ("retry-after" in reply.headers) == (reply.status == 429)
    assert world.client.get("/instances").status == 200


@pytest.mark.parametrize("code", [each for each in known_codes() if each.startswith("IAM.")])
def test_the_codes_of_iam_have_the_shape_of_iam(world, code):
    world.sandbox.admin.answer_code(code, path="^/v3/auth/tokens")
    reply = world.client.send("POST", "/v3/auth/tokens", b"{}")
    assert reply.status == known_codes()[code][0]
    assert set(reply.json) == {"error"}
    assert reply.json["error"]["code"] == reply.status


def test_an_order_names_status_text_and_how_often(world):
    world.sandbox.admin.answer_code(
        "DBS.200011", status=400, message="Wait.", method="GET", path="/quotas", times=2
    )
    assert world.sandbox.admin.state()["faults"] == [{"kind": "answer_code", "times": 2}]
    replies = [world.client.get("/quotas") for _ in range(3)]
    assert [each.status for each in replies] == [400, 400, 200]
    assert replies[0].json == {"error_code": "DBS.200011", "error_msg": "Wait."}

    world.sandbox.admin.answer_code("APIGW.0308", seconds=7, path="/quotas")
    assert world.client.get("/quotas").headers["retry-after"] == "7"
    world.sandbox.admin.answer_code("DBS.200011", path="/quotas")
    world.sandbox.admin.clear_faults()
    assert world.client.get("/quotas").status == 200


@pytest.mark.parametrize(
    "members",
    [
        {"code": "nonsense"},
        {"code": "DBS.999999"},
        {"code": "DBS.200011", "status": 200},
        {"code": "DBS.200011", "times": 0},
        {"code": "DBS.200011", "path": "("},
        {"code": "DBS.200011", "seconds": -1},
        {"code": 1},
        {},
    ],
)
def test_an_order_that_is_wrong_is_refused(world, members):
    headers = {"Authorization": f"Bearer {world.sandbox.credentials.admin_token}"}
    raw = json.dumps({"kind": "answer_code", **members}).encode()
    assert world.client.send("POST", "/sandbox/faults", raw, headers).status == 400
