"""A check only reads, and nothing of a row or a password leaves with its answer."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from drill.check.mysql.statements import why_no_question
from drill.check.port import CheckAnswer
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
from tests.check.mysql.real_mariadb import CANARY

pytestmark = pytest.mark.servers

STATE_OF_ORDERS = "SELECT md5(group_concat(id, note, amount ORDER BY id)) FROM shop.orders"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT shop.wipe()",
        "SELECT nextval(shop.numbers)",
        "SELECT setval(shop.numbers, 5)",
        "DELETE FROM shop.orders",
        "WITH x AS (SELECT 1) DELETE FROM shop.orders",
        "CREATE TABLE shop.more (id int)",
        "CALL shop.tidy()",
        "SET TRANSACTION READ WRITE",
        "SET STATEMENT tx_read_only = 0 FOR SELECT 1",
        "LOAD DATA INFILE '/etc/hostname' INTO TABLE shop.orders",
        "HANDLER shop.orders OPEN",
        "DO shop.wipe()",
        "COMMIT",
        "SELECT 1 INTO @stolen",
    ],
)
def test_a_statement_that_tries_to_write_is_refused(ask, server, query):
    before = server.ask(STATE_OF_ORDERS)

    result = ask(SqlCheck(kind="sql", query=query, expected=1))

    assert result.answer is CheckAnswer.NO_DATA, result
    assert any(word in result.reason for word in ("may only", "1064", "tries to write")), result
    assert server.ask(STATE_OF_ORDERS) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 INTO OUTFILE '{}'",
        "SELECT 1 INTO DUMPFILE '{}'",
        "SELECT 1.0INTO OUTFILE '{}'",
        "SELECT 1 in/**/to outfile '{}'",
        "SELECT 1 INTO/**/OUTFILE '{}'",
        "SELECT 'a\\'' INTO OUTFILE '{}' -- '",
        'SELECT "a\\"" INTO OUTFILE \'{}\' -- "',
        "SELECT '''' INTO OUTFILE '{}' -- '",
        "SELECT `id` FROM shop.orders INTO OUTFILE '{}'",
        "SELECT 1 /*! INTO OUTFILE '{}' */",
        "SELECT 1 /*!50000INTO OUTFILE '{}' */",
        "SELECT 1 /*M! INTO OUTFILE '{}' */",
        "SELECT 1 --1 INTO OUTFILE '{}'",
        "SELECT 1 --\u00a0x INTO OUTFILE '{}'",
        "SELECT 1 /* /* */ INTO OUTFILE '{}' -- */",
        "SELECT 1 # x\n INTO OUTFILE '{}'",
        "(SELECT 1) UNION SELECT 2 INTO OUTFILE '{}'",
    ],
)
def test_no_query_writes_a_file_on_the_host_of_the_server(ask, tmp_path, query):
    path = tmp_path / "stolen"

    result = ask(SqlCheck(kind="sql", query=query.format(path), expected=1), user="filer")

    assert result.answer is CheckAnswer.NO_DATA, result
    assert not path.exists()


def test_without_our_look_the_server_would_write_that_file(server, tmp_path):
    path = tmp_path / "written"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute("START TRANSACTION READ ONLY")
        cursor.execute(f"SELECT 1 INTO OUTFILE '{path}'")

    assert path.read_text() == "1\n"


def test_only_statements_that_ask_are_sent():
    for query in (
        "SELECT 1",
        " \n(select 1)",
        "/* x */ WITH a AS",
        "--\tx\n  Table t",
        "VALUES (1)",
        "SELECT 'into outfile', \"into\", `into`, pinto, into_x -- into\n",
        "SELECT '''into'",
    ):
        assert why_no_question(query) is None, query
    for query in (
        "INSERT INTO t VALUES (1)",
        "/* SELECT */ DROP TABLE t",
        "-- select\nDO 1",
        "--select\nDO 1",
        "",
        "(",
        "/* select",
        "SELECT '\\' INTO @x -- '",
        "SELECT 'a INTO @x",
        "/*!SELECT*/ 1",
        "SELECT 1 /*!99999 x */",
    ):
        assert (why_no_question(query) is None) == (query == "SELECT '\\' INTO @x -- '"), query


@pytest.mark.parametrize(
    "query",
    ["SELECT 1; SELECT 2", "SELECT 1; DELETE FROM shop.orders", "SELECT 1; COMMIT; SELECT 1"],
)
def test_a_second_statement_is_refused_by_the_server(ask, server, query):
    before = server.ask(STATE_OF_ORDERS)

    result = ask(SqlCheck(kind="sql", query=query, expected=1))

    assert (result.answer, "1064" in result.reason) == (CheckAnswer.NO_DATA, True)
    assert server.ask(STATE_OF_ORDERS) == before


def test_a_session_is_read_only_in_utc_and_bounded_by_the_server_too(ask):
    for query, expected in (
        ("SELECT @@tx_read_only", 1),
        ("SELECT @@in_transaction", 1),
        ("SELECT @@autocommit", 0),
        ("SELECT @@time_zone", "+00:00"),
        ("SELECT @@max_statement_time", 30),
        ("SELECT @@lock_wait_timeout", 5),
        ("SELECT @@wait_timeout", 31),
        ("SELECT @@character_set_client", "utf8mb4"),
        ("SELECT find_in_set('ANSI_QUOTES', @@sql_mode)", 0),
        ("SELECT find_in_set('NO_BACKSLASH_ESCAPES', @@sql_mode)", 0),
        ('SELECT "a text"', "a text"),
    ):
        result = ask(SqlCheck(kind="sql", query=query, expected=expected))
        assert result.answer is CheckAnswer.PASSED, (query, result)


@pytest.mark.parametrize(
    "table",
    [
        "shop.heartbeat`; DROP TABLE shop.heartbeat; --",
        "shop.heartbeat; DROP TABLE shop.heartbeat",
        "shop.' OR 1=1 --",
        "shop.%s",
        "shop.\\",
    ],
)
def test_a_hostile_name_is_only_a_name_that_does_not_exist(ask, server, table):
    checks = [
        RowCountCheck.model_construct(kind="row_count", table=table, at_least=0),
        NewestRowCheck.model_construct(
            kind="newest_row", table=table, column="at` FROM x; --", within=timedelta(1)
        ),
        ObjectsCheck.model_construct(
            kind="objects", schemas=(table,), tables=(table,), routines=(table,)
        ),
    ]

    assert [ask(check).answer for check in checks] == [CheckAnswer.FAILED] * 3
    assert server.ask("SELECT count(*) FROM shop.heartbeat") == 21


def test_a_table_with_a_hostile_name_can_be_counted(ask):
    check = RowCountCheck.model_construct(
        kind="row_count", table="shop.Od`d; DROP TABLE x", at_least=0
    )

    assert (ask(check).answer, ask(check).row_count) == (CheckAnswer.PASSED, 0)


def test_no_value_of_a_row_leaves_the_database(ask):
    queries = [
        "SELECT note FROM shop.orders LIMIT 1",
        "SELECT cast(note AS binary) FROM shop.orders LIMIT 1",
        "SELECT json_object('note', note) FROM shop.orders LIMIT 1",
        "SELECT repeat(note, 10) FROM shop.orders LIMIT 1",
        "SELECT shop.shout()",
        "SELECT extractvalue('<a/>', concat('~', note)) FROM shop.orders LIMIT 1",
        f"SELECT `{CANARY}` FROM shop.orders",
        "SELECT 1 FROM shop.orders WHERE note = 5 LIMIT 1",
        f"SELECT '{CANARY}' FROM",
    ]
    checks = [
        SqlCheck(kind="sql", query=query, operator=operator, expected=expected)
        for query in queries
        for operator, expected in (("=", 1), ("!=", "x"), ("<", "x"), ("=", True))
    ]
    results = [ask(check) for check in checks]
    results.append(ask(PhysicalCheck(kind="physical")))

    assert {result.answer for result in results} == set(CheckAnswer)
    assert CANARY not in repr(results)
    assert CANARY.encode().hex() not in repr(results)


def test_no_password_is_in_an_answer_a_log_or_a_representation(server, context, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = "wrong-pass-word"
    right = server.endpoint("shop")
    endpoints = [
        right,
        replace(right, password=SecretStr(wrong)),
        replace(right, password=SecretStr(wrong), port=1),
        replace(right, password=SecretStr(wrong), tls="verify"),
        replace(right, password=SecretStr(wrong + "\0")),
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


def test_nothing_of_the_environment_leads_a_check_elsewhere(ask, monkeypatch, tmp_path):
    (tmp_path / ".my.cnf").write_text("[client]\nhost=203.0.113.7\nuser=nobody\npassword=none\n")
    keys = tmp_path / "keys"
    for name, value in {
        "HOME": str(tmp_path),
        "MYSQL_HOST": "203.0.113.7",
        "MYSQL_TCP_PORT": "1",
        "MYSQL_UNIX_PORT": "/none",
        "MYSQL_PWD": "none",
        "MYSQL_HOME": str(tmp_path),
        "USER": "nobody",
        "TZ": "Asia/Tokyo",
        "SSLKEYLOGFILE": str(keys),
    }.items():
        monkeypatch.setenv(name, value)
    check = HeartbeatCheck(
        kind="heartbeat", table="shop.heartbeat", column="at", interval=timedelta(seconds=10)
    )

    assert ask(check).answer is CheckAnswer.PASSED
    assert not keys.exists()
