"""A past for simulated instances, which have no servers that could be told to have one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drill.sandbox import backups, catalogue, instances, simulated_names
from drill.sandbox.backups import Backup, BackupStatus, BackupType
from drill.sandbox.threaded import ThreadedSandbox


def give_a_past(sandbox: ThreadedSandbox, instance_id: str) -> None:
    """Let a simulated instance be restorable for the last hour: with a backup that old."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    with sandbox.service.context.state.transaction() as connection:
        instance = instances.find(connection, instance_id)
        assert instance is not None
        names = simulated_names.names_of(connection, instance_id)
        simulated_names.add_names(connection, instance_id, names, at)
        simulated_names.begin_history(connection, instance_id, at)
        instances.set_backup_policy(
            connection,
            instance_id,
            keep_days=7,
            start_time=catalogue.BACKUP_WINDOW,
            period=catalogue.BACKUP_PERIOD,
        )
        backup = Backup(
            id=f"{0:032x}br{instance_id[-2:]}",
            instance_id=instance_id,
            name="an hour ago",
            description="",
            type=BackupType.AUTO,
            status=BackupStatus.COMPLETED,
            began_at=at,
            ended_at=at,
            size_kb=0,
            engine=instance.engine,
            version=instance.version,
            volume_size=instance.volume_size,
            simulated=True,
        )
        backups.insert(connection, backup)
        simulated_names.add_names(connection, backup.id, names, at)
