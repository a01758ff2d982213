"""Drills of a MariaDB source where no server of MariaDB can stand behind it: inconclusive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_mariadb import SCRATCH, SOURCE_ID, write_plan
from tests.e2e.world import World

PLANS = {"invoices-latest": "orders-latest", "invoices-random": "orders-random"}
"""A plan for each kind of target, and one that restores a backup."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own, whose sandbox does without MariaDB."""
    world = World(tmp_path_factory.mktemp("bare"))
    world.furnish()
    world.change_config("# No drill may ever", SCRATCH)
    for name, like in {**PLANS, "invoices-backup": "orders-newest-backup"}.items():
        write_plan(world, name, like)
    world.start_sandbox(DRILL_SANDBOX_WITHOUT="MariaDB")
    try:
        yield world
    finally:
        world.stop_sandbox()


def test_drills_without_a_server_are_inconclusive_and_say_so_and_order_nothing(bare):
    finished = bare.drill("run", *PLANS, "invoices-backup", "orders-latest")

    drills = {drill["plan"]: drill for drill in bare.history()}
    assert drills.pop("orders-latest")["outcome"] == "passed"
    assert finished.code == 4
    assert {drill["outcome"] for drill in drills.values()} == {"inconclusive"}
    assert {drill["teardown"] for drill in drills.values()} == {"not_needed"}
    for drill in drills.values():
        assert "no server here: MariaDB is left out" in drill["reason"]
    assert "no server here: MariaDB is left out" in finished.err
    accepted = bare.admin().state()["accepted"]
    assert SOURCE_ID not in accepted["create"]
    assert sum(accepted["recovery"].values()) == 2, "the drill that passed, and its reset"


def test_source_is_listed_without_an_address(bare):
    (listed,) = [
        each for each in bare.admin().state()["instances"] if each["name"] == "invoices-prod"
    ]

    assert (listed["id"], listed["status"], listed["private_ips"]) == (SOURCE_ID, "ACTIVE", [])


def test_engine_that_nothing_is_known_of_is_an_error(bare: World, tmp_path: Path):
    state = str(tmp_path / "state")

    finished = bare.drill(
        "sandbox", "serve", "--state", state, DRILL_SANDBOX_WITHOUT="Oracle", timeout=60
    )

    assert finished.code != 0
    assert "DRILL_SANDBOX_WITHOUT can be MariaDB, not Oracle" in finished.err
