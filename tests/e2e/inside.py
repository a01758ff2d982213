"""Drills inside this process, against a sandbox with real servers that lives in it too.

Starting the command costs seconds; here a drill costs what its restore costs.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from drill.bootstrap import House, build_house
from drill.clock import SystemClock
from drill.dispatch.local import LocalDispatcher
from drill.engine.enlisting import new_drill
from drill.engine.ports import Parts
from drill.engine.record import DrillRecord, Outcome, State, Teardown, Trigger
from drill.plan.loader import load_config, load_plans
from drill.plan.model import Plan
from drill.plan.references import resolve
from drill.provider.rds.build import rds_provider
from drill.provider.rds.http import Patience
from drill.sandbox.admin_client import AdminClient
from drill.sandbox.serve import ServeInfo, serve
from drill.sandbox.settings import Settings
from tests.e2e.world import World

QUICK = Patience(
    attempts=3,
    total=timedelta(seconds=5),
    first_wait=timedelta(milliseconds=20),
    longest_wait=timedelta(milliseconds=100),
    jitter=timedelta(milliseconds=10),
)
PATIENCE_SECONDS = 90


@contextlib.contextmanager
def sandbox_inside(folder: Path) -> Iterator[World]:
    """Serve a seeded sandbox from threads of this process while the block runs."""
    world = World(folder)
    world.furnish()
    stop, ready = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        def note(info: ServeInfo) -> None:
            ready.set()

        try:
            hidden = timedelta(milliseconds=100)
            settings = Settings(job_hidden_for=hidden)
            serve(world.state, seed=True, ready=note, settings=settings, stop=stop)
        except BaseException as error:  # noqa: BLE001  told to the test below
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="sandbox-inside")
    thread.start()
    try:
        if not ready.wait(120) or failures:
            raise AssertionError(f"the sandbox is not ready: {failures}")
        yield world
    finally:
        stop.set()
        thread.join(90)
    assert not failures


@dataclass
class Workshop:
    """One folder of a user with a house in this process."""

    world: World
    house: House

    @property
    def admin(self) -> AdminClient:
        return self.world.admin()

    def plan(self, name: str, **changes: Any) -> Plan:
        """Return a shipped plan with some members changed."""
        (plan,) = [each for each in self.house.plans if each.name == name]
        return plan.model_copy(update=changes)

    def parts(self, **changes: Any) -> Parts:
        return replace(self.house.parts, **changes)

    def drill(
        self,
        plan: Plan,
        *,
        meanwhile: Callable[[str], None] | None = None,
        **changes: Any,
    ) -> DrillRecord:
        """Run one drill to its end; ``meanwhile`` is called with its id in this thread."""
        now = self.house.parts.clock.now()
        drill = new_drill(
            plan, digest="0" * 64, trigger=Trigger.COMMAND, scheduled_for=now, now=now
        )
        self.house.journal.enlist([drill])
        dispatcher = LocalDispatcher(self.parts(**changes), workers=2)
        work = threading.Thread(target=dispatcher.work_until_finished, args=([drill.id],))
        work.start()
        try:
            if meanwhile is not None:
                meanwhile(drill.id)
            work.join(PATIENCE_SECONDS)
        finally:
            dispatcher.stop()
            work.join(PATIENCE_SECONDS)
        return self.record(drill.id)

    def record(self, drill_id: str) -> DrillRecord:
        record = self.house.journal.find(drill_id)
        assert record is not None
        return record

    def wait_for(self, drill_id: str, *states: State) -> DrillRecord:
        """Return the drill once it is in one of these states."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (record := self.record(drill_id)).state not in states:
            if time.monotonic() > deadline:
                raise AssertionError(f"drill {drill_id} stays {record.state}: {record.reason}")
            time.sleep(0.02)
        return record

    def journal_text(self, drill_id: str) -> str:
        events = self.house.journal.events_of(drill_id)
        return "\n".join(json.dumps(dict(each.facts), default=str) for each in events)

    def accepted(self) -> dict[str, int]:
        """Return how many orders of each kind were ever accepted."""
        counts: dict[str, dict[str, int]] = self.admin.state()["accepted"]
        return {kind: sum(by_instance.values()) for kind, by_instance in counts.items()}


@contextlib.contextmanager
def workshop(
    world: World,
    folder: Path,
    changes: Sequence[tuple[str, str]] = (),
    *,
    furnish: Callable[[World], object] = lambda world: None,
) -> Iterator[Workshop]:
    """Build a house in a fresh folder beside the sandbox of another world.

    ``furnish`` adds to what a clone has, such as more plans.
    """
    fresh = World(folder)
    fresh.furnish()
    furnish(fresh)
    (folder / ".sandbox").symlink_to(world.state)
    for old, new in changes:
        fresh.change_config(old, new)
    fresh.change_config('settle_time = "10s"', 'settle_time = "3s"')
    fresh.change_config('poll_every = "500ms"', 'poll_every = "100ms"')
    config, problems = load_config(folder / "config.toml")
    assert config is not None
    assert not problems
    plans, problems = load_plans(folder / "plans")
    assert not problems
    house = build_house(config, [each.plan for each in plans], folder=folder)
    sandbox = house.parts.clouds["sandbox"]
    provider = rds_provider(
        "sandbox",
        config.clouds["sandbox"],
        resolve=partial(resolve, folder=folder),
        clock=SystemClock(),
        patience=QUICK,
    )
    quick = replace(house.parts, clouds={"sandbox": replace(sandbox, provider=provider)})
    try:
        yield Workshop(fresh, replace(house, parts=quick))
    finally:
        provider.close()
        house.close()
        house.journal.close()


NEW, EXISTING = "orders-before-latest", "orders-latest"
"""A plan for each kind of target."""
BOTH = pytest.mark.parametrize("name", [NEW, EXISTING])
ORDER = {"method": "POST", "path": "/instances(/recovery)?$"}
"""The order of a restore, whatever the kind of its target."""


def short(shop: Workshop, name: str, **changes: Any) -> Plan:
    """Return a plan with the quick ones of its checks."""
    plan = shop.plan(name)
    checks = tuple(each for each in plan.checks if each.kind in ("connects", "heartbeat"))
    return plan.model_copy(update={"checks": checks, **changes})


def run(
    shop: Workshop,
    plan: Plan,
    *,
    meanwhile: Callable[[str], None] | None = None,
    creations: int | None = None,
    recoveries: int | None = None,
    **parts: Any,
) -> DrillRecord:
    """Run a drill and hold it to what is true under every fault."""
    before = shop.accepted()
    record = shop.drill(plan, meanwhile=meanwhile, **parts)
    after = shop.accepted()
    assert record.state is State.FINISHED, record.reason
    is_new = plan.target.kind == "new"
    wanted = (
        (1 if is_new else 0) if creations is None else creations,
        (0 if is_new else 2) if recoveries is None else recoveries,  # the restore and the reset
    )
    assert (
        after["create"] - before["create"],
        after["recovery"] - before["recovery"],
    ) == wanted, (record.outcome, record.reason, record.teardown_reason)
    assert after["delete"] - before["delete"] == wanted[0]
    assert record.teardown in {Teardown.CLEAN, Teardown.NOT_NEEDED}, record.teardown_reason
    assert shop.world.scratch_left() == []
    told = shop.journal_text(record.id)
    assert "fault of the program" not in told
    assert "Traceback" not in told
    if record.outcome is not Outcome.PASSED:
        assert record.reason
    return record
