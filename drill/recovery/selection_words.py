"""What messages of the selection say: how many there are, and what is there instead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from drill.recovery.backups import ended, restorable_backups
from drill.recovery.instants import shown
from drill.recovery.values import Backup, Inventory, Window
from drill.recovery.windows import gaps


def which_backups(inventory: Inventory) -> str:
    """Return a hint that says which backups there are."""
    backups = restorable_backups(inventory)
    if backups:
        return (
            f"There are {count_text(backups)}, from {shown(ended(backups[0]))} ({backups[0].id}) "
            f"to {shown(ended(backups[-1]))} ({backups[-1].id})."
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


def what_is_there(inventory: Inventory, instant: datetime) -> str:
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


def window_text(window: Window) -> str:
    """Return a window from its begin to its end."""
    return f"{shown(window.starts_at)} to {shown(window.ends_at)}"


def windows_text(stretches: Sequence[object]) -> str:
    """Return how many windows there are."""
    return f"{len(stretches)} windows" if len(stretches) > 1 else "1 window"


def count_text(backups: Sequence[Backup]) -> str:
    """Return how many backups there are."""
    return f"{len(backups)} complete backups" if len(backups) > 1 else "1 complete backup"
