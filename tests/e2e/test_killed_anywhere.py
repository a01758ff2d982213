"""``kill -9`` at boundaries of the installed command, on real servers; the next command goes on.

Every boundary is tried in memory by tests/harness; here a few are drawn by lot, and all of them
with ``DRILL_TEST_KILLS=0``. ``DRILL_TEST_HARNESS_SEED`` gives others, ``DRILL_TEST_STEP_DELAY``
(seconds) other delays.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.world import World, environment

SEED = os.environ.get("DRILL_TEST_HARNESS_SEED", "1")
DELAY = os.environ.get("DRILL_TEST_STEP_DELAY", "0")
KILLS = int(os.environ.get("DRILL_TEST_KILLS", "2"))
"""How many boundaries of each plan are tried; 0 is all of them."""

PLANS = {"new": "orders-before-latest", "existing": "orders-latest"}
NEVER = 1_000_000


def run_mortal(world: World, at: int, plan: str) -> tuple[int, str]:
    """Run the plan in a process that dies at a boundary; return exit code and how far it got."""
    count = world.folder / "boundaries"
    process = subprocess.run(
        [
            *(sys.executable, "-m", "tests.harness.mortal", str(at), DELAY, SEED, str(count)),
            *("run", plan, "--no-report"),
        ],
        cwd=world.folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert count.exists(), process.stderr[-2000:]
    return process.returncode, count.read_text()


def orders_accepted(world: World) -> int:
    """Return how many creations and in-place restores the sandbox ever took, resets included."""
    accepted = world.admin().state()["accepted"]
    return int(sum(accepted["create"].values()) + sum(accepted["recovery"].values()))


@pytest.mark.parametrize("target", PLANS)
def test_a_command_that_is_killed_anywhere_loses_nothing(world: World, target: str, tmp_path: Path):
    plan = PLANS[target]
    code, passed = run_mortal(world, NEVER, plan)
    assert code == 0
    count = int(passed)
    assert count > 50
    places = list(range(count))
    if KILLS:
        places = sorted(random.Random(f"{SEED}/{target}").sample(places, min(KILLS, count)))
    for at in places:
        known = {drill["drill"] for drill in world.history()}
        before = orders_accepted(world)

        code, where = run_mortal(world, at, plan)
        finished = world.drill("run", plan, "--no-report")

        what = f"killed at {where}"
        assert finished.code in {0, 4}, (what, finished.err)  # 4: it was never sent, inconclusive
        new = [drill for drill in world.history() if drill["drill"] not in known]
        assert all(drill["state"] == "finished" for drill in new), what
        assert all(drill["outcome"] in {"passed", "passed_late", "inconclusive"} for drill in new)
        assert {drill["teardown"] for drill in new} <= {"clean", "not_needed"}, (what, new)
        assert len({drill["scheduled_for"] for drill in new}) == len(new)
        a_drill = 1 if target == "new" else 2  # an existing target is reset afterwards
        assert orders_accepted(world) - before <= a_drill * len(new), what
        assert world.scratch_left() == [], what
    assert world.drill("sweep").code == 0
