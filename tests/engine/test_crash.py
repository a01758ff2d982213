"""Kill the worker at every write of the journal and after every call of the cloud; then let another
worker go on. Whatever the point: one restore at most, nothing left, one final record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from drill.engine.memory import MemoryJournal
from drill.engine.ports import SeatLimits
from drill.engine.record import DrillRecord, Event, Outcome, State, Teardown
from drill.engine.runner import advance
from drill.errors import DrillMoved
from tests.engine.scene import Scene, a_plan

NEVER = 10_000


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class KillSwitch:
    """Counts the moments at which the process could die, and dies at one of them."""

    def __init__(self, at: int) -> None:
        self.left = at

    def moment(self) -> None:
        if self.left == 0:
            self.left = -1
            raise Killed
        self.left -= 1


class MortalJournal(MemoryJournal):
    """Dies before or after a write, never in the middle: that is what a transaction is."""

    def __init__(self) -> None:
        super().__init__()
        self.switch: KillSwitch | None = None

    def save(self, record: DrillRecord, events: Sequence[Event] = ()) -> DrillRecord:
        if self.switch:
            self.switch.moment()
        saved = super().save(record, events)
        if self.switch:
            self.switch.moment()
        return saved

    def seat(self, record: DrillRecord, limits: SeatLimits, *, target_id: str | None) -> str | None:
        waits_for = super().seat(record, limits, target_id=target_id)
        if self.switch:
            self.switch.moment()
        return waits_for

    def release_target(self, cloud: str, target_id: str, *, drill_id: str) -> None:
        if self.switch:
            self.switch.moment()
        super().release_target(cloud, target_id, drill_id=drill_id)


class MortalProvider:
    """Dies right after an order was accepted, before anybody hears of it; and before it is sent."""

    ORDERS = frozenset({"restore", "create", "reset", "delete", "tag"})

    def __init__(self, provider: Any, switch: KillSwitch) -> None:
        self._provider = provider
        self._switch = switch

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._provider, name)
        if name not in self.ORDERS:
            return method

        def mortal(*args: Any, **kwargs: Any) -> Any:
            self._switch.moment()
            answer = method(*args, **kwargs)
            self._switch.moment()
            return answer

        return mortal


def crash_and_go_on(
    target: str, mode: str, at: int, *, tags_in_create: bool = True
) -> tuple[Scene, DrillRecord, bool]:
    """Run a drill, kill its worker at one moment, and let another worker finish it."""
    journal = MortalJournal()
    scene = Scene(journal, tags_in_create=tags_in_create)
    switch = KillSwitch(at)
    journal.switch = switch
    mortal = scene.parts_with(journal, MortalProvider(scene.provider, switch))
    drill_id = scene.enlist(a_plan(target=target, mode=mode))
    crashed = False
    try:
        scene.run_until_finished(drill_id, mortal)
    except Killed:
        crashed = True
    journal.switch = None
    scene.worker = "host/2/2"
    journal.expire_leases(lambda worker: worker == "host/1/1")
    scene.clock.move(timedelta(seconds=7))
    record = scene.run_until_finished(drill_id, scene.parts_with(journal, scene.provider))
    return scene, record, crashed


def moments_of(target: str, *, tags_in_create: bool = True) -> list[tuple[str, int]]:
    """Return every moment of a drill at which its worker can die."""
    journal = MortalJournal()
    scene = Scene(journal, tags_in_create=tags_in_create)
    switch = KillSwitch(NEVER)
    journal.switch = switch
    scene.run_until_finished(
        scene.enlist(a_plan(target=target)),
        scene.parts_with(journal, MortalProvider(scene.provider, switch)),
    )
    return [(target, at) for at in range(NEVER - switch.left)]


@pytest.mark.parametrize(("target", "at"), [*moments_of("new"), *moments_of("existing")])
def test_drill_survives_a_crash_at_any_moment(target, at):
    scene, record, crashed = crash_and_go_on(target, "pitr", at)

    assert crashed
    assert record.state is State.FINISHED
    assert scene.restores_accepted() <= 1
    assert record.teardown in {Teardown.CLEAN, Teardown.NOT_NEEDED}
    assert record.outcome is (
        Outcome.PASSED if scene.restores_accepted() == 1 else Outcome.INCONCLUSIVE
    )
    scene.assert_nothing_left()
    scene.clock.move(timedelta(seconds=1))
    assert scene.run(a_plan(target=target)).outcome in {Outcome.PASSED, Outcome.PASSED_LATE}


@pytest.mark.parametrize("at", [at for _, at in moments_of("new", tags_in_create=False)])
def test_drill_survives_a_crash_at_any_moment_on_a_cloud_that_takes_no_tags_on_creation(at):
    scene, record, crashed = crash_and_go_on("new", "pitr", at, tags_in_create=False)

    assert crashed
    assert record.state is State.FINISHED
    assert scene.restores_accepted() <= 1
    assert record.teardown in {Teardown.CLEAN, Teardown.NOT_NEEDED}
    assert record.outcome is (
        Outcome.PASSED if scene.restores_accepted() == 1 else Outcome.INCONCLUSIVE
    )
    assert sum(scene.provider.deletes.values()) == scene.restores_accepted()
    scene.assert_nothing_left()


@pytest.mark.parametrize("target", ["new", "existing"])
def test_drill_has_many_moments_to_die_in(target):
    assert len(moments_of(target)) > 20


def test_late_write_of_a_dead_worker_changes_nothing():
    scene = Scene()
    drill_id = scene.enlist(a_plan())
    now = scene.clock.now()
    zombie = scene.journal.claim(drill_id, worker="zombie", now=now, lease=timedelta(seconds=5))
    assert zombie is not None
    scene.clock.move(timedelta(seconds=6))
    record = scene.run_until_finished(drill_id)

    with pytest.raises(DrillMoved):
        scene.journal.save(zombie)
    assert scene.record(drill_id) == record


def test_two_workers_never_have_one_drill_at_once():
    scene = Scene()
    drill_id = scene.enlist(a_plan())
    now = scene.clock.now()

    first = scene.journal.claim(drill_id, worker="one", now=now, lease=timedelta(minutes=1))
    second = scene.journal.claim(drill_id, worker="two", now=now, lease=timedelta(minutes=1))

    assert first is not None
    assert second is None


def steps_of(target: str) -> list[tuple[str, int]]:
    """Return every number of steps after which a drill is not finished yet."""
    scene = Scene()
    drill_id = scene.enlist(a_plan(target=target))
    taken = 0
    while scene.record(drill_id).state is not State.FINISHED:
        take_a_step(scene, drill_id)
        taken += 1
    return [(target, at) for at in range(taken)]


def take_a_step(scene: Scene, drill_id: str) -> None:
    """Move the clock to when the drill wants to be looked at, and look."""
    record = scene.record(drill_id)
    scene.clock.move(max(record.next_at - scene.clock.now(), timedelta(0)))
    advance(drill_id, scene.parts, held=lambda record: None)


@pytest.mark.parametrize(("target", "at"), [*steps_of("new"), *steps_of("existing")])
def test_abort_at_any_moment_ends_in_teardown(target, at):
    scene = Scene()
    drill_id = scene.enlist(a_plan(target=target))
    for _ in range(at):
        take_a_step(scene, drill_id)

    scene.journal.request_abort([drill_id])
    record = scene.run_until_finished(drill_id)

    assert record.outcome in {Outcome.ABORTED, Outcome.PASSED}
    scene.assert_nothing_left()
