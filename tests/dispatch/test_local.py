"""The dispatcher: who is worked on first, how it ends, and what it survives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from drill.clock import SystemClock
from drill.dispatch.local import LocalDispatcher
from drill.engine.memory import MemoryJournal
from drill.engine.record import DrillRecord, Outcome, State
from drill.errors import StoreUnavailable
from drill.provider.memory import Habits, MemoryProvider
from drill.recovery.values import Window
from tests.engine.scene import SOURCE_ID, Scene, a_plan

PATIENCE = 30


class Hall:
    """A scene in real time, with a cloud whose restores last until ``let_go``."""

    def __init__(self, journal: MemoryJournal | None = None, **limits: Any) -> None:
        self.scene = Scene(journal or MemoryJournal())
        clock = SystemClock()
        scene = self.scene
        scene.clock = clock  # type: ignore[assignment]
        scene.provider = MemoryProvider(clock, habits=Habits(takes=timedelta(days=1)))
        scene.prober._provider = scene.provider
        scene.prober._clock = clock  # type: ignore[assignment]
        scene._fill_cloud()
        now = clock.now()
        scene.provider.set_windows(
            SOURCE_ID, [Window(now - timedelta(days=6), now - timedelta(minutes=2))]
        )
        parts = scene.parts_with(scene.journal, scene.provider)
        cloud = replace(parts.clouds["memory"], poll_every=timedelta(milliseconds=20))
        self.parts = replace(parts, clouds={"memory": cloud}, **limits)
        self.dispatcher = LocalDispatcher(self.parts, workers=2)
        self.failures: list[BaseException] = []

    def let_go(self) -> None:
        self.scene.provider._habits = Habits()

    def state_of(self, drill_id: str) -> State:
        return self.scene.record(drill_id).state

    def start(self) -> threading.Thread:
        def work() -> None:
            try:
                self.dispatcher.work_until_stopped()
            except BaseException as error:  # noqa: BLE001  told to the test
                self.failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def wait_until(self, holds: Callable[[], bool]) -> None:
        waiting = threading.Event()
        for _ in range(PATIENCE * 100):
            if holds():
                return
            waiting.wait(0.01)
        raise AssertionError("it never came to that")


@pytest.fixture
def hall():
    made = Hall(drills_at_once=1)
    yield made
    made.dispatcher.stop()


def test_drills_that_are_enlisted_later_are_worked_on_until_it_is_stopped(hall):
    hall.let_go()
    thread = hall.start()
    first = hall.scene.enlist(a_plan(name="one"))
    hall.dispatcher.wake()
    hall.wait_until(lambda: hall.state_of(first) is State.FINISHED)
    second = hall.scene.enlist(a_plan(name="two"))
    hall.wait_until(lambda: hall.state_of(second) is State.FINISHED)

    hall.dispatcher.stop()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert hall.failures == []
    assert hall.scene.record(second).outcome is Outcome.PASSED


def test_drain_finishes_what_has_begun_and_leaves_the_queued_as_they_are(hall):
    begun, queued = (hall.scene.enlist(a_plan(name=name)) for name in ("one", "two"))
    thread = hall.start()
    hall.wait_until(lambda: hall.state_of(begun) is State.RESTORING)

    hall.dispatcher.drain()
    hall.let_go()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert hall.state_of(begun) is State.FINISHED
    assert hall.state_of(queued) is State.QUEUED
    assert hall.scene.record(queued).started_at is None


def test_a_drill_under_way_is_looked_at_although_hundreds_wait(hall):
    begun = hall.scene.enlist(a_plan(name="first"))
    thread = hall.start()
    hall.wait_until(lambda: hall.state_of(begun) is State.RESTORING)
    waiting = [hall.scene.enlist(a_plan(name=f"plan-{number}")) for number in range(300)]
    looks = hall.scene.provider.calls["find_job"]

    hall.wait_until(lambda: hall.scene.provider.calls["find_job"] > looks + 20)

    assert {hall.state_of(drill_id) for drill_id in waiting} == {State.QUEUED}
    hall.dispatcher.stop()
    thread.join(PATIENCE)


class MoodyJournal(MemoryJournal):
    """Cannot be used while it is told so; counts how often it was asked then."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.refused = 0

    def _ensure_there(self) -> None:
        if self.is_away:
            self.refused += 1
            raise StoreUnavailable("the store is locked by another process")

    def due(self, **asked: Any) -> list[str]:
        self._ensure_there()
        return super().due(**asked)

    def claim(self, *asked: Any, **more: Any) -> DrillRecord | None:
        self._ensure_there()
        return super().claim(*asked, **more)

    def save(self, *asked: Any, **more: Any) -> DrillRecord:
        self._ensure_there()
        return super().save(*asked, **more)


