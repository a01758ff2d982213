"""Who may use which instance now: one operation changes an instance at a time."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from drill.sandbox import backups, instances, job_details, jobs, simulated_names, sqlserver
from drill.sandbox.backups import Backup, BackupStatus, BackupType
from drill.sandbox.catalogue import MARIADB
from drill.sandbox.errors import (
    ApiError,
    backing_up,
    backup_unknown,
    being_read,
    busy,
    faulty,
    instance_unknown,
    parameter_error,
    source_unknown,
)
from drill.sandbox.instances import Instance, Status
from drill.sandbox.jobs import (
    JOB_NAMES,
    MYSQL_JOB_NAMES,
    SQLSERVER_JOB_NAMES,
    Job,
    JobKind,
    JobStatus,
)
from drill.sandbox.points import BackupPoint, Point


def source_of(connection: sqlite3.Connection, point: Point, now: datetime) -> Instance:
    """Return the source of a restore if it has the recovery point. Raise ApiError (400, 404)."""
    source = instances.find(connection, point.source_id)
    if source is None:
        raise source_unknown()
    if point.databases and source.engine != sqlserver.ENGINE:
        raise parameter_error("database_name is for SQL Server only")
    if isinstance(point, BackupPoint):
        backup = backups.find(connection, point.backup_id)
        if backup is None or backup.instance_id != source.id:
            raise backup_unknown()
        if backup.status_at(now) is not BackupStatus.COMPLETED:
            raise ApiError(400, "DBS.201208", "The backup status does not allow this operation.")
    return source


def target_of(connection: sqlite3.Connection, target_id: str) -> Instance:
    """Return the instance that a call changes. Raise ApiError (404)."""
    target = instances.find(connection, target_id)
    if target is None:
        raise instance_unknown()
    return target


def ensure_free(connection: sqlite3.Connection, instance: Instance) -> None:
    """Raise ApiError (409) if the instance is not at rest, or another operation reads it.

    A failed instance may be restored onto or deleted: that is the only way out for it.
    """
    if instance.status is Status.BACKING_UP:
        raise backing_up()
    running = jobs.running(connection)
    changed = any(job.instance_id == instance.id for job in running)
    if changed or instance.status not in (Status.ACTIVE, Status.FAILED, Status.CREATE_FAIL):
        raise busy()
    if any(job.source_id == instance.id for job in running):
        raise being_read()


def ensure_readable(connection: sqlite3.Connection, source: Instance) -> None:
    """Raise ApiError (409) if the archive of the source is changing. A backup does not harm."""
    if source.status in (Status.BUILD, Status.RESTORING):
        raise busy()
    for job in jobs.running(connection):
        if job.instance_id == source.id and job.kind is not JobKind.BACKUP:
            raise busy()


def open_job(
    connection: sqlite3.Connection,
    kind: JobKind,
    instance: Instance,
    *,
    now: datetime,
    hidden_for: timedelta = timedelta(0),
    source_id: str | None = None,
    backup_id: str | None = None,
    name: str | None = None,
    public: bool = True,
    counted: bool = True,
) -> Job:
    """Add a running job, and count the call unless the service made it itself."""
    job = Job(
        id=secrets.token_hex(16),
        kind=kind,
        name=name or job_name(kind, instance),
        status=JobStatus.RUNNING,
        instance_id=instance.id,
        instance_name=instance.name,
        source_id=source_id,
        backup_id=backup_id,
        created_at=now,
        visible_at=now + hidden_for,
        ended_at=None,
        fail_reason=None,
        public=public,
        simulated=instance.simulated,
    )
    jobs.insert(connection, job)
    if counted:
        jobs.count_accepted(connection, kind, instance.id)
    return job


def open_backup(
    connection: sqlite3.Connection,
    instance: Instance,
    backup_type: BackupType,
    *,
    name: str,
    description: str,
    now: datetime,
    databases: Sequence[str] = (),
) -> tuple[Job, Backup]:
    """Add a building backup and the silent job that takes it; the instance is backing up.

    Raise ApiError (409) if the instance does anything else. That a restore reads its archive
    meanwhile does not matter. ``databases`` are those of a simulated instance that it is to hold;
    without them it holds all. Raise ApiError (400) if one is unknown.
    """
    if instance.status is Status.BACKING_UP:
        raise backing_up()
    if instance.status is Status.FAILED:
        raise faulty()
    changed = any(job.instance_id == instance.id for job in jobs.running(connection))
    if changed or instance.status is not Status.ACTIVE:
        raise busy()
    backup = Backup(
        id=f"{secrets.token_hex(16)}br{instance.id[-2:]}",
        instance_id=instance.id,
        name=name,
        description=description,
        type=backup_type,
        status=BackupStatus.BUILDING,
        began_at=now,
        ended_at=None,
        size_kb=0,
        engine=instance.engine,
        version=instance.version,
        volume_size=instance.volume_size,
        simulated=instance.simulated,
    )
    backups.insert(connection, backup)
    if instance.simulated:
        _note_databases(connection, backup, databases, now)
    job = open_job(
        connection,
        JobKind.BACKUP,
        instance,
        now=now,
        backup_id=backup.id,
        public=instance.engine == sqlserver.ENGINE,  # its task list is documented to show them
    )
    order = {"instanceId": instance.id, "name": name, "description": description}
    job_details.keep_task(connection, job.id, {**order, "dbNames": list(databases)})
    instances.set_status(connection, instance.id, Status.BACKING_UP, now)
    return job, backup


def job_name(kind: JobKind, instance: Instance) -> str:
    """Return what the API calls an operation on this instance."""
    others = {sqlserver.ENGINE: SQLSERVER_JOB_NAMES, MARIADB: MYSQL_JOB_NAMES}
    return others.get(instance.engine, JOB_NAMES)[kind]


def _note_databases(
    connection: sqlite3.Connection, backup: Backup, asked: Sequence[str], now: datetime
) -> None:
    there = simulated_names.names_of(connection, backup.instance_id)
    unknown = sorted(set(asked) - set(there))
    if unknown:
        raise ApiError(400, "DBS.280128", f"The database {unknown[0]} does not exist.")
    simulated_names.add_names(connection, backup.id, asked or there, now)
