"""What drills leave behind is counted until it is gone, and what is not known is no zero."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from drill.recovery.coverage.hygiene import Hygiene, hygiene_by_cloud
from drill.recovery.coverage.lifetime import lifetime_of
from drill.recovery.facts import DrillFacts
from drill.recovery.tick import tick_of
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import a_drill, at

END = at("03-02 15:00")


def copied(minutes: int, **facts: Any) -> DrillFacts:
    """Return a drill whose copy lived so long."""
    values: dict[str, Any] = {
        "restore_accepted_at": END - timedelta(minutes=minutes),
        "flavor": "large",
    }
    return a_drill("03-02 13:00", ended=END, **(values | facts))


def hygiene(drills: Sequence[DrillFacts], prices: Mapping[str, float]) -> Hygiene:
    """Return the figures of drills that are all of one cloud."""
    _together, only = hygiene_by_cloud(map(tick_of, drills), {drills[0].cloud: prices})
    return only.figures


def test_a_copy_lives_from_the_accepted_restore_to_the_end_of_teardown():
    assert lifetime_of(copied(50)) == 50 * 60_000
    late = copied(50)
    assert late.finished_at is not None
    swept = replace(late, torn_down_at=late.finished_at + timedelta(minutes=30))
    assert lifetime_of(swept) == 80 * 60_000, "what leaked lived until the sweep"


@pytest.mark.parametrize(
    "facts",
    [
        {"restore_accepted_at": None},
        {"teardown": "not_needed"},
        {"teardown": "pending"},
        {"is_simulated": True},
        {"finished_at": None, "outcome": None},
    ],
)
def test_where_there_was_no_copy_or_nothing_is_known_yet_there_is_no_lifetime(facts):
    assert lifetime_of(copied(50, **facts)) is None


def test_what_is_left_over_lives_forever_and_is_the_longest():
    found = hygiene([copied(10), copied(20, teardown="leaked")], {"large": 1.0})

    assert (found.leftovers.value, found.leftovers.n) == (1, 2)
    assert found.lifetime_max.value == math.inf
    assert (found.priced, found.billed) == (1, 1)


def test_p95_is_by_nearest_rank():
    found = hygiene([copied(minutes) for minutes in range(1, 41)], {})

    assert found.lifetime_p95.value == 38 * 60
    assert found.lifetime_max.value == 40 * 60


def test_the_cost_is_lifetime_times_price_of_new_instances_rounded_up_to_a_cent():
    drills = [
        copied(90),
        copied(30),
        copied(600, target_kind="existing"),
        copied(60, flavor="unknown"),
        copied(60, flavor=None),
    ]

    found = hygiene(drills, {"large": 0.2101})

    assert found.cost == Decimal("0.43")
    assert (found.priced, found.billed) == (2, 4)


def test_without_a_price_there_is_no_cost_and_without_a_copy_no_zero():
    assert hygiene([copied(90)], {}).cost is None
    nothing = hygiene([copied(90, outcome=Outcome.MISSED, restore_accepted_at=None)], {})
    assert nothing.leftovers.value is None
    assert nothing.lifetime_max.value is None
