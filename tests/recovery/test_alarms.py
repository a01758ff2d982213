"""Alarms say what looking at a source can tell, and nothing where nobody could look."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.recovery.alarm import Alarm, AlarmKind, Promise
from drill.recovery.alarms import alarms_of, promise_of
from drill.recovery.facts import Observation, Population
from drill.recovery.values import BackupKind, Window
from tests.builders import CLOUD, NOW, SOURCE_ID, a_backup, a_plan

SOURCE = (CLOUD, SOURCE_ID)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PROMISE = Promise(rpo=15 * MINUTE, retention=6 * DAY)
LISTED = Population(cloud=CLOUD, taken_at=NOW, instances=((SOURCE_ID, "orders-prod"),))


def a_look(night: int = 0, *, depth: timedelta = 7 * DAY, lag: timedelta = 5 * MINUTE, **overrides):
    """Return a healthy look, so many nights before now."""
    at = NOW - night * DAY
    ends = [at - HOUR - day * DAY for day in range(7)]
    values: dict[str, Any] = {
        "cloud": CLOUD,
        "source_id": SOURCE_ID,
        "taken_at": at,
        "source_name": "orders-prod",
        "created_at": NOW - 90 * DAY,
        "retention_days": 7,
        "windows": (Window(at - depth, at - lag),),
        "backups": tuple(
            a_backup(id=f"b{end:%m%d}", name=f"b{end:%m%d}", began_at=end - HOUR, ended_at=end)
            for end in reversed(ends)
        ),
    }
    return Observation(**values | overrides)


def a_fault(night: int = 0) -> Observation:
    return Observation(
        cloud=CLOUD, source_id=SOURCE_ID, taken_at=NOW - night * DAY, fault="cannot be reached"
    )


def alarms(*looks: Observation, promise=PROMISE, population=LISTED, now=NOW) -> list[Alarm]:
    return list(alarms_of(SOURCE, looks, promise=promise, population=population, now=now))


def only(*looks: Observation, **more) -> Alarm:
    (alarm,) = alarms(*looks, **more)
    return alarm


def test_a_healthy_month_raises_no_alarm():
    assert alarms(*(a_look(night) for night in reversed(range(30)))) == []


def test_a_window_that_reaches_less_far_back_is_an_alarm_since_it_did():
    shrunk = [a_look(night, depth=6 * DAY - MINUTE) for night in (1, 0)]

    alarm = only(a_look(2), *shrunk, promise=Promise())

    assert alarm.kind is AlarmKind.WINDOW_SHRANK
    assert alarm.since == NOW - DAY
    assert (alarm.actual, alarm.limit) == (6 * DAY - MINUTE, 7 * DAY)


def test_a_window_that_shrinks_a_little_every_night_is_noticed():
    looks = [a_look(night, depth=5 * DAY + night * 8 * HOUR) for night in (5, 4, 3, 2, 1, 0)]

    alarm = only(*looks, promise=Promise())

    assert (alarm.kind, alarm.since) == (AlarmKind.WINDOW_SHRANK, NOW - DAY)


def test_a_start_that_moves_by_one_backup_is_no_alarm():
    assert alarms(a_look(1, depth=7 * DAY), a_look(depth=6 * DAY)) == []


def test_a_window_that_is_gone_says_so():
    kinds = {one.kind: one for one in alarms(a_look(1), a_look(windows=()), promise=Promise())}

    assert "no restore window is left" in kinds[AlarmKind.WINDOW_SHRANK].message


def test_a_gap_is_an_alarm_since_the_first_look_that_shows_it():
    broken = (Window(NOW - 7 * DAY, NOW - 3 * DAY), Window(NOW - 3 * DAY + HOUR, NOW - MINUTE))
    looks = [a_look(night, windows=broken) for night in (2, 1, 0)]
    looks = [
        replace(one, windows=(broken[0], Window(broken[1].starts_at, one.taken_at)))
        for one in looks
    ]

    alarm = only(a_look(3), *looks, promise=Promise())

    assert (alarm.kind, alarm.since, alarm.actual) == (AlarmKind.GAP, NOW - 2 * DAY, HOUR)


def test_a_newest_point_older_than_the_rpo_target_is_an_alarm():
    alarm = only(a_look(1), a_look(lag=16 * MINUTE))

    assert (alarm.kind, alarm.since) == (AlarmKind.LOG_LATE, NOW)
    assert (alarm.actual, alarm.limit) == (16 * MINUTE, 15 * MINUTE)
    assert alarms(a_look(lag=15 * MINUTE)) == []


def test_less_than_the_promised_retention_is_an_alarm_from_the_first_minute():
    alarm = only(a_look(depth=6 * DAY - MINUTE))

    assert alarm.kind is AlarmKind.RETENTION_SHORT
    assert (alarm.actual, alarm.limit) == (6 * DAY - MINUTE, 6 * DAY)


def test_a_young_source_owes_no_more_than_its_age():
    young = a_look(depth=2 * DAY, created_at=NOW - 2 * DAY)

    assert alarms(young) == []


def test_a_backup_that_does_not_come_is_an_alarm():
    old = tuple(one for one in a_look().backups if one.ended_at < NOW - 40 * HOUR)

    alarm = only(a_look(1, backups=old), a_look(backups=old), promise=Promise())

    assert (alarm.kind, alarm.since) == (AlarmKind.BACKUP_LATE, NOW)
    assert alarm.actual == 49 * HOUR


def test_log_backups_do_not_count_as_backups_to_begin_with():
    logs = tuple(replace(one, kind=BackupKind.INCREMENTAL) for one in a_look().backups)

    alarm = only(a_look(backups=logs), promise=Promise())

    assert alarm.message == "there is no restorable backup"


def test_neither_window_nor_backup_is_one_alarm_and_not_three():
    alarm = only(a_look(windows=(), backups=()))

    assert alarm.kind is AlarmKind.NO_RECOVERY_POINT


def test_a_backup_that_goes_before_its_time_is_an_alarm_until_it_would_be_due():
    full = a_look(1)
    robbed = replace(a_look(), backups=a_look().backups[:-2] + a_look().backups[-1:])
    (gone,) = {one.id for one in a_look().backups} - {one.id for one in robbed.backups}

    alarm = only(full, robbed, promise=Promise())

    assert (alarm.kind, alarm.since) == (AlarmKind.BACKUP_VANISHED, NOW)
    assert alarm.message == f"1 backup gone before the time: {gone}"


def test_a_backup_that_was_kept_its_days_may_go():
    assert alarms(*(a_look(night) for night in (3, 2, 1, 0)), promise=Promise()) == []


def test_a_manual_backup_is_missed_whenever_it_goes():
    by_hand = a_backup(
        id="hand", kind=BackupKind.MANUAL, began_at=NOW - 61 * DAY, ended_at=NOW - 60 * DAY
    )

    alarm = only(a_look(1, backups=(by_hand, *a_look(1).backups)), a_look(), promise=Promise())

    assert alarm.kind is AlarmKind.BACKUP_VANISHED


def test_a_retention_that_was_shortened_makes_no_backup_vanish():
    short = a_look(retention_days=2, backups=a_look().backups[-2:], depth=7 * DAY)

    assert alarms(a_look(1), short, promise=Promise()) == []


def test_a_source_that_cannot_be_asked_is_no_data_and_not_an_empty_window():
    found = alarms(a_look(2), a_fault(1), a_fault())

    assert [one.kind for one in found] == [AlarmKind.NO_DATA]
    assert (found[0].since, found[0].seen_at) == (NOW - DAY, NOW)
    assert "cannot be reached" in found[0].message


def test_what_was_wrong_before_the_silence_stays():
    kinds = [one.kind for one in alarms(a_look(1, lag=HOUR), a_fault())]

    assert kinds == [AlarmKind.NO_DATA, AlarmKind.LOG_LATE]


def test_a_source_that_nobody_looked_at_is_no_data():
    assert only(a_look(2)).kind is AlarmKind.NO_DATA
    assert only().kind is AlarmKind.NO_DATA


def test_a_source_that_left_the_list_has_vanished():
    gone = Population(cloud=CLOUD, taken_at=NOW, instances=(("another", "x"),))

    alarm = only(a_look(1), a_fault(), population=gone)

    assert (alarm.kind, alarm.since) == (AlarmKind.SOURCE_VANISHED, NOW)
    assert alarm.source_name == "orders-prod"


def test_a_source_that_was_never_listed_is_unknown():
    gone = Population(cloud=CLOUD, taken_at=NOW, instances=())

    assert only(a_fault(), population=gone).kind is AlarmKind.SOURCE_UNKNOWN


def test_of_all_plans_the_strictest_promise_counts():
    plans = [
        a_plan(objectives={"rpo": "1h", "retention": "7d"}),
        a_plan(objectives={"rpo": "5m"}),
        a_plan(objectives={"retention": "30d"}),
    ]

    assert promise_of(plans) == Promise(rpo=5 * MINUTE, retention=30 * DAY)
    assert promise_of([a_plan(objectives={})]) == Promise()


LOOKS = st.lists(
    st.one_of(
        st.builds(
            a_look,
            st.integers(0, 40),
            depth=st.timedeltas(min_value=2 * HOUR, max_value=20 * DAY),
            lag=st.timedeltas(min_value=timedelta(0), max_value=HOUR),
        ),
        st.builds(a_look, st.integers(0, 40), windows=st.just(())),
        st.builds(a_fault, st.integers(0, 40)),
    ),
    max_size=12,
    unique_by=lambda one: one.taken_at,
).map(lambda looks: sorted(looks, key=lambda one: one.taken_at))


@settings(max_examples=200, deadline=None)
@given(looks=LOOKS)
def test_an_alarm_began_no_later_than_it_was_seen_and_each_kind_stands_once(looks):
    found = alarms(*looks)

    assert all(one.since <= one.seen_at <= NOW for one in found)
    kinds = [one.kind for one in found]
    assert kinds == sorted(set(kinds), key=list(AlarmKind).index)
    assert all(one.message and one.hint.endswith(".") for one in found)


@settings(max_examples=200, deadline=None)
@given(looks=LOOKS)
def test_faults_alone_change_nothing_that_is_said_about_windows(looks):
    known = [one for one in looks if one.fault is None]
    about_data = {AlarmKind.NO_DATA}

    assert [one for one in alarms(*looks) if one.kind not in about_data] == [
        one for one in alarms(*known) if one.kind not in about_data
    ]


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1)])
@given(rpo=st.timedeltas(min_value=MINUTE, max_value=30 * DAY))
def test_exactly_on_the_rpo_target_is_no_alarm_and_a_microsecond_more_is(late, rpo):
    kinds = [
        one.kind
        for one in alarms(
            a_look(lag=rpo + late, depth=40 * DAY, backups=()), promise=Promise(rpo=rpo)
        )
    ]

    assert (AlarmKind.LOG_LATE in kinds) == bool(late)
