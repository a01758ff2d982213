"""How the rest of the house talks to a cloud: what it can ask, and the four things it can order.

A provider says things to one cloud. It does not choose, does not judge and does not decide to
try a write again. Every order takes a value that only the guard can make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import SecretStr

from drill.errors import ProviderError
from drill.guard.admission import (
    AdmittedBackup,
    AdmittedCreate,
    AdmittedDeletion,
    AdmittedReset,
    AdmittedRestore,
    AdmittedSettingAside,
    AdmittedTagging,
)
from drill.recovery.values import Backup, Instance, Window


class JobStatus(StrEnum):
    """The state of an asynchronous job of the cloud (reference 6.1)."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The cloud does not know the id: also for some seconds right after it was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One asynchronous job of the cloud."""

    id: str
    status: JobStatus
    name: str | None = None
    instance_id: str | None = None
    progress_percent: int | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None
    fail_reason: str | None = None
    cause: type[ProviderError] | None = None
    """What the reason says, where it says it plainly: a quota, capacity, a permission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one list of the account says about one instance, and no more of it."""

    id: str
    status: str
    tags: Mapping[str, str] | None = None
    """None where the list has no tags: they are not asked for one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The cloud took an order."""

    accepted_at: datetime
    job_id: str | None
    instance_id: str | None = None
    """The id of the instance that is being created; None for the other orders."""
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecycledInstance:
    """A deleted instance that the cloud still keeps in its recycle bin (reference 5.7)."""

    id: str
    name: str
    deleted_at: datetime | None = None
    kept_until: datetime | None = None
    volume_gb: int | None = None


class Provider(Protocol):
    """One account of one cloud.

    Reads raise ``ProviderUnavailable`` (after a few retries with fresh signatures),
    ``CredentialsRejected``, ``PermissionMissing`` or ``AnswerUnreadable``. Orders raise in
    addition ``AnswerLost`` (nobody knows whether it was accepted), ``ProviderBusy``,
    ``QuotaExceeded``, ``NotFound`` and ``RequestRejected`` (not accepted).
    """

    @property
    def cloud(self) -> str:
        """Return the name of the cloud in config.toml."""
        ...

    def find_instance(self, instance_id: str) -> Instance | None:
        """Return the instance with its tags, or None if the cloud does not list it."""
        ...

    def list_instances(
        self, *, name: str | None = None, tags: Mapping[str, str] | None = None
    ) -> Sequence[Instance]:
        """Return all instances of the account, or those with exactly this name or these tags."""
        ...

    def list_sightings(self) -> Sequence[Sighting]:
        """Return the status of all instances of the account, by one reading of the list.

        Unlike ``list_instances`` it takes a list that moves meanwhile as it comes: an instance may
        be missing or be there twice, so that nothing follows from its absence.
        """
        ...

    def list_backups(self, instance_id: str) -> Sequence[Backup]:
        """Return all backups of an instance, oldest first."""
        ...

    def list_windows(
        self, instance_id: str, *, retention_days: int, now: datetime
    ) -> Sequence[Window]:
        """Return the restore windows, merged and sorted; asked day by day if retention is long."""
        ...

    def list_databases(self, instance_id: str) -> Sequence[str]:
        """Return the names of the databases of an instance, as the cloud lists them."""
        ...

    def find_job(self, job_id: str) -> Job:
        """Return the job; its status is UNKNOWN where the cloud does not know the id."""
        ...

    def list_jobs_of(self, instance_id: str, *, since: datetime) -> Sequence[Job]:
        """Return the tasks of one instance that began at or after an instant (tasklist)."""
        ...

    def list_recycled(self) -> Sequence[RecycledInstance] | None:
        """Return what the recycle bin of the account holds; None where the cloud has none."""
        ...

    def restore(self, admitted: AdmittedRestore) -> Accepted:
        """Order a restore onto an existing scratch instance: it overwrites the target."""
        ...

    def create(self, admitted: AdmittedCreate, *, password: SecretStr) -> Accepted:
        """Order a new scratch instance restored from the recovery point, tagged as ours.

        On a cloud that takes no tags in this call the instance is tagged right afterwards by
        ``tag``.
        """
        ...

    def tag(
        self,
        admitted: AdmittedCreate | AdmittedTagging | AdmittedSettingAside,
        instance_id: str,
    ) -> None:
        """Put the tags of the drill on the instance it created, or those that set an existing
        instance aside. Idempotent.

        Right after the creation its own admission will do; later it takes one of its own, which
        names the instance.
        """
        ...

    def back_up(self, admitted: AdmittedBackup) -> None:
        """Order the manual baseline backup of an instance that is set aside.

        There is no job: the list of backups says when it is complete (reference 3.2).
        """
        ...

    def reset(self, admitted: AdmittedReset) -> Accepted:
        """Order the restore of an existing scratch instance to its empty baseline, which is its
        own or that of a blank instance."""
        ...

    def delete(self, admitted: AdmittedDeletion) -> Accepted:
        """Order the deletion of an instance that this tool created."""
        ...
