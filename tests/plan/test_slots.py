"""When drills are due: one slot a night in every time zone, and never two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.plan.model import Plan
from drill.plan.slots import next_slot, placed, slots_between, spread_of
from tests.builders import a_plan

ZONES = (
    *("Australia/Lord_Howe", "Europe/Berlin", "America/New_York", "Asia/Shanghai"),
    *("Pacific/Apia", "Pacific/Chatham", "America/Havana", "America/Santiago", "UTC"),
    *("Africa/Casablanca", "Africa/Cairo", "America/Nuuk", "America/St_Johns", "Asia/Tehran"),
    *("Antarctica/Troll", "Asia/Beirut", "Europe/Dublin"),
)
"""Among them clocks that change by half an hour or two hours, at midnight, in the evening, around
Ramadan, with a "summer time" in winter, and not at all."""
TIMES = ("0 0", "30 0", "30 1", "45 1", "30 2", "0 3", "59 23")
A_MINUTE = timedelta(minutes=1)


def scheduled(cron: str, time_zone: str = "UTC", **more: Any) -> Plan:
    return a_plan(schedule={"cron": cron, "time_zone": time_zone, **more})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first_showing(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant at which a clock on the wall shows this time, or a later one.

    By the tables of zoneinfo alone: of a time that comes twice the first one, and of one that does
    not come the minute in which the clock jumps over it (PEP 495).
    """
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    instant = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # before the jump
    while instant.astimezone(zone).replace(tzinfo=None) < wall:
        instant += A_MINUTE
    return instant


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("time", TIMES)
def test_a_nightly_plan_has_exactly_one_slot_for_every_local_day_of_a_year(zone, time):
    plan = scheduled(f"{time} * * *", zone)
    minute, hour = map(int, time.split())
    first = at("2026-01-01").replace(hour=hour, minute=minute, tzinfo=None)
    nights = [first + timedelta(days=day) for day in range(365)]
    expected = [first_showing(night, ZoneInfo(zone)) for night in nights]

    slots = slots_between(plan, after=expected[0] - A_MINUTE, until=expected[-1])

    assert [slot.scheduled_for for slot in slots] == expected
    assert len(set(expected)) == 365


@pytest.mark.parametrize(
    ("zone", "cron", "after", "first"),
    [
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T01:00", "2026-10-26T01:30"),
        ("America/New_York", "30 1 * * *", "2026-11-01T05:30", "2026-11-02T06:30"),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00", "2026-10-03T15:30"),
    ],
    ids=["spring", "autumn", "after the first", "between the two", "New York", "half an hour"],
)
def test_a_change_of_the_clocks_neither_loses_nor_repeats_a_night(zone, cron, after, first):
    slot = next_slot(scheduled(cron, zone), after=at(after))

    assert slot is not None
    assert slot.scheduled_for == at(first)


def test_two_fixed_times_inside_the_hour_that_spring_leaves_out_are_one_slot():
    plan = scheduled("10,50 2 * * *", "Europe/Berlin")

    slots = list(slots_between(plan, after=at("2026-03-29"), until=at("2026-03-30")))

    assert [slot.scheduled_for for slot in slots] == [at("2026-03-29T01:00")]


CRONS = st.sampled_from(
    ["30 2 * * *", "0 */4 * * *", "15,45 1-3 * * *", "0 3 * * 0", "0 0 L * *", "*/20 * * * *"]
)
CHANGES = [at("2026-03-29T01:00"), at("2026-10-25T01:00"), at("2026-04-04T15:00"), at("2026-07-01")]
INSTANTS = st.builds(
    lambda change, minutes, seconds: change + timedelta(minutes=minutes, seconds=seconds),
    st.sampled_from(CHANGES),
    st.integers(-3000, 3000),
    st.integers(0, 59),
)


@settings(max_examples=60, deadline=None)
@given(cron=CRONS, zone=st.sampled_from(ZONES), cuts=st.lists(INSTANTS, min_size=2, max_size=4))
def test_slots_only_grow_and_a_cut_anywhere_changes_none(cron, zone, cuts):
    plan = scheduled(cron, zone, spread="20m")
    cuts = sorted(cuts)

    whole = list(slots_between(plan, after=cuts[0], until=cuts[-1]))
    in_parts = [slot for a, b in pairwise(cuts) for slot in slots_between(plan, after=a, until=b)]

    assert whole == in_parts
    assert all(a.scheduled_for < b.scheduled_for for a, b in pairwise(whole))
    assert all(cuts[0] < slot.scheduled_for <= cuts[-1] for slot in whole)
    assert all(slot.scheduled_for <= slot.starts_at <= slot.latest_start_at for slot in whole)


@settings(max_examples=60, deadline=None)
@given(cron=CRONS, zone=st.sampled_from(ZONES), after=INSTANTS)
def test_the_next_slot_is_the_first_of_those_that_follow(cron, zone, after):
    plan = scheduled(cron, zone)

    following = slots_between(plan, after=after, until=after + timedelta(days=40))

    assert next_slot(plan, after=after) == next(following)


