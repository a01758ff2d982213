"""One call gives a page all it shows, also where little is known."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from drill.recovery.coverage.confidence import NO_STATEMENT
from drill.recovery.coverage.reading import look_of, validity_of
from drill.recovery.coverage.register import METRICS
from drill.recovery.coverage.source import windows_of
from drill.recovery.coverage.window import lag_now, retention_shortfall, window_state
from drill.recovery.values import BackupKind, Window
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import (
    WINDOWS,
    T,
    a_backup,
    a_drill,
    an_observation,
    at,
    covered,
    ms,
    objectives,
)

DRILLS = (a_drill("03-02 13:00", rta=timedelta(minutes=20)), a_drill("03-05 09:00"))


def test_every_figure_is_in_the_register():
    found = covered(an_observation(), DRILLS, objectives(), at=T)

    assert set(found.metrics) <= set(METRICS)
    assert all(metric.id == name for name, metric in found.metrics.items())


@pytest.mark.parametrize(
    "observation",
    [None, an_observation(fault="no answer"), an_observation(taken_at=at("03-09 00:00"))],
)
def test_a_source_that_could_not_be_asked_has_no_data_about_its_window(observation):
    found = covered(observation, DRILLS, objectives(rpo=timedelta(hours=1)), at=T)

    assert found.ground.observation is None
    names = ("window_coverage", "rpo_lag", "gap_count", "proven", "image_coverage")
    assert [found.metrics[name].value for name in names] == [None] * 5
    assert (found.rpo_met, found.ground.lag) == (None, None)
    assert found.metrics["since_last_proof"].value == 63 * 3600 - 26 * 3600 + 24 * 3600


def test_a_source_without_a_window_is_covered_by_nothing():
    found = covered(
        an_observation(windows=(), backups=()), (), objectives(rpo=timedelta(hours=1)), at=T
    )

    assert found.metrics["window_coverage"].value == 0
    assert found.metrics["proven"].value is None
    assert found.metrics["retention_shortfall"].value == 7 * 86_400
    assert (found.ground.lag and found.ground.lag.kind, found.rpo_met) == ("none", False)


def test_backups_alone_have_a_lag_and_an_exposure():
    found = covered(an_observation(windows=()), (), objectives(rpo=timedelta(hours=24)), at=T)

    assert found.metrics["rpo_lag"].value == 23 * 3600
    assert found.rpo_met is True
    assert found.metrics["longest_exposure"].value == 24 * 3600


def test_what_was_seen_holds_for_when_it_was_seen_and_proofs_for_now():
    later = T + timedelta(hours=8)

    found = covered(an_observation(), DRILLS, objectives(), at=later)

    assert found.ground.observation is not None
    assert found.ground.observation.taken_at == T
    assert found.metrics["rpo_lag"].value == 300
    age = later - (at("03-05 11:00"))
    assert found.metrics["proof_age"].value == age.total_seconds()


def test_the_promise_of_the_plan_comes_before_what_the_provider_keeps():
    kept = covered(an_observation(), (), objectives(), at=T)
    promised = covered(an_observation(), (), objectives(retention=timedelta(days=14)), at=T)
    nothing = covered(an_observation(retention_days=None, created_at=None), (), objectives(), at=T)

    assert kept.metrics["window_coverage"].denominator == 7 * 86_400_000
    assert promised.metrics["window_coverage"].denominator == 14 * 86_400_000
    assert promised.metrics["retention_shortfall"].value == 7 * 86_400
    assert nothing.metrics["window_coverage"].value is None
    assert "no_retention_target" in nothing.metrics["window_coverage"].flags
    assert nothing.metrics["proven"].value == 0


def test_nothing_is_promised_from_before_the_source_was_there():
    found = covered(an_observation(created_at=at("03-05 00:00")), (), objectives(), at=T)

    assert found.ground.state is not None
    assert found.ground.state.promised == (ms("03-05 00:00"), ms("03-08 00:00"))


def test_a_proof_holds_as_long_as_the_plan_says_or_its_cadence_or_30_days():
    spans = [
        validity_of(one)
        for one in (
            objectives(proof_validity=timedelta(days=3), cadence=timedelta(days=1)),
            objectives(cadence=timedelta(days=1)),
            objectives(),
        )
    ]

    assert spans == [timedelta(days=3), timedelta(days=1), timedelta(days=30)]


def test_only_full_and_complete_backups_of_the_source_are_bases():
    backups = (
        a_backup("03-01 01:00", "full"),
        a_backup("03-02 01:00", "log", kind=BackupKind.INCREMENTAL),
        a_backup("03-03 01:00", "failed", status="FAILED"),
        a_backup("03-04 01:00", "foreign", instance_id="other"),
    )

    found = covered(an_observation(backups=backups), (), objectives(), at=T)

    assert [base.id for base in found.ground.bases] == ["full"]
    assert found.density.by_kind["incremental"].numerator == 1


def test_a_window_that_nothing_can_be_replayed_into_is_told():
    backups = (a_backup("03-01 01:00"), a_backup("03-04 01:00"))

    found = covered(an_observation(backups=backups), (), objectives(), at=T)

    assert windows_of(found.without_base) == WINDOWS


def test_windows_that_cannot_be_are_flagged():
    raw = [(50, 40), (60, 120), (130, 140)]

    found = window_state(raw, at=100, retention=80)

    assert found.advertised == ((60, 100),)
    assert found.flags == ("clock_skew", "empty_interval")
    assert retention_shortfall(found) == 40


def test_a_lag_exactly_on_target_is_met():
    state = window_state([(0, 90)], at=100, retention=100)

    assert lag_now(state, ()).milliseconds == 10


def test_the_lag_over_time_comes_from_all_looks():
    seen = [
        an_observation(
            taken_at=at(f"03-07 {hour}:00"), windows=(Window(at("03-01 00:00"), at(end)),)
        )
        for hour, end in (("00", "03-06 23:55"), ("06", "03-07 05:56"), ("12", "03-07 10:10"))
    ]

    found = covered(seen[-1], (), objectives(), at=T, looks=list(map(look_of, seen)))

    assert found.metrics["observed_lag"].value == 110 * 60
    assert found.metrics["worst_case_lag"].value == 365 * 60


def test_the_lag_over_time_of_a_source_without_windows_goes_by_its_backups():
    days = ("03-05 01:00", "03-06 01:00", "03-07 01:00")
    seen = [
        an_observation(taken_at=at(day) + timedelta(hours=2), windows=(), backups=(a_backup(day),))
        for day in days
    ]
    never = an_observation(taken_at=at("03-04 00:00"), windows=(), backups=())

    found = covered(seen[-1], (), objectives(), at=T, looks=list(map(look_of, seen)))
    before = covered(seen[-1], (), objectives(), at=T, looks=list(map(look_of, [never, *seen])))

    assert found.metrics["observed_lag"].value == 2 * 3600
    assert found.metrics["worst_case_lag"].value == 26 * 3600
    assert before.metrics["observed_lag"].value == math.inf


def test_only_drills_drawn_by_a_published_seed_carry_a_statement():
    drawn = [a_drill("03-02 13:00", policy="random", seed="ab" * 32) for _ in range(3)]
    chosen = [
        a_drill("03-02 13:00", policy="random", seed="my lucky seed"),
        a_drill("03-02 13:00", policy="greedy"),
    ]

    with_drawn = covered(an_observation(), [*drawn, *chosen], objectives(), at=T)
    without = covered(an_observation(), chosen, objectives(), at=T)

    assert "3 recovery points were drawn at random" in with_drawn.statement
    assert without.statement == NO_STATEMENT


def test_an_rta_that_may_be_within_the_target_or_not_is_in_no_attainment_and_flagged():
    minutes = timedelta(minutes=1)
    drills = [
        a_drill("03-02 13:00", rta=20 * minutes, unattended=0 * minutes),
        a_drill("03-03 13:00", rta=90 * minutes, unattended=80 * minutes),
        a_drill("03-04 13:00", rta=90 * minutes, unattended=10 * minutes),
        a_drill("03-05 13:00", rta=15 * minutes, unattended=10 * minutes),
    ]

    times = covered(an_observation(), drills, objectives(rto=20 * minutes), at=T).times

    assert (times.attainment.numerator, times.attainment.denominator) == (2, 3)
    assert times.attainment.flags == ("rta_at_most",)
    assert times.longest.value == 90 * 60  # as it is: nobody is flattered


def test_times_and_checks_come_from_real_drills():
    drills = [
        a_drill("03-02 13:00", rta=timedelta(minutes=20), checks=(("rows", "passed"),)),
        a_drill("03-03 13:00", Outcome.FAILED_CHECK, checks=(("rows", "failed"),)),
        a_drill("03-03 13:00", is_simulated=True, checks=(("rows", "failed"),)),
        a_drill("03-03 13:00"),
    ]

    found = covered(an_observation(), drills, objectives(rto=timedelta(minutes=20)), at=T)

    assert found.times.attainment.value == 0.5
    assert found.times.attainment.flags == ("rta_unknown",)
    assert found.checks["rows"].pass_rate.value == 0.5
