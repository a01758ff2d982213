"""Every kind of question, asked of a real MariaDB, passed and failed and without an answer."""

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
    assert (result.observed or "").startswith("server version ")
    assert (result.observed or "").endswith("(MariaDB)")


def test_a_login_without_any_privilege_can_ask_in_the_database_that_every_copy_has(ask):
    result = ask(ConnectsCheck(kind="connects", database="information_schema"), user="outsider")

    assert result.answer is PASSED


def test_connects_fails_on_a_copy_without_the_database(ask):
    result = ask(ConnectsCheck(kind="connects", database="no_such"))

    assert (result.answer, result.reason) == (FAILED, "the copy has no database of this name")


def test_connects_is_no_data_where_the_login_may_not_connect(ask):
    for database in ("closed", "no_such"):
        result = ask(ConnectsCheck(kind="connects", database=database), user="outsider")

        assert result.answer is NO_DATA
        assert result.reason.startswith("authentication failed")


def test_objects_passes_if_every_name_is_in_the_catalogue(ask):
    result = ask(
        ObjectsCheck(
            kind="objects",
            schemas=("shop", "closed"),
            tables=("shop.orders", "shop.parts", "shop.recent", "shop.heartbeat"),
            routines=("shop.total", "shop.Tidy"),
        )
    )

    assert (result.answer, result.observed) == (PASSED, "8 of 8 found"), result


def test_objects_names_everything_that_is_missing_at_once(ask):
    result = ask(
        ObjectsCheck(
            kind="objects",
            schemas=("shop", "ledger"),
            tables=("shop.Orders", "shop.orders", "shop.lost", "gone.orders", "shop.numbers"),
            routines=("shop.gone",),
        )
    )

    assert result.answer is FAILED
    assert result.observed == "2 of 8 found"
    for name in ("schema ledger", "table shop.Orders", "table gone.orders", "routine shop.gone"):
        assert name in result.reason


def test_what_the_login_may_not_see_is_not_called_missing(ask):
    for wanted in (
        {"schemas": ("mysql",)},
        {"schemas": ("no_such",)},
        {"tables": ("shop.secret",)},
        {"tables": ("shop.lost",)},
        {"routines": ("shop.total",)},
    ):
        result = ask(ObjectsCheck(kind="objects", **wanted), user="reader")
        assert (result.answer, "may not see" in result.reason) == (NO_DATA, True), result

    missing = ask(ObjectsCheck(kind="objects", tables=("closed.lost",)), user="reader")
    assert missing.answer is FAILED


@pytest.mark.parametrize(
    ("bounds", "answer"),
    [
        ({"at_least": 100, "at_most": 100}, PASSED),
        ({"at_least": 101}, FAILED),
        ({"at_most": 99}, FAILED),
        ({"within_percent_of_last": 5}, NO_DATA),
    ],
)
def test_row_count_counts_and_compares(ask, bounds, answer):
    result = ask(RowCountCheck(kind="row_count", table="shop.orders", **bounds), user="reader")

    assert (result.answer, result.row_count, result.observed) == (answer, 100, "100 rows")


def test_row_count_compares_with_the_last_passed_drill(ask, context):
    check = RowCountCheck(kind="row_count", table="shop.orders", within_percent_of_last=5)

    for last, answer in ((104, PASSED), (120, FAILED)):
        about = replace(context, recorded_counts={"the-check": last})
        assert ask(check, about=about).answer is answer


def test_row_count_counts_every_partition(ask):
    result = ask(RowCountCheck(kind="row_count", table="shop.parts", at_least=15, at_most=15))

    assert (result.answer, result.row_count) == (PASSED, 15)


