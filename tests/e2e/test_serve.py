"""The daemon as a whole: slots, signals, changes of plans, and a second one on the same store."""

from __future__ import annotations

import signal
import socket
from collections import Counter

from drill.engine.record import State, Trigger
from tests.e2e.serving import in_state, only_plans, records, serving, wait_until
from tests.e2e.test_killed import accepted

NEW, EXISTING = "orders-before-latest", "orders-latest"


def is_quiet(world, at_least: int) -> bool:
    found = records(world)
    return len(found) >= at_least and {one.state for one in found} == {State.FINISHED}


def test_two_daemons_on_one_store_do_no_slot_twice(world):
    only_plans(world, NEW, EXISTING)
    creates, recoveries = accepted(world)
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    config = world.folder / "config.toml"
    config.write_text(f'{config.read_text()}\n[metrics]\nlisten = "{listen}"\n')

    with serving(world, name="one") as one, serving(world, name="two") as two:
        wait_until(lambda: "ready" in one.log and "ready" in two.log, "both are ready")
        wait_until(lambda: len(in_state(world, State.FINISHED)) >= 2, "two drills are finished")
        said = world.drill("status").out
        for name in (NEW, EXISTING):
            (world.folder / "plans" / f"{name}.toml").unlink()
        for daemon in (one, two):
            daemon.send(signal.SIGHUP)
        wait_until(lambda: is_quiet(world, 2), "nothing is under way")
        served = [one.log.count("metrics are not served"), two.log.count("metrics are not served")]
        codes = [one.end(), two.end()]

    assert sorted(served) == [0, 1], one.log + two.log
    assert said.count(f"metrics are not served at {listen}: address already in use") == 1
    assert codes == [0, 0], one.log + two.log
    assert "Traceback" not in one.log + two.log
    slots = Counter((record.plan_name, record.scheduled_for) for record in records(world))
    assert set(slots.values()) == {1}
    begun = [record for record in records(world) if record.started_at is not None]
    assert {record.trigger for record in begun} == {Trigger.SCHEDULE}
    creates_after, recoveries_after = accepted(world)
    of_new = sum(record.plan_name == NEW for record in begun)
    of_existing = sum(record.plan_name == EXISTING for record in begun)
    assert creates_after - creates == of_new
    assert recoveries_after - recoveries == 2 * of_existing
    assert world.scratch_left() == []


def test_a_drill_that_was_left_at_the_end_is_finished_by_the_next_daemon(world):
    only_plans(world, NEW)
    creates, _ = accepted(world)
    with serving(world, "--drain-timeout", "0") as first:
        wait_until(lambda: bool(in_state(world, State.RESTORING)), "a restore is under way")
        (left,) = in_state(world, State.RESTORING)

        assert first.end(within=20) == 0, first.log

    (world.folder / "plans" / f"{NEW}.toml").unlink()
    with serving(world, name="next") as second:
        wait_until(lambda: is_quiet(world, 1), "it is finished")
        assert second.end() == 0

    finished = next(record for record in records(world) if record.id == left.id)
    assert finished.outcome == "passed", finished.reason
    assert accepted(world)[0] - creates == sum(
        record.started_at is not None for record in records(world)
    )
    assert world.scratch_left() == []


def test_an_interrupt_takes_what_is_under_way_to_teardown_and_a_second_one_leaves(world):
    only_plans(world, NEW)
    with serving(world) as daemon:
        wait_until(lambda: bool(in_state(world, State.RESTORING)), "a restore is under way")

        code = daemon.end(signal.SIGINT)

    assert code == 0, daemon.log
    assert "aborted" in {record.outcome for record in records(world)}
    assert world.scratch_left() == []

    world.admin().add_fault("hang_next_job", path="/instances$", method="POST")
    known = {record.id for record in records(world)}
    with serving(world, name="next") as daemon:
        wait_until(
            lambda: bool({one.id for one in in_state(world, State.RESTORING)} - known),
            "another restore is under way",
        )
        daemon.send(signal.SIGTERM)
        wait_until(lambda: "stopping" in daemon.log, "the first one has come")
        assert daemon.end(signal.SIGTERM, within=20) == 0
    world.admin().clear_faults()
    assert world.drill("sweep", "--apply").code == 0


def test_a_plan_that_is_spoilt_is_reported_and_costs_no_other_plan_its_drill(world):
    only_plans(world, NEW)
    (world.folder / "plans" / "broken.toml").write_text("name = ")
    with serving(world) as daemon:
        wait_until(lambda: len(in_state(world, State.FINISHED)) >= 1, "the other one is drilled")
        assert "broken.toml" in daemon.log
        assert daemon.end() == 0

    assert "Traceback" not in daemon.log
    assert "passed" in {record.outcome for record in records(world)}
