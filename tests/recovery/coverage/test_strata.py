"""Random drills of a fleet carry a statement by tier only where every tier was drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from drill.recovery.coverage.strata import FleetStatement, fleet_statement
from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.tick import tick_of
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import a_drill

SEED = "ab" * 32


def drawn(number: int, outcome: Outcome | None = Outcome.PASSED, **facts: Any) -> DrillFacts:
    """Return a random drill of a source of its own."""
    values: dict[str, Any] = {"policy": "random", "seed": SEED, "source_id": f"source-{number:05}"}
    return a_drill("03-02 13:00", outcome, **(values | facts))


def scope(*sizes: tuple[int, int]) -> dict[SourceKey, int | None]:
    """Return sources by tier: (tier, how many), numbered on."""
    tiers = [tier for tier, size in sizes for _ in range(size)]
    return {("frankfurt", f"source-{number:05}"): tier for number, tier in enumerate(tiers)}


def statement(drills: Iterable[DrillFacts], tiers: dict[SourceKey, int | None]) -> FleetStatement:
    return fleet_statement(map(tick_of, drills), tiers)


def close(value: float) -> object:
    return pytest.approx(value, abs=1e-6)


def test_the_worked_example_of_strata():
    """Weights .05, .20 and .75 as sources in scope; 60 of 60, 44 of 45 and 30 of 30 passed."""
    tiers = scope((1, 60), (2, 240), (3, 900))
    drills = [
        *(drawn(number) for number in range(60)),
        *(drawn(60 + number) for number in range(44)),
        drawn(104, Outcome.FAILED_CHECK),
        *(drawn(300 + number) for number in range(30)),
    ]

    found = statement(drills, tiers)

    assert found.share == close(0.995556)
    assert found.combined.excluded == close(0.875605)
    assert [one.sources for one in found.strata] == [60, 240, 900]
    assert found.not_drawn == ()


def test_a_tier_that_was_not_drawn_from_forbids_the_statement_by_tier():
    found = statement([drawn(0), drawn(1)], scope((1, 2), (2, 3)))

    assert found.combined.excluded is None
    assert [one.tier for one in found.not_drawn] == [2]
    assert found.whole.bounds.excluded == close(0.05**0.5)


def test_several_drills_of_a_source_count_once_and_are_told():
    found = statement([drawn(0), drawn(0), drawn(0), drawn(1)], scope((1, 2)))

    assert found.whole.drawn == 4
    assert found.whole.sample is not None
    assert found.whole.sample.passed == 2


def test_inconclusive_drills_are_bounded_both_ways_also_by_tier():
    drills = [*(drawn(number) for number in range(59)), drawn(60, Outcome.INCONCLUSIVE)]
    tiers: dict[SourceKey, int | None] = {**scope((1, 61)), ("frankfurt", "source-00060"): None}

    found = statement([*drills, drawn(60, Outcome.PASSED)], tiers)

    none = found.strata[-1]
    assert none.tier is None
    assert none.bounds.excluded is None
    assert none.bounds.as_failures == 0
    assert found.combined.excluded is None
    assert found.combined.as_failures is not None


def test_leaving_a_failed_source_out_of_scope_mends_nothing_of_the_whole():
    drills = [drawn(0), drawn(1), drawn(2, Outcome.FAILED_RESTORE)]

    found = statement(drills, scope((1, 2)))

    assert found.whole.sample is not None
    assert found.whole.sample.failed == 1
    assert found.strata[0].sample is not None
    assert found.strata[0].sample.failed == 0


def test_targeted_and_unpublished_draws_say_nothing():
    drills = [drawn(0, policy="greedy"), drawn(1, seed="my lucky seed"), drawn(2, outcome=None)]

    found = statement(drills, scope((1, 3)))

    assert found.whole.sample is None
    assert found.whole.bounds.excluded is None
    assert found.combined.excluded is None