def test_a_missing_table_fails_every_check_that_counts_on_it(ask):
    checks = [
        RowCountCheck(kind="row_count", table="shop.lost", at_least=0),
        NewestRowCheck(
            kind="newest_row", table="shop.lost", column="at", within=timedelta(hours=1)
        ),
        HeartbeatCheck(
            kind="heartbeat", table="shop.lost", column="at", interval=timedelta(seconds=10)
        ),
        SqlCheck(kind="sql", query="SELECT count(*) FROM shop.lost", expected=0),
    ]

    assert [ask(check).answer for check in checks] == [FAILED] * 4


def test_a_table_that_may_not_be_read_is_no_data(ask):
    for table in ("shop.secret", "shop.lost"):
        result = ask(RowCountCheck(kind="row_count", table=table, at_least=0), user="reader")

        assert (result.answer, "1142" in result.reason) == (NO_DATA, True)


def test_the_rows_of_a_view_and_of_a_sequence_prove_nothing(ask):
    for table, word in (("shop.recent", "is a view"), ("shop.numbers", "is a sequence")):
        result = ask(RowCountCheck(kind="row_count", table=table, at_least=0))

        assert (result.answer, word in result.reason) == (NO_DATA, True)


def newest(column: str, within: timedelta, table: str = "shop.orders") -> NewestRowCheck:
    return NewestRowCheck(kind="newest_row", table=table, column=column, within=within)


def test_newest_row_passes_inside_the_span_and_returns_the_instant(ask):
    result = ask(newest("placed_at", timedelta(minutes=9)))

    assert result.answer is PASSED
    assert result.newest_at == datetime(2026, 3, 1, 1, 51, 40, tzinfo=UTC)
    assert "no time zone" not in result.reason


def test_newest_row_fails_if_it_is_too_old_or_later_than_the_recovery_point(ask, context):
    early = replace(context, point_at=datetime(2026, 3, 1, 1, 51, 39, tzinfo=UTC))

    old = ask(newest("placed_at", timedelta(minutes=8)))
    late = ask(newest("placed_at", timedelta(hours=1)), about=early)

    assert (old.answer, "older" in old.reason) == (FAILED, True)
    assert (late.answer, "later" in late.reason) == (FAILED, True)


def test_a_datetime_is_read_as_utc_and_that_is_said(ask):
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


def test_a_column_that_may_not_be_read_is_not_called_missing(ask):
    result = ask(newest("at", timedelta(days=1), table="shop.parts"), user="reader")

    assert (result.answer, "1143" in result.reason) == (NO_DATA, True), result


def test_newest_row_fails_on_an_empty_table_and_on_the_zero_date(ask):
    for table, column in (("shop.empty", "at"), ("shop.odd", "zero")):
        result = ask(newest(column, timedelta(days=1), table=table))

        assert (result.answer, result.newest_at) == (FAILED, None)


def heartbeat(column: str = "at", tolerance: timedelta = timedelta(0)) -> HeartbeatCheck:
    return HeartbeatCheck(
        kind="heartbeat",
        table="shop.heartbeat",
        column=column,
        interval=timedelta(seconds=10),
        tolerance=tolerance,
    )


@pytest.mark.parametrize("column", ["at", "local"])
def test_heartbeat_passes_within_one_interval_and_keeps_the_microseconds(ask, column):
    result = ask(heartbeat(column), user="reader")

    assert result.answer is PASSED
    assert result.newest_at == datetime(2026, 3, 1, 1, 59, 58, 123456, tzinfo=UTC)
    assert ("read as UTC" in result.reason) == (column == "local")


@pytest.mark.parametrize(
    ("seconds_after", "answer"), [(-1, FAILED), (0, PASSED), (10, PASSED), (13, FAILED)]
)
def test_heartbeat_proves_the_time_and_nothing_else(ask, seconds_after, answer):
    newest_at = datetime(2026, 3, 1, 1, 59, 58, 123456, tzinfo=UTC)
    about = CheckContext(
        point_at=newest_at + timedelta(seconds=seconds_after),
        point_resolution=timedelta(milliseconds=1),
        recorded_counts={},
    )

    result = ask(heartbeat(tolerance=timedelta(seconds=1)), about=about)

    assert result.answer is answer


