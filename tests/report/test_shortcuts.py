"""What is done quickly for a big fleet says what is done plainly says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby

from hypothesis import example, given
from hypothesis import strategies as st

from drill.recovery.coverage.reconciliation import Operation, operation_of
from drill.recovery.tick import DAY, ENDINGS, Tick, between, instant, newest_ticks_first
from drill.report.data_table import DataTable, Value, cell
from drill.report.view import text as texts
from drill.report.view.formats import machine_text, minute, moment
from drill.report.view.links import NO_LINKS, Links
from drill.report.view.recovery_counts import by_month, month_of

SIGNS = st.sampled_from(
    ["=", "+", "-", "@", "\t", " ", "\u00a0", "é", "\u202e", "\ud800", '"', ",", "a", "1"]
)
WORDS = st.one_of(st.none(), st.text(SIGNS, max_size=4), st.sampled_from(["", "=1+1", "plain"]))
COLUMNS: Sequence[st.SearchStrategy[Value]] = (
    st.one_of(st.none(), st.integers()),
    WORDS,
    st.one_of(st.none(), st.booleans()),
    st.one_of(
        WORDS, st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)
    ),
)
ROWS = st.lists(st.tuples(*COLUMNS), max_size=6)
FIELDS = ("number", "word", "truth", "any")


@given(ROWS)
def test_every_cell_of_a_table_is_the_cell_of_its_value(rows):
    table = DataTable(name="made-up", head={"schema": 1}, fields=FIELDS, rows=lambda: rows)

    (_csv, in_csv), (_json, in_json) = table.files()

    lines = list(csv.reader(io.StringIO(in_csv.decode("utf-8"), newline="")))
    assert lines == [list(FIELDS), *([cell(value) for value in row] for row in rows)]
    told = json.loads(in_json)["made-up"]
    assert told == [dict(zip(FIELDS, row, strict=True)) for row in rows]
    assert in_json.isascii()


def test_a_table_of_many_rows_has_all_of_them_in_order():
    rows = [(number,) for number in range(1400)]

    (_name, content), *_others = DataTable(
        name="made-up", fields=("n",), rows=lambda: rows, forms=("csv",)
    ).files()

    assert content.decode().split() == ["n", *map(str, range(1400))]


PIECES = (
    *("Authorization", ": ", "=", "password", "PASSWD", "pwd", "secret_key", "access key", "token"),
    *(
        "signature",
        "://",
        "user:pass@",
        "sha256:",
        "abc",
        " ",
        "'",
        '"',
        "env:",
        "\u017f",
        "\u212a",
    ),
)


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
@example("pa\u017f\u017fword=abc")
@example("to\u212aen=abc")
@example("sha256:00ff")
def test_a_glance_at_a_text_overlooks_no_secret(text):
    plainly = texts._HEADER.sub(rf"\1 {texts.WITHHELD}", text)
    plainly = texts._ASSIGNMENT.sub(rf"\1{texts.WITHHELD}", plainly)
    plainly = texts._USER_IN_URL.sub(f"://{texts.WITHHELD}@", plainly)

    assert texts.without_secrets(text) == plainly


@given(st.datetimes(), st.integers(-14, 14))
def test_an_instant_reads_the_same_in_every_zone(plain, hours):
    here = plain.replace(tzinfo=UTC)
    there = datetime.astimezone(here, timezone(timedelta(hours=hours)))

    assert machine_text(there) == machine_text(here) == moment(here, milliseconds=True).machine
    assert minute(there) == minute(here)
    assert minute(here).machine == moment(here).machine
    assert moment(here).text.startswith(minute(here).text)


def tick(number: int, slot: int, code: int) -> Tick:
    """Return a drill of which only its slot and its ending are told."""
    told = {"id": f"{number}", "slot": slot, "enlisted": slot, "ending": ENDINGS[code]}
    return Tick._make(told.get(name) for name in Tick._fields)


TICKS = st.lists(
    st.tuples(st.integers(0, 100 * DAY), st.integers(0, len(ENDINGS) - 1)), max_size=12
).map(lambda told: newest_ticks_first(tick(number, *one) for number, one in enumerate(told)))


@given(TICKS, st.one_of(st.none(), st.integers(0, 100 * DAY)), st.integers(0, 100 * DAY))
def test_drills_between_two_instants_are_those_whose_slot_is(ticks, after, until):
    inside = [one for one in ticks if (after is None or one.slot > after) and one.slot <= until]

    assert list(between(ticks, after, until)) == inside


@given(TICKS)
def test_a_month_has_the_drills_whose_night_is_in_it(ticks):
    months = [(month, list(inside)) for month, inside in by_month(ticks)]

    assert months == [
        (month, list(inside)) for month, inside in groupby(ticks, lambda one: month_of(one.night))
    ]


@given(TICKS, st.integers(0, 100 * DAY), st.integers(0, 100 * DAY), st.sets(st.integers(0, 11)))
def test_the_drills_with_a_page_are_those_that_a_link_leads_to(ticks, passed, others, chosen):
    links = Links(
        passed_after=instant(passed),
        others_after=instant(others),
        chosen=frozenset(map(str, chosen)),
    )

    assert list(links.among(ticks)) == [one for one in ticks if links.leads_to(one)]
    assert not list(NO_LINKS.among(ticks))


@given(TICKS)
def test_how_drills_went_is_counted_by_how_each_ended(ticks):
    real = [one.ending for one in ticks if not one.ending.is_simulated]

    def words(*, executed: bool) -> dict[str, int]:
        found = [one.word for one in real if one.is_executed is executed]
        return {word: found.count(word) for word in found}

    assert operation_of(ticks) == Operation(
        scheduled=len(real),
        executed=sum(one.is_executed for one in real),
        passed=sum(one.has_passed for one in real),
        executed_as=words(executed=True),
        not_executed_as=words(executed=False),
    )
