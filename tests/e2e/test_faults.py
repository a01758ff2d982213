"""Whatever is wrong ends as a recorded outcome with a plain sentence and a hint."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from tests.e2e.world import World

PLAN = "orders-before-latest"


def the_drill(world: World, code: int, *arguments: str) -> dict[str, Any]:
    """Run one plan, expect an exit code and no traceback, and return the recorded drill."""
    finished = world.drill("run", *(arguments or (PLAN,)))
    text = finished.err + finished.out
    assert finished.code == code, text
    assert "Traceback" not in text
    (drill,) = world.history()
    assert drill["reason"]
    for secret in world.secrets():
        assert secret not in text
    return drill


def secret_file(world: World, name: str, text: str) -> str:
    file = world.folder / name
    file.write_text(text)
    os.chmod(file, 0o600)
    return f"file:{name}"


def test_wrong_endpoint_is_inconclusive(world):
    world.change_config("file:.sandbox/endpoint", "http://127.0.0.1:9")
    world.change_config('start_patience = "1m"', 'start_patience = "1s"')

    drill = the_drill(world, 4)

    assert drill["outcome"] == "inconclusive"
    assert drill["hint"]


def test_unreachable_host_is_inconclusive(world):
    world.change_config(
        'endpoint = "file:.sandbox/endpoint"\niam',
        'endpoint = "https://rds.nowhere.invalid"\nallow_hosts = ["rds.nowhere.invalid"]\niam',
    )
    world.change_config('start_patience = "1m"', 'start_patience = "1s"')

    drill = the_drill(world, 4)

    assert drill["outcome"] == "inconclusive"
    assert drill["hint"]


def test_wrong_key_is_inconclusive_at_once(world):
    wrong = secret_file(world, "wrong-key", "w" * 40)
    world.change_config("file:.sandbox/secret-key", wrong)

    drill = the_drill(world, 4)

    assert drill["outcome"] == "inconclusive"
    assert drill["hint"]


def test_clock_that_is_off_is_told(world):
    world.admin().shift_clock(3600)

    drill = the_drill(world, 4)

    assert drill["outcome"] == "inconclusive"
    assert "clock" in f"{drill['reason']} {drill['hint']}"


def test_plan_for_an_instance_that_does_not_exist_is_inconclusive(world):
    source = re.search(r'instance_id = "(\w+)"', (world.folder / f"plans/{PLAN}.toml").read_text())
    assert source is not None
    world.write_plan("no-such", PLAN, {source.group(1): "0" * 32 + "in03"})

    drill = the_drill(world, 4, "no-such")

    assert drill["outcome"] == "inconclusive"
    assert "0" * 32 in drill["reason"]
    assert drill["hint"]


def test_failed_job_is_failed_restore_and_leaves_nothing(world):
    world.admin().add_fault("fail_next_restore")

    drill = the_drill(world, 1)

    assert drill["outcome"] == "failed_restore"
    assert "storage of the instance is full" in drill["reason"]
    assert drill["teardown"] == "clean"
    assert world.scratch_left() == []


def test_failed_restore_of_an_existing_target_is_reset_to_its_baseline(world):
    world.admin().add_fault("fail_next_restore")

    drill = the_drill(world, 1, "orders-latest")

    assert drill["outcome"] == "failed_restore"
    assert drill["teardown"] == "clean"


@pytest.mark.parametrize("plan", [PLAN, "orders-latest"])
def test_lost_answer_is_found_again_and_never_repeated(world, plan):
    before = world.admin().state()["accepted"]
    world.admin().add_fault("lose_next_answer", path="/instances")

    finished = world.drill("run", plan)

    assert finished.code == 0, finished.err + finished.out
    (drill,) = world.history()
    assert drill["outcome"] == "passed"
    after = world.admin().state()["accepted"]
    if plan == PLAN:
        assert sum(after["create"].values()) == sum(before["create"].values()) + 1
    else:  # the restore, and the reset of teardown
        assert sum(after["recovery"].values()) == sum(before["recovery"].values()) + 2
    assert world.scratch_left() == []


def test_throttled_and_failing_reads_are_waited_for(world):
    world.admin().add_fault("throttle_next", times=3)
    world.admin().add_fault("error_next", times=2, method="GET")

    finished = world.drill("run", PLAN)

    assert finished.code == 0, finished.err + finished.out


def test_invalid_plans_are_told_all_at_once_and_nothing_is_started(world):
    world.write_plan("one", PLAN, {'mode = "pitr"': 'mode = "pitre"'})
    world.write_plan("two", PLAN, {'rto = "2m"': "rto = 120\nrtoo = 3"})

    finished = world.drill("run")

    assert finished.code == 3
    places = re.findall(r"(one|two)\.toml:(\d+):(\d+): ", finished.err)
    assert {name for name, _, _ in places} == {"one", "two"}
    assert len(places) >= 3
    assert "Traceback" not in finished.err
    assert not (world.folder / "drill.db").exists()


def test_unknown_plan_is_invalid_and_names_the_known_ones(world):
    finished = world.drill("run", "nightly")

    assert finished.code == 3
    assert "orders-latest" in finished.err


def test_source_without_a_restore_window_is_inconclusive(world):
    created = world.admin().create_instance("no-window", keep_days=0, password="Hunter2-Hunter2")
    source = re.search(r'instance_id = "(\w+)"', (world.folder / f"plans/{PLAN}.toml").read_text())
    assert source is not None
    world.write_plan("no-window", PLAN, {source.group(1): created["id"]})

    drill = the_drill(world, 4, "no-window")

    assert drill["outcome"] == "inconclusive"
    assert drill["hint"]


def test_target_without_its_baseline_is_refused_and_nothing_is_ordered(world):
    world.change_config('baseline = "drill-baseline"', 'baseline = "no-such-backup"')
    before = world.admin().state()["accepted"]

    drill = the_drill(world, 6, "orders-latest")

    assert drill["outcome"] == "refused"
    assert "no-such-backup" in drill["reason"]
    assert drill["teardown"] == "not_needed"
    assert world.admin().state()["accepted"] == before
