"""A cloud for a process that runs for months: its address and its keys are read again when needed.

Secrets rotate, a mounted file is away for a moment, a service moves. A command can stop with a
message then; a daemon waits, and goes on with what it reads next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import structlog
from pydantic import SecretStr

from drill.errors import (
    AnswerLost,
    ConfigInvalid,
    CredentialsRejected,
    ProviderUnavailable,
)
from drill.guard.admission import (
    AdmittedBackup,
    AdmittedCreate,
    AdmittedDeletion,
    AdmittedReset,
    AdmittedRestore,
    AdmittedSettingAside,
    AdmittedTagging,
)
from drill.provider.port import Accepted, Job, Provider, RecycledInstance, Sighting
from drill.recovery.values import Backup, Instance, Window

_Answer = TypeVar("_Answer")


class RenewingProvider:
    """Implements ``drill.provider.port.Provider`` by a client that is made anew when it must be.

    ``mark`` returns something that changes with the address and the credentials, such as a hash of
    them; ``make`` returns a client that uses them as they are. Both raise ConfigInvalid where
    something cannot be read. Then the cloud counts as unavailable, which is waited for.
    """

    def __init__(
        self, cloud: str, *, mark: Callable[[], str], make: Callable[[], Provider]
    ) -> None:
        self._cloud = cloud
        self._mark = mark
        self._make = make
        self._lock = threading.Lock()
        self._provider: Provider | None = None
        self._made_with: str | None = None
        self._may_be_stale = False

    @property
    def cloud(self) -> str:
        """Return the name of the cloud in config.toml."""
        return self._cloud

    def connect(self) -> None:
        """Make the client now, without asking the cloud anything. Raise ConfigInvalid."""
        with self._lock:
            self._renew(self._mark())

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            provider, self._provider = self._provider, None
        _close(provider)

    def find_instance(self, instance_id: str) -> Instance | None:
        """Return the instance with its tags, or None."""
        return self._ask(lambda to: to.find_instance(instance_id))

    def list_instances(
        self, *, name: str | None = None, tags: Mapping[str, str] | None = None
    ) -> Sequence[Instance]:
        """Return all instances of the account, or those with exactly this name or these tags."""
        return self._ask(lambda to: to.list_instances(name=name, tags=tags))

    def list_sightings(self) -> Sequence[Sighting]:
        """Return the status of all instances of the account."""
        return self._ask(lambda to: to.list_sightings())

    def list_backups(self, instance_id: str) -> Sequence[Backup]:
        """Return all backups of an instance."""
        return self._ask(lambda to: to.list_backups(instance_id))

    def list_windows(
        self, instance_id: str, *, retention_days: int, now: datetime
    ) -> Sequence[Window]:
        """Return the restore windows."""
        return self._ask(
            lambda to: to.list_windows(instance_id, retention_days=retention_days, now=now)
        )

    def list_databases(self, instance_id: str) -> Sequence[str]:
        """Return the names of the databases of an instance."""
        return self._ask(lambda to: to.list_databases(instance_id))

    def find_job(self, job_id: str) -> Job:
        """Return the job."""
        return self._ask(lambda to: to.find_job(job_id))

    def list_jobs_of(self, instance_id: str, *, since: datetime) -> Sequence[Job]:
        """Return the tasks of one instance."""
        return self._ask(lambda to: to.list_jobs_of(instance_id, since=since))

    def list_recycled(self) -> Sequence[RecycledInstance] | None:
        """Return what the recycle bin of the account holds; None where the cloud has none."""
        return self._ask(lambda to: to.list_recycled())

    def restore(self, admitted: AdmittedRestore) -> Accepted:
        """Order a restore onto an existing scratch instance."""
        return self._ask(lambda to: to.restore(admitted))

    def create(self, admitted: AdmittedCreate, *, password: SecretStr) -> Accepted:
        """Order a new scratch instance."""
        return self._ask(lambda to: to.create(admitted, password=password))

    def tag(
        self,
        admitted: AdmittedCreate | AdmittedTagging | AdmittedSettingAside,
        instance_id: str,
    ) -> None:
        """Put the tags of a drill on its instance, or those that set an instance aside."""
        return self._ask(lambda to: to.tag(admitted, instance_id))

    def back_up(self, admitted: AdmittedBackup) -> None:
        """Order the manual baseline backup of an instance that is set aside."""
        return self._ask(lambda to: to.back_up(admitted))

    def reset(self, admitted: AdmittedReset) -> Accepted:
        """Order the restore of an existing scratch instance to its baseline."""
        return self._ask(lambda to: to.reset(admitted))

    def delete(self, admitted: AdmittedDeletion) -> Accepted:
        """Order the deletion of an instance that this tool created."""
        return self._ask(lambda to: to.delete(admitted))

    def _ask(self, question: Callable[[Provider], _Answer]) -> _Answer:
        """Ask once, whatever it is: an order is never repeated here."""
        provider = self._current()
        try:
            return question(provider)
        except CredentialsRejected as error:
            if self._is_renewed():
                raise ProviderUnavailable(
                    f"the credentials of cloud {self._cloud} have changed; the new ones come next",
                    request_id=error.request_id,
                ) from error
            raise
        except (ProviderUnavailable, AnswerLost):
            self._may_be_stale = True
            raise

    def _current(self) -> Provider:
        with self._lock:
            if self._provider is not None and not self._may_be_stale:
                return self._provider
            try:
                mark = self._mark()
                if self._provider is None or mark != self._made_with:
                    self._renew(mark)
            except ConfigInvalid as error:
                if self._provider is None:
                    raise ProviderUnavailable(
                        f"cloud {self._cloud} cannot be used now: {error.message}", hint=error.hint
                    ) from error
            self._may_be_stale = False
            assert self._provider is not None  # noqa: S101  made above, or kept
            return self._provider

    def _renew(self, mark: str) -> None:
        old, made = self._provider, self._make()
        self._provider, self._made_with = made, mark
        if old is not None:
            structlog.get_logger().warning("cloud settings read again", cloud=self._cloud)
        _close(old)

    def _is_renewed(self) -> bool:
        """Tell whether other credentials can be read now than those that were rejected."""
        with self._lock:
            self._may_be_stale = True
            try:
                return self._mark() != self._made_with
            except ConfigInvalid:
                return False


def _close(provider: Provider | None) -> None:
    close = getattr(provider, "close", None)
    if close is not None:
        close()
