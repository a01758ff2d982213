"""Verification of signatures, against vectors that the vendor's own signer made."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.sandbox.signatures import SignatureRefused, SignedRequest, verify

VECTORS = json.loads((Path(__file__).parent / "signing-vectors.json").read_text())


def request_of(vector: dict[str, Any]) -> SignedRequest:
    query = "&".join(f"{k}={quote(v, safe='')}" for k, v in vector["query"])
    headers = {**vector["headers"], "Host": vector["host"], "Authorization": authorization(vector)}
    return SignedRequest(
        method=vector["method"],
        raw_path=vector["path"].encode(),
        raw_query=query.encode(),
        headers=tuple((k.lower().encode(), v.encode()) for k, v in headers.items()),
        body=vector["body"].encode(),
    )


def authorization(vector: dict[str, Any]) -> str:
    return str(vector["authorization"])


def signed_at(vector: dict[str, Any]) -> datetime:
    text = vector["headers"]["X-Sdk-Date"]
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def check(request: SignedRequest, vector: dict[str, Any], now: datetime | None = None) -> str:
    secrets = {vector["access_key"]: vector["secret_key"]}
    return verify(request, secret_of=secrets.get, now=now or signed_at(vector))


@pytest.fixture(params=VECTORS, ids=lambda vector: vector["name"])
def vector(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(request.param)


def test_every_vector_is_accepted_when_the_clock_is_right(vector):
    assert check(request_of(vector), vector) == vector["access_key"]


@pytest.mark.parametrize("minutes", [-15, 15])
def test_a_date_fifteen_minutes_away_is_accepted(vector, minutes):
    assert check(request_of(vector), vector, signed_at(vector) + timedelta(minutes=minutes))


@pytest.mark.parametrize("seconds", [-901, 901])
def test_a_date_further_away_is_refused(vector, seconds):
    with pytest.raises(SignatureRefused, match="15 minutes"):
        check(request_of(vector), vector, signed_at(vector) + timedelta(seconds=seconds))


def test_another_secret_key_is_refused(vector):
    with pytest.raises(SignatureRefused):
        check(request_of(vector), {**vector, "secret_key": vector["secret_key"] + "x"})


def test_an_unknown_access_key_is_refused(vector):
    with pytest.raises(SignatureRefused):
        verify(request_of(vector), secret_of=lambda _: None, now=signed_at(vector))


def test_an_empty_secret_does_not_open_the_door_for_unknown_keys(vector):
    # A signature made with the empty key must not match the stand-in for an unknown key.
    import hashlib
    import hmac

    request = request_of(vector)
    forged = hmac.new(b"", vector["string_to_sign"].encode(), hashlib.sha256).hexdigest()
    headers = tuple(
        (k, v.replace(vector["signature"].encode(), forged.encode())) for k, v in request.headers
    )
    with pytest.raises(SignatureRefused):
        verify(replace(request, headers=headers), secret_of=lambda _: None, now=signed_at(vector))


@given(data=st.data())
def test_any_changed_byte_of_what_was_signed_is_refused(data):
    vector = data.draw(st.sampled_from(VECTORS))
    request = request_of(vector)
    parts: dict[str, bytes] = {"raw_path": request.raw_path}
    if request.raw_query:
        parts["raw_query"] = request.raw_query
    if request.body:
        parts["body"] = request.body
    name = data.draw(st.sampled_from(sorted(parts)))
    position = data.draw(st.integers(0, len(parts[name]) - 1))
    flipped = bytearray(parts[name])
    # Letters and digits alone: "%2b" and "%2B" are one and the same character to a server.
    if not chr(flipped[position]).isalnum() or b"%" in flipped[max(0, position - 2) : position]:
        return
    flipped[position] = ord("0") if flipped[position] != ord("0") else ord("1")

    with pytest.raises(SignatureRefused):
        check(replace(request, **{name: bytes(flipped)}), vector)  # type: ignore[arg-type]


@given(data=st.data())
def test_any_changed_signed_header_is_refused(data):
    vector = data.draw(st.sampled_from(VECTORS))
    request = request_of(vector)
    position = data.draw(st.integers(0, len(request.headers) - 1))
    name, value = request.headers[position]
    changed = data.draw(st.sampled_from([value + b"0", b"x" + value, b""]))
    headers = list(request.headers)
    headers[position] = (name, changed)

    with pytest.raises(SignatureRefused):
        check(replace(request, headers=tuple(headers)), vector)


def test_a_header_that_is_not_in_the_list_may_change(vector):
    request = request_of(vector)
    headers = (*request.headers, (b"accept-encoding", b"gzip"), (b"x-language", b"en-us"))
    assert check(replace(request, headers=headers), vector)


def test_a_signed_header_sent_twice_is_refused(vector):
    request = request_of(vector)
    with pytest.raises(SignatureRefused, match="more than once"):
        check(replace(request, headers=(*request.headers, request.headers[0])), vector)


def test_the_date_must_be_among_the_signed_headers(vector):
    request = request_of(vector)
    headers = tuple(
        (k, v.replace(b"x-sdk-date", b"x-z") if k == b"authorization" else v)
        for k, v in request.headers
    )
    with pytest.raises(SignatureRefused):
        check(replace(request, headers=headers), vector)


def test_the_stated_hash_of_a_json_body_must_be_the_real_one():
    vector = next(each for each in VECTORS if each["body"])
    request = request_of(vector)
    for stated in (b"UNSIGNED-PAYLOAD", b"0" * 64):
        headers = (*request.headers, (b"x-sdk-content-sha256", stated))
        with pytest.raises(SignatureRefused):
            check(replace(request, headers=headers), vector)


@given(st.binary(max_size=200))
def test_a_header_of_any_bytes_is_refused_without_a_fault(value):
    request = SignedRequest(
        method="GET",
        raw_path=b"/",
        raw_query=value,
        headers=((b"authorization", value), (b"x-sdk-date", value)),
        body=b"",
    )
    with pytest.raises(SignatureRefused):
        verify(request, secret_of=lambda _: "secret", now=datetime.now(UTC))
