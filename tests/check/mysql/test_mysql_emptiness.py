"""An instance is called empty only by a login that sees every database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from drill.check.prober import SqlProber
from tests.check.conftest import QUICK

pytestmark = pytest.mark.servers

PROBER = SqlProber(limits=QUICK)


def test_whatever_a_user_left_makes_an_instance_not_empty(fresh_server):
    endpoint = fresh_server.endpoint("a-database-that-the-reset-took-away")

    assert PROBER.see_emptiness(endpoint).is_empty is True
    fresh_server.do("CREATE DATABASE shop")
    seen = PROBER.see_emptiness(endpoint)
    assert (seen.is_empty, "1 database" in seen.reason) == (False, True)
    assert "shop" not in seen.reason

    fresh_server.do(f"CREATE USER reader@'%' IDENTIFIED BY '{fresh_server.password}'")
    unseen = PROBER.see_emptiness(replace(endpoint, user="reader"))
    assert unseen.is_empty is None


def test_an_instance_that_cannot_be_seen_is_neither_empty_nor_full(server):
    wrong = replace(server.endpoint("shop"), password=SecretStr("wrong"))

    for endpoint in (wrong, replace(wrong, port=1), replace(wrong, host="db.example.com")):
        seen = PROBER.see_emptiness(endpoint)
        assert seen.is_empty is None
        assert seen.reason
