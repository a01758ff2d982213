"""Sources as a provider would describe them: instances, backups, windows, and what is chosen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from drill.recovery.values import (
    Backup,
    BackupKind,
    BackupPoint,
    Choice,
    Engine,
    Instance,
    Inventory,
    TimePoint,
    Window,
)

DAY = timedelta(days=1)


def at(text: str) -> datetime:
    """Return an instant of 2026, such as ``03-02 13:00``."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def instance(
    instance_id: str = "src-orders", name: str = "orders-prod", **changes: Any
) -> Instance:
    """Return an instance that the provider described."""
    facts: dict[str, Any] = {
        "cloud": "frankfurt",
        "id": instance_id,
        "name": name,
        "engine": Engine.POSTGRESQL,
        "version": "16",
        "complete_version": "16.4",
        "status": "ACTIVE",
        "created_at": at("01-10 09:00"),
        "volume_gb": 100,
        "volume_type": "CLOUDSSD",
        "flavor": "rds.pg.n1.large.2",
        "availability_zone": "eu-de-01",
        "vpc_id": "vpc-prod",
        "subnet_id": "subnet-prod",
        "security_group_id": "sg-prod",
        "retention_days": 7,
        "host": "10.0.0.7",
        "port": 5432,
    }
    return Instance(**(facts | changes))


def backup(ended: datetime, *, source: str = "src-orders", **changes: Any) -> Backup:
    """Return a complete automatic backup that took twenty minutes."""
    facts: dict[str, Any] = {
        "id": f"bk-{source}-{ended:%m%d%H%M}",
        "instance_id": source,
        "name": f"auto-{ended:%Y-%m-%d-%H-%M}",
        "kind": BackupKind.AUTO,
        "status": "COMPLETED",
        "began_at": ended - timedelta(minutes=20),
        "ended_at": ended,
        "size_bytes": 41_234_567_890,
    }
    return Backup(**(facts | changes))


def inventory(
    taken_at: datetime, *, source: Instance | None = None, gap: bool = False
) -> Inventory:
    """Return seven days of nightly backups at 01:00, and windows up to five minutes ago."""
    source = source or instance()
    midnight = taken_at.replace(hour=0, minute=0, second=0, microsecond=0)
    begin, end = taken_at - timedelta(days=7), taken_at - timedelta(minutes=5)
    hole = midnight - timedelta(days=3) + timedelta(hours=10)
    windows: tuple[Window, ...] = (Window(begin, end),)
    if gap:
        windows = (Window(begin, hole), Window(hole + timedelta(hours=2), end))
    nights = [midnight - DAY * back + timedelta(hours=1) for back in range(7, -1, -1)]
    backups = [backup(night, source=source.id) for night in nights if night <= end]
    if gap:
        backups.append(backup(hole + timedelta(hours=2), source=source.id, kind=BackupKind.MANUAL))
    return Inventory(
        taken_at=taken_at,
        source=source,
        target=instance("scratch-1", "scratch-one", vpc_id="vpc-scratch",
                        subnet_id="subnet-scratch", tags={"drill-scratch": "yes", "team": "dba"}),
        backups=tuple(backups),
        windows=windows,
        instance_ids=frozenset({source.id, "scratch-1"}),
    )  # fmt: skip


def choice(found: Inventory, point: datetime | None = None, *, of_backup: bool = False) -> Choice:
    """Return the choice of an instant, by default a minute before the newest, or of a backup."""
    newest = found.windows[-1].ends_at
    point = point or newest - timedelta(minutes=1)
    if of_backup:
        chosen = max(
            (one for one in found.backups if one.ended_at and one.ended_at <= point),
            key=lambda one: one.ended_at or point,
        )
        return Choice(
            point=BackupPoint(backup=chosen), policy="newest",
            reason=f"the newest of {len(found.backups)} complete backups",
            reference_at=found.taken_at, candidates=len(found.backups),
        )  # fmt: skip
    window = next((one for one in found.windows if one.contains(point)), found.windows[-1])
    return Choice(
        point=TimePoint(restore_time=point, window=window), policy="latest",
        reason=f"1m before the newest instant of the newest of {len(found.windows)} windows",
        reference_at=newest, candidates=len(found.windows), seed="2026-03-08/orders",
    )  # fmt: skip
