"""The folder of one instance: which era is current, its data, its archived log and its backups.

It is the same for every engine; what a backup is, and what of the log it needs, is not.
"""

from __future__ import annotations

import json
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic

from drill.sandbox.lineage import Backup, History
from drill.sandbox.servers import ServerFault

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PARTIAL = ".partial"


class EraFolder(ABC, Generic[Backup]):
    """The folder of one instance, whatever its engine keeps in it."""

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
        """Return the folder of the data in an era."""
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

    def backups(self) -> list[Backup]:
        """Return the finished backups of all eras, in the order of their ends."""
        found = []
        for file in (self.path / "backups").glob("*/backup.json"):
            if not file.parent.name.endswith(_PARTIAL):
                try:
                    found.append(self.read_backup(file))
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
            of_era = [backup for backup in backups if backup.era == number]
            if number != era:
                shutil.rmtree(folder / "data", ignore_errors=True)
                if not of_era:
                    shutil.rmtree(folder)
                    continue
            if of_era:
                self.prune_archive(folder / "archive", of_era)

    @abstractmethod
    def read_backup(self, file: Path) -> Backup:
        """Return the backup whose facts are in a file. Raise FileNotFoundError."""

    @abstractmethod
    def prune_archive(self, archive: Path, backups: Sequence[Backup]) -> None:
        """Delete the log from before what these backups of its era need, which are not none."""


def ensure_id(name: str) -> str:
    """Return the id, which becomes a folder name. Raise ServerFault where it must not."""
    if _ID.fullmatch(name) is None:
        raise ServerFault(f"{name!r} cannot be an id: use letters, digits, - and _")
    return name


def write_whole(file: Path, facts: Mapping[str, Any]) -> None:
    """Write facts as JSON; readers see the old or the new, whole."""
    draft = file.with_name(f".{file.name}.draft")
    draft.write_text(json.dumps(facts, indent=1), "utf-8")
    draft.replace(file)