@given(name=st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True), seconds=st.integers(0, 90_000))
def test_the_spread_of_a_plan_is_always_the_same_and_below_its_limit(name, seconds):
    spread = timedelta(seconds=seconds)

    offset = spread_of(name, spread)

    assert offset == spread_of(name, spread)
    assert timedelta(0) <= offset < max(spread, timedelta(seconds=1))


def test_the_spread_draws_plans_apart():
    offsets = {spread_of(f"plan-{number}", timedelta(hours=1)) for number in range(200)}

    assert len(offsets) > 150


def test_a_plan_without_a_schedule_has_no_slot():
    assert next_slot(a_plan(), after=at("2026-01-01")) is None
    assert list(slots_between(a_plan(), after=at("2026-01-01"), until=at("2027-01-01"))) == []


def the_slot(plan: Plan):
    slot = next_slot(plan, after=at("2026-03-01"))
    assert slot is not None
    return slot


def blacked_out(*windows: tuple[str, str], **more: Any) -> Plan:
    return scheduled(
        "0 2 * * *",
        start_window="4h",
        blackouts=[
            {"reason": f"number {number}", "begins_at": f"{begin}Z", "ends_at": f"{end}Z"}
            for number, (begin, end) in enumerate(windows)
        ],
        **more,
    )


@pytest.mark.parametrize(
    ("windows", "starts_at"),
    [
        ([], "2026-03-01T02:00"),
        ([("2026-03-01T00:00", "2026-03-01T02:00")], "2026-03-01T02:00"),
        ([("2026-03-01T03:00", "2026-03-01T09:00")], "2026-03-01T02:00"),
        ([("2026-03-01T01:00", "2026-03-01T03:00")], "2026-03-01T03:00"),
        ([("2026-03-01T01:00", "2026-03-01T06:00")], "2026-03-01T06:00"),
        (
            [("2026-03-01T02:30", "2026-03-01T04:00"), ("2026-03-01T01:00", "2026-03-01T03:00")],
            "2026-03-01T04:00",
        ),
    ],
    ids=["none", "before", "later", "at the start", "to the last instant", "two in a row"],
)
def test_a_slot_that_is_partly_blacked_out_begins_afterwards(windows, starts_at):
    plan = blacked_out(*windows)
    assert plan.schedule is not None

    found = placed(the_slot(plan), plan.schedule.blackouts)

    assert not found.is_skipped
    assert found.slot.starts_at == at(starts_at)


def test_a_slot_whose_whole_window_is_blacked_out_is_skipped_with_the_reason():
    plan = blacked_out(
        ("2026-03-01T01:00", "2026-03-01T04:00"), ("2026-03-01T04:00", "2026-03-02T00:00")
    )
    assert plan.schedule is not None

    found = placed(the_slot(plan), plan.schedule.blackouts)

    assert found.is_skipped
    assert found.blackout is not None
    assert found.blackout.reason == "number 1"


def test_a_slot_whose_spread_leads_into_a_blackout_begins_before_it():
    plan = blacked_out(("2026-03-01T02:00:01", "2026-03-02T00:00"), spread="4h")
    assert plan.schedule is not None
    assert the_slot(plan).starts_at > at("2026-03-01T02:00:01")

    found = placed(the_slot(plan), plan.schedule.blackouts)

    assert not found.is_skipped
    assert found.slot.starts_at == at("2026-03-01T02:00")


def test_a_blackout_that_comes_again_covers_each_of_its_nights():
    plan = scheduled(
        "0 2 * * *",
        start_window="1h",
        blackouts=[{"reason": "Sunday", "cron": "0 0 * * 0", "duration": "1d"}],
    )
    assert plan.schedule is not None
    slots = slots_between(plan, after=at("2026-03-01"), until=at("2026-03-15"))

    skipped = [
        slot.scheduled_for.weekday()
        for slot in slots
        if placed(slot, plan.schedule.blackouts).is_skipped
    ]

    assert skipped == [6, 6]


@pytest.mark.parametrize(
    "blackout",
    [
        {"cron": "0 0 * * *"},
        {"duration": "1h"},
        {"begins_at": "2026-03-01T00:00:00Z"},
        {"cron": "0 0 * * *", "duration": "1h", "ends_at": "2026-03-01T00:00:00Z"},
        {"begins_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-01T00:00:00Z"},
        {"cron": "0 0 * * *", "duration": "32d"},
    ],
)
def test_a_blackout_without_a_clear_beginning_and_end_is_refused(blackout):
    with pytest.raises(ValueError, match="blackout"):
        scheduled("0 2 * * *", blackouts=[{"reason": "because", **blackout}])


def test_a_spread_longer_than_the_start_window_is_refused():
    with pytest.raises(ValueError, match="spread"):
        scheduled("0 2 * * *", start_window="1h", spread="2h")
