"""An instance is set aside by the command, and drilled; on real servers, on every kind of cloud."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.world import World

PLAN = "orders-latest"
SCRATCH_A = "5828ecb9f7ee11a378407331aee62fd3in03"
ENTRY = """
[[{table}]]
cloud = "sandbox"
instance_id = "{instance_id}"
baseline = "drill-baseline"
{more}user = "root"
password = "file:.sandbox/scratch-password"
"""


def make_instance(world: World, name: str) -> str:
    """Make an empty instance as somebody would in the console; return its id."""
    instance_id = hashlib.sha256(f"{world.folder}/{name}".encode()).hexdigest()[:32] + "in03"
    password = (world.state / "scratch-password").read_text().strip()
    world.admin().create_instance(name, id=instance_id, password=password)
    return instance_id


def list_instance(world: World, table: str, instance_id: str, more: str = "") -> None:
    entry = ENTRY.format(table=table, instance_id=instance_id, more=more)
    file = world.folder / "config.toml"
    file.write_text(file.read_text().replace("[limits]", f"{entry}\n[limits]"))


def recoveries(world: World, instance_id: str) -> int:
    accepted: dict[str, dict[str, int]] = world.admin().state()["accepted"]
    return accepted["recovery"].get(instance_id, 0)


def prepare(world: World, instance_id: str, *more: str, code: int = 0) -> Any:
    words = ("scratch", "prepare", instance_id, "--cloud", "sandbox", "--output", "json", *more)
    finished = world.drill(*words)
    assert finished.code == code, finished.err + finished.out
    return finished.json()


def test_an_empty_instance_is_prepared_drilled_and_empty_again(world):
    instance_id = make_instance(world, "set-aside-1")
    list_instance(world, "scratch", instance_id)
    world.write_plan("aside", PLAN, {SCRATCH_A: instance_id})

    looked = prepare(world, instance_id)
    assert (looked["empty"], looked["tagged"], looked["baseline_id"]) == (True, False, None)
    assert not looked["ready"]
    assert prepare(world, instance_id)["tagged"] is False  # a dry run changes nothing
    assert world.drill("run", "aside").code == 6

    prepared = prepare(world, instance_id, "--apply")
    assert prepared["ready"], prepared["lacks"]
    again = prepare(world, instance_id, "--apply")
    assert again["baseline_id"] == prepared["baseline_id"]
    listed = world.drill("scratch", "list", "--output", "json")
    assert listed.code == 0, listed.out
    assert instance_id in {one["instance_id"] for one in listed.json()["instances"]}

    finished = world.drill("run", "aside", "--output", "json")
    (drill,) = finished.json()["drills"]
    assert (drill["outcome"], drill["teardown"]) == ("passed", "clean"), finished.out
    assert recoveries(world, instance_id) == 2  # the restore and the reset
    assert prepare(world, instance_id)["empty"] is True


def test_an_instance_that_holds_something_or_is_production_is_refused_and_not_touched(world):
    orders = "df964dd9324bece9ec331925a1f4ceb5in03"
    unlisted = world.drill("scratch", "prepare", orders, "--cloud", "sandbox", "--apply")
    assert unlisted.code == 3
    assert "neither under [[scratch]] nor under [[blank]]" in unlisted.err

    world.change_config(
        f'  "{orders}",  # orders-prod\n',
        "",
    )
    list_instance(world, "scratch", orders)
    before = world.admin().state()["accepted"]
    for plan in (world.folder / "plans").glob("orders-*.toml"):
        plan.unlink()
    refused = prepare(world, orders, "--apply", code=6)

    assert "instance-was-just-seen-empty" in {one["rule"] for one in refused["refusals"]}
    assert not refused["tagged"]
    assert world.admin().state()["accepted"] == before


def test_what_is_told_shows_no_password(world):
    instance_id = make_instance(world, "set-aside-2")
    list_instance(world, "scratch", instance_id)

    told = world.drill("-v", "scratch", "prepare", instance_id, "--cloud", "sandbox")

    assert "would be put on" in told.err
    assert "this was a dry run" in told.err
    for secret in world.secrets():
        assert secret not in told.out + told.err


@pytest.fixture(scope="module", params=["huawei", "otc"])
def public_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Return a world whose sandbox has the habits of a public cloud."""
    world = World(tmp_path_factory.mktemp(str(request.param)))
    world.furnish()
    world.change_config('kind = "sandbox"', f'kind = "{request.param}"')
    world.start_sandbox(personality=str(request.param))
    try:
        yield world
    finally:
        world.stop_sandbox()


def drills_of(world: World, *plans: str) -> list[dict[str, Any]]:
    finished = world.drill("run", *plans, "--output", "json")
    found: list[dict[str, Any]] = json.loads(finished.out)["drills"]
    return found


def test_an_existing_postgresql_target_comes_back_by_a_blank_instance(public_world, tmp_path: Path):
    world = public_world
    (refused,) = drills_of(world, PLAN)
    assert refused["outcome"] == "refused"
    assert "to the current instance" in refused["reason"]

    blank_id = make_instance(world, "blank-1")
    list_instance(world, "blank", blank_id)
    world.change_config(
        f'instance_id = "{SCRATCH_A}"\nbaseline = "drill-baseline"\n',
        f'instance_id = "{SCRATCH_A}"\nbaseline = "drill-baseline"\n'
        f'baseline_instance_id = "{blank_id}"\n',
    )
    assert not prepare(world, SCRATCH_A)["ready"]
    blank = prepare(world, blank_id, "--apply")
    assert blank["ready"], blank["lacks"]
    target = prepare(world, SCRATCH_A, "--apply")
    assert target["ready"], target["lacks"]
    assert target["baseline_of"] == blank_id

    (drill,) = drills_of(world, PLAN)

    assert (drill["outcome"], drill["teardown"]) == ("passed", "clean"), drill
    assert recoveries(world, SCRATCH_A) == 2
    assert recoveries(world, blank_id) == 0
    shown = world.drill("show", drill["drill"], "--output", "json").json()
    (reset,) = [one for one in shown["journal"] if (one["kind"], one["act"]) == ("intent", "reset")]
    assert reset["facts"]["baseline_of"] == blank_id
    assert prepare(world, SCRATCH_A)["empty"] is True
    assert world.drill("sweep").code == 0
