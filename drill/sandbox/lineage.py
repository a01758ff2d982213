"""What an instance has been through, and which backup a restore or a damage of it is about.

For every engine whose instances are kept in eras and lineages (``postgres/layout.py``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar

from drill.sandbox.servers import BaseBackup, RestoreFailed, ServerFault


@dataclass(frozen=True, slots=True)
class History:
    """What an instance has been through."""

    admin_user: str
    era: int
    lineages: Mapping[int, int]
    """The lineage of every era so far."""
    port: int | None = None
    """The port it last listened on: kept where it is free, so that addresses stay the same."""

    @property
    def lineage(self) -> int:
        """Return the lineage that the data belongs to now."""
        return self.lineages[self.era]

    def begin_era(self, lineage: int | None) -> History:
        """Return the history with one more era, in a lineage of its own where none is given."""
        era = max(self.lineages) + 1
        new = lineage if lineage is not None else max(self.lineages.values()) + 1
        return replace(self, era=era, lineages={**self.lineages, era: new})


class Kept(Protocol):
    """A finished backup on disk."""

    @property
    def id(self) -> str:
        """Return its id."""
        ...

    @property
    def era(self) -> int:
        """Return the era that it was taken in."""
        ...

    @property
    def base(self) -> BaseBackup:
        """Return the backup itself."""
        ...


Backup = TypeVar("Backup", bound=Kept)
BackupOut = TypeVar("BackupOut", bound=Kept, covariant=True)


class Keeper(Protocol[BackupOut]):
    """The folder of one instance."""

    @property
    def id(self) -> str:
        """Return the id of the instance."""
        ...

    def exists(self) -> bool:
        """Tell whether there is such an instance."""
        ...

    def history(self) -> History:
        """Return what the instance has been through."""
        ...

    def backups(self) -> Sequence[BackupOut]:
        """Return the finished backups of all eras, in the order of their ends."""
        ...


def in_lineage(backups: Iterable[Backup], history: History) -> list[Backup]:
    """Return the backups of the system that the instance holds now, of all its eras."""
    return [one for one in backups if history.lineages.get(one.era) == history.lineage]


def named_backup(folder: Keeper[Backup], backup_id: str) -> Backup:
    """Return a backup of any era: an instance that was overwritten can still be reset to its own
    baseline. Raise RestoreFailed."""
    for backup in folder.backups():
        if backup.id == backup_id:
            return backup
    raise RestoreFailed(f"there is no backup {backup_id} of instance {folder.id}")


def backup_to_damage(
    folder: Keeper[Backup],
    backup_id: str | None,
    at: datetime | None,
    choose: Callable[[str | None, datetime | None], Backup],
) -> Backup:
    """Return the backup that a restore would choose; the newest where nothing is named.

    Raise ServerFault.
    """
    if backup_id is not None or at is not None:
        try:
            return choose(backup_id, at)
        except RestoreFailed as error:
            raise ServerFault(str(error)) from error
    own = in_lineage(folder.backups(), folder.history())
    if not own:
        raise ServerFault(f"there is no backup of instance {folder.id}")
    return own[-1]


def next_history(
    source: Keeper[Kept], target: Keeper[Kept], backup: Kept, admin_user: str
) -> History:
    """Return the history of a target that a backup of the source is restored to.

    A restore to the original stays in the lineage of the backup; any other begins a new one.
    """
    if not target.exists():
        return History(admin_user, 1, {1: 1})
    history = target.history()
    return history.begin_era(history.lineages[backup.era] if source.id == target.id else None)


def first_reason(error: shutil.Error) -> str:
    """Return the reason for the first file; shutil.Error is a list of (source, copy, reason)."""
    reasons = error.args[0] if error.args else ()
    return str(reasons[0][2]) if reasons else "unknown"
