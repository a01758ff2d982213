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
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from drill.sandbox.lineage import History
from drill.sandbox.postgres.wal import Timeline
from drill.sandbox.servers import BaseBackup, ServerFault

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PARTIAL = ".partial"


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


class InstanceFolder:
    """The folder of one instance."""

    def __init__(self, root: Path, instance_id: str) -> None:
        self.id = ensure_id(instance_id)
        self.path = root / instance_id
        self.logs = self.path / "logs"

    def exists(self) -> bool:
        """Tell whether the instance was completely made."""
        return (self.path / "instance.json").is_file()

    def make(self) -> tuple[Path, ...]:
        """Make the folders, readable for nobody else, where they are missing; return them."""
        folders = (self.path, self.path / "eras", self.path / "backups", self.logs)
        for folder in folders:
            folder.mkdir(mode=0o700, exist_ok=True)
        return folders

    def data(self, era: int) -> Path:
        """Return the folder of the cluster in an era."""
        return self.path / "eras" / str(era) / "data"

    def archive(self, era: int) -> Path:
        """Return the folder of the log segments of an era."""
        return self.path / "eras" / str(era) / "archive"

    def history(self) -> History:
        """Read what the instance has been through. Raise ServerFault where it does not exist."""
        try:
            facts = json.loads((self.path / "instance.json").read_text("utf-8"))
        except FileNotFoundError as error:
            raise ServerFault(f"there is no instance {self.id} on this disk") from error
        lineages = {int(era): int(lineage) for era, lineage in facts["lineages"].items()}
        return History(facts["admin_user"], int(facts["era"]), lineages, facts["port"])

    def record(self, history: History) -> None:
        """Write what the instance has been through; readers see the old or the new, whole."""
        _write_whole(
            self.path / "instance.json",
            {
                "admin_user": history.admin_user,
                "era": history.era,
                "lineages": {str(era): lineage for era, lineage in history.lineages.items()},
                "port": history.port,
            },
        )

    def backup_folder(self, backup_id: str) -> Path:
        """Return the folder of one base backup."""
        return self.path / "backups" / ensure_id(backup_id)

    def backup_in_the_making(self, backup_id: str) -> Path:
        """Return the folder that a base backup is made in before it counts."""
        return self.path / "backups" / (ensure_id(backup_id) + _PARTIAL)

    def backups(self) -> list[StoredBackup]:
        """Return the finished base backups of all eras, in the order of their ends."""
        found = []
        for file in (self.path / "backups").glob("*/backup.json"):
            if not file.parent.name.endswith(_PARTIAL):
                try:
                    found.append(_read_backup(file))
                except FileNotFoundError:
                    continue  # deleted while we looked
        return sorted(found, key=lambda backup: backup.base.ended_at)

    def clusters(self) -> list[Path]:
        """Return every data folder on disk, also those of a restore that was interrupted."""
        return list((self.path / "eras").glob("*/data"))

    def clear_leftovers(self) -> None:
        """Delete what an interrupted creation, backup or restore left: nothing that counts.

        The caller sees to it that no server runs in it any more. Raise OSError.
        """
        if not self.exists():
            shutil.rmtree(self.path, ignore_errors=True)
            return
        for folder in (self.path / "backups").glob(f"*{_PARTIAL}"):
            shutil.rmtree(folder)
        history = self.history()
        for folder in (self.path / "eras").iterdir():
            if int(folder.name) not in history.lineages:
                shutil.rmtree(folder)

    def prune(self) -> None:
        """Delete old clusters, and the log that no base backup can use any more."""
        era = self.history().era
        backups = self.backups()
        for folder in (self.path / "eras").iterdir():
            number = int(folder.name)
            of_era = [backup for backup in backups if backup.era == number]
            if number != era:
                shutil.rmtree(folder / "data", ignore_errors=True)
                if not of_era:
                    shutil.rmtree(folder)
                    continue
            if of_era:
                _prune_archive(folder / "archive", of_era)


def write_backup(folder: Path, backup: StoredBackup) -> None:
    """Write the facts of a base backup into its folder."""
    _write_whole(
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


def ensure_id(name: str) -> str:
    """Return the id, which becomes a folder name. Raise ServerFault where it must not."""
    if _ID.fullmatch(name) is None:
        raise ServerFault(f"{name!r} cannot be an id: use letters, digits, - and _")
    return name


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


def _prune_archive(archive: Path, backups: list[StoredBackup]) -> None:
    """Delete the segments before the first one that any of the base backups needs."""
    first = min(backup.first_segment for backup in backups)
    log = backups[0].log
    for file in archive.iterdir():
        segment = log.segment_named(file.name[:24])
        if segment is not None and segment < first:
            file.unlink(missing_ok=True)


def _write_whole(file: Path, facts: Mapping[str, Any]) -> None:
    draft = file.with_name(f".{file.name}.draft")
    draft.write_text(json.dumps(facts, indent=1), "utf-8")
    draft.replace(file)
