"""The alarm clock rings for slots, beats, and ends with what fails in it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.plan.model import Plan
from drill.scheduler.alarm import AlarmClock, SlotTrigger
from tests.builders import a_plan

PATIENCE = 30
A_MOMENT = timedelta(microseconds=1)


def scheduled(cron: str = "* * * * *", time_zone: str = "UTC", spread: str = "0s") -> Plan:
    return a_plan(schedule={"cron": cron, "time_zone": time_zone, "spread": spread})


def fired(plans: Sequence[Plan], begin: datetime, days: int) -> list[datetime]:
    """Return when the trigger fires within some days."""
    trigger = SlotTrigger(plans)
    previous: datetime | None = None
    found: list[datetime] = []
    now = begin
    while True:
        at = trigger.get_next_fire_time(previous, now)
        if at is None or at > begin + timedelta(days=days):
            return found
        found.append(at)
        previous = now = at


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Tehran"],
)
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 0 * * *", "30 1 * * *", "59 23 * * *"])
def test_a_nightly_plan_fires_once_a_day_when_clocks_change_too(zone, cron):
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)

    found = fired([scheduled(cron, zone)], begin, 360)

    assert len(found) == 360
    assert len(set(found)) == 360


@settings(max_examples=50)
@given(st.timedeltas(timedelta(0), timedelta(days=366)))
def test_a_slot_that_is_now_is_not_passed_over_and_none_comes_twice(since: timedelta):
    now = datetime(2026, 1, 1, tzinfo=UTC) + since
    trigger = SlotTrigger([scheduled("*/7 * * * *", spread="5m")])

    first = trigger.get_next_fire_time(None, now)
    second = trigger.get_next_fire_time(first, now)

    assert first is not None
    assert second is not None
    assert now <= first < second
    assert trigger.get_next_fire_time(None, first) == first
    assert trigger.get_next_fire_time(None, first - A_MOMENT) == first


def test_a_plan_without_a_next_date_rings_never():
    assert SlotTrigger([a_plan()]).get_next_fire_time(None, datetime.now(UTC)) is None


def test_it_fires_when_any_of_its_plans_would_alone():
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    plans = [
        scheduled("30 2 * * *", "Europe/Berlin"),
        scheduled("30 2 * * 1", "Europe/Berlin", spread="1h"),
        scheduled("0 */5 * * *"),
        a_plan(name="unscheduled"),
    ]

    found = fired(plans, begin, 100)

    assert found == sorted({at for plan in plans for at in fired([plan], begin, 100)})


def test_it_fires_for_the_same_slots_when_the_clock_was_set_back():
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    trigger = SlotTrigger([scheduled("0 * * * *"), scheduled("30 * * * *")])
    first = trigger.get_next_fire_time(None, begin)

    trigger.get_next_fire_time(None, begin + timedelta(days=40))

    assert trigger.get_next_fire_time(None, begin) == first


def test_it_beats_until_it_is_stopped():
    beats = threading.Semaphore(0)
    alarm = AlarmClock(ring=lambda: None, beat=beats.release, every=timedelta(milliseconds=20))
    thread = threading.Thread(target=alarm.run)
    thread.start()
    for _ in range(3):
        assert beats.acquire(timeout=PATIENCE)

    alarm.stop()
    thread.join(PATIENCE)

    assert not thread.is_alive()


@pytest.mark.parametrize("where", ["beat", "ring"])
def test_what_fails_in_a_call_ends_the_run_with_it(where):
    def fail() -> None:
        raise LookupError("the plans are gone")

    def nothing() -> None:
        return

    def hurry() -> None:
        alarm._scheduler.modify_job("slots", next_run_time=datetime.now(UTC))

    calls = {"beat": fail, "ring": nothing} if where == "beat" else {"beat": hurry, "ring": fail}
    alarm = AlarmClock(**calls, every=timedelta(milliseconds=20))
    alarm.plan([scheduled()])

    with pytest.raises(LookupError, match="the plans are gone"):
        alarm.run()


def test_there_is_an_alarm_as_long_as_some_plan_has_a_schedule():
    alarm = AlarmClock(ring=lambda: None, beat=lambda: None, every=timedelta(seconds=30))
    alarm.plan([scheduled(), a_plan(name="unscheduled")])
    alarm.plan([scheduled()])
    assert [job.id for job in alarm._scheduler.get_jobs()] == ["slots"]

    alarm.plan([a_plan(name="unscheduled")])

    assert alarm._scheduler.get_jobs() == []


def test_a_slot_that_begins_while_another_rings_is_not_passed_over():
    begun, goes_on = threading.Semaphore(0), threading.Event()

    def ring() -> None:
        begun.release()
        goes_on.wait(PATIENCE)

    alarm = AlarmClock(ring=ring, beat=lambda: None, every=timedelta(seconds=30))
    alarm.plan([scheduled()])
    thread = threading.Thread(target=alarm.run)
    thread.start()
    alarm._is_started.wait(PATIENCE)

    for _ in range(3):
        alarm._scheduler.modify_job("slots", next_run_time=datetime.now(UTC))
        assert begun.acquire(timeout=PATIENCE)

    goes_on.set()
    alarm.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
