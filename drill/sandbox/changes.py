"""Changes that leave the data alone: a larger disk, a restart, an end to a backup, a password."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

from drill.sandbox import backups, instances, job_details, jobs
from drill.sandbox.administration import Administered, Administration
from drill.sandbox.backups import Backup, BackupStatus, BackupType
from drill.sandbox.claims import ensure_free, open_job, target_of
from drill.sandbox.engines import Engines
from drill.sandbox.errors import ApiError, faulty, no_server, status_forbids
from drill.sandbox.instances import Instance, Status
from drill.sandbox.jobs import Job, JobKind
from drill.sandbox.servers import ServerFault
from drill.sandbox.settings import Settings
from drill.sandbox.state import State
from drill.sandbox.times import now
from drill.sandbox.workers import Workers

_logger = logging.getLogger(__name__)
_LOOK_EVERY = timedelta(milliseconds=20)


class Changes:
    """Accepts such changes; every method that returns a job lets the rest run behind."""

    def __init__(
        self, state: State, engines: Engines, workers: Workers, settings: Settings
    ) -> None:
        self._state = state
        self._engines = engines
        self._workers = workers
        self._settings = settings
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let changes that only wait give up."""
        self._stopping.set()

    def enlarge(self, instance_id: str, size: int) -> Job:
        """Accept a larger disk, in gigabytes. Raise ApiError (400, 404, 409).

        The disk is a number in the sandbox: it takes a moment, and no byte is moved.
        """
        with self._state.transaction() as connection:
            instance = target_of(connection, instance_id)
            if instance.status is Status.FAILED:
                raise status_forbids()
            ensure_free(connection, instance)
            if size <= instance.volume_size:
                message = "The storage space can only be enlarged."
                raise ApiError(400, "DBS.200306", message)
            job = self._open(connection, JobKind.ENLARGE, instance)
            volume = {
                "type": instance.volume_type,
                "original_size": str(instance.volume_size),
                "target_size": str(size),
            }
            job_details.keep(connection, job.id, {"volume": volume})
            instances.set_status(connection, instance.id, Status.MODIFYING, job.created_at)
        self._workers.submit(partial(self._enlarge, job, size))
        return job

    def _enlarge(self, job: Job, size: int) -> None:
        reason = None
        if self._stopping.wait(self._settings.enlarging_takes.total_seconds()):
            reason = "the service was stopped"
        with self._state.transaction() as connection:
            if reason is None:
                instances.set_volume_size(connection, job.instance_id, size)
            self._end(connection, job, reason)

    def restart(self, instance_id: str) -> Job:
        """Accept a restart of the server. Raise ApiError (400, 404, 409).

        A failed instance is not restarted: half restored data must not become an active instance.
        """
        with self._state.transaction() as connection:
            instance = target_of(connection, instance_id)
            if instance.status is Status.FAILED:
                raise status_forbids()
            ensure_free(connection, instance)
            job = self._open(connection, JobKind.RESTART, instance)
            instances.set_status(connection, instance.id, Status.REBOOTING, job.created_at)
        self._workers.submit(partial(self._restart, job, instance))
        return job

    def _restart(self, job: Job, instance: Instance) -> None:
        def work() -> None:
            if not instance.simulated:
                servers = self._engines.need(instance.engine)
                servers.stop(instance.id)
                servers.start(instance.id)

        reason = _reason_of(work)
        with self._state.transaction() as connection:
            self._end(connection, job, reason, on_failure=Status.FAILED)

    def stop_backup(self, instance_id: str) -> Job:
        """Accept the end of a running backup: it is failed from now on. Raise ApiError (400, 404).

        The copying itself is not cut short: its result is thrown away when it is there, and until
        then the instance stays BACKING UP.
        """
        with self._state.transaction() as connection:
            instance = target_of(connection, instance_id)
            running = [
                each
                for each in backups.of_instance(connection, instance.id)
                if each.status is BackupStatus.BUILDING
            ]
            if not running:
                raise status_forbids()
            at = now()
            for each in running:
                backups.fail(connection, each.id, at)
            job = self._open(connection, JobKind.STOP_BACKUP, instance)
        self._workers.submit(partial(self._throw_away, job, running))
        return job

    def _throw_away(self, job: Job, stopped: list[Backup]) -> None:
        reason = None
        while reason is None and self._is_taken(stopped):
            if self._stopping.wait(_LOOK_EVERY.total_seconds()):
                reason = "the service was stopped"
        if reason is None:
            reason = _reason_of(lambda: self._delete_files(stopped))
        with self._state.transaction() as connection:
            jobs.finish(connection, job.id, now(), fail_reason=reason)

    def _is_taken(self, stopped: Iterable[Backup]) -> bool:
        ids = {each.id for each in stopped}
        with self._state.transaction() as connection:
            running = jobs.running(connection)
        return any(job.kind is JobKind.BACKUP and job.backup_id in ids for job in running)

    def drop_automatic_backups(self, instance_id: str) -> None:
        """Forget the automatic backups of an instance; their files go behind. Raise ApiError."""
        with self._state.transaction() as connection:
            instance = target_of(connection, instance_id)
            ensure_free(connection, instance)
            doomed = [
                each
                for each in backups.of_instance(connection, instance.id)
                if each.type is BackupType.AUTO
            ]
            backups.delete_automatic(connection, instance.id)
        if doomed and not instance.simulated:
            self._workers.submit(partial(self._forget_files, doomed))

    def _forget_files(self, doomed: list[Backup]) -> None:
        reason = _reason_of(lambda: self._delete_files(doomed))
        if reason is not None:
            _logger.warning("files of deleted backups stay on disk: %s", reason)

    def _delete_files(self, doomed: Iterable[Backup]) -> None:
        for each in doomed:
            self._engines.need(each.engine).delete_backup(each.instance_id, each.id)

    def set_password(self, instance_id: str, password: str) -> None:
        """Set the administrator's password at once. Raise ApiError (400, 404, 409, 500)."""
        with self._state.transaction() as connection:
            instance = target_of(connection, instance_id)
            if instance.status is Status.FAILED:
                raise faulty()
            ensure_free(connection, instance)
        server = self.administration(instance)
        try:
            server.set_password(instance.admin_user, password)
        except ServerFault as error:
            raise ApiError(500, "DBS.200005", "The password cannot be reset.") from error

    def administration(self, instance: Instance) -> Administration:
        """Return what asks and changes the server of an instance. Raise ApiError (400)."""
        servers = self._engines.servers_of(instance.engine)
        if instance.simulated or not isinstance(servers, Administered):
            raise no_server()
        server = servers.administration(instance.id)
        if server is None or instance.status in (Status.BUILD, Status.RESTORING):
            raise status_forbids()
        return server

    def _open(self, connection: sqlite3.Connection, kind: JobKind, instance: Instance) -> Job:
        hidden_for = self._settings.job_hidden_for
        return open_job(connection, kind, instance, now=now(), hidden_for=hidden_for)

    def _end(
        self,
        connection: sqlite3.Connection,
        job: Job,
        reason: str | None,
        *,
        on_failure: Status = Status.ACTIVE,
    ) -> None:
        at = now()
        jobs.finish(connection, job.id, at, fail_reason=reason)
        status = Status.ACTIVE if reason is None else on_failure
        instances.set_status(connection, job.instance_id, status, at)


def _reason_of(work: Callable[[], None]) -> str | None:
    """Do the work; return why it failed, or None."""
    try:
        work()
    except (ServerFault, OSError) as error:
        return str(error) or type(error).__name__
    return None
