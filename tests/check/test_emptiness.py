"""An instance is called empty only after a look into every database of it."""

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
    for database, left, word, removed in (
        ("postgres", "CREATE DATABASE shop", "1 database", "DROP DATABASE shop"),
        ("postgres", "CREATE SCHEMA sales", "1 schema", "DROP SCHEMA sales"),
        ("postgres", "CREATE TABLE t (id int)", "1 table", "DROP TABLE t"),
        ("template1", "CREATE TABLE t (id int)", "database template1", "DROP TABLE t"),
        ("postgres", "CREATE VIEW v AS SELECT 1", "1 table or view", "DROP VIEW v"),
        (
            "postgres",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "1 routine",
            "DROP FUNCTION f",
        ),
        ("postgres", "SELECT lo_create(4711)", "1 large object", "SELECT lo_unlink(4711)"),
    ):
        fresh_server.do(left, database=database)
        seen = PROBER.see_emptiness(endpoint)
        assert (seen.is_empty, word in seen.reason) == (False, True), (left, seen)
        fresh_server.do(removed, database=database)

    fresh_server.do("CREATE SCHEMA extras", "CREATE EXTENSION amcheck")
    fresh_server.do("DROP SCHEMA extras")
    assert PROBER.see_emptiness(endpoint).is_empty is True

    fresh_server.do(
        f"CREATE ROLE reader LOGIN PASSWORD '{fresh_server.password}'",
        "REVOKE CONNECT ON DATABASE template1 FROM PUBLIC",
    )
    unseen = PROBER.see_emptiness(replace(endpoint, user="reader"))
    assert unseen.is_empty is None


def test_an_instance_with_a_database_of_a_user_is_not_empty(server):
    seen = PROBER.see_emptiness(server.endpoint("shop"))

    assert seen.is_empty is False
    assert "shop" not in seen.reason


def test_an_instance_that_cannot_be_seen_is_neither_empty_nor_full(server):
    wrong = replace(server.endpoint("shop"), password=SecretStr("wrong"))

    for endpoint in (wrong, replace(wrong, port=1), replace(wrong, host="db.example.com")):
        seen = PROBER.see_emptiness(endpoint)
        assert seen.is_empty is None
        assert seen.reason
