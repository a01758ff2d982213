"""Damage on purpose: a file of the archived log is deleted, bytes of a backup are changed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from drill.sandbox.damage import change_bytes
from drill.sandbox.lineage import backup_to_damage
from drill.sandbox.mariadb.archive import ArchiveReader
from drill.sandbox.mariadb.binlog import log_name
from drill.sandbox.mariadb.choice import choose_backup, start_of
from drill.sandbox.mariadb.layout import InstanceFolder, StoredBackup
from drill.sandbox.servers import ServerFault


def lose_file(folder: InstanceFolder, reader: ArchiveReader, at: datetime | None) -> str:
    """Delete one archived file of the log; return its name. Raise ServerFault or OSError.

    With an instant: the file without which a restore to it cannot prove that nothing is missing.
    Without one: the file in the middle of the log after the newest backup.
    """
    backup = _chosen(folder, None, at)
    archive, start = folder.archive(backup.era), start_of(backup)
    chain = reader.chain(archive, backup.file)
    if chain.newest_commit_at(start) is None:
        raise ServerFault(f"no log after backup {backup.id} of {folder.id} is archived yet")
    if at is None:
        number: int | None = (backup.file + chain.files[-1].log.number) // 2
    else:
        number = chain.file_that_proves(at, start)
    if number is None:
        raise ServerFault(f"nothing after {at} is archived for {folder.id}")
    file = archive / log_name(number)
    file.unlink()
    return file.name


def corrupt(folder: InstanceFolder, backup_id: str | None, at: datetime | None) -> str:
    """Change bytes in the middle of the largest table file of a backup; return its name.

    The size stays, so that only its fingerprint tells. Raise ServerFault or OSError.
    """
    data = _chosen(folder, backup_id, at).base.folder
    tables = list(data.rglob("*.ibd"))
    file = max(tables or [data / "ibdata1"], key=_size)
    change_bytes(file)
    return str(file.relative_to(data))


def _chosen(folder: InstanceFolder, backup_id: str | None, at: datetime | None) -> StoredBackup:
    return backup_to_damage(folder, backup_id, at, partial(choose_backup, folder))


def _size(file: Path) -> int:
    return file.stat().st_size
