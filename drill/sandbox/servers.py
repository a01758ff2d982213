"""What the API of the sandbox needs from the database servers behind it.

One implementation stands behind each engine: ``drill.sandbox.postgres`` for PostgreSQL. All calls
block until the work is really done; the API runs them in its own background threads. All instants
are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


class RestoreFailed(Exception):
    """The servers could not restore; the text is what the API shows as ``fail_reason``."""


class ServerFault(Exception):
    """A server did not start, stop or answer; the text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseBackup:
    """One physical base backup on disk, verified when it was taken."""

    folder: Path
    began_at: datetime
    ended_at: datetime
    """When the image became consistent (STOP TIME): no restore time before it is possible."""
    size_bytes: int
    timeline: int


@dataclass(frozen=True, slots=True)
class Span:
    """A span of instants that can be restored to, borders included, whole milliseconds."""

    starts_at: datetime
    ends_at: datetime


class Servers(Protocol):
    """The servers of one engine. Every instance has a folder of its own under one root."""

    version: str
    """Major version, such as ``18``."""
    complete_version: str
    """Full version, such as ``18.6``."""

    def create(self, instance_id: str, *, admin_user: str, password: str) -> None:
        """Make an empty instance and start it. Raise ServerFault."""
        ...

    def start(self, instance_id: str) -> None:
        """Start an instance that exists on disk; does nothing if it runs."""
        ...

    def stop(self, instance_id: str) -> None:
        """Stop the server cleanly; does nothing if it does not run."""
        ...

    def destroy(self, instance_id: str) -> None:
        """Stop the server and delete its data, its archive and its base backups."""
        ...

    def port_of(self, instance_id: str) -> int | None:
        """Return the loopback TCP port that the running server listens on."""
        ...

    def take_backup(self, instance_id: str, backup_id: str) -> BaseBackup:
        """Take and verify a base backup; its log is complete when this returns."""
        ...

    def delete_backup(self, instance_id: str, backup_id: str) -> None:
        """Delete one base backup from disk."""
        ...

    def windows(self, instance_id: str) -> list[Span]:
        """Return what can be restored to, from what was archived: the end of each base backup up
        to the last archived commit that a restore can prove it reached, cut where a restore to
        the original left a hole. What is deleted or damaged later stays in it, as in a cloud."""
        ...

    def restore(
        self,
        *,
        source_id: str,
        target_id: str,
        backup_id: str | None = None,
        restore_time: datetime | None = None,
        admin_user: str,
        password: str | None,
    ) -> None:
        """Replace the data of the target (which may be new, or the source itself) by the source's
        data at a base backup or at an instant, and start it.

        ``password`` is set for the administrator afterwards where given (new instances); without
        it the accounts are those that came with the data. The source's archive is only read,
        except where source and target are the same: then the target goes on in a new timeline.
        Raise RestoreFailed with a plain reason, and leave no half restored server running.
        """
        ...

    def shutdown(self) -> None:
        """Stop all servers cleanly."""
        ...
