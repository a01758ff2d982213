"""Who may use which instance now: one operation changes an instance at a time."""

from __future__ import annotations

import secrets
import sqlite3
from datetime import datetime, timedelta

from drill.sandbox import backups, instances, jobs
from drill.sandbox.backups import Backup, BackupStatus, BackupType
from drill.sandbox.catalogue import MARIADB
from drill.sandbox.errors import (
    ApiError,
    backup_unknown,
    busy,
    instance_unknown,
    source_unknown,
)
from drill.sandbox.instances import Instance, Status
from drill.sandbox.jobs import JOB_NAMES, MYSQL_JOB_NAMES, Job, JobKind, JobStatus
from drill.sandbox.points import BackupPoint, Point


def source_of(connection: sqlite3.Connection, point: Point, now: datetime) -> Instance:
    """Return the source of a restore if it has the recovery point. Raise ApiError (400, 404)."""
    source = instances.find(connection, point.source_id)
    if source is None:
        raise source_unknown()
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
    if instance.status not in (Status.ACTIVE, Status.FAILED):
        raise busy()
    if any(instance.id in (job.instance_id, job.source_id) for job in jobs.running(connection)):
        raise busy()


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
    public: bool = True,
    counted: bool = True,
) -> Job:
    """Add a running job, and count the call unless the service made it itself."""
    names = MYSQL_JOB_NAMES if instance.engine == MARIADB else JOB_NAMES
    job = Job(
        id=secrets.token_hex(16),
        kind=kind,
        name=names[kind],
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
) -> tuple[Job, Backup]:
    """Add a building backup and the silent job that takes it; the instance is backing up.

    Raise ApiError (409) if the instance does anything else. That a restore reads its archive
    meanwhile does not matter.
    """
    changed = any(job.instance_id == instance.id for job in jobs.running(connection))
    if changed or instance.simulated or instance.status is not Status.ACTIVE:
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
    )
    backups.insert(connection, backup)
    job = open_job(connection, JobKind.BACKUP, instance, now=now, backup_id=backup.id, public=False)
    instances.set_status(connection, instance.id, Status.BACKING_UP, now)
    return job, backup
