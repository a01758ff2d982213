"""The rules that judge an answer, without any database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.check.counts import judge_row_count
from drill.check.instants import Instant, judge_heartbeat, judge_newest_row
from drill.check.port import CheckAnswer, CheckContext
from drill.check.postgresql.values import read_value
from drill.check.scalars import Opaque, judge_scalar
from drill.plan.model import HeartbeatCheck, NewestRowCheck, RowCountCheck, SqlCheck

PASSED, FAILED, NO_DATA = CheckAnswer.PASSED, CheckAnswer.FAILED, CheckAnswer.NO_DATA
POINT_AT = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
counts = st.integers(min_value=0, max_value=10**15)
spans = st.timedeltas(min_value=timedelta(milliseconds=1), max_value=timedelta(days=400))


def about(resolution: timedelta = timedelta(0)) -> CheckContext:
    return CheckContext(point_at=POINT_AT, point_resolution=resolution, recorded_counts={})


def heartbeat(interval: timedelta, tolerance: timedelta = timedelta(0)) -> HeartbeatCheck:
    return HeartbeatCheck(
        kind="heartbeat", table="s.t", column="at", interval=interval, tolerance=tolerance
    )


@pytest.mark.parametrize(
    ("clock", "answer"), [("11:59:52", PASSED), ("11:42:02", FAILED), ("12:00:05", FAILED)]
)
def test_the_worked_example_of_the_recovery_point_actual_holds(clock, answer):
    newest = datetime.fromisoformat(f"2026-03-07T{clock}+00:00")

    assert (
        judge_heartbeat(heartbeat(timedelta(seconds=10)), Instant(newest), about()).answer is answer
    )


@given(
    interval=spans,
    tolerance=spans,
    resolution=st.sampled_from([timedelta(0), timedelta(milliseconds=1), timedelta(seconds=1)]),
    microseconds=st.integers(min_value=-(10**13), max_value=10**13),
)
def test_a_heartbeat_passes_exactly_inside_its_bounds(
    interval, tolerance, resolution, microseconds
):
    age = timedelta(microseconds=microseconds)

    finding = judge_heartbeat(
        heartbeat(interval, tolerance), Instant(POINT_AT - age), about(resolution)
    )

    inside = -resolution <= age <= interval + tolerance + resolution
    assert finding.answer is (PASSED if inside else FAILED)
    assert finding.newest_at == POINT_AT - age


def test_the_bounds_themselves_are_inside_and_a_microsecond_beyond_is_not():
    check, second = heartbeat(timedelta(seconds=10)), timedelta(seconds=1)
    microsecond = timedelta(microseconds=1)

    for newest, answer in (
        (POINT_AT + second, PASSED),
        (POINT_AT + second + microsecond, FAILED),
        (POINT_AT - 11 * second, PASSED),
        (POINT_AT - 11 * second - microsecond, FAILED),
    ):
        assert judge_heartbeat(check, Instant(newest), about(second)).answer is answer


def test_a_heartbeat_of_dates_proves_no_time():
    finding = judge_heartbeat(
        heartbeat(timedelta(days=2)), Instant(POINT_AT, whole_day=True), about()
    )

    assert finding.answer is NO_DATA


def test_a_span_longer_than_the_calendar_is_no_fault():
    check = NewestRowCheck(
        kind="newest_row", table="s.t", column="at", within=timedelta(days=999_999_999)
    )

    assert judge_newest_row(check, Instant(POINT_AT), about()).answer is PASSED


@given(count=counts, least=st.none() | counts, most=st.none() | counts)
def test_a_row_count_passes_exactly_inside_its_bounds(count, least, most):
    if (least is None and most is None) or (least or 0) > (10**16 if most is None else most):
        return
    check = RowCountCheck(kind="row_count", table="s.t", at_least=least, at_most=most)

    finding = judge_row_count(check, count, None)

    inside = (least is None or count >= least) and (most is None or count <= most)
    assert finding.answer is (PASSED if inside else FAILED)
    assert finding.row_count == count


@pytest.mark.parametrize(
    ("count", "last", "answer"),
    [
        (110, 100, PASSED),
        (111, 100, FAILED),
        (90, 100, PASSED),
        (89, 100, FAILED),
        (0, 0, PASSED),
        (1, 0, FAILED),
        (5, None, NO_DATA),
    ],
)
def test_a_row_count_is_compared_in_percent_of_the_last_one(count, last, answer):
    check = RowCountCheck(kind="row_count", table="s.t", within_percent_of_last=10)

    assert judge_row_count(check, count, last).answer is answer


def test_a_broken_bound_fails_even_where_there_is_no_earlier_count():
    check = RowCountCheck(kind="row_count", table="s.t", at_least=10, within_percent_of_last=5)

    assert judge_row_count(check, 9, None).answer is FAILED


@given(text=st.text(min_size=5), expected=st.integers() | st.booleans() | st.text())
def test_no_text_of_the_database_is_in_a_finding(text, expected):
    marked = f"§{text}§"
    check = SqlCheck(kind="sql", query="SELECT 1", expected=expected)
    if isinstance(expected, str) and marked in expected:
        return

    for value in (marked, Opaque(marked.encode("utf-8", "surrogatepass"))):
        assert marked not in repr(judge_scalar(check, value))


@given(
    left=st.integers(-(10**18), 10**18),
    right=st.integers(-(10**18), 10**18),
    sign=st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
)
def test_numbers_are_compared_as_numbers(left, right, sign):
    check = SqlCheck(kind="sql", query="SELECT 1", operator=sign, expected=right)
    holds = {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[sign]

    assert judge_scalar(check, Decimal(left)).answer is (PASSED if holds else FAILED)


def test_a_number_too_long_to_be_a_count_leaves_as_a_digest():
    check = SqlCheck(kind="sql", query="SELECT 1", operator="!=", expected=0)

    finding = judge_scalar(check, Decimal("7" * 65))

    assert finding.answer is PASSED
    assert "777" not in repr(finding)
    assert "sha256:" in (finding.observed or "")


@pytest.mark.parametrize(
    ("number", "spelling", "value"),
    [
        (16, b"t", True),
        (20, b"-7", Decimal(-7)),
        (1700, b"1.10", Decimal("1.10")),
        (25, "é".encode(), "é"),
        (25, b"\xff", Opaque(b"\xff")),
        (16, b"maybe", Opaque(b"maybe")),
        (1184, b"infinity", Opaque(b"infinity")),
        (1184, b"2026-03-01 02:00:00", Opaque(b"2026-03-01 02:00:00")),
        (
            1184,
            b"2026-03-01 02:00:00.5+05:30",
            Instant(datetime(2026, 2, 28, 20, 30, 0, 500_000, tzinfo=UTC)),
        ),
        (114, b'{"a": 1}', Opaque(b'{"a": 1}')),
        (20, None, None),
    ],
)
def test_a_value_is_read_as_what_the_server_calls_it(number, spelling, value):
    assert read_value(number, spelling) == value


@given(number=st.sampled_from([16, 20, 701, 1082, 1114, 1184, 1700, 25, 99]), spelling=st.binary())
def test_whatever_a_server_sends_as_a_value_is_read_or_opaque(number, spelling):
    check = SqlCheck(kind="sql", query="SELECT 1", expected=1)

    assert judge_scalar(check, read_value(number, spelling)).answer in set(CheckAnswer)
