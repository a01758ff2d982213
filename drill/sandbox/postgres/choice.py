"""Choose the base backup of a restore, and name what was in the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from drill.sandbox.lineage import in_lineage, named_backup
from drill.sandbox.postgres.archive import ArchiveReader
from drill.sandbox.postgres.layout import InstanceFolder, StoredBackup
from drill.sandbox.servers import RestoreFailed


def choose_backup(
    folder: InstanceFolder, backup_id: str | None, restore_time: datetime | None
) -> StoredBackup:
    """Return the named base backup, or the newest that ended at or before the restore time.

    A named one may be of any era: an instance that was overwritten can still be reset to its own
    baseline. A restore time means the system that the instance holds now. Raise RestoreFailed.
    """
    if restore_time is None and backup_id is not None:
        return named_backup(folder, backup_id)
    if restore_time is None or backup_id is not None:
        raise RestoreFailed("name either a backup or a restore time")
    own = in_lineage(folder.backups(), folder.history())
    chosen = newest_before(own, restore_time)
    if chosen is None:
        first = f"the first ended at {_text(own[0].base.ended_at)}" if own else "there is none"
        raise RestoreFailed(
            f"no base backup ended at or before the restore time {_text(restore_time)}: {first}"
        )
    return chosen


def newest_before(backups: Sequence[StoredBackup], restore_time: datetime) -> StoredBackup | None:
    """Return the base backup that ended last, at or before the restore time."""
    usable = [backup for backup in backups if backup.base.ended_at <= restore_time]
    return max(usable, key=lambda backup: backup.base.ended_at, default=None)


def why_the_log_ends(
    reader: ArchiveReader,
    folder: InstanceFolder,
    backup: StoredBackup,
    restore_time: datetime | None,
    found_damage: bool,
) -> str:
    """Return in plain words why the archived log does not lead to where it should."""
    chain = reader.chain(folder.archive(backup.era), backup.log, backup.first_segment)
    if chain.broken_at is not None:
        name = backup.log.name(chain.broken_at)
        file = folder.archive(backup.era) / name
        what = "is damaged in" if file.exists() else "is missing from"
        return f"log segment {name} {what} the archive of {folder.id}"
    if found_damage and chain.newest_ending_at is None:
        return f"the archived log of {folder.id} is damaged"
    goal = f"the restore time {_text(restore_time)}" if restore_time else "the end of the backup"
    if chain.newest_ending_at is None:
        return f"the archived log of {folder.id} ends before {goal}"
    return (
        f"the archived log of {folder.id} ends before {goal}: its last transaction ended at "
        f"{_text(chain.newest_ending_at)}"
    )


def _text(instant: datetime) -> str:
    return instant.isoformat(" ", "microseconds")
