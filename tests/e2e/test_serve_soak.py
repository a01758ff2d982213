"""A daemon left alone with a cloud that is killed, restarted, slow and cross, at random.

``make soak-serve`` lets it run for half an hour. DRILL_TEST_SOAK_MINUTES and
DRILL_TEST_SOAK_SEED say how long and how; a failure names its seed.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from datetime import timedelta
from itertools import pairwise

from drill.engine.record import DrillRecord, Outcome, State, Teardown
from tests.e2e.serving import (
    Serving,
    only_plans,
    records,
    schedule,
    serving,
    wait_until,
)
from tests.e2e.world import World

MINUTES = float(os.environ.get("DRILL_TEST_SOAK_MINUTES", "1.5"))
SEED = int(os.environ.get("DRILL_TEST_SOAK_SEED", "20260301"))
PLANS = ("orders-before-latest", "orders-latest")
SETTLE_SECONDS = 600

FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("delay", {"seconds": 2, "times": 5}),
    ("throttle_next", {"seconds": 1, "times": 5}),
    ("error_next", {"status": 500, "times": 4}),
    ("error_next", {"status": 503, "body": "text", "times": 4}),
    ("html_next", {"status": 502, "times": 2}),
    ("lose_next_answer", {}),
    ("reset_body", {"times": 2}),
    ("lose_next_answer", {"method": "POST", "path": "/instances"}),
    ("slow_next_restore", {"seconds": 5}),
    ("fail_next_restore", {"reason": "soak"}),
)


class Chaos:
    """Does something unkind to the sandbox again and again; says what, for a failure's sake."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = random.Random(seed)
        self._pause = threading.Event()
        self.done: Counter[str] = Counter()

    def go_on_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._pause.wait(self._random.uniform(3, 9))
            unkind = self._random.choices(
                (self._fault, self._kill, self._restart, self._calls_are_limited), (6, 1, 1, 1)
            )[0]
            unkind()
            self.done[unkind.__name__.strip("_")] += 1

    def _fault(self) -> None:
        kind, members = self._random.choice(FAULTS)
        self._world.admin().add_fault(kind, **members)

    def _kill(self) -> None:
        self._world.kill_sandbox()
        self._pause.wait(self._random.uniform(0, 8))
        self._world.start_sandbox(seed=False)

    def _restart(self) -> None:
        self._world.stop_sandbox()
        self._pause.wait(self._random.uniform(0, 8))
        self._world.start_sandbox(seed=False)

    def _calls_are_limited(self) -> None:
        self._world.admin().limit_calls(self._random.choice((0, 60, 120)))


def test_a_daemon_that_is_left_alone_with_a_bad_cloud_loses_nothing(tmp_path):
    world = World(tmp_path)
    world.furnish()
    only_plans(world, *PLANS)
    with serving(world, "--sweep-every", "20") as daemon:  # before there is any sandbox
        wait_until(lambda: "ready" in daemon.log, "the daemon is ready")
        world.start_sandbox()
        chaos = Chaos(world, SEED)
        try:
            chaos.go_on_for(MINUTES * 60)
            found = _let_settle(world, daemon)
            code = daemon.end()
            swept = world.drill("sweep")
            leaks = world.scratch_left()
        finally:
            world.stop_sandbox()

    story = f"seed {SEED}, {dict(chaos.done)}, {Counter(one.outcome for one in found)}"
    print(story)  # noqa: T201  what make soak-serve is run for
    assert code == 0, story
    assert "Traceback" not in daemon.log, story
    assert leaks == [], story
    assert swept.code == 0, story + swept.err
    assert {one.teardown for one in found} <= {"clean", "not_needed"}, story
    for name in PLANS:
        _assert_no_slot_is_lost([one for one in found if one.plan_name == name], story)


def proofs(world: World, plan_name: str) -> int:
    passed = {Outcome.PASSED, Outcome.PASSED_LATE}
    return sum(one.plan_name == plan_name and one.outcome in passed for one in records(world))


def is_open(record: DrillRecord) -> bool:
    return record.state is not State.FINISHED or record.teardown is Teardown.LEAKED


def _let_settle(world: World, daemon: Serving) -> list[DrillRecord]:
    """Let no new slot come, make the cloud kind again, and wait until every drill is finished."""
    world.admin().clear_faults()
    world.admin().limit_calls(0)
    for name in PLANS:
        passed = proofs(world, name)
        wait_until(
            lambda name=name, passed=passed: proofs(world, name) > passed,  # type: ignore[misc]
            f"plan {name} passes once the cloud is kind again",
            SETTLE_SECONDS,
        )
    for name in PLANS:
        schedule(world, name, "")
    wait_until(
        lambda: not any(is_open(one) for one in records(world)),
        "every drill is finished, and nothing is left behind",
        SETTLE_SECONDS,
    )
    assert daemon.is_running, daemon.log[-4000:]
    return records(world)


def _assert_no_slot_is_lost(found: list[DrillRecord], story: str) -> None:
    slots = sorted(one.scheduled_for for one in found)
    assert len(slots) >= int(MINUTES), story
    assert {later - earlier for earlier, later in pairwise(slots)} <= {timedelta(minutes=1)}, story
