"""Choosing by what was proven, and by what failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.clock import to_milliseconds
from drill.errors import NoRecoveryPoint
from drill.plan.model import BackupRestore, PitrRestore
from drill.recovery.facts import DrillFacts
from drill.recovery.gain import gain_of
from drill.recovery.past import Past
from drill.recovery.selection import choose_recovery_point
from drill.recovery.selection_greedy import candidates_of
from drill.recovery.stretches import stretches_of
from drill.recovery.values import BackupPoint, Choice, Engine, Instance, Inventory, Window
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import (
    BASES,
    SOURCE,
    WINDOWS,
    T,
    a_backup,
    a_drill,
    at,
)

FAILED = Outcome.FAILED_RESTORE
STEP = timedelta(milliseconds=1)
ALL_KINDS = ("connects", "objects", "row_count", "heartbeat")


def an_inventory(**facts: Any) -> Inventory:
    """Return the inventory of worked example 1."""
    values: dict[str, Any] = {
        "taken_at": T,
        "source": Instance(
            cloud=SOURCE[0],
            id=SOURCE[1],
            name="orders-prod",
            engine=Engine.POSTGRESQL,
            version="18",
            status="ACTIVE",
            retention_days=7,
        ),
        "target": None,
        "windows": WINDOWS,
        "backups": tuple(a_backup(one) for one in BASES),
    }
    return Inventory(**(values | facts))


def chosen(
    policy: str, *history: DrillFacts, inventory: Inventory | None = None, **keys: Any
) -> Choice:
    restore = PitrRestore.model_validate({"mode": "pitr", "selection": {"policy": policy, **keys}})
    return choose_recovery_point(
        restore, inventory or an_inventory(), draw="seed", history=history, plan_name="orders"
    )


def chosen_backup(policy: str, *history: DrillFacts, **keys: Any) -> Choice:
    restore = BackupRestore.model_validate(
        {"mode": "backup", "selection": {"policy": policy, **keys}}
    )
    return choose_recovery_point(
        restore, an_inventory(), draw="seed", history=history, plan_name="orders"
    )


EXAMPLE_1 = (
    a_drill("03-02 13:00"),
    a_drill("03-05 09:00"),
    a_drill("03-06 01:00", backup=True),
    a_drill("03-07 05:00", FAILED),
)


def just_before(text: str) -> datetime:
    return at(text) - timedelta(seconds=1)


def test_greedy_takes_the_end_of_the_oldest_of_the_longest_unproven_chains():
    choice = chosen("greedy", *EXAMPLE_1)

    assert choice.point.at == just_before("03-02 01:00")
    assert choice.policy == "greedy"
    assert choice.reference_at == choice.point.at
    assert choice.reason == (
        "proves most of 9 chains, 23h59m59s that are not proven yet, from the backup of "
        "2026-03-01T01:00:00Z: 2026-03-02T00:59:59Z"
    )


def test_greedy_goes_on_to_the_next_chain_until_the_whole_window_is_proven():
    history: list[DrillFacts] = []
    points = []
    for _ in range(9):
        choice = chosen("greedy", *history)
        points.append(choice.point.at)
        history.append(a_drill(choice.point.at, ended=T))

    assert points[:4] == [
        just_before("03-02 01:00"),
        just_before("03-03 01:00"),
        just_before("03-04 01:00"),
        just_before("03-06 01:00"),
    ]
    assert len(set(points)) == 9
    assert "everything is proven" in chosen("greedy", *history).reason
    assert points[-1] == just_before("03-01 01:00")  # an hour of it is inside what is promised


def test_greedy_takes_what_is_suspect_as_not_proven():
    passed = [a_drill(just_before(f"03-0{day} 01:00"), ended=T) for day in (2, 3, 4, 6, 7)]

    choice = chosen("greedy", *passed, a_drill("03-07 05:00", FAILED))

    assert choice.point.at == at("03-07 23:55") - STEP


def test_greedy_does_not_offer_a_chain_across_a_gap():
    inventory = an_inventory(backups=(a_backup("03-04 01:00"),))

    choice = chosen("greedy", inventory=inventory)

    assert choice.point.at == at("03-04 10:00") - STEP


@pytest.mark.parametrize("backups", [(), (a_backup("03-07 23:59"),)])
def test_greedy_without_a_base_takes_the_newest_instant_and_says_why(backups):
    choice = chosen("greedy", inventory=an_inventory(backups=backups))

    assert choice.point.at == at("03-07 23:55") - STEP
    assert choice.reason.startswith("no backup reaches any window")


def test_retest_takes_the_point_that_failed():
    choice = chosen("retest", *EXAMPLE_1)

    assert (choice.point.at, choice.policy) == (at("03-07 05:00"), "retest")
    assert EXAMPLE_1[3].id in choice.reason


@pytest.mark.parametrize("later", ["03-07 05:00", "03-07 09:00"])
def test_a_later_pass_at_the_point_or_through_it_settles_a_failure(later):
    settled = a_drill(later, base_at=at("03-07 01:00"), ended=T)

    choice = chosen("retest", *EXAMPLE_1, settled)

    assert choice.policy == "latest"
    assert choice.reason.startswith("nothing is left to retest, latest: newest instant")


@pytest.mark.parametrize(
    "later",
    [
        a_drill("03-06 05:00", base_at=at("03-06 01:00"), ended=T),
        a_drill("03-07 09:00", base_at=at("03-07 06:00"), ended=T),
        a_drill("03-07 05:00", Outcome.INCONCLUSIVE, ended=T),
        a_drill("03-07 05:00", is_simulated=True, ended=T),
        a_drill("03-07 05:00", ended=T + timedelta(hours=1)),
    ],
)
def test_anything_else_settles_nothing(later):
    assert chosen("retest", *EXAMPLE_1, later).policy == "retest"


def test_a_point_that_stays_broken_does_not_hold_up_the_others():
    again = a_drill("03-07 05:00", FAILED, policy="retest", ended="03-07 20:00")
    between = a_drill("03-07 09:00", base_at=at("03-07 06:00"), ended="03-07 21:00")

    after_retest = chosen("retest", *EXAMPLE_1, again, otherwise="oldest")
    after_another = chosen("retest", *EXAMPLE_1, again, between, otherwise="oldest")

    assert after_retest.policy == "oldest"
    assert after_another.point.at == at("03-07 05:00")


def test_of_several_failures_the_one_tried_longest_ago_comes_first():
    first = a_drill("03-03 05:00", FAILED, ended="03-07 01:00")
    second = a_drill("03-06 05:00", FAILED, ended="03-07 02:00")
    first_again = a_drill("03-03 05:00", FAILED, ended="03-07 03:00")

    assert chosen("retest", first, second).point.at == at("03-03 05:00")
    assert chosen("retest", first, second, first_again).point.at == at("03-06 05:00")


def test_a_failed_point_that_no_window_has_any_more_is_not_retested():
    assert chosen("retest", a_drill("03-04 11:00", FAILED)).policy == "latest"


def test_oldest_is_just_inside_the_oldest_window():
    choice = chosen("oldest")

    assert choice.point.at == choice.reference_at == at("03-01 00:00") + STEP


def test_edge_visits_every_border_in_turn():
    history: list[DrillFacts] = []
    points = []
    for number in range(5):
        choice = chosen("edge", *history)
        points.append(choice.point.at)
        history.append(
            a_drill(choice.point.at, policy="edge", ended=T - timedelta(hours=9 - number))
        )

    assert points == [
        at("03-01 00:00") + STEP,
        at("03-04 10:00") - STEP,
        at("03-04 12:00") + STEP,
        at("03-07 23:55") - STEP,
        at("03-01 00:00") + STEP,
    ]


def test_around_alternates_between_before_and_after():
    keys: dict[str, Any] = {"event_at": "2026-03-05T10:00:00Z", "distance": "2s"}
    earlier = a_drill("03-05 10:00", policy="around")
    of_another_plan = a_drill("03-05 10:00", policy="around", plan_name="billing")

    first = chosen("around", of_another_plan, **keys)
    second = chosen("around", earlier, **keys)

    assert first.point.at == at("03-05 09:59:58")
    assert second.point.at == at("03-05 10:00:02")
    assert second.reason == "2s after the event at 2026-03-05T10:00:00Z: 2026-03-05T10:00:02Z"


def test_around_an_event_that_no_window_has_says_what_is_there():
    with pytest.raises(NoRecoveryPoint, match="before the event") as caught:
        chosen("around", event_at="2026-03-04T11:00:00Z")

    assert "It lies in a gap" in (caught.value.hint or "")


def test_mixed_takes_turns_by_the_conclusive_drills_of_its_plan():
    history: list[DrillFacts] = [a_drill("03-02 13:00", plan_name="billing")]
    policies = []
    for _ in range(5):
        policies.append(chosen("mixed", *history).policy)
        history.append(a_drill("03-02 13:00"))
        history.append(a_drill("03-02 13:00", Outcome.INCONCLUSIVE))

    assert policies == ["latest", "random", "greedy", "oldest", "latest"]


def test_mixed_says_whose_turn_it_is_and_lets_a_failure_come_first():
    turn = chosen("mixed", cycle=["edge", "greedy"])
    failure = chosen("mixed", *EXAMPLE_1, cycle=["edge", "greedy"])

    assert turn.reason.startswith("turn 1 of 2, edge: border 1 of 4")
    assert failure.policy == "retest"


def test_the_random_turn_draws_from_all_of_the_windows_by_the_seed_it_is_given():
    choice = chosen("mixed", cycle=["random"])

    assert (choice.policy, choice.seed) == ("random", "seed")
    assert "milliseconds in 2 windows, drawn by seed" in choice.reason


def backup_end(choice: Choice) -> datetime:
    assert isinstance(choice.point, BackupPoint)
    return choice.point.at


def test_undrilled_takes_the_oldest_backup_without_a_proof():
    first = chosen_backup("undrilled")
    second = chosen_backup("undrilled", a_drill("02-28 01:00", backup=True))

    assert backup_end(first) == at("02-28 01:00")
    assert backup_end(second) == at("03-01 01:00")
    assert second.reason.startswith("oldest of 8 complete backups without a proof, out of 9")


def test_undrilled_begins_again_with_the_oldest_proof():
    history = [
        a_drill(base, backup=True, ended=T - timedelta(hours=number))
        for number, base in enumerate(BASES, start=1)
    ]

    choice = chosen_backup("undrilled", *history)

    assert backup_end(choice) == at("03-07 01:00")
    assert "proven longest ago" in choice.reason


def test_a_failed_backup_is_retested_until_it_passes():
    failed = a_drill("03-03 01:00", FAILED, backup=True)
    passed = a_drill("03-03 01:00", backup=True, ended=T)

    assert backup_end(chosen_backup("retest", failed)) == at("03-03 01:00")
    assert chosen_backup("retest", failed, passed).policy == "newest"
    assert chosen_backup("mixed", failed).policy == "retest"
    assert chosen_backup("mixed").policy == "newest"


def test_a_failed_instant_is_no_failed_backup():
    assert chosen_backup("retest", a_drill("03-03 01:00", FAILED)).policy == "newest"


def test_the_gain_of_a_choice_is_what_a_pass_would_prove():
    past = Past(drills=EXAMPLE_1)
    choice = chosen("greedy", *EXAMPLE_1)

    gain = gain_of(choice, an_inventory(), past, kinds=ALL_KINDS)
    without_time = gain_of(choice, an_inventory(), past, kinds=("connects", "objects"))

    assert gain.added == timedelta(hours=24) - timedelta(seconds=1)
    assert gain.share_before == pytest.approx(0.120542, abs=1e-6)
    assert gain.share_after == pytest.approx((72_000 + 86_399) / 597_300)
    assert (gain.images_before, gain.images_after, gain.bases) == (3, 4, 9)
    assert (without_time.can_prove_time, without_time.added) == (False, timedelta(0))


def test_a_simulated_source_would_prove_nothing():
    simulated = an_inventory(source=replace(an_inventory().source, simulated=True))

    gain = gain_of(chosen("latest"), simulated, Past(), kinds=ALL_KINDS)

    assert (gain.added, gain.images_after) == (timedelta(0), 0)


POINTS = st.integers(0, 7 * 24 * 4 - 1).map(lambda n: at("03-01 00:00") + n * timedelta(minutes=15))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(POINTS, st.sampled_from([Outcome.PASSED, FAILED])), max_size=6))
def test_no_other_instant_would_prove_more_than_the_greedy_one(drilled):
    history = [
        a_drill(point, outcome, ended=T - timedelta(minutes=20 - number))
        for number, (point, outcome) in enumerate(drilled)
    ]
    past, inventory = Past(drills=history), an_inventory()
    best = gain_of(chosen("greedy", *history), inventory, past, kinds=ALL_KINDS).added

    for text in ("03-01 00:59", "03-02 00:59", "03-03 12:00", "03-04 09:59", "03-07 00:59"):
        other = chosen("instant", restore_time=at(text))
        assert gain_of(other, inventory, past, kinds=ALL_KINDS).added <= best + timedelta(seconds=1)


def test_every_candidate_lies_before_the_next_base_and_in_its_window():
    past, inventory = Past(), an_inventory()

    found = candidates_of(stretches_of(inventory), past.proof(inventory))

    ends = sorted(to_milliseconds(at(base)) for base in BASES)
    for candidate in found:
        between = [end for end in ends if candidate.base < end <= candidate.point]
        assert between == []
        assert to_milliseconds(candidate.stretch.first) <= candidate.point
        assert candidate.point <= to_milliseconds(candidate.stretch.last)


def test_a_window_of_one_millisecond_is_chosen_from():
    sliver = Window(at("03-07 10:00"), at("03-07 10:00") + 2 * STEP)

    assert chosen("edge", inventory=an_inventory(windows=(sliver,))).candidates == 1
