"""Nobody can choose what is drawn, and only what was drawn so carries a statement."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drill.clock import to_milliseconds
from drill.recovery.coverage.confidence import RandomSample, bounds
from drill.recovery.coverage.drawn import is_drawn
from drill.recovery.coverage.samples import random_sample
from drill.recovery.coverage.sampling import history_root, night_of, published_seed
from drill.recovery.facts import DrillFacts
from drill.recovery.tick import tick_of
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import T, a_drill, at, ms

SEED = "ab" * 32
PAST = (
    a_drill("03-02 13:00", id="d2", ended="03-03 00:00"),
    a_drill(None, Outcome.MISSED, id="d1", ended="03-03 00:00"),
    a_drill("03-01 13:00", Outcome.FAILED_CHECK, id="d3", ended="03-02 00:00"),
    a_drill("03-04 13:00", None, id="d4", finished_at=None),
)


def of(drills: Iterable[DrillFacts], **options: Any) -> RandomSample | None:
    return random_sample(map(tick_of, drills), **options)


def test_the_documented_steps_give_the_same_root_and_seed():
    lines = (
        f"d3\tfailed_check\t{ms('03-02 00:00')}\t{ms('03-01 13:00')}",
        f"d1\tmissed\t{ms('03-03 00:00')}\t-",
        f"d2\tpassed\t{ms('03-03 00:00')}\t{ms('03-02 13:00')}",
    )
    root = hashlib.sha256("\n".join(lines).encode()).digest()
    message = b"drill-sample/v1\0" + root + b"\0orders\x002026-03-08"

    assert history_root(PAST) == history_root(PAST[::-1]) == root
    seed = published_seed(PAST, plan_name="orders", slot=at("03-08 02:00"))
    assert seed == hashlib.sha256(message).hexdigest()


def test_a_drill_that_finished_at_the_slot_or_later_changes_nothing():
    later = a_drill("03-05 13:00", ended="03-08 02:00")

    one, other = (
        published_seed(past, plan_name="orders", slot=at("03-08 02:00"))
        for past in (PAST, (*PAST, later))
    )

    assert one == other


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": Outcome.INCONCLUSIVE},
        {"point_at": at("03-02 13:00") + timedelta(milliseconds=1)},
        {"finished_at": at("03-03 00:00") + timedelta(milliseconds=1)},
        {"id": "another"},
    ],
)
def test_every_fact_of_an_earlier_drill_changes_the_root(change):
    other = replace(PAST[0], **change)

    assert history_root([PAST[0]]) != history_root([other])


def test_a_night_is_the_date_of_the_slot_in_utc():
    assert night_of(at("03-08 23:59:59")) == "2026-03-08"
    assert to_milliseconds(T) % 86_400_000 == 0


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        ({"policy": "random", "seed": SEED}, True),
        ({"policy": "random", "seed": "a fixed one"}, False),
        ({"policy": "random", "seed": None}, False),
        ({"policy": "greedy", "seed": SEED}, False),
        ({"policy": "random", "seed": SEED, "is_simulated": True}, False),
    ],
)
def test_only_a_published_seed_makes_a_draw(facts, counts):
    assert is_drawn(a_drill("03-02 13:00", **facts)) is counts


def test_a_sample_counts_what_passed_at_l3_and_above():
    drawn: dict[str, Any] = {"policy": "random", "seed": SEED}
    sample = of(
        [
            a_drill("03-02 13:00", **drawn, level=5),
            a_drill("03-02 13:00", **drawn, level=4),
            a_drill("03-02 13:00", **drawn, level=2),
            a_drill("03-02 13:00", Outcome.FAILED_CHECK, **drawn),
            a_drill("03-02 13:00", Outcome.INCONCLUSIVE, **drawn),
        ],
        population="one source",
    )

    assert sample is not None
    assert (sample.passed, sample.failed, sample.inconclusive, sample.level) == (2, 1, 2, 4)


def test_one_drill_a_source_is_kept_the_first_one():
    drills = [
        a_drill("03-02 13:00", policy="random", seed=SEED, source_id=source, ended=ended,
                outcome=outcome)
        for source, ended, outcome in (
            ("a", "03-04 00:00", Outcome.PASSED),
            ("a", "03-03 00:00", Outcome.FAILED_CHECK),
            ("b", "03-05 00:00", Outcome.PASSED),
        )
    ]  # fmt: skip

    sample = of(drills, population="the fleet", one_per_source=True)

    assert sample is not None
    assert (sample.passed, sample.failed, sample.begin) == (1, 1, "2026-03-02")
    assert random_sample([], population="the fleet") is None


def test_nothing_conclusive_has_no_bound():
    assert bounds(passed=0, failed=0, inconclusive=2).excluded is None
