"""Which backups a restore can begin with."""

from __future__ import annotations

from datetime import UTC, datetime

from drill.recovery.values import Backup, BackupKind, Inventory

RESTORABLE_KINDS = frozenset({BackupKind.AUTO, BackupKind.MANUAL})
"""Full backups. A differential (``fragment``) or a log backup (``incremental``) holds only changes,
and no page says that a restore call takes the id of one (reference 3.1, 1.2)."""


def ended(backup: Backup) -> datetime:
    """Return when the backup ended; raise ValueError if it has not."""
    if backup.ended_at is None:
        raise ValueError(f"backup {backup.id} has not ended")
    return backup.ended_at


def backup_order(backup: Backup) -> tuple[datetime, str]:
    """Return what backups are sorted by, (end, id): one that has not ended comes last."""
    return backup.ended_at or datetime.max.replace(tzinfo=UTC), backup.id


def is_restorable(backup: Backup) -> bool:
    """Tell whether the backup is complete and of a kind that a restore can begin with."""
    return backup.is_complete and backup.kind in RESTORABLE_KINDS


def restorable_backups(inventory: Inventory) -> tuple[Backup, ...]:
    """Return the restorable backups of the source, sorted by (end, id): lists have no order."""
    own = (
        backup
        for backup in inventory.backups
        if backup.instance_id == inventory.source.id and is_restorable(backup)
    )
    return tuple(sorted(own, key=lambda backup: (ended(backup), backup.id)))
