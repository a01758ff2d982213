"""RTA, RPA, and what they are held against."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.recovery.measure import (
    Attainment,
    assess,
    queue_wait,
    rpa_claimed,
    rpa_proven,
    rta,
    unattended_stretch,
)
from drill.recovery.values import Choice, TimePoint, Window

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def a_choice(at: datetime, reference_at: datetime) -> Choice:
    point = TimePoint(restore_time=at, window=Window(NOON - seconds(9999), NOON))
    return Choice(point=point, policy="any", reason="any", reference_at=reference_at)


def test_rta_runs_from_the_accepted_restore_to_the_finished_checks():
    assert rta(restore_accepted_at=NOON, checks_done_at=NOON + seconds(90)) == seconds(90)


def test_waiting_in_the_queue_is_measured_apart():
    assert queue_wait(queued_at=NOON, restore_asked_at=NOON + seconds(7)) == seconds(7)


@pytest.mark.parametrize("measure", [
    lambda begin, end: rta(restore_accepted_at=begin, checks_done_at=end),
    lambda begin, end: queue_wait(queued_at=begin, restore_asked_at=end),
])  # fmt: skip
@pytest.mark.parametrize(
    ("begin", "end"), [(None, NOON), (NOON, None), (None, None), (NOON, NOON - seconds(1))]
)
def test_what_did_not_happen_or_ran_backwards_is_no_data_and_not_zero(measure, begin, end):
    assert measure(begin, end) is None


@pytest.mark.parametrize(
    ("actual", "unattended", "answer"),
    [
        (60, 50, Attainment.MET),
        (61, 0, Attainment.MISSED),
        (61, None, Attainment.MISSED),
        (61, 1, Attainment.NO_DATA),
        (90, 29, Attainment.MISSED),
        (90, 30, Attainment.NO_DATA),
        (90, 90, Attainment.NO_DATA),
    ],
)
def test_an_upper_bound_is_missed_only_if_it_is_over_the_target_without_the_unattended_time(
    actual, unattended, answer
):
    span = None if unattended is None else seconds(unattended)

    found = assess(seconds(60), seconds(actual), unattended=span)

    assert found.attainment is answer
    assert (found.gap is None) == (answer is Attainment.NO_DATA)


@pytest.mark.parametrize(
    ("since_last", "poll", "stretch"),
    [(10, 1, 0), (11, 1, 11), (60, 30, 0), (61, 30, 61), (0, 30, 0), (-5, 1, 0)],
)
def test_a_stretch_begins_where_a_look_was_left_out(since_last, poll, stretch):
    now = NOON + seconds(since_last)

    assert unattended_stretch(NOON, now=now, poll_every=seconds(poll)) == seconds(stretch)
    assert unattended_stretch(None, now=now, poll_every=seconds(poll)) == seconds(0)


def test_claimed_rpa_is_the_reference_instant_minus_the_recovery_point():
    assert rpa_claimed(a_choice(NOON - seconds(300), NOON)) == seconds(300)
    assert rpa_claimed(a_choice(NOON, NOON)) == seconds(0)


@pytest.mark.parametrize(
    ("heartbeat", "proven"),
    # the worked example of coverage C.7
    [("11:59:52", 8), ("11:42:02", 1078), ("12:00:05", -5)],
)
def test_proven_rpa_is_the_reference_instant_minus_the_newest_heartbeat(heartbeat, proven):
    newest = datetime.fromisoformat(f"2026-03-08T{heartbeat}+00:00")

    assert rpa_proven(a_choice(NOON, NOON), newest_proven_at=newest) == seconds(proven)


def test_without_a_heartbeat_nothing_is_proven():
    assert rpa_proven(a_choice(NOON, NOON), newest_proven_at=None) is None


@pytest.mark.parametrize(
    ("target", "actual", "attainment", "gap"),
    [
        (60, 59, "met", -1),
        (60, 60, "met", 0),
        (60, 60.001, "missed", 0.001),
        (60, 0, "met", -60),
        (None, 5, "no_data", None),
        (60, None, "no_data", None),
        (None, None, "no_data", None),
        (60, -5, "no_data", None),
    ],
)
def test_an_actual_is_held_against_its_target(target, actual, attainment, gap):
    target = None if target is None else seconds(target)
    actual = None if actual is None else seconds(actual)

    assessment = assess(target, actual)

    assert assessment.attainment is Attainment(attainment)
    assert assessment.gap == (None if gap is None else seconds(gap))
    assert (assessment.target, assessment.actual) == (target, actual)


@given(st.timedeltas(min_value=timedelta(0)), st.timedeltas(min_value=timedelta(0)))
def test_the_gap_is_positive_exactly_where_the_target_is_missed(target, actual):
    assessment = assess(target, actual)

    assert assessment.gap is not None
    assert (assessment.gap > timedelta(0)) is (assessment.attainment is Attainment.MISSED)
