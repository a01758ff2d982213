"""Choosing a backup by policies that look at the backups alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from drill.errors import NoRecoveryPoint
from drill.plan.model import format_span
from drill.recovery.backups import ended, is_restorable, restorable_backups
from drill.recovery.draw import draw_index, key_of
from drill.recovery.instants import before, shown
from drill.recovery.selection_words import count_text, which_backups
from drill.recovery.values import Backup, BackupPoint, Choice, Inventory


def backup_by_end(
    policy: str, inventory: Inventory, place: int, reference_at: Callable[[Backup], datetime]
) -> Choice:
    """Return the backup at a place of those sorted by their end."""
    backups = some_backups(inventory)
    backup = backups[place]
    return Choice(
        point=BackupPoint(backup=backup),
        policy=policy,
        reason=f"{policy} of {count_text(backups)}, ended {shown(ended(backup))}",
        reference_at=reference_at(backup),
        candidates=len(backups),
    )


def named_backup(backup_id: str, inventory: Inventory) -> Choice:
    """Return the backup that a plan names. Raise NoRecoveryPoint if it cannot be restored."""
    found = next((backup for backup in inventory.backups if backup.id == backup_id), None)
    if found is None:
        problem = f"backup {backup_id} is not among the backups of {inventory.source.id}"
    elif found.instance_id != inventory.source.id:
        problem = f"backup {backup_id} belongs to {found.instance_id}, not {inventory.source.id}"
    elif not is_restorable(found):
        problem = f"backup {backup_id} cannot be restored: its kind is {found.kind}, its status "
        problem += found.status
    else:
        return Choice(
            point=BackupPoint(backup=found),
            policy="backup",
            reason=f"the backup that the plan names: {backup_id}, ended {shown(ended(found))}",
            reference_at=ended(found),
            candidates=1,
        )
    raise NoRecoveryPoint(problem, hint=which_backups(inventory))


def random_backup(within: timedelta | None, seed: str, inventory: Inventory) -> Choice:
    """Return a complete backup of the period, each with the same chance."""
    backups = some_backups(inventory)
    period = ""
    if within is not None:
        begins_at = before(inventory.taken_at, within)
        backups = tuple(backup for backup in backups if ended(backup) >= begins_at)
        period = f" of the last {format_span(within)}"
    if not backups:
        raise NoRecoveryPoint(
            f"no complete backup of {inventory.source.id} ended in the last "
            f"{format_span(within or timedelta(0))}",
            hint=which_backups(inventory),
        )
    index = draw_index(key_of(seed), "b", inventory.source.id, len(backups))
    backup = backups[index]
    return Choice(
        point=BackupPoint(backup=backup),
        policy="random",
        reason=f"number {index} of {count_text(backups)}{period}, drawn by seed, "
        f"ended {shown(ended(backup))}",
        reference_at=ended(backup),
        seed=seed,
        candidates=len(backups),
    )


def some_backups(inventory: Inventory) -> tuple[Backup, ...]:
    """Return the restorable backups, oldest first. Raise NoRecoveryPoint if there is none."""
    backups = restorable_backups(inventory)
    if not backups:
        raise NoRecoveryPoint(
            f"{inventory.source.id} has no complete backup", hint=which_backups(inventory)
        )
    return backups
