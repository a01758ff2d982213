"""What is on disk for one instance, and the small facts beside it.

::

    <root>/<instance_id>/instance.json        which era is current; the one point of truth
                         eras/<n>/data        the cluster of that era (kept for the current one)
                         eras/<n>/archive     the log segments archived in that era
                         backups/<backup_id>/ data (the base backup), backup.json
                         logs/

Every restore begins a new *era*: a new timeline with an archive of its own, so that no history can
pollute another. Eras that continue the same system share a *lineage*: a restore to the original
stays in it and leaves a hole; a restore from another instance begins a new one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drill.sandbox.era_folder import EraFolder, write_whole
from drill.sandbox.postgres.wal import Timeline
from drill.sandbox.servers import BaseBackup


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """One base backup, and where in the log it lies."""

    id: str
    era: int
    base: BaseBackup
    start_position: int
    stop_position: int
    segment_bytes: int

    @property
    def log(self) -> Timeline:
        """Return the timeline that it was taken on."""
        return Timeline(self.base.timeline, self.segment_bytes)

    @property
    def first_segment(self) -> int:
        """Return the number of the first segment that its recovery needs."""
        return self.log.segment_at(self.start_position)

    @property
    def last_segment(self) -> int:
        """Return the number of the last segment without which it is not consistent."""
        return self.log.segment_at(self.stop_position - 1)


class InstanceFolder(EraFolder[StoredBackup]):
    """The folder of one instance."""

    def read_backup(self, file: Path) -> StoredBackup:
        """Return the backup whose facts are in a file. Raise FileNotFoundError."""
        return _read_backup(file)

    def prune_archive(self, archive: Path, backups: Sequence[StoredBackup]) -> None:
        """Delete the log from before what these backups of its era need, which are not none."""
        _prune_archive(archive, backups)


def write_backup(folder: Path, backup: StoredBackup) -> None:
    """Write the facts of a base backup into its folder."""
    write_whole(
        folder / "backup.json",
        {
            "era": backup.era,
            "began_at": backup.base.began_at.isoformat(),
            "ended_at": backup.base.ended_at.isoformat(),
            "size_bytes": backup.base.size_bytes,
            "timeline": backup.base.timeline,
            "start_position": backup.start_position,
            "stop_position": backup.stop_position,
            "segment_bytes": backup.segment_bytes,
        },
    )


def _read_backup(file: Path) -> StoredBackup:
    facts = json.loads(file.read_text("utf-8"))
    base = BaseBackup(
        folder=file.parent / "data",
        began_at=datetime.fromisoformat(facts["began_at"]),
        ended_at=datetime.fromisoformat(facts["ended_at"]),
        size_bytes=facts["size_bytes"],
        timeline=facts["timeline"],
    )
    return StoredBackup(
        id=file.parent.name,
        era=facts["era"],
        base=base,
        start_position=facts["start_position"],
        stop_position=facts["stop_position"],
        segment_bytes=facts["segment_bytes"],
    )


def _prune_archive(archive: Path, backups: Sequence[StoredBackup]) -> None:
    """Delete the segments before the first one that any of the base backups needs."""
    first = min(backup.first_segment for backup in backups)
    log = backups[0].log
    for file in archive.iterdir():
        segment = log.segment_named(file.name[:24])
        if segment is not None and segment < first:
            file.unlink(missing_ok=True)