def test_a_store_that_is_away_for_a_while_ends_neither_the_loop_nor_a_drill():
    journal = MoodyJournal()
    hall = Hall(journal, lease=timedelta(seconds=1))
    drill_id = hall.scene.enlist(a_plan())
    thread = hall.start()
    hall.wait_until(lambda: hall.state_of(drill_id) is State.RESTORING)

    journal.is_away = True
    hall.wait_until(lambda: journal.refused > 1)
    hall.let_go()
    journal.is_away = False
    hall.wait_until(lambda: hall.state_of(drill_id) is State.FINISHED)

    assert hall.scene.record(drill_id).outcome is Outcome.PASSED
    assert hall.scene.restores_accepted() == 1
    hall.dispatcher.stop()
    thread.join(PATIENCE)
    assert hall.failures == []


def test_other_parts_are_used_from_the_next_step_on(hall):
    drill_id = hall.scene.enlist(a_plan())
    thread = hall.start()
    hall.wait_until(lambda: hall.state_of(drill_id) is State.RESTORING)
    other = MemoryProvider(SystemClock())

    cloud = replace(hall.parts.clouds["memory"], provider=other)
    hall.dispatcher.use(replace(hall.parts, clouds={"memory": cloud}))

    hall.wait_until(lambda: other.calls["find_job"] > 0)
    hall.dispatcher.stop()
    thread.join(PATIENCE)


def test_the_log_says_once_that_a_drill_is_under_way_and_once_how_it_ended(hall):
    with capture_logs() as lines:
        thread = hall.start()
        drill_id = hall.scene.enlist(a_plan(name="one"))
        hall.wait_until(lambda: hall.scene.provider.calls["find_job"] > 5)
        hall.let_go()
        hall.wait_until(lambda: any(line["event"] == "drill finished" for line in lines))
        hall.dispatcher.stop()
        thread.join(PATIENCE)

    begun, finished = lines
    assert (begun["event"], finished["event"]) == ("drill under way", "drill finished")
    assert {line["drill_id"] for line in lines} == {drill_id}
    assert {line["plan"] for line in lines} == {"one"}
    assert finished["reached"] == "L4"
    assert (finished["outcome"], finished["teardown"]) == ("passed", "clean")


def test_a_store_that_can_only_be_read_is_tried_now_and_then_and_said_once():
    class FullDisk(MoodyJournal):
        def due(self, **asked: Any) -> list[str]:
            return MemoryJournal.due(self, **asked)

    journal = FullDisk()
    hall = Hall(journal, lease=timedelta(milliseconds=50))
    drill_id = hall.scene.enlist(a_plan())
    with capture_logs() as lines:
        thread = hall.start()
        hall.wait_until(lambda: hall.state_of(drill_id) is State.RESTORING)
        journal.is_away = True
        hall.wait_until(lambda: journal.refused > 1)
        refused = journal.refused
        threading.Event().wait(1)
        assert journal.refused < refused + 20
        hall.let_go()
        journal.is_away = False
        hall.wait_until(lambda: hall.state_of(drill_id) is State.FINISHED)
        hall.dispatcher.stop()
        thread.join(PATIENCE)

    said = [line["event"] for line in lines]
    assert said.count("store unavailable") == 1
    assert said.count("step left") == 1
    assert said.count("store available again") == 1
