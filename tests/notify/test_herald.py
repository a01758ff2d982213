"""Who is told what, how often, and what a broken channel costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.engine.notices import TellingState
from drill.errors import StoreError
from drill.notify.conditions import Manner
from drill.notify.herald import Herald
from drill.notify.words import Message
from drill.plan.schedule import Schedule
from drill.plan.telling import NoticeKind, Severity
from drill.recovery.verdict import Outcome
from tests.builders import NOW
from tests.notify.scene import Square, a_drill, a_promise

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def square() -> Square:
    return Square()


def titles(messages: list[Message]) -> list[str]:
    return [message.title for message in messages]


def test_a_failure_is_told_once_however_often_one_looks_and_restarts(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]

    assert titles(square.look()) == ["[drill] FAILED: orders-nightly"]
    assert square.look(later=MINUTE) == []
    assert square.look(later=23 * HOUR) == []


def test_a_failure_that_goes_on_is_told_again_after_a_day_not_after_each_night(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]
    square.look()
    square.drills.append(a_drill(Outcome.FAILED_CHECK, ago=-12 * HOUR))

    assert square.look(later=12 * HOUR) == []
    assert titles(square.look(later=24 * HOUR)) == ["[drill] STILL FAILING: orders-nightly"]
    assert square.look(later=25 * HOUR) == []
    assert titles(square.look(later=48 * HOUR)) == ["[drill] STILL FAILING: orders-nightly"]


def test_a_recovery_is_told_once_and_the_next_failure_is_a_new_one(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]
    square.look()
    square.drills.append(a_drill(Outcome.PASSED, ago=-HOUR))

    assert titles(square.look(later=2 * HOUR)) == ["[drill] recovered: orders-nightly"]
    assert square.look(later=3 * HOUR) == []

    square.drills.append(a_drill(Outcome.FAILED_RESTORE, ago=-4 * HOUR))
    assert titles(square.look(later=5 * HOUR)) == ["[drill] FAILED: orders-nightly"]


def test_a_recovery_of_what_nobody_was_told_is_not_told(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=DAY), a_drill(Outcome.PASSED, ago=HOUR)]

    assert square.look() == []


def test_a_plan_that_was_taken_away_is_not_said_to_have_recovered(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]
    square.look()
    square.promises = ()

    assert square.look(later=MINUTE) == []


def test_what_answers_again_but_fails_has_not_recovered(square):
    square.drills = [
        a_drill(Outcome.INCONCLUSIVE, ago=2 * DAY),
        a_drill(Outcome.INCONCLUSIVE, ago=DAY),
    ]
    square.look()
    square.drills.append(a_drill(Outcome.FAILED_CHECK, ago=-HOUR))

    assert titles(square.look(later=2 * HOUR)) == ["[drill] FAILED: orders-nightly"]


def test_a_leak_is_over_when_it_is_torn_down(square):
    leaked = a_drill(Outcome.PASSED, ago=HOUR, teardown="leaked")
    square.drills = [leaked]
    assert titles(square.look()) == ["[drill] LEAKED: orders-nightly"]

    square.drills = [replace(leaked, teardown="pending")]
    assert square.look(later=MINUTE) == []
    square.drills = [replace(leaked, teardown="clean")]
    assert titles(square.look(later=2 * MINUTE)) == ["[drill] recovered: orders-nightly"]


def test_a_plan_that_never_ran_is_told_once_and_is_over_with_the_first_drill(square):
    schedule = Schedule(cron="0 2 * * *", time_zone="UTC")
    square.promises = (a_promise(schedule=schedule, give_up_after=HOUR, seen_at=NOW),)
    square.manner = Manner(not_operated_after=9)
    two_nights = 2 * DAY + HOUR

    assert square.look(later=HOUR) == []
    assert titles(square.look(later=two_nights)) == ["[drill] OVERDUE: orders-nightly"]
    assert square.look(later=two_nights + MINUTE) == []
    square.drills.append(a_drill(Outcome.MISSED, ago=-two_nights, finished_at=None))
    assert square.look(later=two_nights + 2 * MINUTE) == []
    square.drills.append(a_drill(Outcome.INCONCLUSIVE, ago=-two_nights - HOUR))
    assert titles(square.look(later=two_nights + 2 * HOUR)) == ["[drill] recovered: orders-nightly"]
    assert square.look(later=two_nights + 3 * HOUR) == []


def test_two_heralds_with_one_book_tell_it_once(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]
    one, other = square.herald(), square.herald()

    told = one.book.told()
    assert told == []
    one.look(now=NOW)
    other.look(now=NOW)

    assert len(square.pigeon.sent) == 1


def test_a_telling_that_another_has_entered_meanwhile_is_not_sent(square):
    """Both have read an empty book; who comes second finds the entry in its place."""
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]
    square.look()
    square.book.told = lambda *, since=None: []  # what the second one has read before

    assert square.look() == []


def test_a_broken_channel_is_tried_again_with_growing_pauses_and_then_told(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]
    square.pigeon.trouble = "the service answered 500"

    square.look()
    assert square.look(later=timedelta(seconds=59)) == []
    assert square.pigeon.tries == 1
    square.look(later=MINUTE)
    square.look(later=3 * MINUTE)
    assert square.pigeon.tries == 2
    square.pigeon.trouble = None
    (message,) = square.look(later=6 * MINUTE)

    assert message.title == "[drill] FAILED: orders-nightly"
    (telling,) = [one for one in square.book.told() if one.channel == "on-call"]
    assert (telling.state, telling.attempts, telling.fault) == (TellingState.SENT, 3, None)


def test_what_was_not_told_is_told_late_although_it_is_over(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]
    square.pigeon.trouble = "the service answered 500"
    square.look()
    square.drills.append(a_drill(Outcome.PASSED, ago=timedelta(0)))
    square.pigeon.trouble = None

    assert titles(square.look(later=HOUR)) == [
        "[drill] FAILED: orders-nightly",
        "[drill] recovered: orders-nightly",
    ]


def test_a_channel_that_stays_broken_is_given_up_and_says_so(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]
    square.pigeon.trouble = "no route"
    for hours in range(0, 80, 6):
        square.look(later=timedelta(hours=hours))

    first = next(one for one in square.book.told() if one.channel == "on-call")
    assert first.state is TellingState.GIVEN_UP
    assert first.fault == "no route"
    tally = next(one for one in square.book.tallies() if one.channel == "on-call")
    assert tally.failed_attempts >= 5


def test_a_process_that_died_while_sending_leaves_it_to_the_next_one(square):
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]

    class Died(BaseException):
        pass

    def die(message):
        raise Died

    square.pigeon.send, send = die, square.pigeon.send
    with pytest.raises(Died):
        square.look()
    square.pigeon.send = send

    assert square.look(later=4 * MINUTE) == []
    assert titles(square.look(later=5 * MINUTE)) == ["[drill] FAILED: orders-nightly"]


def test_a_dead_channel_costs_one_try_a_look_and_the_other_channel_is_told(square):
    square.promises = tuple(a_promise(plan_name=f"plan-{n}") for n in range(3))
    square.drills = [
        a_drill(Outcome.FAILED_CHECK, ago=HOUR, plan_name=f"plan-{n}") for n in range(3)
    ]
    square.pigeon.trouble = "timed out"

    square.look()

    assert square.pigeon.tries == 1
    states = {(one.channel, one.state) for one in square.book.told()}
    assert states == {("log", TellingState.SENT), ("on-call", TellingState.FAILED)}


def test_a_bad_night_of_a_fleet_is_one_message(square):
    square.promises = tuple(a_promise(plan_name=f"plan-{n:02}") for n in range(30))
    square.drills = [
        a_drill(Outcome.FAILED_CHECK, ago=HOUR, plan_name=f"plan-{n:02}") for n in range(30)
    ]

    (message,) = square.look()

    assert message.title == "[drill] 30 notices"
    assert len(message.body.splitlines()) == 30
    assert message.severity is Severity.CRITICAL
    assert square.look(later=MINUTE) == []


@pytest.mark.parametrize(
    ("filters", "is_told"),
    [
        ({"kinds": frozenset({NoticeKind.LEAKED})}, False),
        ({"kinds": frozenset({NoticeKind.FAILED})}, True),
        ({"groups": frozenset({"shop"})}, True),
        ({"groups": frozenset({"billing"})}, False),
        ({"least_severity": Severity.CRITICAL}, True),
    ],
)
def test_a_channel_hears_only_what_it_asks_for(filters, is_told):
    square = Square(**filters)
    square.promises = (a_promise(group="shop"),)
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=HOUR)]

    assert bool(square.look()) is is_told


def test_trouble_of_the_store_is_no_trouble_of_the_run(square):
    def broken(since):
        raise StoreError("the store drill.db is damaged")

    herald = square.herald()
    herald = Herald(
        promises=herald.promises,
        drills=broken,
        book=herald.book,
        channels=herald.channels,
        manner=herald.manner,
        give_up_after=herald.give_up_after,
        pages=herald.pages,
    )

    assert herald.look(now=NOW) == []


@given(
    outcomes=st.lists(st.sampled_from(list(Outcome)), max_size=10),
    steps=st.lists(st.integers(min_value=1, max_value=30), min_size=1, max_size=10),
)
def test_no_notice_is_ever_sent_twice(outcomes, steps):
    square = Square()
    square.promises = (a_promise(cadence=2 * DAY, proof_validity=4 * DAY),)
    later = timedelta(0)
    for step, outcome in zip(steps, outcomes, strict=False):
        later += step * HOUR
        square.drills.append(a_drill(outcome, ago=-later))
        square.look(later=later)
        before = len(square.pigeon.sent)
        square.look(later=later)
        assert len(square.pigeon.sent) == before

    keys = [one.key for one in square.book.told()]
    assert len(keys) == len(set(keys))
