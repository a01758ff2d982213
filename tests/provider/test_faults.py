"""Every error body of the reference becomes the error that says what it means."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from drill.errors import (
    AnswerLost,
    AnswerUnreadable,
    CredentialsRejected,
    NotFound,
    OutOfCapacity,
    PermissionMissing,
    ProviderBusy,
    ProviderError,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRejected,
)
from drill.provider.rds.codes import ERROR_BY_CODE, HINT_BY_CODE, HINT_BY_ERROR
from drill.provider.rds.faults import error_of, has_fault, read_fault, retry_after_of
from drill.provider.rds.transport import Answer

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)


def answer(status, body=b"", **headers) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=CaseInsensitiveDict(named), body=content)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"error_code": "DBS.200022", "error_msg": "taken"}, "DBS.200022", "taken"),
        (
            {"error_msg": "bad", "error_code": "APIGW.0301", "request_id": "r-1"},
            "APIGW.0301",
            "bad",
        ),
        ({"errCode": "RDS.1102", "externalMessage": "old"}, "RDS.1102", "old"),
        ({"error": {"code": 401, "message": "who?", "title": "Unauthorized"}}, "401", "who?"),
        ({"error": {"code": "EPS.0003", "message": "policy"}}, "EPS.0003", "policy"),
        ({"itemNotFound": {"code": 404, "message": "gone"}}, "404", "gone"),
        ({"errorCode": "X.1", "errorMsg": "text"}, "X.1", "text"),
        ({"code": "X.2", "message": "text"}, "X.2", "text"),
    ],
)
def test_every_shape_of_an_error_body_is_read(body, code, text):
    fault = read_fault(json.dumps(body).encode())
    assert fault is not None
    assert (fault.code, fault.text) == (code, text)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"a":' * 9999, b"\xff\xfe"])
def test_what_is_no_error_body_is_none(body):
    assert read_fault(body) is None


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (409, "DBS.201202", ProviderBusy),
        (400, "DBS.200011", ProviderBusy),
        (500, "DBS.280036", ProviderBusy),
        (413, "DBS.200046", QuotaExceeded),
        (400, "DBS.280450", OutOfCapacity),
        (404, "DBS.200013", NotFound),
        (400, "DBS.201203", NotFound),
        (403, "DBS.280056", CredentialsRejected),
        (401, "APIGW.0301", CredentialsRejected),
        (403, "IAM.0002", PermissionMissing),
        (403, "DBS.200010", PermissionMissing),
        (429, "APIGW.0308", ProviderThrottled),
        (500, "DBS.200005", ProviderUnavailable),
        (400, "DBS.200306", RequestRejected),
        (404, "APIGW.0101", RequestRejected),
        (409, "DBS.200022", RequestRejected),
    ],
)
def test_a_known_code_decides_whatever_the_status(status, code, error):
    found = error_of(
        answer(status, {"error_code": code, "error_msg": "text"}), asked="list", write=False
    )
    assert type(found) is error
    assert (found.code, found.status) == (code, status)
    assert found.hint


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RequestRejected),
        (401, CredentialsRejected),
        (403, PermissionMissing),
        (404, NotFound),
        (408, ProviderUnavailable),
        (409, ProviderBusy),
        (413, QuotaExceeded),
        (418, RequestRejected),
        (429, ProviderThrottled),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
        (302, AnswerUnreadable),
    ],
)
def test_an_unknown_code_leaves_the_decision_to_the_status(status, error):
    body = {"error_code": "DBS.999999", "error_msg": "text"}
    assert type(error_of(answer(status, body), asked="list", write=False)) is error


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"<html>"),
        (502, b""),
        (503, {"error_code": "DBS.200005", "error_msg": "failed"}),
        (500, {"error_code": "DBS.111205", "error_msg": "time-out"}),
        (302, b""),
        (408, b""),
    ],
)
def test_a_write_that_may_have_gone_through_is_lost_and_not_refused(status, body):
    assert type(error_of(answer(status, body), asked="restore", write=True)) is AnswerLost


def test_a_page_not_found_by_something_else_does_not_say_that_the_resource_is_gone():
    found = error_of(answer(404, b"<html>nothing here</html>"), asked="list", write=False)
    assert type(found) is RequestRejected
    assert "endpoint" in str(found.hint)


def test_a_413_that_says_when_to_come_back_is_throttling():
    found = error_of(answer(413, Retry_After="5"), asked="list", write=False)
    assert type(found) is ProviderThrottled


@pytest.mark.parametrize(("minutes", "word"), [(25, "fast"), (-25, "slow")])
def test_a_rejected_signature_of_a_clock_that_is_off_says_so(minutes, word):
    found = error_of(
        answer(401, {"error_code": "APIGW.0301", "error_msg": "expired"}),
        asked="list",
        write=False,
        clock_skew=timedelta(minutes=minutes),
    )
    assert f"25 minutes {word}" in str(found.hint)


def test_a_rejected_signature_of_a_clock_that_is_right_asks_for_the_keys():
    found = error_of(
        answer(401, {"error_code": "APIGW.0301", "error_msg": "bad"}),
        asked="list",
        write=False,
        clock_skew=timedelta(seconds=30),
    )
    assert "secret key" in str(found.hint)


def test_an_echoed_secret_is_blotted_out_even_with_control_characters_in_it():
    body = {"error_code": "DBS.200052", "error_msg": "password hun\x00ter2 / hunter2 is weak"}
    found = error_of(
        answer(400, body, X_Request_Id="hunter2"), asked="create", write=True, secrets=["hunter2"]
    )
    assert "hunter2" not in f"{found} {found.hint} {found.code} {found.request_id}"


def test_the_request_id_is_kept_wherever_it_is_found():
    body = {"error_code": "APIGW.0308", "error_msg": "slow", "request_id": "in-body"}

    by_header = error_of(answer(429, body, X_Request_Id="r-1"), asked="a", write=False)
    by_iam = error_of(answer(429, body, X_IAM_Trace_Id="r-2"), asked="a", write=False)
    by_body = error_of(answer(429, body), asked="a", write=False)

    assert [one.request_id for one in (by_header, by_iam, by_body)] == ["r-1", "r-2", "in-body"]


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ("7", timedelta(seconds=7)),
        ("Thu, 15 Jan 2026 08:30:20 GMT", timedelta(seconds=20)),
        ("Thu, 15 Jan 2026 08:29:00 GMT", timedelta(0)),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("9" * 30, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, span):
    assert retry_after_of(answer(429, Retry_After=value), now=NOW) == span


def test_every_hint_is_for_a_known_code_and_every_class_of_error_has_one():
    assert set(HINT_BY_CODE) <= set(ERROR_BY_CODE)
    assert set(ERROR_BY_CODE.values()) <= set(HINT_BY_ERROR)
    assert all(hint.endswith(".") for hint in [*HINT_BY_CODE.values(), *HINT_BY_ERROR.values()])


def test_a_success_that_speaks_of_an_error_is_noticed():
    assert has_fault({"error_code": "DBS.200022"})
    assert not has_fault({"error_code": "0"})
    assert not has_fault({"error_code": None, "job_id": "x"})


@given(st.integers(300, 599), st.binary(max_size=60), st.booleans())
def test_whatever_comes_back_becomes_an_error_of_the_provider(status, body, write):
    found = error_of(answer(status, body), asked="ask", write=write)
    assert isinstance(found, ProviderError)
    assert found.message.startswith("ask: ")
