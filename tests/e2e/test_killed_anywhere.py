"""``kill -9`` at boundaries of the installed command, on real servers; the next command goes on.

Every boundary is tried in memory by tests/harness; here a few are drawn by lot, and all of them
with ``DRILL_TEST_KILLS=0``. Often the command that goes on is killed, too: a run, or a sweep in the
middle of its work. ``DRILL_TEST_HARNESS_SEED`` gives others, ``DRILL_TEST_STEP_DELAY`` (seconds)
other delays.
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


def run_mortal(world: World, at: int, *arguments: str) -> tuple[int, str]:
    """Run the command in a process that dies at a boundary; return exit code and how far it got."""
    count = world.folder / "boundaries"
    count.write_text("0")
    process = subprocess.run(
        [
            *(sys.executable, "-m", "tests.harness.mortal", str(at), DELAY, SEED, str(count)),
            *arguments,
        ],
        cwd=world.folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in process.stderr, process.stderr[-2000:]
    return process.returncode, count.read_text()


def orders_accepted(world: World) -> int:
    """Return how many creations and in-place restores the sandbox ever took, resets included."""
    accepted = world.admin().state()["accepted"]
    return int(sum(accepted["create"].values()) + sum(accepted["recovery"].values()))


@pytest.mark.parametrize("target", PLANS)
def test_a_command_that_is_killed_anywhere_loses_nothing(world: World, target: str, tmp_path: Path):
    plan = PLANS[target]
    lots = random.Random(f"{SEED}/{target}")
    run = ("run", plan, "--no-report")
    code, passed = run_mortal(world, NEVER, *run)
    assert code == 0
    count = int(passed)
    assert count > 50
    places = list(range(count))
    if KILLS:
        places = sorted(lots.sample(places, min(KILLS, count)))
    for at in places:
        known = {drill["drill"] for drill in world.history()}
        before = orders_accepted(world)

        code, where = run_mortal(world, at, *run)
        what = f"killed at {where}"
        again = lots.choice((None, run, ("sweep", "--apply")))
        if again is not None:
            _, where = run_mortal(world, lots.randrange(count // 2), *again)
            what += f", then {again[0]} killed at {where}"
        finished = world.drill(*run)

        assert finished.code in {0, 1, 4}, (what, finished.err)  # 4: never sent, inconclusive
        new = [drill for drill in world.history() if drill["drill"] not in known]
        assert all(drill["state"] == "finished" for drill in new), what
        allowed = {"passed", "passed_late", "inconclusive"}
        allowed |= {"aborted"} if again and again[0] == "sweep" else set()
        assert {drill["outcome"] for drill in new} <= allowed, (what, new)
        assert {drill["teardown"] for drill in new} <= {"clean", "not_needed"}, (what, new)
        assert len({drill["scheduled_for"] for drill in new}) == len(new)
        a_drill = 1 if target == "new" else 2  # an existing target is reset afterwards
        assert orders_accepted(world) - before <= a_drill * len(new), what
        assert world.scratch_left() == [], what
    assert world.drill("sweep").code == 0