def test_a_heartbeat_of_dates_proves_no_time(ask):
    check = HeartbeatCheck(
        kind="heartbeat", table="shop.orders", column="day", interval=timedelta(seconds=10)
    )

    assert ask(check).answer is NO_DATA


@pytest.mark.parametrize(
    ("query", "operator", "expected", "answer"),
    [
        ("SELECT count(*) FROM shop.orders", "=", 100, PASSED),
        ("SELECT count(*) FROM shop.orders", ">", 100, FAILED),
        ("SELECT sum(amount) FROM shop.orders", "=", 5555.0, PASSED),
        ("SELECT 0.1", "=", 0.1, PASSED),
        ("SELECT shop.total()", "=", 5555, PASSED),
        ("SELECT true", "=", True, PASSED),
        ("SELECT EXISTS (SELECT 1 FROM shop.empty)", "=", True, FAILED),
        ("SELECT 2", "=", True, NO_DATA),
        ("SELECT 1", "=", "1", NO_DATA),
        ("SELECT 'ready'", "=", "ready", PASSED),
        ("SELECT 'ready'", "!=", "ready", FAILED),
        ("SELECT 'ready'", "=", 5, NO_DATA),
        ("SELECT NULL", "=", 0, FAILED),
        ("SELECT max(placed_at) FROM shop.orders", "=", "2026-03-01T09:51:40+08:00", PASSED),
        ("SELECT max(placed_at) FROM shop.orders", "<", "2026-03-01T01:00:00Z", FAILED),
        ("SELECT now()", ">", "yesterday", NO_DATA),
        ("SELECT flags FROM shop.odd", "=", 5, PASSED),
        ("SELECT kind FROM shop.odd", "=", "b", PASSED),
        ("SELECT raw FROM shop.odd", "=", "x", FAILED),
        ("SELECT raw FROM shop.odd", "<", "x", NO_DATA),
        ("SELECT span FROM shop.odd", "=", "10:00:00", FAILED),
        ("VALUES (3)", "=", 3, PASSED),
        ("WITH x AS (SELECT 4 AS n) SELECT n FROM x", "=", 4, PASSED),
        ("/* a note */ -- and this\n # and that\n (SELECT 5);", "=", 5, PASSED),
        ("SELECT count(*) FROM shop.orders WHERE note LIKE '%s%'", "=", 100, PASSED),
        ("SELECT 'put into' LIKE '%into%'", "=", True, PASSED),
        ("SELECT avg(id) / count(*) FROM shop.empty", "=", 0, FAILED),
        ("SELECT cast(18446744073709551615 AS unsigned) + 1", "=", 0, FAILED),
    ],
)
def test_sql_compares_like_with_like(ask, query, operator, expected, answer):
    result = ask(SqlCheck(kind="sql", query=query, operator=operator, expected=expected))

    assert result.answer is answer, result


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1, 2",
        "SELECT seq FROM shop.seq_1_to_100000000",
        "SELECT 1 FROM shop.empty",
        "SELECT repeat('x', 2000000)",
        "SELECT FROM",
        "SELECT",
        "",
        "-- nothing",
    ],
)
def test_sql_without_exactly_one_reasonable_value_is_no_data(ask, query):
    check = SqlCheck.model_construct(kind="sql", query=query, expected=1)

    result = ask(check)

    assert result.answer is NO_DATA
    assert result.duration < timedelta(seconds=5)


def test_names_are_not_searched_outside_of_the_database_of_the_check(ask):
    query = "SELECT count(*) FROM heartbeat"

    beside = ask(SqlCheck(kind="sql", query=query, expected=21))
    inside = ask(SqlCheck(kind="sql", query=query, expected=21, database="shop"))

    assert (beside.answer, inside.answer) == (FAILED, PASSED)
