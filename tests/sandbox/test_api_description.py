"""The OpenAPI description says what the sandbox answers: neither less nor more."""

from __future__ import annotations

import re
from typing import Any

import pytest

from drill.sandbox.api.controls import description
from drill.sandbox.routes import ROUTES, Door
from tests.sandbox.client import Client

DOCUMENT: Any = description()
DESCRIBED = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
SECURITY: dict[Door, list[dict[str, list[str]]]] = {Door.OPEN: [], Door.ADMIN: [{"admin": []}]}
SIGNED: list[dict[str, list[str]]] = [{"token": []}, {"signature": []}]


def test_every_route_is_described_and_nothing_else():
    assert {(each.method, each.template) for each in ROUTES} == set(DESCRIBED)


@pytest.mark.parametrize("route", ROUTES, ids=lambda each: f"{each.method} {each.template}")
def test_a_description_states_the_parts_of_the_path_and_who_may_call(route):
    operation = DESCRIBED[route.method, route.template]
    stated = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
    assert stated == re.findall(r"{(\w+)}", route.template)
    assert operation["security"] == SECURITY.get(route.door, SIGNED)
    assert operation["summary"]


def test_every_write_that_reads_a_body_describes_it():
    without = {
        path.rsplit("/", 1)[-1]
        for (method, path), operation in DESCRIBED.items()
        if method in ("POST", "PUT") and "requestBody" not in operation
    }
    assert without == {"stop"}


def test_the_description_is_served_without_credentials(client):
    reply = client.send("GET", "/sandbox/openapi.json")
    assert (reply.status, reply.json) == (200, DOCUMENT)


@pytest.mark.parametrize("route", ROUTES, ids=lambda each: f"{each.method} {each.template}")
def test_nobody_gets_in_without_credentials(client, route):
    if route.door is Door.OPEN:
        return
    path = re.sub(r"{\w+}", client.project_id, route.template)
    replies = [
        client.send(route.method, path, b"{}"),
        client.send(route.method, path, b"{}", {"Authorization": "Bearer x"}),
        client.send(route.method, path, b"{}", {"X-Auth-Token": "\xff"}),
        client.send(route.method, path, b"{}", wrongly_signed(client, route.method, path)),
    ]
    assert {each.status for each in replies} == {401}
    shapes = {frozenset(each.json) for each in replies}
    assert all({"error_code", "error_msg"} <= shape or shape == {"error"} for shape in shapes)


def wrongly_signed(client: Client, method: str, path: str) -> dict[str, str]:
    headers = client.sign(method, path, {}, b"{}")
    return headers | {"Authorization": headers["Authorization"][:-4] + "0000"}
