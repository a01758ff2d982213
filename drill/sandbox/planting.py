"""Instances that the service makes itself, with a chosen id: for the demo world and for tests."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from drill.sandbox import backups, catalogue, instances, jobs, simulated_names, sqlserver
from drill.sandbox.backups import Backup, BackupStatus, BackupType
from drill.sandbox.context import Context
from drill.sandbox.instances import Instance, Status
from drill.sandbox.jobs import JobStatus
from drill.sandbox.servers import ServerFault, Servers
from drill.sandbox.times import now

_POLL_SECONDS = 0.02


def id_of(name: str, suffix: str = "in03") -> str:
    """Return the id that an instance of this name gets: the same in every sandbox."""
    return hashlib.sha256(b"sandbox:" + name.encode()).hexdigest()[:32] + suffix


@dataclass(frozen=True, slots=True, kw_only=True)
class Seedling:
    """What the new instance is to be."""

    name: str
    password: str | None = field(default=None, repr=False)
    id: str | None = None
    volume_size: int = 100
    tags: Mapping[str, str] = field(default_factory=dict)
    keep_days: int = 0
    flavor: str | None = None
    subnet_id: str = catalogue.SCRATCH_SUBNET_ID
    security_group_id: str = catalogue.SCRATCH_SECURITY_GROUP_ID
    engine: str = catalogue.ENGINE
    version: str | None = None
    simulated: bool = False
    time_zone: str = "UTC"
    collation: str = ""
    databases: Sequence[str] = ()
    """Databases of a simulated instance: their names."""
    backups: int = 0
    """How many automatic backups a simulated instance has had, one an hour up to now."""


def plant(context: Context, seedling: Seedling, *, within: timedelta) -> Instance:
    """Make an instance and wait until it is there. Raise ApiError or ServerFault."""
    servers = None if seedling.simulated else context.engines.need(seedling.engine)
    instance = _instance_of(seedling, servers, Status.BUILD)
    if seedling.simulated:
        with context.state.transaction() as connection:
            if instances.find(connection, instance.id) is None:
                since = instance.created_at - timedelta(hours=seedling.backups + 1)
                simulated_names.add_names(connection, instance.id, seedling.databases, since)
    job = context.operations.create(instance, password=seedling.password, counted=False)
    wait_for_job(context, job.id, within=within)
    with context.state.transaction() as connection:
        if seedling.simulated and seedling.backups:
            _add_backups(connection, instance, seedling)
        return instances.find(connection, instance.id) or instance


def list_only(context: Context, name: str, engine: str) -> None:
    """List an instance that no server here can stand behind: every order on it says why."""
    instance = _instance_of(Seedling(name=name, engine=engine), None, Status.ACTIVE)
    with context.state.transaction() as connection:
        instances.insert(connection, instance)


def _instance_of(seedling: Seedling, servers: Servers | None, status: Status) -> Instance:
    family = catalogue.family_of(seedling.engine)
    version = servers.version if servers else seedling.version or ""
    return Instance(
        id=seedling.id or id_of(seedling.name, _suffix_of(seedling)),
        name=seedling.name,
        status=status,
        created_at=now(),
        updated_at=None,
        engine=seedling.engine,
        version=version,
        complete_version=servers.complete_version if servers else version,
        flavor=seedling.flavor or family.default_flavor,
        volume_type=catalogue.DEFAULT_STORAGE,
        volume_size=seedling.volume_size,
        availability_zone=catalogue.ZONE,
        region=catalogue.REGION,
        vpc_id=catalogue.VPC_ID,
        subnet_id=seedling.subnet_id,
        security_group_id=seedling.security_group_id,
        port_asked=family.port,
        keep_days=seedling.keep_days,
        backup_start_time=catalogue.BACKUP_WINDOW,
        backup_period=catalogue.BACKUP_PERIOD,
        admin_user=catalogue.ADMIN_USER,
        tags=seedling.tags,
        simulated=seedling.simulated,
        writer=False,
        time_zone=seedling.time_zone,
        collation=seedling.collation,
    )


def _add_backups(connection: sqlite3.Connection, instance: Instance, seedling: Seedling) -> None:
    """Give a simulated instance a past: backups at whole hours, all of the same databases."""
    hour = now().replace(minute=0, second=0, microsecond=0)
    past = [
        Backup(
            id=f"{secrets.token_hex(16)}br{instance.id[-2:]}",
            instance_id=instance.id,
            name=f"auto-{instance.name[:40]}-{hour - timedelta(hours=back):%Y%m%d%H}",
            description="",
            type=BackupType.AUTO,
            status=BackupStatus.COMPLETED,
            began_at=hour - timedelta(hours=back),
            ended_at=hour - timedelta(hours=back),
            size_kb=0,
            engine=instance.engine,
            version=instance.version,
            volume_size=instance.volume_size,
            simulated=True,
        )
        for back in range(seedling.backups)
    ]
    backups.insert_all(connection, past)
    for backup in past:
        simulated_names.add_names(connection, backup.id, seedling.databases, backup.began_at)
    simulated_names.begin_history(connection, instance.id, past[-1].began_at)


def _suffix_of(seedling: Seedling) -> str:
    if seedling.engine == sqlserver.ENGINE:
        return sqlserver.ID_SUFFIX
    return catalogue.family_of(seedling.engine).id_suffix


def wait_for_job(context: Context, job_id: str, *, within: timedelta) -> None:
    """Wait until a job has completed. Raise ServerFault if it failed or takes too long."""
    deadline = time.monotonic() + within.total_seconds()
    while time.monotonic() < deadline:
        with context.state.transaction() as connection:
            job = jobs.find(connection, job_id)
        if job is not None and job.status is JobStatus.COMPLETED:
            return
        if job is not None and job.status is JobStatus.FAILED:
            raise ServerFault(f"{job.name} failed: {job.fail_reason}")
        time.sleep(_POLL_SECONDS)
    raise ServerFault("a job took too long")


def back_up_and_wait(
    context: Context, instance_id: str, *, name: str, backup_type: BackupType, within: timedelta
) -> Backup:
    """Take a backup and wait until it is usable. Raise ApiError or ServerFault."""
    backup_id = context.operations.back_up(instance_id, name=name, backup_type=backup_type).id
    deadline = time.monotonic() + within.total_seconds()
    while time.monotonic() < deadline:
        with context.state.transaction() as connection:
            backup = backups.find(connection, backup_id)
        if backup is not None and backup.status is BackupStatus.FAILED:
            raise ServerFault(f"the backup {name} failed")
        if backup is not None and backup.status_at(now()) is BackupStatus.COMPLETED:
            return backup
        time.sleep(_POLL_SECONDS)
    raise ServerFault(f"the backup {name} took too long")
