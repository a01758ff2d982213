"""Signatures: the published vectors, and the vendor's own signer as an oracle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from drill.clock import ManualClock
from drill.provider.rds.signing import KeyAuth, Keys, authorization, canonical_request, encode

VECTORS = json.loads((Path(__file__).parent / "signing-vectors.json").read_text("utf-8"))


def _query(vector) -> Any:
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in vector["query"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_published_vector_is_reproduced(vector):
    headers = {**vector["headers"], "Host": vector["host"]}
    keys = Keys(access_key=vector["access_key"], secret_key=SecretStr(vector["secret_key"]))
    parts = {
        "method": vector["method"],
        "path": vector["path"],
        "query": _query(vector),
        "headers": headers,
        "body": vector["body"].encode(),
    }

    canonical, _ = canonical_request(**parts)

    assert canonical == vector["canonical_request"]
    assert authorization(keys, **parts) == vector["authorization"]


_NO_SURROGATES: Any = ("Cs",)
_words = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=12
)
_segments = st.lists(_words.filter(lambda word: "%" not in word), max_size=4)
_pairs = st.lists(
    st.tuples(_words, st.text(st.characters(exclude_categories=_NO_SURROGATES))), max_size=5
)
_header_values = st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20
)
_dates = st.datetimes().map(lambda at: at.replace(year=2026).strftime("%Y%m%dT%H%M%SZ"))


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
    segments=_segments,
    query=_pairs,
    project=_header_values,
    token=st.none() | _header_values,
    date=_dates,
    body=st.binary(max_size=200),
    secret=_header_values,
)
def test_any_request_is_signed_as_the_vendor_signs_it(
    method, segments, query, project, token, date, body, secret
):
    path = "/" + "/".join(["v3", *segments])
    headers = {"Content-Type": "application/json", "X-Project-Id": project, "X-Sdk-Date": date}
    if token is not None:
        headers["X-Security-Token"] = token
    theirs = SdkRequest(
        method=method,
        schema="https",
        host="rds.example.com",
        resource_path=path,
        query_params=list(query),
        header_params=dict(headers),
        body=body,
    )
    Signer(BasicCredentials("AKEXAMPLE", secret, "project")).sign(theirs)

    ours = authorization(
        Keys(access_key="AKEXAMPLE", secret_key=SecretStr(secret)),
        method=method,
        path="/".join(quote(segment, safe="~") for segment in path.split("/")),
        query="&".join(f"{encode(name)}={encode(value)}" for name, value in query),
        headers={**headers, "Host": "rds.example.com"},
        body=body,
    )

    assert ours == theirs.header_params["Authorization"]


def test_what_is_signed_is_what_requests_sends(clock):
    keys = Keys(
        access_key="AK",
        secret_key=SecretStr("hunter2"),
        security_token=SecretStr("TEMPTOKEN-abc123"),
    )
    url = (
        "https://rds.example.com:8443/v3/p/instances"
        "?name=%2Adrill%20scratch&tags=a%3Db~c%2Cd&begin=2026-01-01T00%3A00%3A00%2B0000"
    )
    headers = {"X-Project-Id": "p", "Content-Type": "application/json", "User-Agent": "drill"}

    sent = requests.Request("GET", url, headers=headers, auth=KeyAuth(keys, clock)).prepare()

    assert sent.url == url
    assert sent.headers["Host"] == "rds.example.com:8443"
    assert sent.headers["X-Sdk-Date"] == "20260115T083000Z"
    assert sent.headers["X-Security-Token"] == "TEMPTOKEN-abc123"
    assert "SignedHeaders=content-type;host;x-project-id;x-sdk-date;x-security-token" in str(
        sent.headers["Authorization"]
    )


def test_two_attempts_at_different_times_carry_different_signatures(samples):
    clock = ManualClock(samples.now)
    auth = KeyAuth(Keys(access_key="AK", secret_key=SecretStr("hunter2")), clock)
    request = requests.Request("GET", "https://rds.example.com/v3/p/backups", auth=auth)

    first = request.prepare().headers["Authorization"]
    clock.move(samples.now - samples.now.replace(minute=29))
    second = request.prepare().headers["Authorization"]

    assert first != second


def test_keys_do_not_show_their_secret():
    keys = Keys(
        access_key="AK", secret_key=SecretStr("hunter2"), security_token=SecretStr("hunter2")
    )

    assert "hunter2" not in repr(keys)
    assert "hunter2" not in repr(KeyAuth(keys, ManualClock.__new__(ManualClock)))
