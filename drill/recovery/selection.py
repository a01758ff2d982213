"""Choosing a recovery point by the policy of the plan (docs/measurement.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drill.plan.model import (
    AroundInstant,
    AtInstant,
    BackupRestore,
    BackupSelection,
    EdgeInstant,
    GreedyInstant,
    Latest,
    MixedBackup,
    MixedInstant,
    NewestBackup,
    Objectives,
    OldestBackup,
    OldestInstant,
    OneBackup,
    RandomBackup,
    RandomInstant,
    Restore,
    RetestBackup,
    RetestInstant,
    TimeSelection,
    UndrilledBackup,
)
from drill.recovery.backups import ended
from drill.recovery.facts import DrillFacts
from drill.recovery.past import Past
from drill.recovery.selection_backups import backup_by_end, named_backup, random_backup
from drill.recovery.selection_greedy import greedy_instant, undrilled_backup
from drill.recovery.selection_instants import (
    edge_instant,
    instant_around,
    latest_instant,
    named_instant,
    oldest_instant,
    random_instant,
)
from drill.recovery.selection_retest import retest_backup, retest_instant
from drill.recovery.values import Choice, Inventory

_INSTANT_TURNS: dict[str, TimeSelection] = {
    "latest": Latest(policy="latest"),
    "random": RandomInstant(policy="random"),
    "greedy": GreedyInstant(policy="greedy"),
    "oldest": OldestInstant(policy="oldest"),
    "edge": EdgeInstant(policy="edge"),
}
_BACKUP_TURNS: dict[str, BackupSelection] = {
    "newest": NewestBackup(policy="newest"),
    "random": RandomBackup(policy="random"),
    "undrilled": UndrilledBackup(policy="undrilled"),
    "oldest": OldestBackup(policy="oldest"),
}


def choose_recovery_point(
    restore: Restore,
    inventory: Inventory,
    *,
    draw: str,
    history: Sequence[DrillFacts] = (),
    plan_name: str | None = None,
    objectives: Objectives | None = None,
) -> Choice:
    """Return the recovery point that the plan's selection means, in this inventory.

    ``draw`` is the seed text of a random policy whose plan has none of its own; the one that was
    used is in ``Choice.seed``. ``Choice.policy`` is the policy that decided: of a mixed selection
    the one whose turn it was. ``history`` are the drills of the source, of every plan; turns are
    counted over those of ``plan_name``. Raise NoRecoveryPoint, with what is there instead.
    """
    past = Past(drills=history, plan_name=plan_name, objectives=objectives or Objectives())
    if isinstance(restore, BackupRestore):
        return _choose_backup(restore.selection, inventory, draw, past)
    return _choose_instant(restore.selection, inventory, draw, past)


def _choose_instant(
    selection: TimeSelection, inventory: Inventory, draw: str, past: Past
) -> Choice:
    match selection:
        case Latest(margin=margin):
            choice = latest_instant(margin, inventory)
        case AtInstant(restore_time=restore_time):
            choice = named_instant(restore_time, inventory)
        case RandomInstant(within=within, seed=seed):
            choice = random_instant(within, seed or draw, inventory)
        case GreedyInstant():
            choice = greedy_instant(inventory, past)
        case OldestInstant():
            choice = oldest_instant(inventory)
        case EdgeInstant():
            choice = edge_instant(inventory, turn=past.turn(inventory, policy="edge"))
        case AroundInstant(event_at=event_at, distance=distance):
            turn = past.turn(inventory, policy="around")
            choice = instant_around(event_at, distance, inventory, turn=turn)
        case RetestInstant(otherwise=otherwise):
            choice = retest_instant(inventory, past) or _because(
                "nothing is left to retest",
                _choose_instant(_INSTANT_TURNS[otherwise], inventory, draw, past),
            )
        case MixedInstant(cycle=cycle):
            place = past.turn(inventory) % len(cycle)
            choice = retest_instant(inventory, past) or _because(
                f"turn {place + 1} of {len(cycle)}",
                _choose_instant(_INSTANT_TURNS[cycle[place]], inventory, draw, past),
            )
    return choice


def _choose_backup(
    selection: BackupSelection, inventory: Inventory, draw: str, past: Past
) -> Choice:
    match selection:
        case NewestBackup():
            choice = backup_by_end("newest", inventory, -1, lambda _: inventory.taken_at)
        case OldestBackup():
            choice = backup_by_end("oldest", inventory, 0, ended)
        case OneBackup(backup_id=backup_id):
            choice = named_backup(backup_id, inventory)
        case RandomBackup(within=within, seed=seed):
            choice = random_backup(within, seed or draw, inventory)
        case UndrilledBackup():
            choice = undrilled_backup(inventory, past)
        case RetestBackup(otherwise=otherwise):
            choice = retest_backup(inventory, past) or _because(
                "nothing is left to retest",
                _choose_backup(_BACKUP_TURNS[otherwise], inventory, draw, past),
            )
        case MixedBackup(cycle=cycle):
            place = past.turn(inventory) % len(cycle)
            choice = retest_backup(inventory, past) or _because(
                f"turn {place + 1} of {len(cycle)}",
                _choose_backup(_BACKUP_TURNS[cycle[place]], inventory, draw, past),
            )
    return choice


def _because(why: str, choice: Choice) -> Choice:
    return replace(choice, reason=f"{why}, {choice.policy}: {choice.reason}")
