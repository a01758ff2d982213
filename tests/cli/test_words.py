"""What the terminal says: spans, outcomes, and the exit code of a batch."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.cli.output import outcome_text, span_text
from drill.cli.shapes import milliseconds
from drill.cli.verdict import exit_code_of
from drill.engine.record import Outcome, State, Teardown
from drill.errors import ExitCode
from tests.builders import NOW, a_record


def finished(outcome: Outcome, *, teardown: Teardown = Teardown.CLEAN, accepted: bool = True):
    """Return a finished drill."""
    return a_record(
        state=State.FINISHED,
        outcome=outcome,
        teardown=teardown,
        finished_at=NOW,
        restore_accepted_at=NOW if accepted else None,
    )


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (None, "no data"),
        (timedelta(milliseconds=31), "31 ms"),
        (timedelta(seconds=1.84), "1.8 s"),
        (timedelta(seconds=42), "42 s"),
        (timedelta(minutes=3, seconds=5), "3 min 05 s"),
        (timedelta(hours=2, minutes=10), "2 h 10 min"),
        (timedelta(seconds=-2), "-2.0 s"),
    ],
)
def test_span_is_said_as_people_say_it(span, text):
    assert span_text(span) == text


def test_no_data_is_null_and_never_zero():
    assert milliseconds(None) is None


def test_state_is_shown_while_there_is_no_outcome():
    assert "tearing down" in outcome_text(None, "tearing_down")


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([finished(Outcome.PASSED)], ExitCode.PASSED),
        ([finished(Outcome.PASSED), finished(Outcome.FAILED_CHECK)], ExitCode.NOT_PASSED),
        ([finished(Outcome.PASSED_LATE)], ExitCode.NOT_PASSED),
        ([finished(Outcome.REFUSED), finished(Outcome.PASSED)], ExitCode.REFUSED),
        ([finished(Outcome.INCONCLUSIVE, accepted=False)], ExitCode.PROVIDER),
        ([finished(Outcome.INCONCLUSIVE)], ExitCode.NOT_PASSED),
        (
            [finished(Outcome.PASSED, teardown=Teardown.LEAKED), finished(Outcome.FAILED_CHECK)],
            ExitCode.LEAKED,
        ),
        ([], ExitCode.PASSED),
    ],
)
def test_exit_code_says_what_matters_most(records, code):
    assert exit_code_of(records) is code
