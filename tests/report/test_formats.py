"""Formats are fixed, cut off instead of rounded up, and have a word for nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.engine.record import Outcome, State, StepName, Teardown, Trigger
from drill.engine.summary import facts_of
from drill.report import words
from drill.report.view.formats import (
    bytes_text,
    milliseconds_text,
    moment,
    percent,
    signed_span_text,
    span_text,
)
from drill.report.view.signs import outcome_sign, teardown_sign
from tests.report import builders


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0 s"),
        (timedelta(milliseconds=9), "9 ms"),
        (timedelta(milliseconds=999, microseconds=999), "999 ms"),
        (timedelta(seconds=1), "1 s"),
        (timedelta(seconds=59, milliseconds=999), "59.9 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=4, seconds=5), "4 min 05 s"),
        (timedelta(minutes=59, seconds=59, milliseconds=999), "59 min 59 s"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=23, minutes=59, seconds=59), "23 h 59 min"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
        (timedelta(seconds=-5), "−5 s"),
        (None, "no data"),
    ],
)
def test_a_span_shows_its_two_largest_units(span, text):
    assert span_text(span) == text


def test_a_gap_has_its_sign():
    assert signed_span_text(timedelta(milliseconds=300)) == "+300 ms"
    assert signed_span_text(timedelta(minutes=-14)) == "−14 min"
    assert signed_span_text(timedelta(0)) == "0 s"
    assert signed_span_text(None) == "no data"


def test_an_instant_is_shown_in_utc():
    berlin = datetime(2026, 3, 8, 3, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=1)))

    shown = moment(berlin, milliseconds=True)

    assert shown.machine == "2026-03-08T02:00:00.123Z"
    assert shown.text == "2026-03-08 02:00:00.123"


def test_nothing_is_never_a_zero():
    assert milliseconds_text(None) == "no data"
    assert bytes_text(None) == "no data"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (2**30 - 1, "1023.9 MiB"),
     (2**50, "1024.0 TiB")],
)  # fmt: skip
def test_sizes_are_cut_off(size, text):
    assert bytes_text(size) == text


@given(st.floats(0, 1))
def test_a_coordinate_is_a_short_percentage(share):
    text = percent(share)

    assert len(text) <= 6
    assert text.endswith("%")
    assert float(text[:-1]) == pytest.approx(100 * share, abs=0.006)


@given(st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_span_is_never_shown_as_empty(span):
    assert span_text(span)[0].isdigit()


def test_every_value_of_the_engine_has_a_word():
    assert set(words.OUTCOMES) == set(words.NARRATIVES) == set(words.NEXT_STEPS) == set(Outcome)
    assert set(words.TEARDOWNS) == set(Teardown)
    assert set(words.STATES) == set(State)
    assert set(words.STEPS) == set(words.STEP_MEANINGS) == set(StepName)
    assert set(words.TRIGGERS) == set(Trigger)
    assert len(words.LEVELS) == 7


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_a_pass_has_the_tone_of_a_pass(outcome):
    sign = outcome_sign(facts_of(builders.drill(outcome=outcome)))

    assert (sign.tone == "pass") is (outcome is Outcome.PASSED)
    assert (sign.glyph == "✓") is (outcome is Outcome.PASSED)


def test_a_leak_has_the_tone_of_a_failure():
    assert teardown_sign(Teardown.LEAKED).glyph == "✕"
    assert moment(datetime(2026, 1, 1, tzinfo=UTC)).text == "2026-01-01 00:00:00"
