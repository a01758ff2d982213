"""Databases by name, the mark of a simulated instance, and tags that are put on late."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug import Response

from drill.errors import AnswerUnreadable, PermissionMissing, Refused
from drill.guard.admission import SEAL, AdmittedTagging
from drill.provider.memory import MemoryProvider, ScratchViolated
from drill.provider.rds.admitted import ensure_admitted
from drill.provider.rds.bodies import tag_body
from drill.provider.rds.records import parse_instance
from drill.recovery.values import Engine
from tests.provider.conftest import NOW, TARGET
from tests.provider.test_memory import make_cloud


def tagging(**changes: Any) -> AdmittedTagging:
    facts: dict[str, Any] = {
        "seal": SEAL,
        "drill_id": "d1",
        "cloud": "here",
        "admitted_at": NOW,
        "instance_id": TARGET,
        "instance_name": "drill-d1",
        "tags": {"drill-id": "d1"},
    }
    return AdmittedTagging(**{**facts, **changes})


def serve_databases(httpserver, samples, count: int) -> list[tuple[str, str]]:
    """Answer as the cloud does: pages from 1, and no ids."""
    names = [f"db-{number:03}" for number in range(count)]
    asked: list[tuple[str, str]] = []

    def answer(request) -> Response:
        page, limit = int(request.args["page"]), int(request.args["limit"])
        asked.append((request.args["page"], request.args["limit"]))
        shown = names[(page - 1) * limit : page * limit]
        body = {"databases": [{"name": name} for name in shown], "total_count": len(names)}
        return Response(json.dumps(body))

    path = f"{samples.instances_path}/{TARGET}/database/detail"
    httpserver.expect_request(path).respond_with_handler(answer)
    return asked


@pytest.mark.parametrize("count", [0, 1, 100, 250])
def test_databases_are_read_page_by_page_from_one(provider, httpserver, samples, count):
    asked = serve_databases(httpserver, samples, count)

    names = provider.list_databases(TARGET)

    assert names == [f"db-{number:03}" for number in range(count)]
    pages = max(1, -(-count // 100))
    assert asked == [(str(page + 1), "100") for page in range(pages)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"databases": {}, "total_count": 0},
        {"databases": [{"name": "a"}, {"name": "a"}], "total_count": 2},
        {"databases": [{}], "total_count": 1},
    ],
)
def test_a_list_of_databases_that_cannot_be_read_is_no_empty_list(
    provider, httpserver, samples, body
):
    path = f"{samples.instances_path}/{TARGET}/database/detail"
    httpserver.expect_request(path).respond_with_json(body)

    with pytest.raises(AnswerUnreadable):
        provider.list_databases(TARGET)


def test_a_missing_permission_to_list_databases_is_said(provider, httpserver, samples):
    path = f"{samples.instances_path}/{TARGET}/database/detail"
    body = {"error_code": "DBS.280015", "error_msg": "no"}
    httpserver.expect_request(path).respond_with_json(body, status=403)

    with pytest.raises(PermissionMissing):
        provider.list_databases(TARGET)


@pytest.mark.parametrize(
    ("members", "simulated"),
    [
        ({}, False),
        ({"alias": "simulated, no data"}, True),
        ({"simulated": True}, True),
        ({"simulated": False, "alias": "simulated, no data"}, False),
        ({"simulated": "yes"}, False),
    ],
)
def test_the_member_tells_that_an_instance_is_simulated_and_the_alias_where_there_is_none(
    samples, members, simulated
):
    instance = parse_instance(samples.raw_instance(**members), cloud="here", tags={})
    assert instance.simulated is simulated


def test_a_late_tag_goes_out_to_the_admitted_instance_alone(provider, httpserver, samples):
    path = f"{samples.instances_path}/{TARGET}/tags/action"
    httpserver.expect_ordered_request(path, method="POST").respond_with_data("")

    provider.tag(tagging(), TARGET)

    ((request, _),) = httpserver.log
    sent = {"action": "create", "tags": [{"key": "drill-id", "value": "d1"}]}
    assert request.get_json() == sent
    with pytest.raises(Refused):
        provider.tag(tagging(), "another")
    assert len(httpserver.log) == 1


def test_an_admission_to_tag_opens_no_other_call():
    admitted = tagging()
    path = ("instances", TARGET, "tags", "action")
    ensure_admitted("POST", path, tag_body(admitted), admitted, cloud="here")
    for method, other, body in (
        ("DELETE", ("instances", TARGET), None),
        ("POST", ("instances",), {}),
        ("POST", ("instances", "recovery"), {}),
        ("POST", path, {"action": "delete", "tags": []}),
    ):
        with pytest.raises(Refused):
            ensure_admitted(method, other, body, admitted, cloud="here")


def test_the_cloud_in_memory_tags_the_admitted_instance_alone(clock, samples):
    cloud: MemoryProvider = make_cloud(clock, samples, tags_in_create=False)
    created = cloud.create(samples.create(), password=samples.password).instance_id or ""

    with pytest.raises(ScratchViolated):
        cloud.tag(tagging(instance_id=created), TARGET)
    cloud.tag(tagging(instance_id=created), created)
    assert [one.id for one in cloud.list_instances(tags={"drill-id": "d1"})] == [created]


def test_the_cloud_in_memory_restores_databases_by_name(clock, samples):
    cloud: MemoryProvider = make_cloud(clock, samples)
    cloud.set_databases(samples.source, ["sales", "hr"])
    cloud.set_databases(TARGET, ["old"])
    some = samples.restore(engine=Engine.SQLSERVER, database_map={"sales": "s2", "hr": ""})
    cloud.restore(some)
    assert cloud.list_databases(TARGET) == ["hr", "old", "s2"]
