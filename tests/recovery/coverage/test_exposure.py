"""Exposure, held against looking at the clock every minute."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.recovery.coverage.exposure import exposure, polled_lag

POINTS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: (pair[0], sum(pair))),
    max_size=6,
)


@given(POINTS, st.integers(0, 50), st.integers(1, 50), st.integers(0, 40))
def test_exposure_is_what_looking_every_minute_gives(points, begin, span, rpo):
    end = begin + span
    found = exposure(points, begin=begin, end=end, rpo=rpo)

    newest = [
        max((point for point, available in points if available <= minute), default=None)
        for minute in range(begin, end)
    ]
    over = without = doubled = 0
    longest: float = 0
    for minute, point in zip(range(begin, end), newest, strict=True):
        if point is None:
            without += 1
            over += 1
            longest = math.inf
        else:
            over += minute >= point + rpo
            doubled += 2 * (minute - point) + 1
            longest = max(longest, minute + 1 - point)
    assert found.without_point == without
    assert found.over_rpo.numerator == over
    assert found.longest.value == longest / 1000
    mean = math.inf if without else doubled / 2 / span
    assert found.mean.value == pytest.approx(mean / 1000)
    assert found.over_rpo.value == over / span
    assert found.compliance.value == pytest.approx(1 - over / span)


def test_an_empty_period_is_no_data():
    found = exposure([(0, 0)], begin=10, end=10, rpo=5)

    assert (found.longest.value, found.mean.value, found.over_rpo.value) == (None, None, None)


def test_without_a_target_there_is_no_time_over_it():
    found = exposure([(0, 0)], begin=10, end=20, rpo=None)

    assert found.over_rpo.value is None
    assert found.over_rpo.flags == ("no_rpo_target",)


def test_one_look_has_no_bound_and_no_window_is_an_infinite_lag():
    assert polled_lag([(10, 5)]).bound.value is None
    assert polled_lag([]).observed.value is None
    assert polled_lag([(10, None), (20, 15)]).observed.value == math.inf
    assert polled_lag([(10, None), (20, 15)]).bound.value == math.inf
