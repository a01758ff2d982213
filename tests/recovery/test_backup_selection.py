"""Choosing one of the backups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drill.errors import NoRecoveryPoint
from drill.plan.model import (
    BackupRestore,
    NewestBackup,
    OldestBackup,
    OneBackup,
    RandomBackup,
)
from drill.recovery.backups import ended
from drill.recovery.selection import choose_recovery_point
from drill.recovery.values import (
    BackupKind,
    BackupPoint,
    Choice,
    Inventory,
)
from tests.recovery.inventories import TAKEN_AT, a_backup, ago, an_inventory


def of_backups(inventory: Inventory, selection: Any, draw: str = "unused") -> Choice:
    restore = BackupRestore(mode="backup", selection=selection)
    return choose_recovery_point(restore, inventory, draw=draw)


BACKUPS = (
    a_backup("b3", ago(days=1)),
    a_backup("b1", ago(days=3), kind=BackupKind.MANUAL),
    a_backup("b2", ago(days=2)),
    a_backup("building", None, status="BUILDING"),
    a_backup("failed", ago(hours=1), status="FAILED"),
    a_backup("log", ago(minutes=5), kind=BackupKind.INCREMENTAL),
    a_backup("differential", ago(minutes=6), kind=BackupKind.FRAGMENT),
    a_backup("foreign", ago(minutes=7), instance_id="another-in03"),
)


def test_the_newest_backup_is_the_restorable_one_that_ended_last():
    choice = of_backups(an_inventory(backups=BACKUPS), NewestBackup(policy="newest"))

    assert choice.point == BackupPoint(backup=BACKUPS[0])
    assert choice.reference_at == TAKEN_AT
    assert choice.candidates == 3
    assert choice.reason == "newest of 3 complete backups, ended 2026-03-07T12:00:00Z"


def test_the_oldest_backup_is_measured_from_its_own_end():
    choice = of_backups(an_inventory(backups=BACKUPS), OldestBackup(policy="oldest"))

    assert choice.point == BackupPoint(backup=BACKUPS[1])
    assert choice.reference_at == ago(days=3)


def test_backups_that_ended_in_the_same_second_are_told_apart_by_id():
    twins = (a_backup("b", ago(days=1)), a_backup("a", ago(days=1)), a_backup("c", ago(days=1)))

    newest = of_backups(an_inventory(backups=twins), NewestBackup(policy="newest"))
    oldest = of_backups(an_inventory(backups=twins[::-1]), OldestBackup(policy="oldest"))

    assert isinstance(newest.point, BackupPoint)
    assert isinstance(oldest.point, BackupPoint)
    assert (newest.point.backup.id, oldest.point.backup.id) == ("c", "a")


def test_a_named_backup_is_chosen_and_measured_from_its_own_end():
    selection = OneBackup(policy="backup", backup_id="b2")

    choice = of_backups(an_inventory(backups=BACKUPS), selection)

    assert choice.point == BackupPoint(backup=BACKUPS[2])
    assert choice.reference_at == ago(days=2)
    assert choice.candidates == 1


@pytest.mark.parametrize(
    ("backup_id", "problem"),
    [
        ("b9", "backup b9 is not among the backups of source-in03"),
        ("foreign", "backup foreign belongs to another-in03, not source-in03"),
        ("log", "its kind is incremental, its status COMPLETED"),
        ("building", "its kind is auto, its status BUILDING"),
    ],
)
def test_a_named_backup_that_can_not_be_restored_says_why_and_what_is_there(backup_id, problem):
    selection = OneBackup(policy="backup", backup_id=backup_id)

    with pytest.raises(NoRecoveryPoint) as caught:
        of_backups(an_inventory(backups=BACKUPS), selection)

    assert problem in caught.value.message
    assert caught.value.hint == (
        "There are 3 complete backups, from 2026-03-05T12:00:00Z (b1) to 2026-03-07T12:00:00Z (b3)."
    )


def test_a_random_backup_comes_from_the_period_and_does_not_depend_on_the_order_of_the_list():
    selection = RandomBackup(policy="random", within=timedelta(days=2), seed=None)

    chosen = {}
    for number in range(30):
        one = of_backups(an_inventory(backups=BACKUPS), selection, draw=str(number))
        other = of_backups(an_inventory(backups=BACKUPS[::-1]), selection, draw=str(number))
        assert one == other
        assert one.seed == str(number)
        assert one.candidates == 2
        assert one.reference_at == one.point.at
        assert isinstance(one.point, BackupPoint)
        chosen[one.point.backup.id] = one

    assert set(chosen) == {"b2", "b3"}  # b2 ended exactly when the period begins


def test_a_random_backup_uses_the_seed_of_the_plan():
    selection = RandomBackup(policy="random", within=timedelta(days=9), seed="fixed")

    choice = of_backups(an_inventory(backups=BACKUPS), selection, draw="other")

    assert choice.seed == "fixed"


def test_a_period_without_a_backup_says_what_is_there():
    selection = RandomBackup(policy="random", within=timedelta(hours=2))

    with pytest.raises(NoRecoveryPoint, match="ended in the last 2h") as caught:
        of_backups(an_inventory(backups=BACKUPS), selection)

    assert "There are 3 complete backups" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "selection", [NewestBackup(policy="newest"), OldestBackup(policy="oldest")]
)
def test_no_complete_backup_is_no_recovery_point(selection):
    with pytest.raises(NoRecoveryPoint, match="has no complete backup"):
        of_backups(an_inventory(backups=BACKUPS[3:]), selection)


def test_a_backup_that_has_not_ended_has_no_end():
    with pytest.raises(ValueError, match="building has not ended"):
        ended(BACKUPS[3])
