"""Damage on purpose: a log segment is deleted, bytes of a base backup are changed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from drill.sandbox.damage import change_bytes
from drill.sandbox.lineage import backup_to_damage
from drill.sandbox.postgres.archive import ArchiveReader
from drill.sandbox.postgres.choice import choose_backup
from drill.sandbox.postgres.layout import InstanceFolder, StoredBackup
from drill.sandbox.servers import ServerFault


def lose_segment(folder: InstanceFolder, reader: ArchiveReader, at: datetime | None) -> str:
    """Delete one archived segment; return its name. Raise ServerFault or OSError.

    With an instant: the segment that holds the first transaction after it, which is the one a
    restore to that instant must read to prove that it stopped there. Without one: the segment in
    the middle of the log after the newest base backup.
    """
    backup = _chosen(folder, None, at)
    archive = folder.archive(backup.era)
    chain = reader.chain(archive, backup.log, backup.first_segment)
    if chain.last_segment is None or chain.last_segment <= backup.last_segment:
        raise ServerFault(f"no log after backup {backup.id} of {folder.id} is archived yet")
    if at is None:
        number = (backup.last_segment + 1 + chain.last_segment) // 2
    else:
        number = _segment_after(folder, reader, backup, at, chain.last_segment)
    file = archive / backup.log.name(number)
    file.unlink()
    return file.name


def corrupt(folder: InstanceFolder, backup_id: str | None, at: datetime | None) -> str:
    """Change bytes in the middle of the largest table file of a base backup; return its name.

    The size stays, so that only its checksum tells. Raise ServerFault or OSError.
    """
    data = _chosen(folder, backup_id, at).base.folder
    file = max((data / "base").rglob("[0-9]*"), key=_size)
    change_bytes(file)
    return str(file.relative_to(data))


def _chosen(folder: InstanceFolder, backup_id: str | None, at: datetime | None) -> StoredBackup:
    return backup_to_damage(folder, backup_id, at, partial(choose_backup, folder))


def _segment_after(
    folder: InstanceFolder, reader: ArchiveReader, backup: StoredBackup, at: datetime, last: int
) -> int:
    """Return the first segment in which a transaction ended after the instant."""
    newest = reader.newest_endings(folder.archive(backup.era))
    for number in range(backup.first_segment, last + 1):
        ended_at = newest.get(number)
        if ended_at is not None and ended_at > at:
            return number
    raise ServerFault(f"nothing after {at.isoformat()} is archived for {folder.id}")


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else -1
