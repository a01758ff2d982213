"""How a drill ended, and how much it proves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.recovery.measure import Assessment, assess
from drill.recovery.verdict import (
    AssuranceLevel,
    Outcome,
    RestoreResult,
    assurance_level,
    outcome_of,
)

KINDS = ("connects", "objects", "row_count", "newest_row", "heartbeat", "physical", "sql")
ANSWERS = ("passed", "failed", "no_data")
all_answers = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(ANSWERS)), max_size=12)

MET = assess(timedelta(hours=1), timedelta(minutes=1))
MISSED = assess(timedelta(minutes=1), timedelta(hours=1))
NO_DATA = assess(timedelta(hours=1), None)


def passed(*kinds: str) -> list[tuple[str, str]]:
    return [(kind, "passed") for kind in kinds]


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ([], 1),
        (passed("objects", "heartbeat", "row_count"), 1),
        (passed("connects"), 2),
        (passed("connects", "objects"), 3),
        (passed("connects", "objects", "heartbeat"), 3),
        (passed("connects", "objects", "row_count", "newest_row"), 3),
        (passed("connects", "objects", "heartbeat", "row_count"), 4),
        (passed("connects", "objects", "heartbeat", "newest_row"), 4),
        (passed("connects", "heartbeat", "row_count"), 2),
        (passed("connects", "objects", "heartbeat", "row_count", "sql"), 4),
        (passed("connects", "objects", "heartbeat", "row_count", "physical"), 5),
        (passed("connects", "objects", "heartbeat", "row_count", "physical", "sql"), 6),
        ([*passed("connects", "objects", "heartbeat", "row_count"), ("row_count", "no_data")], 3),
        ([*passed("connects", "objects", "heartbeat", "row_count"), ("newest_row", "failed")], 3),
        ([*passed(*KINDS), ("objects", "failed")], 2),
    ],
)
def test_a_level_holds_every_level_below_it(answers, level):
    assert assurance_level(answers, instance_up=True) == level


@given(all_answers)
def test_without_an_instance_nothing_is_proven(answers):
    assert assurance_level(answers, instance_up=False) is AssuranceLevel.L0


@given(all_answers)
def test_a_simulated_instance_never_reaches_more_than_the_first_level(answers):
    level = assurance_level([*passed(*KINDS), *answers], instance_up=True, simulated=True)

    assert level is AssuranceLevel.L1


@given(all_answers, st.sampled_from(KINDS), st.sampled_from(["failed", "no_data"]))
def test_one_more_answer_that_is_no_pass_never_raises_the_level(answers, kind, answer):
    more = [*answers, (kind, answer)]

    assert assurance_level(more, instance_up=True) <= assurance_level(answers, instance_up=True)


@pytest.mark.parametrize("judge", [
    lambda answers: assurance_level(answers, instance_up=True),
    lambda answers: outcome_of(RestoreResult.COMPLETED, answers, rto=MET, rpo=MET),
])  # fmt: skip
def test_an_answer_that_nobody_knows_is_an_error(judge):
    with pytest.raises(ValueError, match="perhaps"):
        judge([("connects", "perhaps")])


@pytest.mark.parametrize(
    ("restore", "answers", "rto", "rpo", "outcome", "reason"),
    [
        ("completed", passed(*KINDS), MET, MET, "passed", "every check passed"),
        ("completed", passed("sql"), NO_DATA, NO_DATA, "passed", "every check passed"),
        ("completed", passed("sql"), MISSED, MET, "passed_late", "missed: RTO target"),
        ("completed", passed("sql"), MET, MISSED, "passed_late", "missed: RPO target"),
        ("completed", passed("sql"), MISSED, MISSED, "passed_late", "missed: RTO, RPO target"),
        ("completed", [], MET, MET, "inconclusive", "no check was answered"),
        ("completed", [("sql", "no_data")], MISSED, MET, "inconclusive", "no data: sql"),
        (
            "completed",
            [("connects", "no_data"), ("sql", "failed"), ("heartbeat", "failed")],
            MET,
            MET,
            "failed_check",
            "failed: sql, heartbeat",
        ),
        ("failed", [], NO_DATA, NO_DATA, "failed_restore", "could not restore"),
        ("unknown", [], NO_DATA, NO_DATA, "inconclusive", "not seen to end"),
    ],
)
def test_the_first_row_that_fits_decides(restore, answers, rto, rpo, outcome, reason):
    verdict = outcome_of(RestoreResult(restore), answers, rto=rto, rpo=rpo)

    assert verdict.outcome is Outcome(outcome)
    assert reason in verdict.reason


def verdict_of(answers: list[tuple[str, str]], rto: Assessment, *, simulated: bool) -> Outcome:
    completed = RestoreResult.COMPLETED
    return outcome_of(completed, answers, rto=rto, rpo=MET, simulated=simulated).outcome


@given(all_answers, st.sampled_from([MET, MISSED, NO_DATA]), st.sampled_from(RestoreResult))
def test_a_simulated_drill_is_always_inconclusive_and_says_so(answers, rto, restore):
    verdict = outcome_of(restore, answers, rto=rto, rpo=MET, simulated=True)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason.startswith("simulated")


@given(all_answers, st.sampled_from([MET, MISSED, NO_DATA]))
def test_nothing_passes_unless_every_answer_is_a_pass(answers, rto):
    outcome = verdict_of(answers, rto, simulated=False)

    all_passed = bool(answers) and {answer for _, answer in answers} == {"passed"}
    assert (outcome in (Outcome.PASSED, Outcome.PASSED_LATE)) is all_passed
    assert (outcome is Outcome.FAILED_CHECK) is any(answer == "failed" for _, answer in answers)
