"""What is on disk for one instance, and the small facts beside it.

::

    <root>/<instance_id>/instance.json        which era is current; the one point of truth
                         eras/<n>/data        the data folder of that era (kept for the current one)
                         eras/<n>/archive     the files of the binary log closed in that era
                         backups/<backup_id>/ data (the prepared backup), backup.json
                         logs/

Eras and lineages are those of ``drill.sandbox.postgres.layout``: every restore begins a new era
with a log of its own; a restore to the original stays in its lineage and leaves a hole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drill.sandbox.era_folder import EraFolder, write_whole
from drill.sandbox.mariadb.binlog import log_number
from drill.sandbox.servers import BaseBackup

SEEN = ".seen"
"""Ending of the file beside a file of the log that says when it had grown how far."""


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """One full backup, and where in the log it lies."""

    id: str
    era: int
    base: BaseBackup
    file: int
    """The file of the log that goes on behind it."""
    position: int
    """Where in that file."""


class InstanceFolder(EraFolder[StoredBackup]):
    """The folder of one instance."""

    def read_backup(self, file: Path) -> StoredBackup:
        """Return the backup whose facts are in a file. Raise FileNotFoundError."""
        return _read_backup(file)

    def prune_archive(self, archive: Path, backups: Sequence[StoredBackup]) -> None:
        """Delete the log from before what these backups of its era need, which are not none."""
        _prune_archive(archive, min(backup.file for backup in backups))


def write_backup(folder: Path, backup: StoredBackup) -> None:
    """Write the facts of a backup into its folder."""
    write_whole(
        folder / "backup.json",
        {
            "era": backup.era,
            "began_at": backup.base.began_at.isoformat(),
            "ended_at": backup.base.ended_at.isoformat(),
            "size_bytes": backup.base.size_bytes,
            "file": backup.file,
            "position": backup.position,
        },
    )


def _read_backup(file: Path) -> StoredBackup:
    facts = json.loads(file.read_text("utf-8"))
    base = BaseBackup(
        folder=file.parent / "data",
        began_at=datetime.fromisoformat(facts["began_at"]),
        ended_at=datetime.fromisoformat(facts["ended_at"]),
        size_bytes=facts["size_bytes"],
        timeline=facts["era"],
    )
    return StoredBackup(file.parent.name, facts["era"], base, facts["file"], facts["position"])


def _prune_archive(archive: Path, first: int) -> None:
    """Delete the files before the first one that any backup needs."""
    for file in archive.iterdir():
        number = log_number(file.name.removesuffix(SEEN))
        if number is not None and number < first:
            file.unlink(missing_ok=True)
