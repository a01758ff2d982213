"""Choosing a recovery point by the policy of the plan.

No policy picks the border of a window: whether the provider means borders inclusively is not
documented (reference 2.1), so the newest instant is the last whole millisecond *before* the end.
The one exception is a plan that names the border itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from drill.errors import NoRecoveryPoint
from drill.plan.model import (
    AtInstant,
    BackupRestore,
    Latest,
    NewestBackup,
    OldestBackup,
    OneBackup,
    RandomBackup,
    RandomInstant,
    Restore,
    format_span,
)
from drill.recovery.backups import ended, is_restorable, restorable_backups
from drill.recovery.draw import draw_index, key_of
from drill.recovery.instants import MILLISECOND, before, rounded_down, rounded_up, shown
from drill.recovery.values import Backup, BackupPoint, Choice, Inventory, TimePoint, Window
from drill.recovery.windows import gaps, window_around

_INSIDE = MILLISECOND
"""How far inside a window the selection stays: the smallest step that the API knows."""


class _Stretch(NamedTuple):
    """The whole milliseconds inside a window that may be chosen, both ends included."""

    first: datetime
    last: datetime
    window: Window

    @property
    def size(self) -> int:
        return (self.last - self.first) // MILLISECOND + 1


def choose_recovery_point(restore: Restore, inventory: Inventory, *, draw: str) -> Choice:
    """Return the recovery point that the plan's selection means, in this inventory.

    ``draw`` is the seed text of a random policy whose plan has none of its own; the one that was
    used is in ``Choice.seed``. ``Choice.candidates`` counts backups or windows.
    Raise NoRecoveryPoint, with what is there instead.
    """
    if isinstance(restore, BackupRestore):
        return _choose_backup(restore.selection, inventory, draw)
    match restore.selection:
        case Latest(margin=margin):
            return _latest(margin, inventory)
        case AtInstant(restore_time=restore_time):
            return _at_instant(restore_time, inventory)
        case RandomInstant(within=within, seed=seed):
            return _random_instant(within, seed or draw, inventory)


def _latest(margin: timedelta, inventory: Inventory) -> Choice:
    """Return the newest instant, or the last restorable one at or before the margin.

    A margin that ends in a gap moves on to the nearest earlier instant, never to a later one: the
    plan asked for data that is at least so old.
    """
    stretches = _stretches(inventory)
    newest = stretches[-1].last
    wanted = before(newest, margin)
    earlier = [stretch for stretch in stretches if stretch.first <= wanted]
    if not earlier:
        raise NoRecoveryPoint(
            f"a margin of {format_span(margin)} before {shown(newest)} is older than every "
            f"restore window of {inventory.source.id}",
            hint=f"The oldest restorable instant is {shown(stretches[0].first)}; choose a margin "
            f"of at most {format_span(newest - stretches[0].first)}.",
        )
    stretch = earlier[-1]
    restore_time = min(wanted, stretch.last)
    reason = f"newest instant of {_windows(stretches)}"
    if margin:
        reason = f"{format_span(margin)} before the {reason}, {shown(newest)}"
    if restore_time != wanted:
        reason += f"; {shown(wanted)} lies in a gap, so the nearest earlier instant"
    return Choice(
        point=TimePoint(restore_time=restore_time, window=stretch.window),
        policy="latest",
        reason=f"{reason}: {shown(restore_time)}",
        reference_at=inventory.taken_at,
        candidates=len(stretches),
    )


def _at_instant(restore_time: datetime, inventory: Inventory) -> Choice:
    instant = rounded_down(restore_time)
    window = window_around(inventory.windows, instant)
    if window is None:
        raise NoRecoveryPoint(
            f"{shown(instant)} is outside every restore window of {inventory.source.id}",
            hint=_what_is_there(inventory, instant),
        )
    return Choice(
        point=TimePoint(restore_time=instant, window=window),
        policy="instant",
        reason=f"the instant that the plan names: {shown(instant)}, in the window "
        f"{_window(window)}",
        reference_at=instant,
        candidates=len(inventory.windows),
    )


def _random_instant(within: timedelta, seed: str, inventory: Inventory) -> Choice:
    """Return a whole millisecond of the period, each with the same chance."""
    begins_at = rounded_up(before(inventory.taken_at, within))
    stretches = [
        _Stretch(max(stretch.first, begins_at), stretch.last, stretch.window)
        for stretch in _stretches(inventory)
        if stretch.last >= begins_at
    ]
    if not stretches:
        raise NoRecoveryPoint(
            f"no restore window of {inventory.source.id} reaches into the last "
            f"{format_span(within)}",
            hint=_what_is_there(inventory, begins_at),
        )
    sizes = list(accumulate(stretch.size for stretch in stretches))
    index = draw_index(key_of(seed), "t", inventory.source.id, sizes[-1])
    place = next(place for place, up_to in enumerate(sizes) if index < up_to)
    stretch = stretches[place]
    restore_time = stretch.last - (sizes[place] - 1 - index) * MILLISECOND
    return Choice(
        point=TimePoint(restore_time=restore_time, window=stretch.window),
        policy="random",
        reason=f"number {index} of {sizes[-1]} milliseconds in {_windows(stretches)} of the last "
        f"{format_span(within)}, drawn by seed: {shown(restore_time)}",
        reference_at=restore_time,
        seed=seed,
        candidates=len(stretches),
    )


def _choose_backup(
    selection: NewestBackup | OldestBackup | OneBackup | RandomBackup,
    inventory: Inventory,
    draw: str,
) -> Choice:
    match selection:
        case NewestBackup():
            return _by_end("newest", inventory, -1, lambda _: inventory.taken_at)
        case OldestBackup():
            return _by_end("oldest", inventory, 0, ended)
        case OneBackup(backup_id=backup_id):
            return _one_backup(backup_id, inventory)
        case RandomBackup(within=within, seed=seed):
            return _random_backup(within, seed or draw, inventory)


def _by_end(
    policy: str, inventory: Inventory, place: int, reference_at: Callable[[Backup], datetime]
) -> Choice:
    backups = _some_backups(inventory)
    backup = backups[place]
    return Choice(
        point=BackupPoint(backup=backup),
        policy=policy,
        reason=f"{policy} of {_count(backups)}, ended {shown(ended(backup))}",
        reference_at=reference_at(backup),
        candidates=len(backups),
    )


def _one_backup(backup_id: str, inventory: Inventory) -> Choice:
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
    raise NoRecoveryPoint(problem, hint=_which_backups(inventory))


def _random_backup(within: timedelta, seed: str, inventory: Inventory) -> Choice:
    begins_at = before(inventory.taken_at, within)
    backups = [backup for backup in _some_backups(inventory) if ended(backup) >= begins_at]
    if not backups:
        raise NoRecoveryPoint(
            f"no complete backup of {inventory.source.id} ended in the last {format_span(within)}",
            hint=_which_backups(inventory),
        )
    index = draw_index(key_of(seed), "b", inventory.source.id, len(backups))
    backup = backups[index]
    return Choice(
        point=BackupPoint(backup=backup),
        policy="random",
        reason=f"number {index} of {_count(backups)} of the last {format_span(within)}, drawn by "
        f"seed, ended {shown(ended(backup))}",
        reference_at=ended(backup),
        seed=seed,
        candidates=len(backups),
    )


def _stretches(inventory: Inventory) -> list[_Stretch]:
    """Return what may be chosen, oldest first, up to the instant of the inventory."""
    stretches = []
    for window in sorted(inventory.windows):
        ends_at = min(window.ends_at, inventory.taken_at)
        first = rounded_up(window.starts_at) + _INSIDE
        last = rounded_down(ends_at) - _INSIDE
        if first <= last:
            stretches.append(_Stretch(first, last, window))
    if not stretches:
        raise NoRecoveryPoint(
            f"{inventory.source.id} has no restore window",
            hint=_which_backups(inventory),
        )
    return stretches


def _some_backups(inventory: Inventory) -> tuple[Backup, ...]:
    backups = restorable_backups(inventory)
    if not backups:
        raise NoRecoveryPoint(
            f"{inventory.source.id} has no complete backup", hint=_which_backups(inventory)
        )
    return backups


def _which_backups(inventory: Inventory) -> str:
    """Return a hint that says which backups there are."""
    backups = restorable_backups(inventory)
    if backups:
        return (
            f"There are {_count(backups)}, from {shown(ended(backups[0]))} ({backups[0].id}) to "
            f"{shown(ended(backups[-1]))} ({backups[-1].id})."
        )
    if inventory.backups:
        return (
            f"There are {len(inventory.backups)} backups, but none that is full and complete; "
            "look at the backup policy of the source."
        )
    return (
        f"There is no backup at all, and {inventory.source.retention_days} days of retention are "
        "set; look at the backup policy of the source."
    )


def _what_is_there(inventory: Inventory, instant: datetime) -> str:
    """Return a hint that names the windows, and the gap around the instant if it is in one."""
    windows = sorted(inventory.windows)
    if not windows:
        return "There is no restore window at all; look at the backup policy of the source."
    for gap in gaps(windows):
        if gap.starts_at < instant < gap.ends_at:
            return (
                f"It lies in a gap; choose an instant up to {shown(gap.starts_at)} or from "
                f"{shown(gap.ends_at)}."
            )
    return (
        f"The restore windows reach from {shown(windows[0].starts_at)} to "
        f"{shown(windows[-1].ends_at)}; choose an instant in between."
    )


def _window(window: Window) -> str:
    return f"{shown(window.starts_at)} to {shown(window.ends_at)}"


def _windows(stretches: Sequence[_Stretch]) -> str:
    return f"{len(stretches)} windows" if len(stretches) > 1 else "1 window"


def _count(backups: Sequence[Backup]) -> str:
    return f"{len(backups)} complete backups" if len(backups) > 1 else "1 complete backup"
