"""The dispatcher with many drills that wait: one list in the place of their looks, and no drill
lost by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from drill.dispatch.local import LocalDispatcher
from drill.engine.memory import MemoryJournal
from drill.engine.ports import Journal
from drill.engine.record import Outcome, State
from drill.errors import PermissionMissing, ProviderThrottled, StoreUnavailable
from drill.provider.port import Sighting
from drill.store import open_journal
from tests.dispatch.test_local import PATIENCE, Hall
from tests.engine.scene import a_plan

DRILLS = 12
POLL = timedelta(milliseconds=100)


class Many(Hall):
    """A hall in which a dozen restores of one account are under way."""

    def __init__(self, journal: Journal | None = None, **limits: Any) -> None:
        room = {"drills_at_once": 99, "drills_per_source": 99, **limits}
        super().__init__(journal or MemoryJournal(), **room)  # type: ignore[arg-type]
        cloud = self.parts.clouds["memory"]
        site = replace(cloud.site, new_instances_at_most=99)
        cloud = replace(cloud, poll_every=POLL, drills_at_once=99, site=site)
        self.parts = replace(self.parts, clouds={"memory": cloud})
        self.dispatcher = LocalDispatcher(self.parts, workers=2)
        self.provider = self.scene.provider
        self.thread: threading.Thread | None = None

    def begin(self) -> list[str]:
        """Bring the restores under way, all known to be so, and return their drills."""
        ids = [self.scene.enlist(a_plan(name=f"plan-{number}")) for number in range(DRILLS)]
        self.thread = self.start()
        self.wait_until(lambda: all(self.scene.record(one).restore_seen_running for one in ids))
        return ids

    def are_finished(self, ids: Sequence[str]) -> bool:
        return all(self.state_of(one) is State.FINISHED for one in ids)

    def end(self) -> None:
        self.dispatcher.stop()
        if self.thread is not None:
            self.thread.join(PATIENCE)
            assert not self.thread.is_alive()
        assert self.failures == []

    def assert_all_passed(self, ids: Sequence[str]) -> None:
        self.wait_until(lambda: self.are_finished(ids))
        assert {self.scene.record(one).outcome for one in ids} == {Outcome.PASSED}
        assert self.scene.restores_accepted() == DRILLS
        self.scene.assert_nothing_left()


@pytest.fixture
def many() -> Iterator[Many]:
    made = Many()
    yield made
    made.end()


def test_drills_that_wait_are_looked_at_by_lists_and_go_on_when_their_copies_are_ready(many):
    ids = many.begin()
    calls = many.provider.calls.copy()

    many.wait_until(lambda: many.provider.calls["list_sightings"] > calls["list_sightings"] + 10)

    own_looks = many.provider.calls["find_job"] - calls["find_job"]
    assert own_looks < 10 * DRILLS / 2
    many.let_go()
    many.assert_all_passed(ids)


def test_an_abort_is_heard_while_drills_wait_together(many):
    ids = many.begin()

    many.scene.journal.request_abort([ids[3]])
    many.wait_until(lambda: many.state_of(ids[3]) is State.TEARING_DOWN)

    assert many.scene.record(ids[3]).finding is Outcome.ABORTED
    assert [many.state_of(one) for one in ids].count(State.RESTORING) == DRILLS - 1


def test_a_drain_waits_for_drills_that_wait_together(many):
    ids = many.begin()

    many.dispatcher.drain()
    many.let_go()
    many.thread.join(PATIENCE)

    assert not many.thread.is_alive()
    many.assert_all_passed(ids)


def test_few_drills_are_looked_at_one_by_one(many, monkeypatch):
    monkeypatch.setattr("drill.engine.waiting.WORTH_IT_FROM", DRILLS + 1)
    many.begin()
    calls = many.provider.calls["find_job"]

    many.wait_until(lambda: many.provider.calls["find_job"] > calls + 5 * DRILLS)

    assert many.provider.calls["list_sightings"] == 0


@pytest.mark.parametrize("error", [ProviderThrottled, PermissionMissing])
def test_lists_that_always_fail_stop_no_drill(many, monkeypatch, error):
    def broken() -> Sequence[Sighting]:
        raise error("broken by the test")

    monkeypatch.setattr(many.provider, "list_sightings", broken)
    with capture_logs() as lines:
        ids = many.begin()
        many.let_go()
        many.assert_all_passed(ids)

    assert [line["event"] for line in lines].count("instances not listed") == 1


def test_a_list_that_never_ends_stops_no_drill(many, monkeypatch):
    is_over = threading.Event()

    def hanging() -> Sequence[Sighting]:
        is_over.wait(PATIENCE)
        return []

    monkeypatch.setattr(many.provider, "list_sightings", hanging)
    ids = many.begin()
    many.let_go()

    many.assert_all_passed(ids)
    is_over.set()


class ForgetfulJournal(MemoryJournal):
    """Cannot move looks the first time it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = 0

    def move_looks(self, *asked: Any, **more: Any) -> set[str]:
        if self.refused == 0:
            self.refused += 1
            raise StoreUnavailable("the store is locked by another process")
        return super().move_looks(*asked, **more)


def test_a_store_that_does_not_take_the_write_of_a_list_loses_no_drill():
    journal = ForgetfulJournal()
    many = Many(journal, lease=timedelta(seconds=1))
    ids = many.begin()
    many.wait_until(lambda: journal.refused > 0)
    many.let_go()

    many.assert_all_passed(ids)
    many.end()


def test_two_dispatchers_on_one_store_finish_every_drill_once_also_if_one_is_stopped(
    tmp_path: Path,
):
    with ExitStack() as stack:
        journals = [
            stack.enter_context(open_journal("sqlite:///drill.db", folder=tmp_path))
            for _ in range(2)
        ]
        many = Many(journals[0])
        parts = replace(many.parts, journal=journals[1], worker="host/2/2")
        other = LocalDispatcher(parts, workers=2)
        beside = threading.Thread(target=other.work_until_stopped)
        beside.start()
        ids = many.begin()
        calls = many.provider.calls["list_sightings"]
        many.wait_until(lambda: many.provider.calls["list_sightings"] > calls + 5)

        many.end()
        many.let_go()
        many.wait_until(lambda: many.are_finished(ids))
        other.stop()
        beside.join(PATIENCE)

        many.assert_all_passed(ids)
