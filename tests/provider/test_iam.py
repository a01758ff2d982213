"""Tokens: fetched once, shared, renewed in time, and once when the cloud rejects one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from werkzeug import Response

from drill.errors import (
    AnswerUnreadable,
    CredentialsRejected,
    PermissionMissing,
    ProviderUnavailable,
)
from tests.provider.conftest import PASSWORD, PROJECT

TOKENS = "/v3/auth/tokens"
EMPTY = {"instances": [], "total_count": 0}


class Iam:
    """Gives out numbered tokens."""

    def __init__(self, httpserver, life=timedelta(hours=24)) -> None:
        self.given = 0
        self.bodies: list[Any] = []
        self.life = life
        httpserver.expect_request(
            TOKENS, method="POST", query_string="nocatalog=true"
        ).respond_with_handler(self.give)

    def give(self, request) -> Any:
        self.given += 1
        self.bodies.append(json.loads(request.data))
        token = f"hunter2-token-{self.given}"
        expires = f"2026-01-{15 + self.life.days:02}T08:30:00.000000Z"
        body = {"token": {"issued_at": "2026-01-15T08:30:00.000000Z", "expires_at": expires}}
        return Response(json.dumps(body), status=201, headers={"X-Subject-Token": token})


@pytest.fixture
def iam(httpserver) -> Any:
    return Iam(httpserver)


@pytest.fixture
def asking(make_provider, httpserver) -> Any:
    return make_provider(httpserver.url_for("").rstrip("/"), credentials=PASSWORD)


def _api_calls(httpserver) -> Any:
    return [request for request, _ in httpserver.log if request.path != TOKENS]


def test_a_token_is_fetched_once_and_used_for_everything(iam, asking, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_json(EMPTY)

    asking.list_instances()
    asking.list_instances()

    assert iam.given == 1
    tokens = {request.headers["X-Auth-Token"] for request in _api_calls(httpserver)}
    assert tokens == {"hunter2-token-1"}


def test_the_body_of_the_request_is_that_of_the_documentation(iam, asking, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_json(EMPTY)
    asking.list_instances()

    assert iam.bodies == [
        {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": "drill",
                            "password": "hunter2-IamPassword",
                            "domain": {"name": "acme"},
                        }
                    },
                },
                "scope": {"project": {"id": PROJECT}},
            }
        }
    ]


def test_a_token_is_renewed_before_it_expires(iam, asking, httpserver, samples, clock):
    httpserver.expect_request(samples.instances_path).respond_with_json(EMPTY)
    asking.list_instances()

    clock.move(timedelta(hours=23, minutes=29))
    asking.list_instances()
    assert iam.given == 1
    clock.move(timedelta(minutes=2))
    asking.list_instances()

    assert iam.given == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error_code": "APIGW.0301", "error_msg": "expired"}),
        (403, {"error_code": "DBS.280056", "error_msg": "token invalid"}),
    ],
)
def test_a_rejected_token_is_renewed_once_and_the_request_sent_again(
    iam, asking, httpserver, samples, status, body
):
    def judge(request) -> Any:
        if request.headers["X-Auth-Token"] == "hunter2-token-1":
            return Response(json.dumps(body), status=status)
        return Response('{"job_id":"j-1"}', status=202)

    httpserver.expect_request(samples.restore_path).respond_with_handler(judge)

    accepted = asking.restore(samples.restore())

    assert accepted.job_id == "j-1"
    tokens = [request.headers["X-Auth-Token"] for request in _api_calls(httpserver)]
    assert tokens == ["hunter2-token-1", "hunter2-token-2"]


def test_a_token_that_stays_rejected_is_not_renewed_for_ever(iam, asking, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_json(
        {"error_code": "APIGW.0301", "error_msg": "no"}, status=401
    )

    with pytest.raises(CredentialsRejected):
        asking.list_instances()

    assert iam.given == 2
    assert len(_api_calls(httpserver)) == 2


def test_a_missing_permission_is_no_reason_for_a_new_token(iam, asking, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_json(
        {"error_code": "IAM.0002", "error_msg": "no"}, status=403
    )

    with pytest.raises(PermissionMissing):
        asking.list_instances()

    assert iam.given == 1


def test_threads_that_need_a_token_at_once_share_one(iam, asking, httpserver, samples):
    httpserver.expect_request(samples.instances_path).respond_with_json(EMPTY)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: asking.list_instances(), range(8)))

    assert answers == [[]] * 8
    assert iam.given == 1


def test_threads_whose_token_was_rejected_renew_it_together(asking, httpserver, samples):
    iam = Iam(httpserver)

    def judge(request) -> Any:
        if request.headers["X-Auth-Token"] == "hunter2-token-1":
            return Response('{"error_code":"APIGW.0301","error_msg":"expired"}', status=401)
        return Response(json.dumps(EMPTY))

    httpserver.expect_request(samples.instances_path).respond_with_handler(judge)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: asking.list_instances(), range(8)))

    assert iam.given == 2


def test_a_wrong_password_is_rejected_credentials_without_the_password(asking, httpserver, samples):
    httpserver.expect_request(TOKENS).respond_with_json(
        {"error": {"code": 401, "message": "hunter2-IamPassword is wrong", "title": "no"}},
        status=401,
    )

    with pytest.raises(CredentialsRejected) as caught:
        asking.list_instances()

    assert "hunter2" not in str(caught.value)
    assert len(httpserver.log) == 1


def test_an_order_without_a_token_was_not_given(asking, httpserver, samples):
    httpserver.expect_request(TOKENS).respond_with_data("broken", status=503)

    with pytest.raises(ProviderUnavailable):
        asking.restore(samples.restore())

    assert _api_calls(httpserver) == []


def test_a_read_tries_again_when_no_token_was_to_be_had(asking, httpserver, samples):
    httpserver.expect_ordered_request(TOKENS).respond_with_data("broken", status=503)
    httpserver.expect_ordered_request(TOKENS).respond_with_data(
        "{}", status=201, headers={"X-Subject-Token": "t-1"}
    )
    httpserver.expect_ordered_request(samples.instances_path).respond_with_json(EMPTY)

    assert asking.list_instances() == []


def test_an_answer_without_a_token_is_unreadable(asking, httpserver):
    httpserver.expect_request(TOKENS).respond_with_data("{}", status=201)

    with pytest.raises(AnswerUnreadable, match="no token"):
        asking.list_instances()


def test_a_token_that_does_not_say_when_it_expires_is_renewed_within_the_hour(
    asking, httpserver, samples, clock
):
    httpserver.expect_request(TOKENS).respond_with_data(
        "{}", status=201, headers={"X-Subject-Token": "t-1"}
    )
    httpserver.expect_request(samples.instances_path).respond_with_json(EMPTY)

    asking.list_instances()
    clock.move(timedelta(hours=1))
    asking.list_instances()

    assert len([1 for request, _ in httpserver.log if request.path == TOKENS]) == 2
