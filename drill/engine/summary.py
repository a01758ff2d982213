"""One drill in one line: what metrics, selection and reports need of a record, and no more.

The store keeps what is derived here in columns of their own (``drill.store.mapping``), so that a
hundred thousand drills are read without an inventory; a record in the hand gives the same line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from drill.check.port import CheckAnswer
from drill.engine.record import DrillRecord
from drill.plan.model import NewTarget
from drill.recovery.backups import backup_order, ended, restorable_backups
from drill.recovery.facts import DrillFacts, HowKnown, Observation
from drill.recovery.values import Backup, BackupPoint, Choice, Instance, Inventory, Window
from drill.recovery.windows import merge_windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The backup that a restore began with."""

    at: datetime
    """Its end."""
    id: str
    how: HowKnown


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What the target is: an RTA holds for this and for nothing else. None where not known."""

    volume_gb: int | None = None
    volume_type: str | None = None
    flavor: str | None = None


def facts_of(record: DrillRecord) -> DrillFacts:
    """Return the line of a drill, finished or not."""
    plan, choice, inventory = record.plan, record.choice, record.inventory
    base, disk = base_of(choice, inventory), disk_of(record)
    return DrillFacts(
        id=record.id,
        plan_name=record.plan_name,
        plan_digest=record.plan_digest,
        group=plan.group,
        tier=plan.tier,
        cloud=plan.source.cloud,
        source_id=plan.source.instance_id,
        source_name=inventory.source.name if inventory else None,
        engine=inventory.source.engine.value if inventory else None,
        mode=plan.restore.mode,
        policy=choice.policy if choice else None,
        target_kind=plan.target.kind,
        target_id=record.target_id,
        target_name=record.target_name,
        trigger=record.trigger.value,
        initiated_by=record.initiated_by,
        scheduled_for=record.scheduled_for,
        enlisted_at=record.enlisted_at,
        started_at=record.started_at,
        restore_accepted_at=record.restore_accepted_at,
        checked_at=record.checked_at,
        finished_at=record.finished_at,
        torn_down_at=record.torn_down_at,
        outcome=record.outcome,
        state=record.state.value,
        reason=record.reason,
        hint=record.hint,
        failing=failing_of(record),
        checks=tuple((check.name, check.answer.value) for check in record.checks),
        teardown=record.teardown.value,
        teardown_reason=record.teardown_reason,
        level=record.level,
        is_simulated=record.is_simulated,
        point_at=point_at_of(choice),
        reference_at=choice.reference_at if choice else None,
        base_at=base.at if base else None,
        base_id=base.id if base else None,
        base_how=base.how if base else None,
        rta=record.rta,
        unattended=record.unattended,
        rto_target=plan.objectives.rto,
        rpa=record.rpa,
        rpa_claimed=record.rpa_claimed,
        rpo_target=plan.objectives.rpo,
        volume_gb=disk.volume_gb,
        volume_type=disk.volume_type,
        flavor=disk.flavor,
        restore_job_id=record.restore_job_id,
        seed=choice.seed if choice else None,
        tool_version=record.tool_version,
    )


def point_at_of(choice: Choice | None) -> datetime | None:
    """Return the recovery point: the restore time, or the end of the backup, if it has one."""
    if choice is None:
        return None
    if isinstance(choice.point, BackupPoint):
        return choice.point.backup.ended_at
    return choice.point.at


def base_of(choice: Choice | None, inventory: Inventory | None) -> Base | None:
    """Return what the restore began with; None if no point was chosen or no backup reaches it.

    A backup restore names its base. For an instant no provider says it: the latest restorable
    backup that ended at or before the point is assumed (coverage C.6).
    """
    if choice is None or point_at_of(choice) is None:
        return None
    if isinstance(choice.point, BackupPoint):
        return _base(choice.point.backup, "reported")
    earlier = [
        backup
        for backup in (restorable_backups(inventory) if inventory else ())
        if ended(backup) <= choice.point.at
    ]
    return _base(earlier[-1], "inferred") if earlier else None


def _base(backup: Backup, how: HowKnown) -> Base:
    return Base(at=ended(backup), id=backup.id, how=how)


def disk_of(record: DrillRecord) -> Disk:
    """Return the disk and the flavor of the target: as restored, or else as it was before.

    A new target that was never seen ready is as its plan orders it.
    """
    seen = record.copy or (record.inventory.target if record.inventory else None)
    target = record.plan.target
    ordered = Disk()
    if isinstance(target, NewTarget):
        volume = target.volume
        ordered = Disk(volume_gb=volume.size_gb, volume_type=volume.type, flavor=target.flavor)
    if seen is None:
        return ordered
    return Disk(
        volume_gb=ordered.volume_gb if seen.volume_gb is None else seen.volume_gb,
        volume_type=seen.volume_type or ordered.volume_type,
        flavor=seen.flavor or ordered.flavor,
    )


def failing_of(record: DrillRecord) -> tuple[str, ...]:
    """Return the names of the checks that did not pass, or else of the step that failed."""
    checks = tuple(one.name for one in record.checks if one.answer is not CheckAnswer.PASSED)
    return checks or tuple(step.name.value for step in record.steps if step.result == "failed")


def observation_of(inventory: Inventory) -> Observation:
    """Return what a drill saw of its source: an inventory is an observation, and kept once."""
    return observed(
        inventory.source, inventory.windows, inventory.backups, taken_at=inventory.taken_at
    )


def observed(
    source: Instance,
    windows: Iterable[Window],
    backups: Iterable[Backup],
    *,
    taken_at: datetime,
) -> Observation:
    """Return one look at a source; windows are merged and cut at that instant."""
    own = (backup for backup in backups if backup.instance_id == source.id)
    return Observation(
        cloud=source.cloud,
        source_id=source.id,
        taken_at=taken_at,
        source_name=source.name,
        engine=source.engine.value,
        version=source.version,
        status=source.status,
        created_at=source.created_at,
        volume_gb=source.volume_gb,
        volume_type=source.volume_type,
        flavor=source.flavor,
        retention_days=source.retention_days,
        windows=merge_windows(windows, now=taken_at).windows,
        backups=tuple(sorted(own, key=backup_order)),
        is_simulated=source.simulated,
    )
