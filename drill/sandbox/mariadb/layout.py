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
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from drill.sandbox.lineage import History
from drill.sandbox.mariadb.binlog import log_number
from drill.sandbox.postgres.layout import ensure_id
from drill.sandbox.servers import BaseBackup, ServerFault

_PARTIAL = ".partial"
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
        """Return the data folder of an era."""
        return self.path / "eras" / str(era) / "data"

    def archive(self, era: int) -> Path:
        """Return the folder of the archived log of an era."""
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
        write_whole(
            self.path / "instance.json",
            {
                "admin_user": history.admin_user,
                "era": history.era,
                "lineages": {str(era): lineage for era, lineage in history.lineages.items()},
                "port": history.port,
            },
        )

    def backup_folder(self, backup_id: str) -> Path:
        """Return the folder of one backup."""
        return self.path / "backups" / ensure_id(backup_id)

    def backup_in_the_making(self, backup_id: str) -> Path:
        """Return the folder that a backup is made in before it counts."""
        return self.path / "backups" / (ensure_id(backup_id) + _PARTIAL)

    def backups(self) -> list[StoredBackup]:
        """Return the finished backups of all eras, in the order of their ends."""
        found = []
        for file in (self.path / "backups").glob("*/backup.json"):
            if not file.parent.name.endswith(_PARTIAL):
                try:
                    found.append(_read_backup(file))
                except FileNotFoundError:
                    continue  # deleted while we looked
        return sorted(found, key=lambda backup: backup.base.ended_at)

    def data_folders(self) -> list[Path]:
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
        """Delete old data folders, and the log that no backup can use any more. Raise OSError."""
        era = self.history().era
        backups = self.backups()
        for folder in (self.path / "eras").iterdir():
            number = int(folder.name)
            needed = [backup.file for backup in backups if backup.era == number]
            if number != era:
                shutil.rmtree(folder / "data", ignore_errors=True)
                if not needed:
                    shutil.rmtree(folder)
                    continue
            if needed:
                _prune_archive(folder / "archive", min(needed))


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


def write_whole(file: Path, facts: Mapping[str, Any]) -> None:
    """Write facts as JSON; readers see the old or the new, whole."""
    draft = file.with_name(f".{file.name}.draft")
    draft.write_text(json.dumps(facts, indent=1), "utf-8")
    draft.replace(file)


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
