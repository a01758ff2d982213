"""A drill on an instance without a database reaches its end, asks nothing, proves nothing."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from drill.cli.shapes import drill_shape
from drill.cli.verdict import drills_table, exit_code_of
from drill.engine.previewing import preview
from drill.engine.record import DrillRecord, Outcome, Teardown
from drill.errors import ExitCode
from drill.guard.facts import CloudRules
from drill.plan.model import Plan
from drill.recovery.values import Engine
from tests.engine.scene import (
    NOON,
    SOURCE_ID,
    TARGET_ID,
    Scene,
    a_backup,
    a_plan,
    an_instance,
)

SQLSERVER = frozenset({Engine.SQLSERVER})
RULES = CloudRules(
    kind="memory",
    restore_to_existing=SQLSERVER,
    restore_to_current=SQLSERVER,
    same_version=SQLSERVER,
)


def a_scene(*, source_simulated: bool = True, target_simulated: bool = True) -> Scene:
    """Return a scene whose instances are of SQL Server, with databases of names alone."""
    scene = Scene()
    facts: dict[str, Any] = {
        "engine": Engine.SQLSERVER, "version": "2019_SE", "time_zone": "UTC",
    }  # fmt: skip
    scene.provider.add_instance(
        an_instance(
            SOURCE_ID, "crm-prod", simulated=source_simulated, host=None, port=None, **facts
        )
    )
    scene.provider.add_instance(
        an_instance(
            TARGET_ID,
            "crm-scratch",
            tags={"drill-scratch": "yes"},
            simulated=target_simulated,
            host=None,
            port=None,
            **facts,
        )
    )
    for backup_id, owner, name in (
        ("backup-1", SOURCE_ID, "nightly"),
        ("baseline", TARGET_ID, "drill-baseline"),
    ):
        backup = a_backup(backup_id, owner, NOON - timedelta(hours=11), name)
        scene.provider.add_backup(replace(backup, engine=Engine.SQLSERVER, version="2019_SE"))
    scene.provider.set_databases(SOURCE_ID, ["sales", "hr"])
    scene.rules = RULES
    scene.parts = scene.parts_with(scene.journal, scene.provider)
    return scene


def run(scene: Scene, plan: Plan) -> DrillRecord:
    return scene.run(plan)


@pytest.mark.parametrize("target", ["new", "existing"])
@pytest.mark.parametrize("mode", ["pitr", "backup"])
def test_a_simulated_drill_ends_inconclusive_at_level_one_and_cleans_up(target, mode):
    scene = a_scene()

    record = run(scene, a_plan(target=target, mode=mode))

    assert record.outcome is Outcome.INCONCLUSIVE
    assert record.reason == "simulated: no database stands behind the instance"
    assert (record.is_simulated, record.level) == (True, 1)
    assert (record.rta, record.rpa, record.rpa_claimed, record.checks) == (None, None, None, ())
    assert record.teardown is Teardown.CLEAN
    assert scene.prober.runs == 0
    assert scene.restores_accepted() == 1
    scene.assert_nothing_left()
    assert exit_code_of([record]) is ExitCode.NOT_PASSED


def test_a_failed_restore_of_a_simulated_instance_is_not_held_against_its_backup():
    scene = a_scene()
    scene.provider.inject("fail_restore")

    record = run(scene, a_plan(target="existing"))

    assert record.outcome is Outcome.INCONCLUSIVE
    assert str(record.reason).startswith("simulated: the restore job of the cloud failed")
    assert record.level == 0
    scene.assert_nothing_left()


def test_a_simulated_target_of_a_real_source_makes_the_whole_drill_simulated():
    scene = a_scene(source_simulated=False)
    record = run(scene, a_plan(target="existing"))
    assert (record.outcome, record.is_simulated) == (Outcome.INCONCLUSIVE, True)


def test_a_simulated_target_that_lists_databases_after_its_reset_leaks():
    scene = a_scene()
    list_databases = scene.provider.list_databases

    def with_a_leftover(instance_id: str) -> list[str]:
        return ["left", *list_databases(instance_id)]

    scene.provider.list_databases = with_a_leftover  # type: ignore[method-assign]
    record = run(scene, a_plan(target="existing"))

    assert record.teardown is Teardown.LEAKED
    assert "simulated: the cloud lists left" in str(record.teardown_reason)


def test_a_drill_without_a_recovery_point_on_a_simulated_source_still_says_simulated():
    scene = a_scene()
    scene.provider.set_windows(SOURCE_ID, [])
    record = run(scene, a_plan())
    assert (record.outcome, record.is_simulated) == (Outcome.INCONCLUSIVE, True)


def test_databases_are_asked_for_on_sql_server_and_on_no_other_engine():
    real, simulated = Scene(), a_scene()
    real.run(a_plan(target="existing"))
    record = run(simulated, a_plan(target="existing"))

    assert real.provider.calls["list_databases"] == 0
    assert record.inventory is not None
    assert record.inventory.source_databases == {"sales", "hr"}
    assert record.inventory.target_databases == frozenset()


def test_a_map_is_refused_for_a_database_that_the_target_has():
    scene = a_scene()
    scene.provider.set_databases(TARGET_ID, ["Copy"])
    chosen = {"databases": {"sales": "copy"}}

    record = run(scene, a_plan(target="existing", sqlserver=chosen))

    assert record.outcome is Outcome.REFUSED
    assert [one["rule"] for one in record.refusals] == ["names-are-free-on-the-target"]
    assert scene.restores_accepted() == 0


def test_every_table_and_every_document_says_simulated():
    scene = a_scene()
    plan = a_plan()
    record = run(scene, plan)
    terminal = Console(width=200, record=True, file=io.StringIO())
    terminal.print(drills_table([record], wide=True))

    assert "inconclusive (simulated)" in terminal.export_text()
    assert drill_shape(record)["simulated"] is True
    real = Scene().run(a_plan())
    assert drill_shape(real)["simulated"] is False


def test_a_dry_run_knows_that_it_would_be_simulated():
    scene = a_scene()
    enlisted = scene.record(scene.enlist(a_plan()))
    answer = preview(enlisted, scene.parts)
    assert answer.would_run
    assert answer.inventory.is_simulated  # type: ignore[union-attr]
