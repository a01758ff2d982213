"""What counts as wrong, and since when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.notify.conditions import Manner, find_conditions
from drill.notify.known import DaemonStart
from drill.plan.model import Schedule
from drill.plan.telling import NoticeKind, Severity
from drill.recovery.facts import DrillFacts
from drill.recovery.verdict import Outcome
from tests.builders import NOW
from tests.notify.scene import a_drill, a_promise, known

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def kinds(
    *drills: DrillFacts, manner: Manner | None = None, now: datetime = NOW, **overrides: Any
) -> list[NoticeKind]:
    found = find_conditions(known(*drills, **overrides), manner or Manner(), now=now)
    return [one.kind for one in found]


def test_a_failure_lasts_from_the_first_drill_that_failed():
    first = a_drill(Outcome.FAILED_CHECK, ago=3 * DAY)
    drills = [
        a_drill(Outcome.PASSED, ago=4 * DAY),
        first,
        a_drill(Outcome.INCONCLUSIVE, ago=2 * DAY),
        a_drill(Outcome.FAILED_RESTORE, ago=1 * DAY, reason="the job failed"),
    ]

    (condition,) = find_conditions(known(*drills), Manner(), now=NOW)

    assert condition.kind is NoticeKind.FAILED
    assert condition.since == first.finished_at
    assert condition.severity is Severity.CRITICAL
    assert "2 drills in a row" in condition.what
    assert condition.why == "the job failed"


def test_an_inconclusive_night_is_no_failure_of_the_backup():
    assert kinds(a_drill(Outcome.INCONCLUSIVE, ago=HOUR)) == []


def test_an_inconclusive_night_does_not_end_a_failure():
    drills = [a_drill(Outcome.FAILED_CHECK, ago=DAY), a_drill(Outcome.INCONCLUSIVE, ago=HOUR)]

    assert kinds(*drills) == [NoticeKind.FAILED]


@pytest.mark.parametrize("outcome", [Outcome.INCONCLUSIVE, Outcome.REFUSED, Outcome.MISSED])
def test_two_nights_without_an_answer_mean_that_the_control_did_not_operate(outcome):
    drills = [a_drill(outcome, ago=DAY), a_drill(Outcome.INCONCLUSIVE, ago=HOUR)]

    assert kinds(*drills) == [NoticeKind.NOT_OPERATED]
    assert kinds(*drills, manner=Manner(not_operated_after=3)) == []


def test_a_drill_that_a_person_stopped_says_nothing_either_way():
    drills = [
        a_drill(Outcome.INCONCLUSIVE, ago=3 * DAY),
        a_drill(Outcome.ABORTED, ago=2 * DAY),
        a_drill(Outcome.INCONCLUSIVE, ago=DAY),
    ]

    assert kinds(*drills) == [NoticeKind.NOT_OPERATED]
    assert kinds(a_drill(Outcome.ABORTED, ago=DAY), a_drill(Outcome.SKIPPED, ago=HOUR)) == []


def test_a_late_pass_is_a_warning_and_still_a_proof():
    (condition,) = find_conditions(known(a_drill(Outcome.PASSED_LATE, ago=HOUR)), Manner(), now=NOW)

    assert condition.kind is NoticeKind.FAILED
    assert condition.severity is Severity.WARNING


def test_a_plan_is_overdue_when_its_cadence_is_over():
    promise = (a_promise(cadence=2 * DAY),)
    drill = a_drill(Outcome.PASSED, ago=DAY)

    assert NoticeKind.OVERDUE not in kinds(drill, promises=promise)
    assert NoticeKind.OVERDUE in kinds(drill, promises=promise, now=NOW + DAY + HOUR)


def test_a_plan_is_overdue_when_its_next_slot_has_long_passed():
    schedule = Schedule(cron="30 2 * * *", time_zone="Europe/Berlin")
    promise = (a_promise(schedule=schedule, give_up_after=2 * HOUR),)
    drill = a_drill(Outcome.PASSED, ago=timedelta(0))  # for the slot of 01:30 UTC

    (slot, patience) = (NOW - timedelta(minutes=30) + DAY, 3 * HOUR)
    assert kinds(drill, promises=promise, now=slot + patience) == []
    late = find_conditions(
        known(drill, promises=promise), Manner(), now=slot + patience + timedelta(seconds=1)
    )
    assert [(one.kind, one.since) for one in late] == [(NoticeKind.OVERDUE, slot + patience)]


NIGHTLY = Schedule(cron="0 2 * * *", time_zone="UTC")  # NOW is a slot of it
FIRST_DEADLINE = NOW + DAY + 2 * HOUR + HOUR  # the slot after NOW, give_up_after, and the grace


def overdue(*drills: DrillFacts, now: datetime, told: datetime | None = None, **promise: Any):
    """Return the condition of a plan that is overdue, or None."""
    values = {"schedule": NIGHTLY, "give_up_after": 2 * HOUR} | promise
    subject = ("plan:orders-nightly", NoticeKind.OVERDUE)
    found = find_conditions(
        known(*drills, promises=(a_promise(**values),)),
        Manner(),
        now=now,
        open_since={subject: told} if told else {},
    )
    return next((one for one in found if one.kind is NoticeKind.OVERDUE), None)


def test_a_plan_that_never_ran_is_overdue_from_its_first_slot_on():
    assert overdue(now=FIRST_DEADLINE, seen_at=NOW) is None
    late = overdue(now=FIRST_DEADLINE + timedelta(seconds=1), seen_at=NOW)

    assert late.since == FIRST_DEADLINE
    assert late.drill_id is None
    assert late.what == (
        "no drill has finished since it was first seen with a schedule: 2026-03-01 02:00Z"
    )


def test_of_a_plan_that_nobody_has_seen_with_a_schedule_nothing_is_known():
    assert overdue(now=NOW + 30 * DAY, seen_at=None) is None


def test_a_plan_that_never_ran_keeps_the_beginning_and_says_what_kept_it_away():
    missed = [
        a_drill(Outcome.MISSED, ago=-DAY, reason="the machine was off", finished_at=None),
        a_drill(Outcome.MISSED, ago=-2 * DAY, reason="paused by ann", finished_at=None),
    ]

    late = overdue(*missed, now=NOW + 3 * DAY, seen_at=NOW)

    assert late.since == FIRST_DEADLINE
    assert late.why == "paused by ann"


def test_a_schedule_that_is_edited_meanwhile_is_the_same_episode_until_a_drill_ends():
    later = Schedule(cron="0 9 * * *", time_zone="UTC")
    told, now = FIRST_DEADLINE, NOW + 5 * DAY
    run = a_drill(Outcome.INCONCLUSIVE, ago=-2 * DAY)

    assert overdue(now=now, seen_at=NOW, schedule=later, told=told).since == told
    assert overdue(run, now=now, seen_at=NOW, schedule=later, told=told).since > told


def test_a_plan_whose_instances_are_simulated_is_kept_by_its_simulated_drills():
    fake = a_drill(Outcome.INCONCLUSIVE, ago=-2 * DAY, is_simulated=True)

    assert overdue(fake, now=NOW + 2 * DAY + HOUR, seen_at=NOW) is None
    assert overdue(fake, now=NOW + 5 * DAY, seen_at=NOW) is not None


def test_missed_slots_do_not_make_up_for_drills():
    promise = (a_promise(cadence=DAY),)
    drills = [a_drill(Outcome.PASSED, ago=3 * DAY), a_drill(Outcome.MISSED, ago=HOUR)]

    (condition,) = [
        one
        for one in find_conditions(known(*drills, promises=promise), Manner(), now=NOW)
        if one.kind is NoticeKind.OVERDUE
    ]

    assert condition.since == NOW - 2 * DAY


def test_a_proof_is_said_to_end_before_it_has_ended():
    promise = (a_promise(proof_validity=8 * DAY),)
    drill = a_drill(Outcome.PASSED, ago=timedelta(0))

    assert kinds(drill, promises=promise, now=NOW + 6 * DAY - HOUR) == []
    assert kinds(drill, promises=promise, now=NOW + 6 * DAY) == [NoticeKind.PROOF_ENDING]
    assert kinds(drill, promises=promise, now=NOW + 8 * DAY) == [NoticeKind.STALE_PROOF]


@pytest.mark.parametrize("weak", [{"level": 2}, {"is_simulated": True}])
def test_a_weak_or_simulated_drill_does_not_renew_a_proof(weak):
    promise = (a_promise(proof_validity=8 * DAY),)
    drills = [a_drill(Outcome.PASSED, ago=9 * DAY), a_drill(Outcome.PASSED, ago=HOUR, **weak)]

    assert kinds(*drills, promises=promise) == [NoticeKind.STALE_PROOF]


def test_a_leak_is_wrong_even_of_a_plan_that_is_gone_and_of_a_simulated_drill():
    drill = a_drill(Outcome.INCONCLUSIVE, ago=HOUR, teardown="leaked", is_simulated=True)

    (condition,) = find_conditions(known(drill, promises=()), Manner(), now=NOW)

    assert (condition.kind, condition.subject) == (NoticeKind.LEAKED, f"drill:{drill.id}")


def test_a_crash_before_this_start_is_told_and_a_clean_end_is_not():
    crashed = DaemonStart(name="host-1", started_at=NOW, previous_crashed=True)
    clean = DaemonStart(name="host-1", started_at=NOW, previous_crashed=False)

    assert kinds(start=crashed) == [NoticeKind.CRASHED]
    assert kinds(start=clean) == []


def test_an_episode_that_began_before_the_drills_at_hand_keeps_its_beginning():
    drill = a_drill(Outcome.FAILED_CHECK, ago=DAY)
    told = {("plan:orders-nightly", NoticeKind.FAILED): NOW - 30 * DAY}

    (condition,) = find_conditions(known(drill), Manner(), now=NOW, open_since=told)

    assert condition.since == NOW - 30 * DAY


@given(
    outcomes=st.lists(st.sampled_from(list(Outcome)), max_size=8),
    simulated=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_simulated_drills_change_nothing_that_is_known_of_a_plan(outcomes, simulated):
    drills = [
        a_drill(outcome, ago=(len(outcomes) - index) * DAY, is_simulated=fake)
        for index, (outcome, fake) in enumerate(zip(outcomes, simulated, strict=False))
    ]

    with_them = find_conditions(known(*drills), Manner(), now=NOW)
    real = [one for one in drills if not one.is_simulated]

    assert with_them == find_conditions(known(*real), Manner(), now=NOW)


@given(outcomes=st.lists(st.sampled_from(list(Outcome)), max_size=8))
def test_no_plan_whose_newest_drill_passed_is_said_to_fail(outcomes):
    drills = [a_drill(one, ago=(9 - index) * DAY) for index, one in enumerate(outcomes)]
    drills.append(a_drill(Outcome.PASSED, ago=HOUR))

    assert not {NoticeKind.FAILED, NoticeKind.NOT_OPERATED} & set(kinds(*drills))
