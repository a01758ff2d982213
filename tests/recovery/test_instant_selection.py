"""Choosing an instant inside the windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.errors import NoRecoveryPoint
from drill.plan.model import (
    AtInstant,
    Latest,
    PitrRestore,
    RandomInstant,
)
from drill.recovery.instants import before, rounded_down, rounded_up, shown
from drill.recovery.selection import choose_recovery_point
from drill.recovery.values import (
    Choice,
    Inventory,
    TimePoint,
    Window,
)
from drill.recovery.windows import merge_windows
from tests.recovery.inventories import NEW, OLD, STEP, TAKEN_AT, a_backup, ago, an_inventory


def latest(inventory: Inventory, **margin: float) -> Choice:
    selection = Latest(policy="latest", margin=timedelta(**margin))
    return choose_recovery_point(
        PitrRestore(mode="pitr", selection=selection), inventory, draw="unused"
    )


def at_instant(inventory: Inventory, instant: datetime) -> Choice:
    selection = AtInstant(policy="instant", restore_time=instant)
    return choose_recovery_point(
        PitrRestore(mode="pitr", selection=selection), inventory, draw="unused"
    )


def random_instant(inventory: Inventory, within: timedelta, seed: str | None, draw: str) -> Choice:
    selection = RandomInstant(policy="random", within=within, seed=seed)
    return choose_recovery_point(
        PitrRestore(mode="pitr", selection=selection), inventory, draw=draw
    )


def test_latest_is_one_millisecond_before_the_end_of_the_newest_window():
    choice = latest(an_inventory(OLD, NEW))

    assert choice.point == TimePoint(restore_time=NEW.ends_at - STEP, window=NEW)
    assert choice.reference_at == TAKEN_AT
    assert choice.policy == "latest"
    assert choice.candidates == 2
    assert choice.seed is None
    assert choice.reason == "newest instant of 2 windows: 2026-03-08T11:54:59.999Z"


def test_latest_is_a_whole_millisecond_when_the_window_ends_between_two():
    window = Window(NEW.starts_at, NEW.ends_at + timedelta(microseconds=1500))

    choice = latest(an_inventory(window))

    assert choice.point.at == NEW.ends_at


def test_latest_never_lies_after_the_inventory():
    choice = latest(an_inventory(Window(ago(days=1), TAKEN_AT + timedelta(seconds=3))))

    assert choice.point.at == TAKEN_AT - STEP


def test_a_margin_is_counted_from_the_newest_instant():
    choice = latest(an_inventory(OLD, NEW), minutes=10)

    assert choice.point.at == ago(minutes=15) - STEP
    assert choice.reference_at == TAKEN_AT
    assert choice.reason == (
        "10m before the newest instant of 2 windows, 2026-03-08T11:54:59.999Z: "
        "2026-03-08T11:44:59.999Z"
    )


def test_a_margin_that_ends_in_a_gap_goes_to_the_nearest_earlier_instant():
    choice = latest(an_inventory(OLD, NEW), days=3, hours=12)

    assert choice.point == TimePoint(restore_time=OLD.ends_at - STEP, window=OLD)
    assert "lies in a gap, so the nearest earlier instant" in choice.reason


def test_a_margin_that_ends_on_the_border_of_a_window_leaves_that_window():
    margin = (NEW.ends_at - STEP) - NEW.starts_at

    choice = latest(an_inventory(OLD, NEW), seconds=margin.total_seconds())

    assert choice.point.at == OLD.ends_at - STEP


@pytest.mark.parametrize("days", [8, 999_999])
def test_a_margin_older_than_every_window_says_how_long_it_may_be(days):
    with pytest.raises(NoRecoveryPoint) as caught:
        latest(an_inventory(OLD, NEW), days=days)

    assert f"a margin of {days}d" in caught.value.message
    assert "source-in03" in caught.value.message
    assert "at most 6d23h54m59s998ms" in (caught.value.hint or "")


def test_a_window_too_short_to_have_an_inside_is_not_chosen():
    sliver = Window(ago(minutes=2), ago(minutes=2) + STEP)

    assert latest(an_inventory(NEW, sliver)).point.at == NEW.ends_at - STEP


@pytest.mark.parametrize(
    ("backups", "hint"),
    [
        ((), "There is no backup at all, and 7 days of retention are set"),
        ((a_backup("b1", None, status="BUILDING"),), "There are 1 backups, but none that is full"),
        ((a_backup("b1", ago(days=1)),), "There are 1 complete backup, from 2026-03-07T12:00:00Z"),
    ],
)
def test_without_a_window_the_backups_are_named(backups, hint):
    with pytest.raises(NoRecoveryPoint, match="source-in03 has no restore window") as caught:
        latest(an_inventory(backups=backups))

    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("instant", [NEW.starts_at, ago(days=1), NEW.ends_at])
def test_a_named_instant_is_taken_even_on_a_border(instant):
    choice = at_instant(an_inventory(OLD, NEW), instant)

    assert choice.point == TimePoint(restore_time=instant, window=NEW)
    assert choice.reference_at == instant
    assert shown(instant) in choice.reason


def test_a_named_instant_is_rounded_down_to_the_millisecond_of_the_api():
    choice = at_instant(an_inventory(NEW), ago(days=1) + timedelta(microseconds=1999))

    assert choice.point.at == choice.reference_at == ago(days=1) + STEP


@pytest.mark.parametrize(
    ("windows", "instant", "hint"),
    [
        (
            (OLD, NEW),
            ago(days=3.5),
            "It lies in a gap; choose an instant up to 2026-03-04T12:00:00Z",
        ),
        ((OLD, NEW), ago(days=8), "reach from 2026-03-01T12:00:00Z to 2026-03-08T11:55:00Z"),
        ((OLD, NEW), TAKEN_AT, "reach from 2026-03-01T12:00:00Z to 2026-03-08T11:55:00Z"),
        ((), ago(days=1), "There is no restore window at all"),
    ],
)
def test_a_named_instant_outside_every_window_says_what_is_there(windows, instant, hint):
    with pytest.raises(NoRecoveryPoint, match="outside every restore window") as caught:
        at_instant(an_inventory(*windows), instant)

    assert shown(instant) in caught.value.message
    assert hint in (caught.value.hint or "")


def test_a_random_instant_is_drawn_by_the_seed_of_the_plan_and_recorded():
    inventory = an_inventory(OLD, NEW)

    first = random_instant(inventory, timedelta(days=7), "of the plan", "of drill 1")
    again = random_instant(inventory, timedelta(days=7), "of the plan", "of drill 2")

    assert first == again
    assert first.seed == "of the plan"
    assert first.reference_at == first.point.at
    assert first.candidates == 2


def test_a_random_instant_without_a_seed_is_drawn_by_the_drill_and_can_be_replayed():
    inventory = an_inventory(OLD, NEW)

    drawn = random_instant(inventory, timedelta(days=7), None, "of drill 1")
    replayed = random_instant(inventory, timedelta(days=7), drawn.seed, "something else")
    other = random_instant(inventory, timedelta(days=7), None, "of drill 2")

    assert drawn.seed == "of drill 1"
    assert replayed == drawn
    assert other.point != drawn.point


def test_a_random_instant_is_the_documented_place_of_the_documented_draw():
    # 3 + 5 candidates: a window of n milliseconds has n - 1 inside its borders
    first = Window(ago(hours=2), ago(hours=2) + 4 * STEP)
    second = Window(ago(hours=1), ago(hours=1) + 6 * STEP)
    population = [first.starts_at + n * STEP for n in (1, 2, 3)]
    population += [second.starts_at + n * STEP for n in (1, 2, 3, 4, 5)]

    seen = set()
    for number in range(100):
        choice = random_instant(an_inventory(first, second), timedelta(days=1), str(number), "")
        place = population.index(choice.point.at)
        assert choice.reason.startswith(f"number {place} of 8 milliseconds in 2 windows")
        seen.add(place)

    assert seen == set(range(8))


instants = st.integers(-8 * 86_400_000, 10_000).map(lambda ms: TAKEN_AT + ms * STEP)


@given(
    st.lists(st.builds(Window, instants, instants), min_size=1, max_size=5),
    st.text(min_size=1, max_size=20),
    st.integers(1, 8 * 86_400),
)
def test_a_random_instant_lies_inside_a_window_and_inside_the_period(raw, seed, seconds):
    windows = merge_windows(raw, now=TAKEN_AT).windows
    within = timedelta(seconds=seconds)

    try:
        choice = random_instant(an_inventory(*windows), within, seed, "")
    except NoRecoveryPoint:
        return

    assert isinstance(choice.point, TimePoint)
    assert TAKEN_AT - within <= choice.point.at < TAKEN_AT
    assert choice.point.window in windows
    assert choice.point.window.starts_at < choice.point.at < choice.point.window.ends_at
    assert rounded_down(choice.point.at) == choice.point.at


def test_a_random_period_without_a_window_says_what_is_there():
    with pytest.raises(NoRecoveryPoint, match="reaches into the last 1h") as caught:
        random_instant(an_inventory(OLD), timedelta(hours=1), None, "x")

    assert "2026-03-04T12:00:00Z" in (caught.value.hint or "")


def test_a_random_period_longer_than_time_itself_takes_every_window():
    choice = random_instant(an_inventory(NEW), timedelta(days=999_999_999), None, "x")

    assert NEW.contains(choice.point.at)


def test_instants_are_rounded_to_milliseconds_and_shown_as_short_as_they_are():
    between = TAKEN_AT + timedelta(microseconds=1500)

    assert rounded_down(between) == rounded_down(TAKEN_AT + STEP) == TAKEN_AT + STEP
    assert rounded_up(between) == rounded_up(TAKEN_AT + 2 * STEP) == TAKEN_AT + 2 * STEP
    assert shown(TAKEN_AT) == "2026-03-08T12:00:00Z"
    assert shown(between) == "2026-03-08T12:00:00.001Z"


def test_the_time_before_all_time_is_the_first_instant():
    assert before(TAKEN_AT, timedelta(days=999_999_999)) == datetime.min.replace(tzinfo=UTC)
