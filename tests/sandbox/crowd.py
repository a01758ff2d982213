"""Many simulated instances with many backups, written straight into the state of a sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drill.sandbox import backups, catalogue, instances
from drill.sandbox.backups import Backup, BackupStatus, BackupType
from drill.sandbox.instances import Instance, Status
from drill.sandbox.planting import id_of
from drill.sandbox.state import State

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def crowd(state: State, *, of_instances: int, of_backups: int) -> list[str]:
    """Add them in one transaction; return the ids of the instances, the newest first."""
    ids = []
    with state.transaction() as connection:
        for number in range(of_instances):
            instance = _instance(number)
            ids.append(instance.id)
            instances.insert(connection, instance)
            for each in range(of_backups):
                backups.insert(connection, _backup(instance, each))
    return ids[::-1]


def _instance(number: int) -> Instance:
    name = f"crowd-{number:04}"
    return Instance(
        id=id_of(name),
        name=name,
        status=Status.ACTIVE,
        created_at=FIRST + timedelta(minutes=number),
        updated_at=FIRST + timedelta(minutes=number),
        engine=catalogue.ENGINE,
        version="18",
        complete_version="18.6",
        flavor=catalogue.DEFAULT_FLAVOR,
        volume_type=catalogue.DEFAULT_STORAGE,
        volume_size=100,
        availability_zone=catalogue.ZONE,
        region=catalogue.REGION,
        vpc_id=catalogue.VPC_ID,
        subnet_id=catalogue.SOURCE_SUBNET_ID,
        security_group_id=catalogue.SOURCE_SECURITY_GROUP_ID,
        port_asked=5432,
        keep_days=7,
        backup_start_time=catalogue.BACKUP_WINDOW,
        backup_period=catalogue.BACKUP_PERIOD,
        admin_user=catalogue.ADMIN_USER,
        tags={"environment": "production", "number": str(number)},
        simulated=True,
        writer=False,
    )


def _backup(instance: Instance, number: int) -> Backup:
    began_at = FIRST + timedelta(hours=number)
    return Backup(
        id=f"{instance.id[:26]}{number:06x}br03",
        instance_id=instance.id,
        name=f"auto-{number:06}",
        description="",
        type=BackupType.MANUAL if number % 10 == 0 else BackupType.AUTO,
        status=BackupStatus.COMPLETED,
        began_at=began_at,
        ended_at=began_at + timedelta(minutes=5),
        size_kb=1000 + number,
        engine=instance.engine,
        version=instance.version,
        volume_size=instance.volume_size,
    )
