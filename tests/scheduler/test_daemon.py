"""The daemon beats, records what came due, goes on through trouble, and ends when it must."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from drill.engine.control import Pause, Scope
from drill.engine.memory import MemoryJournal
from drill.engine.memory_control import MemoryControl
from drill.engine.ports import Parts
from drill.engine.record import DrillRecord, State, Trigger
from drill.engine.runner import advance
from drill.errors import StoreUnavailable
from drill.plan.loader import load_config
from drill.scheduler.daemon import Daemon, Means
from drill.scheduler.planbook import PlanBook
from tests.engine.scene import Scene, a_plan
from tests.plan.conftest import CONFIG, PLAN

SCHEDULE = '\n[schedule]\ncron = "* * * * *"\n'
PATIENCE = 30


class Site:
    """A daemon on a folder of plans, with a store in memory and a clock that is moved by hand."""

    def __init__(self, folder: Path, journal: MemoryJournal | None = None, **means: Any) -> None:
        (folder / "config.toml").write_text(CONFIG)
        config, _ = load_config(folder / "config.toml")
        assert config is not None
        self.plans = folder / "plans"
        self.plans.mkdir()
        self.scene = Scene(journal or MemoryJournal())
        self.clock = self.scene.clock
        self.journal = self.scene.journal
        self.control = means.pop("control", None) or MemoryControl()
        self.furnished: list[list[str]] = []
        self.means = Means(
            parts=self.scene.parts,
            control=self.control,
            book=PlanBook(self.plans, config),
            refurnished=self.refurnish,
            workers=1,
            beat_every=timedelta(milliseconds=20),
            drain_timeout=timedelta(seconds=0),
            **means,
        )
        self.daemon = Daemon(self.means)

    def refurnish(self, plans: Any) -> Parts:
        self.furnished.append([one.plan.name for one in plans])
        return self.scene.parts

    def write(self, name: str) -> None:
        text = PLAN.replace('name = "orders"', f'name = "{name}"')
        (self.plans / f"{name}.toml").write_text(text + SCHEDULE)

    def run_in_thread(self) -> tuple[threading.Thread, list[BaseException]]:
        failures: list[BaseException] = []

        def run() -> None:
            try:
                self.daemon.run()
            except BaseException as error:  # noqa: BLE001  told to the test
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread, failures


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_beat_enlists_what_has_come_once_and_records_what_went_by(site):
    site.write("orders")
    site.daemon.beat(anyway=True)
    site.daemon.beat()
    assert len(site.journal.history()) == 1

    site.clock.move(timedelta(minutes=3))
    site.daemon.beat()
    site.daemon.beat()

    records = site.journal.history()
    assert len(records) == 4
    assert {record.trigger for record in records} == {Trigger.SCHEDULE}
    assert len({record.scheduled_for for record in records}) == 4
    assert [record.outcome for record in records[1:3]] == ["missed", "missed"]


def test_a_beat_notes_what_the_daemon_has_trouble_with_beside_its_drills(tmp_path):
    site = Site(tmp_path, trouble=lambda: "metrics are not served")

    site.daemon.beat(anyway=True)

    assert [one.trouble for one in site.control.daemons()] == ["metrics are not served"]


def test_the_last_plan_that_goes_is_said_and_nothing_else_about_plans_is(site):
    site.write("orders")
    with capture_logs() as lines:
        thread, failures = site.run_in_thread()
        try:
            _wait_until(lambda: any(line["event"] == "ready" for line in lines))
            (site.plans / "orders.toml").unlink()
            _wait_until(lambda: any(line["log_level"] == "warning" for line in lines))
        finally:
            site.daemon.leave()
            thread.join(10)

    assert failures == []
    warnings = [line["event"] for line in lines if line["log_level"] == "warning"]
    assert warnings == ["there is no plan: nothing is drilled"]


def _wait_until(holds: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        if holds():
            return
        waiting.wait(0.01)
    raise AssertionError("it never came to that")


def test_plans_that_change_are_drilled_as_they_are_and_sources_are_made_known(site):
    site.write("orders")
    site.daemon.beat(anyway=True)
    site.write("billing")

    site.daemon.beat()

    assert site.furnished == [["orders"], ["billing", "orders"]]
    assert {record.plan_name for record in site.journal.history()} == {"orders", "billing"}


def test_drills_of_a_dead_worker_can_be_taken_over_at_once(site):
    site.write("orders")
    site.daemon.beat(anyway=True)
    drill_id = site.journal.history()[0].id
    now = site.clock.now()
    dead = f"{socket.gethostname()}/999999999/1"
    site.journal.claim(drill_id, worker=dead, now=now, lease=timedelta(days=1))
    assert drill_id not in site.journal.due(now=now, at_most=9)

    site.daemon.beat()

    assert drill_id in site.journal.due(now=now, at_most=9)


def test_a_call_that_fails_stops_neither_the_beat_nor_the_calls_after_it(tmp_path):
    called: list[datetime] = []

    def fail(now: datetime) -> None:
        raise LookupError("nobody is there to be told")

    site = Site(tmp_path, on_beat=[fail, called.append])
    site.write("orders")

    site.daemon.beat(anyway=True)

    assert called == [site.clock.now()]
    assert len(site.journal.history()) == 1


class AwayControl(MemoryControl):
    """Cannot be used while it is told so."""

    is_away = True

    def daemon_beat(self, worker: str, *, now: Any, trouble: str | None = None) -> None:
        if self.is_away:
            raise StoreUnavailable("the store is locked by another process")
        super().daemon_beat(worker, now=now, trouble=trouble)


def test_a_store_that_is_away_is_waited_for(tmp_path):
    control = AwayControl()
    site = Site(tmp_path, control=control)
    site.write("orders")
    site.daemon.beat(anyway=True)
    assert site.journal.history() == []
    assert not site.daemon.is_healthy

    control.is_away = False
    site.daemon.beat()

    assert len(site.journal.history()) == 1
    assert site.daemon.is_healthy


def test_it_says_when_it_began_and_how_it_ended(site):
    beaten = threading.Event()
    site.daemon = Daemon(replace(site.means, on_beat=[lambda now: beaten.set()]))
    thread, failures = site.run_in_thread()
    assert beaten.wait(PATIENCE)

    site.daemon.stop()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert failures == []
    (said,) = site.control.daemons()
    assert said.how == "clean"


def test_a_daemon_that_died_is_noted_as_crashed_by_the_next(site):
    dead = f"{socket.gethostname()}/999999999/1"
    site.control.daemon_started(dead, now=site.clock.now())

    site.daemon.beat(anyway=True)

    how = {one.worker: one.how for one in site.control.daemons()}
    assert how[dead] == "crash"


class BrokenJournal(MemoryJournal):
    """Fails as no program should."""

    def next_in_line(self, *asked: Any, **more: Any) -> list[str]:
        raise ZeroDivisionError("a fault of the program")


def test_a_dispatcher_that_dies_takes_the_daemon_along(tmp_path):
    site = Site(tmp_path, BrokenJournal())
    site.write("orders")

    thread, failures = site.run_in_thread()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert [type(one) for one in failures] == [ZeroDivisionError]


def test_a_beat_that_dies_takes_the_daemon_along(tmp_path):
    class Broken(MemoryControl):
        beats = 0

        def daemon_beat(self, worker: str, *, now: Any, trouble: str | None = None) -> None:
            self.beats += 1
            if self.beats > 2:
                raise ZeroDivisionError("a fault of the program")

    site = Site(tmp_path, control=Broken())

    thread, failures = site.run_in_thread()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert [type(one) for one in failures] == [ZeroDivisionError]


def test_an_order_to_drain_ends_it_and_leaves_the_queued(site):
    now = site.clock.now()
    order = Pause(
        id="1", scope=Scope.ALL, is_drain=True, since=now, by="operator", reason="maintenance"
    )
    site.write("orders")
    site.daemon.beat(anyway=True)
    site.control.pause(order)

    thread, failures = site.run_in_thread()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert failures == []
    assert site.journal.history()[0].state is State.QUEUED


class AwayTwice(MemoryJournal):
    """A journal that cannot be read the first two times."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 2

    def unfinished(self, *, plan_names: Any = None) -> Any:
        if self.away > 0:
            self.away -= 1
            raise StoreUnavailable("the store is away")
        return super().unfinished(plan_names=plan_names)


def test_an_interrupt_while_the_store_is_away_aborts_as_soon_as_it_is_back(tmp_path: Path):
    site = Site(tmp_path, AwayTwice())
    drill_id = site.scene.enlist(a_plan())
    while site.scene.record(drill_id).state is State.QUEUED:
        advance(drill_id, site.scene.parts, held=lambda one: None, may_go_on=_is_queued)

    site.daemon.stop(abort=True)

    _wait_until(lambda: site.scene.record(drill_id).abort_requested)


def _is_queued(record: DrillRecord) -> bool:
    return record.state is State.QUEUED
