"""Read the facts that selection and guard decide on."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta

from drill.clock import Clock
from drill.engine.ports import CloudSettings
from drill.engine.record import DrillRecord
from drill.guard.facts import Blank
from drill.plan.model import ExistingTarget
from drill.recovery.values import Backup, Engine, Instance, Inventory

TASKS_LOOK_BACK = timedelta(days=1)
"""How far back the tasks of a target are noted: more than any drill of its own lasts."""


@dataclass(frozen=True, slots=True)
class InstanceUnknown:
    """The cloud does not list an instance that the plan names."""

    role: str
    cloud: str
    instance_id: str

    def message(self) -> str:
        """Return the reason for a reader."""
        return f"the {self.role} instance {self.instance_id} is not listed by cloud {self.cloud}"

    def hint(self) -> str:
        """Return what to do now."""
        return (
            f"Check the id of the {self.role} in the plan, and that the credentials, project and "
            f"region of cloud {self.cloud} in config.toml are those of this instance."
        )


def read_inventory(
    record: DrillRecord, cloud: CloudSettings, clock: Clock
) -> Inventory | InstanceUnknown:
    """Ask the cloud what it has: windows and backups first, source and target last.

    With a long retention the windows are many questions, one a day. The facts that must be fresh
    when the guard sees them, those about source, target and all instances, are therefore read
    after them, and ``taken_at`` is the instant before. Raise ProviderError.
    """
    provider = cloud.provider
    source_id = record.plan.source.instance_id
    source = provider.find_instance(source_id)
    if source is None:
        return InstanceUnknown("source", provider.cloud, source_id)
    windows = provider.list_windows(
        source_id, retention_days=source.retention_days, now=clock.now()
    )
    backups = provider.list_backups(source_id)
    # One after the other: a list of a thousand instances takes megabytes while it is read, and a
    # process keeps what all its threads have needed at once. The wait makes no fact older.
    with cloud.listing:
        taken_at = clock.now()
        instances = provider.list_instances()
        source = next((one for one in instances if one.id == source_id), None)
        # One text for an id in the inventories of all drills, rather than one in each.
        ids = frozenset(sys.intern(one.id) for one in instances)
        names = frozenset(sys.intern(one.name) for one in instances)
        del instances
    if source is None:
        return InstanceUnknown("source", provider.cloud, source_id)
    target: Instance | None = None
    target_backups: tuple[Backup, ...] = ()
    target_job_ids: frozenset[str] = frozenset()
    if isinstance(record.plan.target, ExistingTarget):
        target = provider.find_instance(record.plan.target.instance_id)
        if target is None:
            return InstanceUnknown("target", provider.cloud, record.plan.target.instance_id)
        target_backups = tuple(provider.list_backups(target.id))
        jobs = provider.list_jobs_of(target.id, since=taken_at - TASKS_LOOK_BACK)
        target_job_ids = frozenset(job.id for job in jobs)
    return Inventory(
        taken_at=taken_at,
        source=source,
        target=target,
        backups=tuple(backups),
        windows=tuple(windows),
        target_backups=target_backups,
        instance_ids=ids,
        instance_names=names,
        target_job_ids=target_job_ids,
        source_databases=_databases_of(source, cloud),
        target_databases=_databases_of(target, cloud) if target else frozenset(),
    )


def read_blank(cloud: CloudSettings, target_id: str) -> Blank | None:
    """Return the blank instance by whose backup a target comes back; None if by its own.

    Raise ProviderError.
    """
    login = cloud.scratch.get(target_id)
    if login is None or login.blank_id is None:
        return None
    instance = cloud.provider.find_instance(login.blank_id)
    backups = tuple(cloud.provider.list_backups(login.blank_id)) if instance is not None else ()
    return Blank(configured_id=login.blank_id, instance=instance, backups=backups)


def _databases_of(instance: Instance, cloud: CloudSettings) -> frozenset[str]:
    """Ask for databases by name where a restore can be of some of them: SQL Server alone."""
    if instance.engine is not Engine.SQLSERVER:
        return frozenset()
    return frozenset(cloud.provider.list_databases(instance.id))
