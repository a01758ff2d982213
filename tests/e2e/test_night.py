"""The main job: every plan as one batch, on real databases, through the real API."""

from __future__ import annotations

import pytest

from tests.e2e.world import World


@pytest.fixture(scope="module")
def night(sandbox_world: World) -> World:
    """Run all plans once."""
    finished = sandbox_world.drill("run")
    assert finished.code == 0, finished.err + finished.out
    return sandbox_world


def test_every_plan_passes_at_level_four_or_higher_with_everything_measured(night):
    drills = night.history()

    assert len(drills) == len(list((night.folder / "plans").glob("*.toml")))
    assert {drill["outcome"] for drill in drills} == {"passed"}
    assert {drill["teardown"] for drill in drills} == {"clean"}
    assert min(drill["level"] for drill in drills) >= 4
    assert all(drill["rta_ms"] > 0 for drill in drills)
    assert all(drill["rpa_ms"] is not None and drill["rpa_ms"] >= 0 for drill in drills)
    assert {drill["mode"] for drill in drills} == {"pitr", "backup"}
    assert {drill["target_kind"] for drill in drills} == {"new", "existing"}


def test_nothing_is_left_and_nothing_but_scratch_was_ever_a_target(night):
    state = night.admin().state()

    names = {instance["name"] for instance in state["instances"]}
    assert {"orders-prod", "billing-prod", "drill-scratch-a", "drill-scratch-b"} <= names
    assert night.scratch_left() == []
    by_id = {instance["id"]: instance["name"] for instance in state["instances"]}
    touched = {by_id[instance_id] for instance_id in state["accepted"]["recovery"]}
    assert all(name.startswith("drill-scratch-") for name in touched)
    assert not set(state["accepted"]["delete"]) & set(by_id)


def test_report_has_a_page_for_every_drill(night):
    reports = night.folder / "reports"

    assert (reports / "index.html").is_file()
    pages = {page.stem for page in (reports / "d").glob("*.html")}
    assert pages == {drill["drill"] for drill in night.history()}


def test_no_secret_appears_in_anything_that_was_produced(night):
    drill_id = night.history()[0]["drill"]
    shown = (
        night.drill("show", drill_id).out + night.drill("show", drill_id, "--output", "json").out
    )
    files = [
        file
        for file in night.folder.rglob("*")
        if file.is_file() and ".sandbox" not in file.relative_to(night.folder).parts
    ]
    produced = [shown.encode(), *(file.read_bytes() for file in files)]

    for secret in night.secrets():
        assert not any(secret.encode() in content for content in produced)


def test_dry_run_orders_nothing(night):
    before = night.admin().state()["accepted"]

    finished = night.drill("plan", "show", "orders-latest", "orders-random", "--output", "json")

    assert finished.code == 0
    assert [plan["would_run"] for plan in finished.json()["plans"]] == [True, True]
    assert night.admin().state()["accepted"] == before


def test_sweep_finds_nothing_after_a_clean_night(night):
    finished = night.drill("sweep", "--output", "json")

    assert finished.code == 0
    swept = finished.json()
    remains = swept.pop("remains")
    assert swept == {
        "dry_run": True,
        "abandoned": [],
        "found": [],
        "left": [],
        "cost_left": None,
        "unasked": [],
    }
    ours = [one for one in remains if one["is_known"]]
    assert ours
    assert all(one["in_recycle_bin"] for one in ours)
    assert all(one["backups"] == [] and one["cost"] is None for one in ours)
