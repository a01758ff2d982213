"""The figures of the definitions, computed independently, come out to the last digit printed."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from drill.recovery.coverage.density import density
from drill.recovery.coverage.exposure import exposure, polled_lag
from drill.recovery.coverage.intervals import length
from drill.recovery.coverage.proof import decay_weight
from drill.recovery.coverage.rpa import recovery_point_actual
from drill.recovery.coverage.window import (
    fleet_window_coverage,
    window_coverage,
    window_state,
)
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import (
    HOUR,
    T,
    a_drill,
    an_observation,
    at,
    covered,
    ms,
    objectives,
)


def close(value: float) -> object:
    return pytest.approx(value, abs=1e-6)


def test_worked_example_1():
    drills = (
        a_drill("03-02 13:00"),
        a_drill("03-05 09:00"),
        a_drill("03-06 01:00", backup=True),
        a_drill("03-07 05:00", Outcome.FAILED_RESTORE),
    )

    found = covered(an_observation(), drills, objectives(rpo=timedelta(minutes=15)), at=T)

    metrics = found.metrics
    assert found.ground.state is not None
    assert found.ground.gaps is not None
    assert length(found.ground.state.advertised) == 597_300_000
    assert metrics["window_coverage"].denominator == 168 * HOUR
    assert metrics["window_coverage"].value == close(0.987599)
    assert metrics["window_coverage_rpo"].value == close(0.988077)
    assert metrics["window_coverage_rpo"].numerator == 596_700_000
    assert metrics["window_coverage_rpo"].denominator == 603_900_000
    assert found.ground.gaps.stretches == ((ms("03-04 10:00"), ms("03-04 12:00")),)
    assert found.ground.gaps.longest == found.ground.gaps.total == 2 * HOUR
    assert (metrics["rpo_lag"].value, found.rpo_met) == (300, True)
    assert found.ground.proof.proven == (
        (ms("03-02 01:00"), ms("03-02 13:00")),
        (ms("03-05 01:00"), ms("03-05 09:00")),
    )
    assert metrics["proven"].value == close(0.120542)
    assert metrics["proven_of_promised"].value == close(0.119048)
    assert (metrics["image_coverage"].numerator, metrics["image_coverage"].denominator) == (3, 9)
    assert [(image.base.ended, image.how) for image in found.ground.proof.images] == [
        (ms("03-02 01:00"), "inferred"),
        (ms("03-05 01:00"), "inferred"),
        (ms("03-06 01:00"), "direct"),
    ]
    assert found.ground.proof.suspect == ((ms("03-07 01:00"), ms("03-07 23:55")),)
    assert metrics["suspect"].value == close(0.138121)
    assert metrics["unproven"].value == close(0.741336)
    assert metrics["unproven"].numerator == 123 * HOUR
    assert metrics["retention_shortfall"].value == 0
    assert found.without_base == ()


def test_worked_example_2():
    points = [
        (ms("03-01 01:00"), ms("03-01 01:40")),
        (ms("03-02 01:00"), ms("03-02 01:45")),
        (ms("03-04 01:00"), ms("03-04 01:50")),
        (ms("03-05 01:00"), ms("03-05 01:40")),
    ]
    end = ms("03-05 12:00")

    found = exposure(points, begin=ms("03-01 01:40"), end=end, rpo=24 * HOUR)
    dense = density([point for point, _ in points], at=end)

    assert found.longest.value == pytest.approx(48.8333 * 3600, abs=0.2)
    assert found.mean.value == pytest.approx(17.5136 * 3600, abs=0.2)
    assert found.over_rpo.numerator == 26.25 * HOUR
    assert found.over_rpo.denominator == pytest.approx(106.3333 * HOUR, abs=200)
    assert found.over_rpo.value == close(0.246865)
    assert found.compliance.value == close(0.753135)
    assert dense.per_day.value == pytest.approx(0.8972, abs=5e-5)
    assert dense.median_interval.value == 24 * 3600
    assert dense.longest_interval.value == 48 * 3600


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([("03-01 01:00", "03-01 01:40"), ("03-02 01:00", "03-02 01:45")], 24.75),
        ([("03-04 01:00", "03-04 01:50"), ("03-05 01:00", "03-05 01:40")], 24 + 2 / 3),
        ([("03-05 01:00", "03-05 01:40"), ("03-05 12:00", "03-05 12:00")], 11),
    ],
)
def test_the_longest_exposure_of_a_stretch_is_up_to_the_next_available_point(points, expected):
    pairs = [(ms(point), ms(available)) for point, available in points]

    found = exposure(pairs, begin=pairs[0][1], end=pairs[1][1], rpo=None)

    assert found.longest.value == pytest.approx(expected * 3600)


def test_worked_example_3():
    polls = [
        (ms("03-07 00:00"), ms("03-06 23:55")),
        (ms("03-07 06:00"), ms("03-07 05:56")),
        (ms("03-07 12:00"), ms("03-07 10:10")),
        (ms("03-07 18:00"), ms("03-07 17:55")),
    ]

    found = polled_lag(polls)

    assert found.observed.value == 110 * 60
    assert found.bound.value == 470 * 60
    assert [polled_lag(polls[i : i + 2]).bound.value for i in range(3)] == [
        365 * 60, 364 * 60, 470 * 60,
    ]  # fmt: skip


def test_the_fleet_is_a_ratio_of_sums_and_shows_its_worst_instance():
    end = ms("03-08 00:00")
    parts = [
        window_coverage(window_state([(begin, end)], at=end, retention=168 * HOUR))
        for begin in (end - 168 * HOUR, end - 84 * HOUR)
    ]

    ratio, worst = fleet_window_coverage(parts)

    assert (ratio.value, worst.value) == (0.75, 0.5)


def test_the_decay_shade_halves_with_every_half_life():
    weights = [decay_weight(days, 30) for days in (0, 15, 30, 45, 90)]

    assert weights == [1, close(0.707107), 0.5, close(0.353553), 0.125]


@pytest.mark.parametrize(
    ("newest", "actual", "answer"),
    [
        ("03-07 11:59:52", 8, "passed"),
        ("03-07 11:42:02", 1078, "too_old"),
        ("03-07 12:00:05", -5, "overshoot"),
    ],
)
def test_the_recovery_point_actual_of_the_definitions(newest, actual, answer):
    found = recovery_point_actual(
        requested_at=at("03-07 12:00:00"),
        newest_at=at(newest),
        interval=timedelta(seconds=10),
    )

    assert found.actual == timedelta(seconds=actual)
    assert found.answer == answer


def test_without_a_heartbeat_there_is_no_recovery_point_actual():
    found = recovery_point_actual(requested_at=T, newest_at=None, interval=timedelta(seconds=10))

    assert (found.answer, found.actual) == ("no_data", None)


def test_a_period_before_the_first_point_is_infinitely_exposed():
    found = exposure([(10, 20)], begin=0, end=40, rpo=15)

    assert found.longest.value == math.inf
    assert found.without_point == 20
    assert found.over_rpo.numerator == 20 + 15
