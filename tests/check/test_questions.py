"""Every kind of question, asked of a real PostgreSQL, passed and failed and without an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drill.check.port import CheckAnswer, CheckContext
from drill.plan.model import (
    ConnectsCheck,
    HeartbeatCheck,
    NewestRowCheck,
    ObjectsCheck,
    RowCountCheck,
    SqlCheck,
)

pytestmark = pytest.mark.servers

PASSED, FAILED, NO_DATA = CheckAnswer.PASSED, CheckAnswer.FAILED, CheckAnswer.NO_DATA


def test_connects_passes_on_a_server_that_answers(ask):
    result = ask(ConnectsCheck(kind="connects"))

    assert result.answer is PASSED
    assert result.observed == "server version 180006"
    assert (result.name, result.kind) == ("the-check", "connects")
    assert result.began_at.tzinfo is not None
    assert result.duration > timedelta(0)


def test_connects_fails_on_a_copy_without_the_database(ask):
    result = ask(ConnectsCheck(kind="connects", database="no_such"))

    assert (result.answer, result.reason) == (FAILED, "the copy has no database of this name")


def test_connects_is_no_data_where_the_login_may_not_connect(ask):
    result = ask(ConnectsCheck(kind="connects", database="closed"), user="outsider")

    assert result.answer is NO_DATA
    assert result.reason.startswith("authentication failed")


def test_objects_passes_if_every_name_is_in_the_catalogue(ask):
    result = ask(
        ObjectsCheck(
            kind="objects",
            schemas=("sales", "public"),
            tables=("sales.orders", "sales.parts", "sales.recent", "public.heartbeat"),
            routines=("sales.total", "sales.tidy"),
        ),
        user="outsider",
    )

    assert (result.answer, result.observed) == (PASSED, "8 of 8 found")


def test_objects_names_everything_that_is_missing_at_once(ask):
    result = ask(
        ObjectsCheck(
            kind="objects",
            schemas=("sales", "ledger"),
            tables=("sales.Orders", "sales.orders", "sales.lost"),
            routines=("sales.gone",),
        )
    )

    assert result.answer is FAILED
    assert result.observed == "2 of 6 found"
    for name in ("schema ledger", "table sales.Orders", "table sales.lost", "routine sales.gone"):
        assert name in result.reason


def test_an_index_or_a_sequence_is_no_table(ask):
    result = ask(ObjectsCheck(kind="objects", tables=("sales.orders_by_note",)))

    assert result.answer is FAILED


@pytest.mark.parametrize(
    ("bounds", "answer"),
    [
        ({"at_least": 100}, PASSED),
        ({"at_least": 100, "at_most": 100}, PASSED),
        ({"at_least": 101}, FAILED),
        ({"at_most": 99}, FAILED),
    ],
)
def test_row_count_counts_and_compares(ask, bounds, answer):
    result = ask(RowCountCheck(kind="row_count", table="sales.orders", **bounds))

    assert (result.answer, result.row_count, result.observed) == (answer, 100, "100 rows")


@pytest.mark.parametrize(
    ("last", "answer"), [({}, NO_DATA), ({"the-check": 104}, PASSED), ({"the-check": 120}, FAILED)]
)
def test_row_count_compares_with_the_last_passed_drill(ask, context, last, answer):
    check = RowCountCheck(kind="row_count", table="sales.orders", within_percent_of_last=5)

    result = ask(check, about=replace(context, recorded_counts=last))

    assert (result.answer, result.row_count) == (answer, 100)


def test_row_count_counts_every_partition(ask):
    result = ask(RowCountCheck(kind="row_count", table="sales.parts", at_least=15, at_most=15))

    assert (result.answer, result.row_count) == (PASSED, 15)


def test_a_missing_table_fails_every_check_that_counts_on_it(ask):
    checks = [
        RowCountCheck(kind="row_count", table="sales.lost", at_least=0),
        NewestRowCheck(
            kind="newest_row", table="sales.lost", column="at", within=timedelta(hours=1)
        ),
        HeartbeatCheck(
            kind="heartbeat", table="sales.lost", column="at", interval=timedelta(seconds=10)
        ),
        SqlCheck(kind="sql", query="SELECT count(*) FROM sales.lost", expected=0),
    ]

    assert [ask(check).answer for check in checks] == [FAILED] * 4


def test_a_table_that_may_not_be_read_is_no_data(ask):
    result = ask(RowCountCheck(kind="row_count", table="sales.secret", at_least=0), user="reader")

    assert result.answer is NO_DATA
    assert "42501" in result.reason


def test_rows_hidden_by_row_security_are_no_data_instead_of_a_wrong_count(ask):
    result = ask(RowCountCheck(kind="row_count", table="sales.walled", at_least=0), user="reader")

    assert result.answer is NO_DATA


def test_the_rows_of_a_view_prove_nothing(ask):
    result = ask(RowCountCheck(kind="row_count", table="sales.recent", at_least=0))

    assert (result.answer, "is a view" in result.reason) == (NO_DATA, True)


def test_a_foreign_table_is_never_read_not_even_as_a_partition(ask, server, make_database):
    database = make_database(
        "CREATE FOREIGN DATA WRAPPER away",
        "CREATE SERVER production FOREIGN DATA WRAPPER away",
        "CREATE FOREIGN TABLE far (id int) SERVER production",
        "CREATE TABLE parts (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE mid PARTITION OF parts FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (id)",
        "CREATE FOREIGN TABLE leaf PARTITION OF mid FOR VALUES FROM (0) TO (5) SERVER production",
    )
    endpoint = server.endpoint(database)

    for table in ("public.far", "public.parts"):
        result = ask(RowCountCheck(kind="row_count", table=table, at_least=0), endpoint=endpoint)
        assert (result.answer, "foreign table" in result.reason) == (NO_DATA, True)


def newest(column: str, within: timedelta, table: str = "sales.orders") -> NewestRowCheck:
    return NewestRowCheck(kind="newest_row", table=table, column=column, within=within)


def test_newest_row_passes_inside_the_span_and_returns_the_instant(ask):
    result = ask(newest("placed_at", timedelta(minutes=9)))

    assert result.answer is PASSED
    assert result.newest_at == datetime(2026, 3, 1, 1, 51, 40, tzinfo=UTC)
    assert result.observed == "2026-03-01T01:51:40.000000Z"


def test_newest_row_fails_if_it_is_too_old(ask):
    result = ask(newest("placed_at", timedelta(minutes=8)))

    assert (result.answer, "older" in result.reason) == (FAILED, True)


def test_newest_row_fails_if_it_is_later_than_the_recovery_point(ask, context):
    early = replace(context, point_at=datetime(2026, 3, 1, 1, 51, 39, tzinfo=UTC))

    result = ask(newest("placed_at", timedelta(hours=1)), about=early)

    assert (result.answer, "later" in result.reason) == (FAILED, True)


def test_a_timestamp_without_time_zone_is_read_as_utc_and_that_is_said(ask):
    result = ask(newest("local_at", timedelta(minutes=1)))

    assert result.answer is PASSED
    assert result.newest_at == datetime(2026, 3, 1, 1, 59, tzinfo=UTC)
    assert "read as UTC" in result.reason


def test_a_date_is_read_as_its_midnight_in_utc(ask):
    result = ask(newest("day", timedelta(hours=26)))

    assert (result.answer, result.newest_at) == (PASSED, datetime(2026, 2, 28, tzinfo=UTC))


@pytest.mark.parametrize(
    ("column", "answer", "word"),
    [("id", NO_DATA, "no instants"), ("note", NO_DATA, "no instants"), ("gone", FAILED, "gone")],
)
def test_a_column_that_holds_no_instants_is_told_from_one_that_is_missing(
    ask, column, answer, word
):
    result = ask(newest(column, timedelta(days=1)))

    assert (result.answer, word in result.reason) == (answer, True)


def test_newest_row_fails_on_an_empty_table(ask):
    result = ask(newest("at", timedelta(days=1), table="sales.empty"))

    assert (result.answer, result.newest_at) == (FAILED, None)


@pytest.mark.parametrize("value", ["infinity", "-infinity", "20000-01-01", "0044-03-15 BC"])
def test_an_instant_that_no_calendar_of_ours_holds_is_a_failure(ask, server, make_database, value):
    database = make_database("CREATE TABLE t (at timestamptz)", f"INSERT INTO t VALUES ('{value}')")

    result = ask(
        newest("at", timedelta(days=1), table="public.t"), endpoint=server.endpoint(database)
    )

    assert (result.answer, result.newest_at) == (FAILED, None)


def heartbeat(interval: timedelta, tolerance: timedelta = timedelta(0)) -> HeartbeatCheck:
    return HeartbeatCheck(
        kind="heartbeat",
        table="public.heartbeat",
        column="at",
        interval=interval,
        tolerance=tolerance,
    )


def test_heartbeat_passes_within_one_interval_and_keeps_the_microseconds(ask):
    result = ask(heartbeat(timedelta(seconds=10)), user="reader")

    assert result.answer is PASSED
    assert result.newest_at == datetime(2026, 3, 1, 1, 59, 58, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds_after", "answer"), [(-1, FAILED), (0, PASSED), (10, PASSED), (13, FAILED)]
)
def test_heartbeat_proves_the_time_and_nothing_else(ask, context, seconds_after, answer):
    newest_at = datetime(2026, 3, 1, 1, 59, 58, 123456, tzinfo=UTC)
    point_at = newest_at + timedelta(seconds=seconds_after)
    about = CheckContext(
        point_at=point_at, point_resolution=timedelta(milliseconds=1), recorded_counts={}
    )

    result = ask(heartbeat(timedelta(seconds=10), timedelta(seconds=1)), about=about)

    assert result.answer is answer


def test_heartbeat_fails_on_an_empty_table(ask):
    check = HeartbeatCheck(
        kind="heartbeat", table="sales.empty", column="at", interval=timedelta(seconds=10)
    )

    assert ask(check).answer is FAILED


@pytest.mark.parametrize(
    ("query", "operator", "expected", "answer"),
    [
        ("SELECT count(*) FROM sales.orders", "=", 100, PASSED),
        ("SELECT count(*) FROM sales.orders", ">", 100, FAILED),
        ("SELECT sum(amount) FROM sales.orders", "=", 5555.0, PASSED),
        ("SELECT 0.1::numeric", "=", 0.1, PASSED),
        ("SELECT 0.1::float4", "=", 0.1, PASSED),
        ("SELECT 'nan'::float8", "=", 1.0, FAILED),
        ("SELECT true", "=", True, PASSED),
        ("SELECT true", "=", 1, NO_DATA),
        ("SELECT 1", "=", "1", NO_DATA),
        ("SELECT 'ready'", "=", "ready", PASSED),
        ("SELECT 'ready'", "!=", "ready", FAILED),
        ("SELECT 'ready'", "=", 5, NO_DATA),
        ("SELECT NULL::int", "=", 0, FAILED),
        ("SELECT max(placed_at) FROM sales.orders", "=", "2026-03-01T09:51:40+08:00", PASSED),
        ("SELECT max(placed_at) FROM sales.orders", "<", "2026-03-01T01:00:00Z", FAILED),
        ("SELECT now()", ">", "yesterday", NO_DATA),
        ("SELECT ARRAY[1, 2]", "=", "{1,2}", FAILED),
        ("VALUES (3)", "=", 3, PASSED),
        ("WITH x AS (SELECT 4 AS n) SELECT n FROM x", "=", 4, PASSED),
        ("/* a /* nested */ note */ -- and this\n (SELECT 5);", "=", 5, PASSED),
        ("SELECT count(*) FROM sales.orders WHERE note LIKE '%s'", "=", 0, PASSED),
        ("SELECT avg(id) / count(*) FROM sales.empty", "=", 0, FAILED),
    ],
)
def test_sql_compares_like_with_like(ask, query, operator, expected, answer):
    result = ask(SqlCheck(kind="sql", query=query, operator=operator, expected=expected))

    assert result.answer is answer, result


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1, 2",
        "SELECT generate_series(1, 100000000)",
        "SELECT 1 WHERE false",
        "SELECT repeat('x', 2000000)",
        "SELECT FROM",
        "SELECT",
        "",
        "-- nothing",
    ],
)
def test_sql_without_exactly_one_reasonable_value_is_no_data(ask, query):
    check = SqlCheck.model_construct(kind="sql", query=query, expected=1)

    assert ask(check).answer is NO_DATA


def test_names_are_not_searched_outside_of_the_catalogue(ask):
    result = ask(SqlCheck(kind="sql", query="SELECT count(*) FROM heartbeat", expected=21))

    assert result.answer is FAILED
    assert "42P01" in result.reason
