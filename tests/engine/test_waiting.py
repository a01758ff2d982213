"""A drill of the schedule that waits: for a seat, a pause or a blackout, and never too long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drill.engine.control import Pause, Scope
from drill.engine.enlisting import new_drill
from drill.engine.memory_control import MemoryControl
from drill.engine.ports import Parts
from drill.engine.record import DrillRecord, Outcome, State, Teardown, Trigger
from drill.engine.runner import advance
from drill.plan.blackouts import SiteBlackout
from drill.plan.model import Plan
from tests.engine.scene import NOON, Scene, a_plan

MINUTE = timedelta(minutes=1)
NIGHTLY = {"cron": "0 12 * * *", "start_window": "30m"}


def scheduled(name: str = "orders", **changes: Any) -> Plan:
    return a_plan(name=name, **{"schedule": NIGHTLY, **changes})


class Waiting:
    """One drill of the slot at noon, and everything that may hold it back."""

    def __init__(self, *, plan: Plan | None = None, trigger: Trigger = Trigger.SCHEDULE) -> None:
        self.scene = Scene()
        self.control = MemoryControl()
        self.parts: Parts = replace(self.scene.parts, control=self.control)
        record = new_drill(
            plan or scheduled(), digest="d" * 64, trigger=trigger, scheduled_for=NOON, now=NOON
        )
        self.scene.journal.enlist([record])
        self.id = record.id

    def look(self, after: timedelta = timedelta(0)) -> DrillRecord:
        """Let time pass and look at the drill, once it is due."""
        self.scene.clock.move(after)
        if self.scene.record(self.id).next_at <= self.scene.clock.now():
            advance(self.id, self.parts, held=lambda record: None)
        return self.scene.record(self.id)

    def pause(self, scope: Scope = Scope.ALL, name: str | None = None, **more: Any) -> None:
        now = self.scene.clock.now()
        self.control.pause(
            Pause(id="p", scope=scope, name=name, since=now, by="ops", reason="moving", **more)
        )


def test_drill_whose_start_window_ended_while_it_waited_for_a_seat_is_missed_and_says_for_what():
    waiting = Waiting()
    waiting.parts = replace(waiting.parts, drills_at_once=0)

    assert waiting.look().state is State.QUEUED
    for _ in range(200):
        record = waiting.look(15 * timedelta(seconds=1))

    assert (record.outcome, record.teardown) == (Outcome.MISSED, Teardown.NOT_NEEDED)
    assert record.reason == (
        "its start window ended at 2026-03-01 12:30:00Z: "
        "it waits for a seat: at most 0 drills at once"
    )
    assert record.hint
    assert waiting.scene.restores_accepted() == 0


def test_drill_that_nobody_looked_at_until_its_start_window_ended_is_missed_for_that():
    waiting = Waiting()

    record = waiting.look(31 * MINUTE)

    assert record.outcome is Outcome.MISSED
    assert "nobody looked at it from 2026-03-01 12:00:00Z on" in (record.reason or "")


def test_drill_at_the_last_instant_of_its_start_window_begins():
    assert Waiting().look(30 * MINUTE).started_at == NOON + 30 * MINUTE


def test_drill_that_has_begun_is_not_missed_however_long_it_lasts():
    waiting = Waiting()
    waiting.look()

    record = waiting.scene.run_until_finished(waiting.id, waiting.parts)

    assert record.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("scope", "name"),
    [(Scope.ALL, None), (Scope.PLAN, "orders"), (Scope.CLOUD, "memory"), (Scope.GROUP, "shop")],
)
def test_paused_drill_does_not_begin_and_is_missed_when_its_window_ends(scope, name):
    waiting = Waiting(plan=scheduled(group="shop"))
    waiting.pause(scope, name)

    assert waiting.look().state is State.QUEUED
    record = waiting.look(40 * MINUTE)

    assert record.outcome is Outcome.MISSED
    assert "pause: moving" in (record.reason or "") or "nobody looked" in (record.reason or "")
    assert waiting.scene.restores_accepted() == 0


def test_paused_drill_that_is_looked_at_in_time_is_missed_because_of_the_pause():
    waiting = Waiting()
    waiting.pause()

    for _ in range(40):
        record = waiting.look(MINUTE)

    assert record.outcome is Outcome.MISSED
    assert record.reason == (
        "its start window ended at 2026-03-01 12:30:00Z: it waits for the end of a pause: moving"
    )


def test_drill_begins_after_the_pause_ended():
    waiting = Waiting()
    waiting.pause(until=NOON + 10 * MINUTE)
    waiting.look()

    record = waiting.look(12 * MINUTE)

    assert record.started_at == NOON + 12 * MINUTE


def test_drill_that_a_person_started_is_not_held_back_and_never_too_late():
    paused = Waiting(trigger=Trigger.COMMAND)
    paused.pause()
    late = Waiting(trigger=Trigger.COMMAND)

    assert paused.look().started_at == NOON
    assert late.look(40 * MINUTE).started_at == NOON + 40 * MINUTE


def test_pause_does_not_hold_back_a_drill_that_has_begun():
    waiting = Waiting()
    waiting.look()
    waiting.pause()

    assert waiting.scene.run_until_finished(waiting.id, waiting.parts).outcome is Outcome.PASSED


def test_blackout_that_begins_while_a_drill_waits_holds_it_back_until_its_end():
    waiting = Waiting()
    blackout = SiteBlackout.model_validate(
        {"reason": "audit", "begins_at": NOON, "ends_at": NOON + 10 * MINUTE}
    )
    waiting.parts = replace(waiting.parts, blackouts=(blackout,))

    held = waiting.look()
    assert (held.state, held.reason) == (
        State.QUEUED,
        "waits for the end of a blackout: audit",
    )
    assert waiting.look(10 * MINUTE).started_at == NOON + 10 * MINUTE


def test_drill_that_is_held_back_takes_nobody_s_seat():
    waiting = Waiting(plan=scheduled("paused"))
    waiting.parts = replace(waiting.parts, drills_at_once=1)
    waiting.pause(Scope.PLAN, "paused")
    waiting.look()
    waiting.scene.clock.move(MINUTE)
    other = waiting.scene.enlist(a_plan(name="other"))

    advance(other, waiting.parts, held=lambda record: None)

    assert waiting.scene.record(other).started_at == NOON + MINUTE
