"""Drills of a MariaDB source: to an instant and from a backup, into both kinds of target."""

from __future__ import annotations

import re

import pytest

from drill.sandbox.planting import id_of
from tests.e2e.world import World

SOURCE_ID = id_of("invoices-prod", "in01")
TARGET_ID = id_of("drill-scratch-m", "in01")
SCRATCH = f"""[[scratch]]
cloud = "sandbox"
instance_id = "{TARGET_ID}"
baseline = "drill-baseline"
user = "root"
password = "file:.sandbox/scratch-password"
database = "mysql"

# No drill may ever"""


def write_plan(world: World, name: str, like: str) -> None:
    """Write a plan for the MariaDB source that is otherwise like another one."""
    text = (world.folder / "plans" / f"{like}.toml").read_text()
    text = text.replace(f'name = "{like}"', f'name = "{name}"')
    text = text.replace("rds.pg.n1.small", "rds.mariadb.n1.small")
    source = r'(\[source\]\ncloud = "sandbox"\ninstance_id = ")\w+'
    text = re.sub(source, rf"\g<1>{SOURCE_ID}", text)
    text = re.sub(r'(kind = "existing"\ninstance_id = ")\w+', rf"\g<1>{TARGET_ID}", text)
    (world.folder / "plans" / f"{name}.toml").write_text(text)


def test_mariadb_drills_pass_with_everything_measured_and_leave_nothing(world):
    listed = {each["id"]: each for each in world.admin().state()["instances"]}
    if not listed.get(TARGET_ID, {}).get("private_ips"):
        pytest.skip("no server of MariaDB on this machine")
    world.change_config("# No drill may ever", SCRATCH)
    names = {
        "invoices-latest": "orders-latest",
        "invoices-random": "orders-random",
        "invoices-backup": "orders-newest-backup",
    }
    for name, like in names.items():
        write_plan(world, name, like)

    finished = world.drill("run", *names)

    assert finished.code == 0, finished.err + finished.out
    drills = world.history()
    assert {drill["outcome"] for drill in drills} == {"passed"}
    assert {drill["teardown"] for drill in drills} == {"clean"}
    assert {drill["target_kind"] for drill in drills} == {"new", "existing"}
    assert min(drill["level"] for drill in drills) >= 4
    assert all(drill["rpa_ms"] is not None for drill in drills)
    assert world.scratch_left() == []
