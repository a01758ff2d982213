"""Inventories of one source, seen at one instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from drill.recovery.values import (
    Backup,
    BackupKind,
    Engine,
    Instance,
    Inventory,
    Window,
)

TAKEN_AT = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
STEP = timedelta(milliseconds=1)
SOURCE = Instance(
    cloud="prod",
    id="source-in03",
    name="orders",
    engine=Engine.POSTGRESQL,
    version="18",
    status="ACTIVE",
    retention_days=7,
)


def ago(**span: float) -> datetime:
    return TAKEN_AT - timedelta(**span)


def a_backup(identifier: str, ended_at: datetime | None, **facts: Any) -> Backup:
    given_facts = {
        "instance_id": SOURCE.id,
        "name": identifier,
        "kind": BackupKind.AUTO,
        "status": "COMPLETED",
        "began_at": ago(days=9),
    }
    return Backup(id=identifier, ended_at=ended_at, **{**given_facts, **facts})


def an_inventory(*windows: Window, backups: tuple[Backup, ...] = ()) -> Inventory:
    return Inventory(
        taken_at=TAKEN_AT, source=SOURCE, target=None, windows=windows, backups=backups
    )


OLD = Window(ago(days=7), ago(days=4))
NEW = Window(ago(days=3), ago(minutes=5))
