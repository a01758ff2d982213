"""Real damage in real files is found by CHECK TABLE, and the damaged table is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drill.check.mysql.physical import Progress, Unverified, interpret
from drill.check.port import CheckAnswer
from drill.check.prober import SqlProber
from drill.plan.model import Check, PhysicalCheck, RowCountCheck
from tests.check.conftest import QUICK

pytestmark = pytest.mark.servers

PHYSICAL = PhysicalCheck(kind="physical")
PAGE = 16_384


def test_a_sound_copy_passes_with_counts_of_what_was_verified(ask):
    result = ask(PHYSICAL)

    assert result.answer is CheckAnswer.PASSED, result
    assert result.observed == "8 tables"
    assert "3 views, sequences or tables of engines without a check" in result.reason


def test_flipped_bytes_of_a_table_are_found_and_named(fresh_server, context):
    fresh_server.do(
        "CREATE DATABASE shop",
        "CREATE TABLE shop.sound (id int PRIMARY KEY)",
        "CREATE TABLE shop.broken (id int PRIMARY KEY, note varchar(100), KEY (note))",
        "INSERT INTO shop.broken SELECT seq, concat('note ', seq) FROM seq_1_to_20000",
        "FLUSH TABLES shop.broken FOR EXPORT",
    )
    fresh_server.stop()
    with (fresh_server.data / "shop" / "broken.ibd").open("r+b") as file:
        for page in range(8, 12):
            file.seek(page * PAGE + 4000)
            file.write(b"\xff" * 64)
    fresh_server.start()
    checks: list[tuple[str, Check]] = [
        ("physical", PHYSICAL),
        ("sound", RowCountCheck(kind="row_count", table="shop.sound", at_least=0)),
    ]

    physical, sound = SqlProber(limits=QUICK).run(
        checks, fresh_server.endpoint("information_schema"), context
    )

    assert (physical.answer, "shop.broken" in physical.reason) == (CheckAnswer.FAILED, True)
    assert "shop.sound" not in physical.reason
    assert sound.answer is CheckAnswer.PASSED


def test_a_table_whose_file_is_gone_is_found_and_named(fresh_server, context):
    fresh_server.do(
        "CREATE DATABASE shop",
        "CREATE TABLE shop.lost (id int PRIMARY KEY)",
        "CREATE TABLE shop.sound (id int PRIMARY KEY)",
    )
    fresh_server.stop()
    (fresh_server.data / "shop" / "lost.ibd").unlink()
    fresh_server.start()

    [result] = SqlProber(limits=QUICK).run(
        [("physical", PHYSICAL)], fresh_server.endpoint("information_schema"), context
    )

    assert (result.answer, "shop.lost" in result.reason) == (CheckAnswer.FAILED, True)
    assert result.observed == "2 tables"


def test_a_copy_without_tables_proves_nothing(fresh_server, context):
    [result] = SqlProber(limits=QUICK).run(
        [("physical", PHYSICAL)], fresh_server.endpoint("information_schema"), context
    )

    assert result.answer is CheckAnswer.NO_DATA


@pytest.mark.parametrize(
    "messages",
    [
        [("Error", "CHECK command denied to user"), ("status", "Operation failed")],
        [("Error", "Query execution was interrupted"), ("status", "Operation failed")],
        [("Error", "Lock wait timeout exceeded"), ("error", "Corrupt")],
        [("error", 'Table upgrade required. Please do "REPAIR TABLE `t`"')],
    ],
)
def test_a_table_that_was_not_looked_into_is_neither_sound_nor_damaged(messages):
    progress = Progress()

    with pytest.raises(Unverified):
        interpret("table s.t", [("s.t", "check", *message) for message in messages], progress)

    assert progress.damaged == []


@pytest.mark.parametrize(
    ("messages", "damaged", "warned"),
    [
        ([("status", "OK")], [], 0),
        ([("status", "Table is already up to date")], [], 0),
        ([("warning", "1 client is using or hasn't closed it"), ("status", "OK")], [], 1),
        (
            [("Warning", "The B-tree of index a is corrupted."), ("error", "Corrupt")],
            ["corrupt"],
            0,
        ),
        ([("Error", "Incorrect key"), ("status", "Operation failed")], ["unreadable"], 0),
        ([("error", "Size of datafile is 5"), ("status", "OK")], ["says OK"], 0),
    ],
)
def test_the_messages_about_a_table_are_read_to_the_verdict(messages, damaged, warned):
    progress = Progress()

    interpret("table s.t", [("s.t", "check", *message) for message in messages], progress)

    assert progress.warned == warned
    assert len(progress.damaged) == len(damaged)
    assert all(word in found for word, found in zip(damaged, progress.damaged, strict=True))


def test_a_login_that_sees_a_part_of_the_tables_vouches_for_these_alone(ask):
    result = ask(PHYSICAL, user="reader")

    assert (result.answer, result.observed) == (CheckAnswer.PASSED, "3 tables")
    assert "may not see every table" in result.reason


def test_a_login_that_may_only_select_may_verify(ask):
    assert ask(PHYSICAL, user="filer").answer is CheckAnswer.PASSED


def test_a_time_out_is_no_data_although_the_server_would_say_ok(server, context, make_database):
    make_database(
        "CREATE TABLE big (id int PRIMARY KEY, note varchar(50), KEY (note))",
        "INSERT INTO big SELECT seq, concat('note ', seq) FROM mysql.seq_1_to_400000",
    )
    check = PhysicalCheck(kind="physical", timeout=timedelta(milliseconds=50))
    limits = replace(QUICK, grace=timedelta(milliseconds=10))

    [result] = SqlProber(limits=limits).run(
        [("physical", check)], server.endpoint("information_schema"), context
    )

    assert result.answer is CheckAnswer.NO_DATA, result
