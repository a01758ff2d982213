"""What changes instances: accepted in one transaction, then handed to a background thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from drill.sandbox import backups, instances, job_details, jobs, simulation, sqlserver
from drill.sandbox.backups import Backup, BackupStatus, BackupType
from drill.sandbox.claims import (
    ensure_free,
    ensure_readable,
    open_backup,
    open_job,
    source_of,
    target_of,
)
from drill.sandbox.engines import Engines
from drill.sandbox.errors import ApiError, backup_unknown, busy
from drill.sandbox.instances import Instance, Status
from drill.sandbox.jobs import Job, JobKind
from drill.sandbox.personalities import Personality
from drill.sandbox.points import BackupPoint, Point, TimePoint, described, ensure_inside
from drill.sandbox.runs import NO_MISHAP, Mishap, Runs, Stuck
from drill.sandbox.servers import ServerFault, Span
from drill.sandbox.settings import Settings
from drill.sandbox.state import State
from drill.sandbox.times import now
from drill.sandbox.workers import Workers


class Operations:
    """Accepts what changes instances. Every method returns as soon as the rest runs behind."""

    def __init__(
        self,
        state: State,
        engines: Engines,
        workers: Workers,
        settings: Settings,
        personality: Personality,
    ) -> None:
        self._state = state
        self._engines = engines
        self._workers = workers
        self._settings = settings
        self._personality = personality
        self._runs = Runs(state, engines, personality)

    def stop(self) -> None:
        """Let operations that only wait give up."""
        self._runs.stop()

    def windows(self, instance_id: str) -> list[Span]:
        """Return what can be restored to; nothing while the instance is being made or restored.

        Raise ApiError (400, 500).
        """
        with self._state.transaction() as connection:
            instance = instances.find(connection, instance_id)
        if instance is None or instance.status in (Status.BUILD, Status.RESTORING):
            return []
        if instance.simulated:
            with self._state.transaction() as connection:
                return simulation.windows(connection, instance)
        self._engines.ensure_server(instance)
        try:
            return self._engines.need(instance.engine).windows(instance_id)
        except (ServerFault, OSError) as error:
            message = "The restorable time ranges cannot be read."
            raise ApiError(500, "DBS.200005", message) from error

    def create(
        self,
        instance: Instance,
        *,
        password: str | None,
        point: Point | None = None,
        mishap: Mishap = NO_MISHAP,
        counted: bool = True,
    ) -> Job:
        """Accept a new instance, empty or restored. Raise ApiError (400, 404, 409, 413).

        Only calls of clients are counted and held to the quota, not what the service plants itself.
        """
        at = now()
        self._engines.ensure_server(instance)
        self._check_time(point, at)
        with self._state.transaction() as connection:
            source = source_of(connection, point, at) if point else None
            if source:
                self._ensure_compatible(source, instance, is_new=True)
            existing = instances.every(connection)
            if counted and len(existing) >= self._settings.instance_quota:
                raise ApiError(413, "DBS.200046", "The instance quota is exceeded.")
            if any(instance.name == each.name or instance.id == each.id for each in existing):
                raise ApiError(409, "DBS.200022", "The DB instance name already exists.")
            if source and point:
                ensure_readable(connection, source)
                self._ensure_databases(connection, source, instance, point)
            instances.insert(connection, instance)
            job = self._open(connection, JobKind.CREATE, instance, at, point, counted=counted)
        run = partial(self._runs.create, job, instance, password, point, mishap)
        self._workers.submit(run)
        return job

    def restore(self, target_id: str, point: Point, *, mishap: Mishap = NO_MISHAP) -> Job:
        """Accept a restore onto an existing instance. Raise ApiError (400, 404, 409)."""
        at = now()
        self._check_time(point, at)
        with self._state.transaction() as connection:
            source = source_of(connection, point, at)
            target = target_of(connection, target_id)
            self._ensure_compatible(source, target, is_new=False)
            self._engines.ensure_server(target)
            if source.id != target.id:
                ensure_readable(connection, source)
            ensure_free(connection, target)
            self._ensure_databases(connection, source, target, point)
            job = self._open(connection, JobKind.RECOVERY, target, at, point)
            instances.set_status(connection, target.id, Status.RESTORING, at)
        self._workers.submit(partial(self._runs.recover, job, target, point, mishap))
        return job

    def delete(self, instance_id: str, *, mishap: Mishap = NO_MISHAP) -> Job:
        """Accept the deletion of an instance. Raise ApiError (404, 409)."""
        with self._state.transaction() as connection:
            instance = target_of(connection, instance_id)
            ensure_free(connection, instance)
            job = self._open(connection, JobKind.DELETE, instance, now(), None)
        self._workers.submit(partial(self._runs.delete, job, instance, mishap))
        return job

    def back_up(
        self,
        instance_id: str,
        *,
        name: str,
        description: str = "",
        backup_type: BackupType = BackupType.MANUAL,
        databases: Sequence[str] = (),
        mishap: Mishap = NO_MISHAP,
    ) -> Backup:
        """Accept a backup. Raise ApiError (400, 404, 409)."""
        with self._state.transaction() as connection:
            instance = target_of(connection, instance_id)
            self._engines.ensure_server(instance)
            if any(each.name == name for each in backups.of_instance(connection, instance_id)):
                raise ApiError(409, "DBS.201201", "The backup name already exists.")
            job, backup = open_backup(
                connection,
                instance,
                backup_type,
                name=name,
                description=description,
                now=now(),
                databases=databases,
            )
        self._workers.submit(partial(self._runs.back_up, job, backup, mishap))
        return backup

    def stick(self, instance_id: str, stuck: Stuck) -> None:
        """Let an idle instance stay in a status until a gate opens. Raise ApiError (404, 409)."""
        with self._state.transaction() as connection:
            instance = target_of(connection, instance_id)
            ensure_free(connection, instance)
            instances.set_status(connection, instance.id, stuck.status, now())
        self._workers.submit(partial(self._runs.stick, instance, stuck))

    def delete_backup(self, backup_id: str) -> None:
        """Delete a manual backup. Raise ApiError (400, 409, 500)."""
        with self._state.transaction() as connection:
            backup = backups.find(connection, backup_id)
            if backup is None:
                raise backup_unknown()
            if backup.type is not BackupType.MANUAL:
                raise ApiError(409, "DBS.200402", "Only manual backups can be deleted.")
            in_use = any(job.backup_id == backup_id for job in jobs.running(connection))
            if in_use or backup.status is BackupStatus.BUILDING:
                raise busy()
            backups.delete(connection, backup_id)
            on_disk = instances.find(connection, backup.instance_id) is not None
        if backup.simulated or not on_disk:
            return  # There never were files, or the files went with the instance.
        try:
            self._engines.need(backup.engine).delete_backup(backup.instance_id, backup_id)
        except (ServerFault, OSError) as error:
            raise ApiError(500, "DBS.200005", "The backup cannot be deleted.") from error

    def _check_time(self, point: Point | None, at: datetime) -> None:
        """Raise ApiError if the source cannot be restored to the time; outside the transaction."""
        if not isinstance(point, TimePoint):
            return
        with self._state.transaction() as connection:
            source_of(connection, point, at)
        ensure_inside(point.restore_time, self.windows(point.source_id))

    def _open(
        self,
        connection: sqlite3.Connection,
        kind: JobKind,
        instance: Instance,
        at: datetime,
        point: Point | None,
        *,
        counted: bool = True,
    ) -> Job:
        other = point is not None and point.source_id != instance.id
        job = open_job(
            connection,
            kind,
            instance,
            now=at,
            hidden_for=self._settings.job_hidden_for,
            source_id=point.source_id if point and other else None,
            backup_id=point.backup_id if isinstance(point, BackupPoint) else None,
            name=_name_of(kind, point),
            counted=counted,
        )
        if point is not None:
            job_details.keep_task(connection, job.id, described(point, instance.id))
        return job

    def _ensure_databases(
        self, connection: sqlite3.Connection, source: Instance, target: Instance, point: Point
    ) -> None:
        quota = self._settings.databases_quota
        simulation.ensure_databases(
            connection, source, target, point, self._personality, quota=quota
        )

    def _ensure_compatible(self, source: Instance, target: Instance, *, is_new: bool) -> None:
        both = source.engine == target.engine == sqlserver.ENGINE
        if both and source.simulated and target.simulated:
            sqlserver.ensure_fits(source, target, self._personality, is_new=is_new)
            _ensure_volume(source, target)
        else:
            _ensure_compatible(source, target)


def _name_of(kind: JobKind, point: Point | None) -> str | None:
    """Return the name of a restore of some databases, which has one of its own."""
    some = kind is JobKind.RECOVERY and point is not None and point.databases
    return jobs.SQLSERVER_RESTORE_OF_SOME if some else None


def _ensure_compatible(source: Instance, target: Instance) -> None:
    """Raise ApiError (400) unless the target can take the source's data (reference, 1.4, 5.3)."""
    if source.engine != target.engine:
        raise ApiError(400, "DBS.201207", "The DB engines of source and target differ.")
    if source.version != target.version:
        raise ApiError(400, "DBS.200037", "The DB engine versions of source and target differ.")
    if source.simulated is not target.simulated:
        raise ApiError(400, "DBS.280238", "The sandbox has no server behind this instance.")
    _ensure_volume(source, target)


def _ensure_volume(source: Instance, target: Instance) -> None:
    if target.volume_size < source.volume_size:
        message = "The storage space is smaller than that of the original DB instance."
        raise ApiError(400, "DBS.200306", message)
