"""Spans, instants, names and cron expressions are read one way only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from drill.plan.forms import Cron, Instant, Name, TimeZone, format_span, parse_span

_spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36_525)).map(
    lambda span: span // timedelta(milliseconds=1) * timedelta(milliseconds=1)
)


@given(_spans)
def test_a_span_is_read_back_as_it_was_written(span):
    assert parse_span(format_span(span)) == span


@given(st.text(max_size=40))
def test_any_text_is_a_span_or_a_value_error(text):
    try:
        span = parse_span(text)
    except ValueError:
        return
    assert timedelta(0) <= span <= timedelta(days=36_525)


@given(st.text(alphabet="0123456789dhms", max_size=40))
def test_no_number_of_digits_overflows_a_span(text):
    try:
        parse_span(text)
    except ValueError:
        return


@pytest.mark.parametrize(
    "value", [900, 1.5, True, None, "", "15", "1 h", "-5m", "30m1h", "٣m", "1y"]
)
def test_what_has_no_unit_that_we_know_is_no_span(value):
    with pytest.raises(ValueError, match="span"):
        parse_span(value)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-01T02:00:00Z", datetime(2026, 3, 1, 2, tzinfo=UTC)),
        ("2026-03-01T02:00:00+08:00", datetime(2026, 2, 28, 18, tzinfo=UTC)),
        ("2026-03-01 02:00:00.25z", datetime(2026, 3, 1, 2, microsecond=250_000, tzinfo=UTC)),
    ],
)
def test_an_instant_is_kept_in_utc(written, expected):
    instant = TypeAdapter(Instant).validate_python(written)

    assert instant == expected
    assert instant.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "value",
    [
        1234,
        "1234",
        "2026-03-01",
        "2026-03-01T02:00:00",
        "2026-02-30T02:00:00Z",
        datetime(2026, 3, 1),  # noqa: DTZ001 - a local time of TOML arrives naive
        datetime.fromisoformat("0001-01-01T00:00:00+10:00"),
        datetime.fromisoformat("9999-12-31T23:00:00-10:00"),
    ],
)
def test_what_is_no_exact_instant_is_refused(value):
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_python(value)


@pytest.mark.parametrize(
    "name", ["con", "nul", "com1", "lpt9", "", "-a", "A", "a/b", "..", "a\n", "é"]
)
def test_a_name_that_could_be_misread_is_refused(name):
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


@pytest.mark.parametrize(
    "zone", ["Mars", "../../etc/passwd", "/etc/localtime", "", "Europe", "a\0b", "x" * 300]
)
def test_what_is_no_time_zone_is_refused(zone):
    with pytest.raises(ValidationError, match="time zone"):
        TypeAdapter(TimeZone).validate_python(zone)


@given(st.text(alphabet="0123456789*/-,LW# a", max_size=20))
def test_any_text_is_a_cron_expression_or_a_validation_error(text):
    told = ""
    try:
        TypeAdapter(Cron).validate_python(text)
    except ValidationError as error:
        told = str(error)

    assert told == "" or "cron expression" in told or "never comes due" in told


@pytest.mark.parametrize(
    "cron", ["0 0 2 * * *", "0 2 * *", "@daily", "0 25 * * *", "0 0 30 2 *", ""]
)
def test_what_is_no_cron_expression_of_five_fields_is_refused(cron):
    with pytest.raises(ValidationError, match="is no cron expression"):
        TypeAdapter(Cron).validate_python(cron)


@pytest.mark.parametrize(
    "cron", ["30 2 * * *", "0 2 * * 7", "0 2 * * 0", "0 0 L * *", "0 0 29 2 *"]
)
def test_a_cron_expression_is_kept_as_it_was_written(cron):
    assert TypeAdapter(Cron).validate_python(cron) == cron
