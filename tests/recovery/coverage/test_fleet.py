"""The fleet: who is in scope, who is covered, and whether drills ran."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from drill.recovery.coverage.checks import check_record
from drill.recovery.coverage.density import density
from drill.recovery.coverage.fleet import (
    FleetMember,
    control_of,
    control_operation,
    failure_mttr,
    failures,
    fleet_coverage,
    last_attempt,
    last_proof,
    open_streak,
    proof_ages,
    weighted_coverage,
)
from drill.recovery.coverage.register import METRICS
from drill.recovery.coverage.window import fleet_window_coverage
from drill.recovery.facts import DrillFacts, ExceptionNote
from drill.recovery.tick import tick_of
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import T, a_drill, at

WEEK = timedelta(days=7)


def member(number: int, *outcomes: Outcome, **facts: Any) -> FleetMember:
    source_id = f"source-{number:03}"
    drills = tuple(a_drill("03-06 01:00", outcome, source_id=source_id) for outcome in outcomes)
    return having(drills, source=("frankfurt", source_id), **facts)


def having(drills: Sequence[DrillFacts], **facts: Any) -> FleetMember:
    return FleetMember(
        cadence=WEEK,
        proven_at=last_proof(drills, at=T),
        attempted_at=last_attempt(drills, at=T),
        **facts,
    )


def exclusion(number: int, **facts: Any) -> ExceptionNote:
    values: dict[str, Any] = {
        "id": f"e-{number}",
        "kind": "exclusion",
        "cloud": "frankfurt",
        "source_id": f"source-{number:03}",
        "reason": "read replica",
        "owner": "team",
        "approver": "lead",
        "opened_at": at("02-01 00:00"),
        "opened_by": "owner",
        "expires_at": at("04-01 00:00"),
    }
    return ExceptionNote(**(values | facts))


FLEET = [
    *(member(number, Outcome.PASSED) for number in range(101)),
    *(member(number, Outcome.FAILED_CHECK) for number in range(101, 108)),
    *(member(number) for number in range(108, 120)),
]


def test_the_fleet_coverage_of_the_definitions():
    excluded = [exclusion(number) for number in range(114, 120)]

    found = fleet_coverage(FLEET, excluded, at=T)

    assert (found.passed.numerator, found.passed.denominator) == (101, 114)
    assert found.passed.value == pytest.approx(0.8860, abs=5e-5)
    assert found.attempted.value == pytest.approx(0.9474, abs=5e-5)
    assert len(found.without_pass) == 13


@pytest.mark.parametrize(
    "change",
    [{"expires_at": T}, {"closed_at": T}, {"approver": None}, {"kind": "finding"}],
)
def test_one_exception_that_no_longer_holds_brings_its_source_back(change):
    excluded = [exclusion(number) for number in range(114, 119)] + [exclusion(119, **change)]

    found = fleet_coverage(FLEET, excluded, at=T)

    assert (found.passed.numerator, found.passed.denominator) == (101, 115)
    assert found.passed.value == pytest.approx(0.8783, abs=5e-5)


def test_a_pass_counts_until_the_cadence_is_over():
    one = member(1, Outcome.PASSED)
    finished_at = one.proven_at
    assert finished_at is not None

    just = fleet_coverage([one], [], at=finished_at + WEEK - timedelta(milliseconds=1))
    over = fleet_coverage([one], [], at=finished_at + WEEK)

    assert (just.passed.value, over.passed.value) == (1, 0)


def test_a_simulated_drill_and_one_below_l3_cover_nothing():
    drills = (
        a_drill("03-06 01:00", is_simulated=True),
        a_drill("03-06 01:00", level=2),
    )
    fleet = [having([one], source=("a", "b")) for one in drills]

    assert fleet_coverage(fleet, [], at=T).passed.value == 0


def test_coverage_by_size_and_by_tier():
    fleet = [
        member(1, Outcome.PASSED, tier=1, size_bytes=300),
        member(2, Outcome.FAILED_RESTORE, tier=1, size_bytes=100),
        member(3, Outcome.PASSED_LATE, tier=2),
    ]

    found = fleet_coverage(fleet, [], at=T)

    assert found.passed_by_bytes.value == 0.75
    assert found.passed_by_bytes.flags == ("size_unknown",)
    assert {tier: one.value for tier, one in found.passed_by_tier.items()} == {1: 0.5, 2: 1}
    parts = [(3.0, found.passed_by_tier[1]), (1.0, found.passed_by_tier[2])]
    assert weighted_coverage(parts).value == 0.625


def test_an_empty_scope_is_no_data():
    assert fleet_coverage([], [], at=T).passed.value is None


def test_the_control_operation_of_the_definitions():
    found = control_operation(scheduled=92, executed=87, passed=84)

    assert found.execution.value == pytest.approx(0.9457, abs=5e-5)
    assert found.pass_of_executed.value == pytest.approx(0.9655, abs=5e-5)
    assert found.end_to_end.value == pytest.approx(0.9130, abs=5e-5)


def test_what_never_began_is_scheduled_and_not_executed():
    drills = [
        a_drill("03-05 01:00"),
        a_drill(None, Outcome.MISSED, restore_accepted_at=None, ended="03-05 04:00"),
        a_drill("03-05 01:00", is_simulated=True),
        a_drill("02-01 01:00"),
    ]

    found = control_of(map(tick_of, drills), begin=at("03-01 00:00"), end=T)

    assert (found.execution.numerator, found.execution.denominator) == (1, 2)


def test_a_failure_lasts_from_its_first_to_the_next_pass():
    drills = [
        a_drill("03-06 00:00", ended="03-07 22:00", outcome=Outcome.FAILED_CHECK),
        a_drill("03-06 00:00", ended="03-08 22:00", outcome=Outcome.FAILED_RESTORE),
        a_drill("03-06 00:00", ended="03-09 10:00", outcome=Outcome.INCONCLUSIVE),
        a_drill("03-06 00:00", ended="03-09 22:30"),
        a_drill("03-06 00:00", ended="03-10 22:30", outcome=Outcome.FAILED_RESTORE),
    ]

    found = failures(drills, at=at("03-11 00:00"))

    assert failure_mttr(found).value == 48.5 * 3600
    assert failure_mttr(found).flags == ("some_last",)
    assert open_streak(drills, at=at("03-12 22:29")).value == 2
    assert open_streak([], at=T).value == math.inf


def test_never_proven_is_infinitely_old():
    fleet = [member(number, Outcome.PASSED) for number in range(19)] + [member(19)]

    found = proof_ages(fleet, at=T)

    assert found.p95.value == 45 * 3600
    assert found.longest.value == math.inf


def test_every_figure_of_the_fleet_is_in_the_register():
    fleet = fleet_coverage(FLEET, [], at=T)
    operation = control_operation(scheduled=1, executed=1, passed=1)
    ages = proof_ages(FLEET, at=T)

    figures = [
        fleet.passed, fleet.attempted, fleet.passed_by_bytes, *fleet.passed_by_tier.values(),
        weighted_coverage([(1.0, fleet.passed)]), operation.execution, operation.end_to_end,
        operation.pass_of_executed, ages.p50, ages.p95, ages.longest,
        *fleet_window_coverage([]), failure_mttr([]), open_streak([], at=T),
        check_record("rows", ["passed"]).pass_rate,
        *density([1, 2], at=3, kinds={"auto": 1}).by_kind.values(),
    ]  # fmt: skip
    assert {figure.id for figure in figures} <= set(METRICS)


def test_the_register_has_a_formula_and_a_section_for_every_metric():
    assert all(one.formula and one.section.startswith("C.") for one in METRICS.values())
    assert len({one.title for one in METRICS.values()}) == len(METRICS)
