"""``kill -9`` at any moment, then ``drill run`` or ``drill sweep --apply``: no double restore, no
leaked instance, no lost drill."""

from __future__ import annotations

import signal
import time

import pytest

from tests.e2e.world import World

PLANS = ("orders-before-latest", "orders-latest")


def accepted(world: World) -> tuple[int, int]:
    """Return how many creations and in-place restores the sandbox ever took."""
    counts = world.admin().state()["accepted"]
    return sum(counts["create"].values()), sum(counts["recovery"].values())


def wait_for_state(world: World, wanted: set[str]) -> None:
    """Wait until some drill is in one of these states."""
    from drill.plan.config import Config
    from drill.store import open_journal

    journal = open_journal(Config.model_fields["store"].default.url, folder=world.folder)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(record.state.value in wanted for record in journal.unfinished()):
            return
        time.sleep(0.02)
    raise AssertionError(f"no drill was ever {wanted}")


@pytest.mark.parametrize("then", ["run", "sweep"])
@pytest.mark.parametrize("state", ["restoring", "checking", "tearing_down"])
def test_killed_run_is_finished_by_the_next_command(world, state, then):
    creates, recoveries = accepted(world)
    process = world.start("run", *PLANS)
    wait_for_state(world, {state})
    process.send_signal(signal.SIGKILL)
    process.communicate()

    finished = world.drill(then, *(PLANS if then == "run" else ("--apply",)))

    assert finished.code in {0, 1, 4}, finished.err + finished.out
    drills = world.history()
    assert len(drills) == len(PLANS)
    assert {drill["state"] for drill in drills} == {"finished"}
    assert {drill["teardown"] for drill in drills} <= {"clean", "not_needed"}
    assert world.scratch_left() == []
    creates_after, recoveries_after = accepted(world)
    assert creates_after - creates <= 1
    assert recoveries_after - recoveries <= 2
    assert world.drill("sweep").code == 0


def test_interrupt_takes_every_drill_to_teardown(world):
    process = world.start("run", *PLANS)
    wait_for_state(world, {"restoring"})
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)

    assert process.returncode == 1, err + out
    drills = world.history()
    assert {drill["state"] for drill in drills} == {"finished"}
    assert "aborted" in {drill["outcome"] for drill in drills}
    assert world.scratch_left() == []
