"""Real damage in real files and real indexes is found, and the damaged relation is named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.check.port import CheckAnswer
from drill.check.prober import SqlProber
from drill.plan.model import Check, PhysicalCheck, RowCountCheck
from tests.check.conftest import QUICK

pytestmark = pytest.mark.servers

PHYSICAL = PhysicalCheck(kind="physical")

COMPARE = (
    "CREATE OR REPLACE FUNCTION compare(a int, b int) RETURNS int LANGUAGE plpgsql IMMUTABLE "
    "AS $$ BEGIN {} END $$"
)
OPERATOR_CLASS = """
CREATE OPERATOR CLASS lying FOR TYPE int USING btree AS
OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
FUNCTION 1 compare(int, int)
"""
LYING_OPERATORS = (
    "CREATE EXTENSION amcheck",
    COMPARE.format("RETURN a - b;"),
    OPERATOR_CLASS,
    "CREATE TABLE t (id int)",
    "INSERT INTO t SELECT generate_series(1, 2000)",
    "CREATE INDEX ordered_by_a_lie ON t (id lying)",
    "CREATE INDEX honest ON t (id)",
)


def test_a_sound_copy_passes_with_counts_of_what_was_verified(ask):
    result = ask(PHYSICAL)

    assert result.answer is CheckAnswer.PASSED
    assert result.observed == "4 indexes, 8 tables"


def test_an_index_in_the_wrong_order_is_found_and_named(ask, server, make_database):
    database = make_database(
        *LYING_OPERATORS,
        COMPARE.format("RETURN b - a;"),
    )

    result = ask(PHYSICAL, endpoint=server.endpoint(database))

    assert result.answer is CheckAnswer.FAILED
    assert "public.ordered_by_a_lie" in result.reason
    assert "honest" not in result.reason
    assert result.observed == "2 indexes, 1 table"


def test_a_row_that_is_in_no_index_is_found_only_where_that_was_asked(ask, server, make_database):
    of_index = "WHERE indexrelid = 'by_id'::regclass"
    database = make_database(
        "CREATE EXTENSION amcheck",
        "CREATE TABLE t (id int)",
        "CREATE INDEX by_id ON t (id)",
        f"UPDATE pg_index SET indisready = false, indisvalid = false {of_index}",
        "INSERT INTO t VALUES (1)",
        f"UPDATE pg_index SET indisready = true, indisvalid = true {of_index}",
    )
    endpoint = server.endpoint(database)

    thorough = ask(PHYSICAL, endpoint=endpoint)
    shallow = ask(PhysicalCheck(kind="physical", heapallindexed=False), endpoint=endpoint)

    assert (thorough.answer, "public.by_id" in thorough.reason) == (CheckAnswer.FAILED, True)
    assert shallow.answer is CheckAnswer.PASSED


def test_flipped_bytes_of_a_table_are_found_and_named(fresh_server, context):
    fresh_server.do(
        "CREATE EXTENSION amcheck",
        "CREATE TABLE sound (id int)",
        "CREATE TABLE broken (id int)",
        "INSERT INTO broken SELECT generate_series(1, 1000)",
        "CHECKPOINT",
    )
    path = fresh_server.data / str(fresh_server.ask("SELECT pg_relation_filepath('broken')"))
    fresh_server.stop()
    with path.open("r+b") as heap:
        heap.seek(8192 + 4000)
        heap.write(b"\xff" * 64)
    fresh_server.start()
    checks: list[tuple[str, Check]] = [
        ("physical", PHYSICAL),
        ("count", RowCountCheck(kind="row_count", table="public.broken", at_least=1)),
        ("sound", RowCountCheck(kind="row_count", table="public.sound", at_least=0)),
    ]

    physical, count, sound = SqlProber(limits=QUICK).run(
        checks, fresh_server.endpoint("postgres"), context
    )

    assert (physical.answer, "public.broken" in physical.reason) == (CheckAnswer.FAILED, True)
    assert "sound" not in physical.reason
    assert (count.answer, "damaged" in count.reason) == (CheckAnswer.FAILED, True)
    assert sound.answer is CheckAnswer.PASSED


def test_without_the_extension_nothing_is_known_and_the_way_out_is_said(ask, server, make_database):
    result = ask(PHYSICAL, endpoint=server.endpoint(make_database("CREATE TABLE t (id int)")))

    assert result.answer is CheckAnswer.NO_DATA
    assert "CREATE EXTENSION amcheck" in result.reason


def test_a_copy_without_tables_proves_nothing(ask, server, make_database):
    result = ask(PHYSICAL, endpoint=server.endpoint(make_database("CREATE EXTENSION amcheck")))

    assert result.answer is CheckAnswer.NO_DATA


def test_a_login_that_may_not_verify_is_no_data(ask):
    result = ask(PHYSICAL, user="reader")

    assert (result.answer, "42501" in result.reason) == (CheckAnswer.NO_DATA, True)


def test_a_login_with_the_documented_grants_may_verify(ask, server, make_database):
    database = make_database(
        "CREATE EXTENSION amcheck",
        "CREATE TABLE t (id int PRIMARY KEY)",
        "GRANT EXECUTE ON FUNCTION bt_index_check(regclass, boolean) TO reader",
        "GRANT EXECUTE ON FUNCTION "
        "verify_heapam(regclass, boolean, boolean, text, bigint, bigint) TO reader",
    )

    result = ask(PHYSICAL, endpoint=server.endpoint(database, "reader"))

    assert result.answer is CheckAnswer.PASSED, result


def test_the_time_out_holds_for_the_whole_verification(ask, server, make_database):
    database = make_database(
        *LYING_OPERATORS,
        COMPARE.format("PERFORM pg_sleep(0.05); RETURN a - b;"),
    )
    check = PhysicalCheck(kind="physical", timeout=timedelta(milliseconds=400))

    result = ask(check, endpoint=server.endpoint(database))

    assert (result.answer, "found sound" in result.reason) == (CheckAnswer.NO_DATA, True)
    assert result.duration < timedelta(seconds=3)


def test_an_amcheck_in_a_schema_of_its_own_is_found(ask, server, make_database):
    database = make_database(
        'CREATE SCHEMA "Ext ras"',
        'CREATE EXTENSION amcheck SCHEMA "Ext ras"',
        "CREATE TABLE t (id int PRIMARY KEY)",
    )

    result = ask(PHYSICAL, endpoint=server.endpoint(database))

    assert (result.answer, result.observed) == (CheckAnswer.PASSED, "1 index, 1 table")
