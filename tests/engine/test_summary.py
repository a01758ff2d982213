"""A drill in one line says what its record says, and assumes a base only as coverage C.6 does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.check.port import CheckAnswer
from drill.engine.record import DrillRecord, StepName
from drill.engine.summary import facts_of
from drill.recovery.values import BackupKind, BackupPoint, TimePoint
from tests.builders import (
    NOW,
    SOURCE_ID,
    a_backup,
    a_check_result,
    a_choice,
    a_plan,
    a_record,
    a_step,
    a_window,
    an_instance,
    an_inventory,
)

HOUR = timedelta(hours=1)
POINT = NOW - 3 * HOUR


def restored_to(point_at=POINT, **inventory) -> DrillRecord:
    point = TimePoint(restore_time=point_at, window=a_window())
    return a_record(inventory=an_inventory(**inventory), choice=a_choice(point=point))


def ended_before(hours: float, **overrides):
    ended_at = NOW - hours * HOUR
    return a_backup(began_at=ended_at - timedelta(minutes=5), ended_at=ended_at, **overrides)


def test_the_base_of_an_instant_is_the_latest_restorable_backup_that_ended_by_then():
    backups = (
        ended_before(2, id="later"),
        ended_before(5, id="latest-before"),
        ended_before(29, id="earlier"),
        ended_before(4, id="log", kind=BackupKind.INCREMENTAL),
        ended_before(4, id="broken", status="FAILED"),
        ended_before(4, id="of-another", instance_id="another"),
    )

    facts = facts_of(restored_to(backups=backups))

    assert (facts.base_id, facts.base_at) == ("latest-before", NOW - 5 * HOUR)
    assert facts.base_how == "inferred"
    assert facts.point_at == POINT


def test_a_backup_that_ends_at_the_very_point_is_its_base():
    assert facts_of(restored_to(backups=(ended_before(3),))).base_at == POINT


def test_without_a_backup_that_reaches_the_point_no_base_is_made_up():
    facts = facts_of(restored_to(backups=(ended_before(1),)))

    assert (facts.base_id, facts.base_at, facts.base_how) == (None, None, None)


def test_a_restored_backup_is_its_own_base_as_reported():
    backup = ended_before(9, id="chosen")
    record = a_record(
        plan=a_plan(restore={"mode": "backup", "selection": {"policy": "newest"}}),
        inventory=an_inventory(backups=(backup, ended_before(8, id="other"))),
        choice=a_choice(point=BackupPoint(backup=backup), policy="newest"),
    )

    facts = facts_of(record)

    assert (facts.base_id, facts.base_at) == ("chosen", NOW - 9 * HOUR)
    assert (facts.base_how, facts.mode, facts.point_at) == ("reported", "backup", facts.base_at)


def test_a_drill_that_only_waits_says_what_its_plan_says_and_nothing_more():
    record = a_record(initiated_by="ada")

    facts = facts_of(record)

    assert facts.source == ("sandbox", SOURCE_ID)
    assert (facts.rto_target, facts.rpo_target) == (HOUR, timedelta(minutes=15))
    assert (facts.flavor, facts.volume_gb) == ("rds.pg.n1.small", 40)
    assert (facts.source_name, facts.engine, facts.policy, facts.outcome) == (None,) * 4
    assert facts.initiated_by == "ada"


def test_the_target_is_described_as_it_was_restored():
    copy = an_instance(volume_gb=100, volume_type="ULTRAHIGH", flavor="rds.pg.c2.large")

    facts = facts_of(a_record(copy=copy))

    assert (facts.volume_gb, facts.volume_type) == (100, "ULTRAHIGH")
    assert facts.flavor == "rds.pg.c2.large"


def test_an_existing_target_is_described_as_the_inventory_saw_it():
    target = an_instance(id="scratch-1", volume_gb=60)
    record = a_record(plan=a_plan(target_id="scratch-1"), inventory=an_inventory(target=target))

    assert facts_of(record).volume_gb == 60


@pytest.mark.parametrize("answer", [CheckAnswer.FAILED, CheckAnswer.NO_DATA])
def test_failing_checks_are_named_before_a_failed_step(answer):
    checks = (a_check_result(name="fine"), a_check_result(name="rows", answer=answer))
    failed = a_step(name=StepName.CHECK, ended_at=NOW, result="failed")

    facts = facts_of(a_record(checks=checks, steps=(failed,)))

    assert facts.failing == ("rows",)
    assert facts.checks == (("fine", "passed"), ("rows", answer.value))


def test_without_a_check_the_failed_step_is_named():
    failed = a_step(name=StepName.RESTORE, ended_at=NOW, result="failed")

    assert facts_of(a_record(steps=(a_step(ended_at=NOW, result="done"), failed))).failing == (
        "restore",
    )
