"""A check only reads, and nothing of a row or a password leaves with its answer."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from drill.check.port import CheckAnswer
from drill.check.postgresql.rows import is_question
from drill.check.prober import SqlProber
from drill.plan.model import (
    ConnectsCheck,
    HeartbeatCheck,
    NewestRowCheck,
    ObjectsCheck,
    PhysicalCheck,
    RowCountCheck,
    SqlCheck,
)
from tests.check.conftest import QUICK
from tests.check.real_postgresql import CANARY

pytestmark = pytest.mark.servers

STATE_OF_ORDERS = "SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM sales.orders o"


@pytest.mark.parametrize(
    "query",
    [
        "WITH d AS (DELETE FROM sales.orders RETURNING 1) SELECT count(*) FROM d",
        "WITH i AS (INSERT INTO sales.empty VALUES (1) RETURNING 1) SELECT count(*) FROM i",
        "SELECT sales.wipe()",
        "SELECT 1 INTO sales.copied",
        "SELECT nextval('sales.numbers')",
        "SELECT id FROM sales.orders WHERE id = 1 FOR UPDATE",
        "SELECT lo_create(4711)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "DELETE FROM sales.orders",
        "CREATE TABLE sales.more (id int)",
        "CALL sales.tidy()",
        "DO 'BEGIN DELETE FROM sales.orders; END'",
        "SET TRANSACTION READ WRITE",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COMMIT",
    ],
)
def test_a_statement_that_tries_to_write_is_refused(ask, server, query):
    before = server.ask(STATE_OF_ORDERS, database="shop")

    result = ask(SqlCheck(kind="sql", query=query, expected=1))

    assert result.answer is CheckAnswer.NO_DATA
    assert "read" in result.reason or "may only ask" in result.reason or "25" in result.reason
    assert server.ask(STATE_OF_ORDERS, database="shop") == before
    assert server.ask("SELECT to_regclass('sales.copied')", database="shop") is None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM sales.orders",
        "SELECT 1; COMMIT; BEGIN READ WRITE; DELETE FROM sales.orders",
    ],
)
def test_a_second_statement_is_refused_by_the_server(ask, server, query):
    before = server.ask(STATE_OF_ORDERS, database="shop")

    result = ask(SqlCheck(kind="sql", query=query, expected=1))

    assert (result.answer, "42601" in result.reason) == (CheckAnswer.NO_DATA, True)
    assert server.ask(STATE_OF_ORDERS, database="shop") == before


def test_only_statements_that_ask_are_sent():
    for query in (
        "SELECT 1",
        " \n(select 1)",
        "/* /* x */ */ WITH a AS",
        "--x\n  Table t",
        "VALUES (1)",
    ):
        assert is_question(query), query
    for query in (
        "COPY t TO PROGRAM 'x'",
        "/* SELECT */ COPY t",
        "-- select\nDO ''",
        "",
        "(",
        "/* select",
    ):
        assert not is_question(query), query


def test_a_session_says_who_it_is_and_is_bounded_by_the_server_too(ask):
    for query, expected in (
        ("SELECT current_setting('application_name')", "drill"),
        ("SELECT current_setting('default_transaction_read_only')", "on"),
        ("SELECT current_setting('transaction_read_only')", "on"),
        ("SELECT current_setting('statement_timeout')", "30s"),
        ("SELECT current_setting('lock_timeout')", "5s"),
        ("SELECT current_setting('idle_in_transaction_session_timeout')", "30300ms"),
        ("SELECT current_setting('search_path')", "pg_catalog,pg_temp"),
        ("SELECT current_setting('client_encoding')", "UTF8"),
        ("SELECT current_setting('TimeZone')", "UTC"),
    ):
        result = ask(SqlCheck(kind="sql", query=query, expected=expected))
        assert result.answer is CheckAnswer.PASSED, (query, result)


@pytest.mark.parametrize(
    "table",
    [
        'public.heartbeat"; DROP TABLE public.heartbeat; --',
        "public.heartbeat; DROP TABLE public.heartbeat",
        "public.' OR 1=1 --",
        "public.%s",
        "public.\\",
    ],
)
def test_a_hostile_name_is_only_a_name_that_does_not_exist(ask, server, table):
    checks = [
        RowCountCheck.model_construct(kind="row_count", table=table, at_least=0),
        NewestRowCheck.model_construct(
            kind="newest_row", table=table, column='at" FROM x; --', within=timedelta(1)
        ),
        ObjectsCheck.model_construct(
            kind="objects", schemas=(table,), tables=(table,), routines=(table,)
        ),
    ]

    assert [ask(check).answer for check in checks] == [CheckAnswer.FAILED] * 3
    assert server.ask("SELECT count(*) FROM public.heartbeat", database="shop") == 21


def test_a_table_with_a_hostile_name_can_be_counted(ask):
    check = RowCountCheck.model_construct(
        kind="row_count", table='sales.Od"d; DROP TABLE x', at_least=0
    )

    assert (ask(check).answer, ask(check).row_count) == (CheckAnswer.PASSED, 0)


def test_no_value_of_a_row_leaves_the_database(ask, server, make_database):
    database = make_database(
        "CREATE EXTENSION amcheck",
        "CREATE TABLE t (id int PRIMARY KEY, note text, at timestamptz)",
        f"INSERT INTO t VALUES (1, '{CANARY}', '2026-03-01T01:59:59Z')",
        "CREATE FUNCTION shout() RETURNS int LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no: %', (SELECT note FROM public.t); END $$",
        "CREATE FUNCTION quote_error() RETURNS int LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'x' USING ERRCODE = '23505', DETAIL = (SELECT note FROM public.t); END $$",
    )
    queries = [
        "SELECT note FROM public.t",
        "SELECT note::int FROM public.t",
        "SELECT note::timestamptz FROM public.t",
        "SELECT to_json(t) FROM public.t",
        "SELECT t FROM public.t",
        "SELECT ARRAY[note] FROM public.t",
        "SELECT note::bytea FROM public.t",
        "SELECT note::varchar(40) FROM public.t",
        "SELECT repeat(note, 10) FROM public.t",
        "SELECT public.shout()",
        "SELECT public.quote_error()",
        f"SELECT {CANARY!r}::int",
    ]
    checks = [
        SqlCheck(kind="sql", query=query, operator=operator, expected=expected)
        for query in queries
        for operator, expected in (("=", 1), ("!=", "x"), ("<", "x"), ("=", True))
    ]
    endpoint = server.endpoint(database)
    results = [ask(check, endpoint=endpoint) for check in checks]
    results.append(ask(PhysicalCheck(kind="physical"), endpoint=endpoint))

    assert {result.answer for result in results} == set(CheckAnswer)
    assert CANARY not in repr(results)
    assert CANARY.encode().hex() not in repr(results)


def test_a_text_can_be_compared_by_its_digest(ask):
    query = "SELECT note FROM sales.orders WHERE id = 1"
    right = f"sha256:{hashlib.sha256(CANARY.encode()).hexdigest()}"
    wrong = f"sha256:{hashlib.sha256(b'something else').hexdigest()}"

    assert ask(SqlCheck(kind="sql", query=query, expected=CANARY)).answer is CheckAnswer.PASSED
    assert ask(SqlCheck(kind="sql", query=query, expected=right)).answer is CheckAnswer.PASSED
    assert ask(SqlCheck(kind="sql", query=query, expected=wrong)).answer is CheckAnswer.FAILED


def test_no_password_is_in_any_answer_or_log(server, context, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = "wrong-word-5521"
    endpoints = [
        server.endpoint("shop"),
        server.endpoint("no_such"),
        replace(server.endpoint("shop"), password=SecretStr(wrong)),
        replace(server.endpoint("shop"), password=SecretStr(wrong), port=1),
        replace(server.endpoint("shop"), password=SecretStr(wrong), tls="verify"),
        replace(server.endpoint("shop"), password=SecretStr(wrong + "\0")),
    ]
    checks = [("a", ConnectsCheck(kind="connects"))]
    prober = SqlProber(limits=QUICK)

    produced = repr(
        [
            (prober.why_unreachable(e), prober.run(checks, e, context), prober.see_emptiness(e), e)
            for e in endpoints
        ]
    )

    for text in (produced, caplog.text, repr(prober)):
        assert server.password not in text
        assert wrong not in text


def test_nothing_of_the_environment_leads_a_check_elsewhere(ask, server, monkeypatch, tmp_path):
    leaks = {
        "PGHOST": "203.0.113.7",
        "PGHOSTADDR": "203.0.113.7",
        "PGPORT": "1",
        "PGUSER": "outsider",
        "PGPASSWORD": "none",
        "PGDATABASE": "postgres",
        "PGOPTIONS": "-c default_transaction_read_only=off -c statement_timeout=1",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/none",
        "PGSSLCERT": "/none",
        "PGREQUIREAUTH": "gss",
        "PGTARGETSESSIONATTRS": "standby",
        "PGLOADBALANCEHOSTS": "random",
        "PGCLIENTENCODING": "LATIN1",
        "PGAPPNAME": "leak",
        "PGTZ": "Asia/Tokyo",
        "PGDATESTYLE": "German",
        "PGCHANNELBINDING": "require",
        "PGGSSENCMODE": "require",
        "PGREQUIREPEER": "nobody",
        "PGCONNECT_TIMEOUT": "1",
        "PGPASSFILE": str(tmp_path),
        "PGSERVICEFILE": str(tmp_path / "services"),
        "HOME": str(tmp_path),
    }
    for name, value in leaks.items():
        monkeypatch.setenv(name, value)
    check = HeartbeatCheck(
        kind="heartbeat", table="public.heartbeat", column="at", interval=timedelta(seconds=10)
    )

    assert ask(check).answer is CheckAnswer.PASSED


def test_a_service_in_the_environment_is_refused_by_name(ask, monkeypatch):
    monkeypatch.setenv("PGSERVICE", "production")

    result = ask(ConnectsCheck(kind="connects"))

    assert (result.answer, "PGSERVICE" in result.reason) == (CheckAnswer.NO_DATA, True)


@pytest.mark.parametrize("database", ["shop host=203.0.113.7", "postgresql://203.0.113.7/x", "'"])
def test_a_database_name_is_never_read_as_a_connection_string(ask, database):
    result = ask(ConnectsCheck(kind="connects", database=database))

    assert result.reason == "the copy has no database of this name"
