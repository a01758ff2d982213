"""Recovery points know their instant, and how exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drill.recovery.values import Backup, BackupKind, BackupPoint, TimePoint, Window

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
BACKUP = Backup(
    id="b1",
    instance_id="source-in03",
    name="b1",
    kind=BackupKind.AUTO,
    status="COMPLETED",
    began_at=NOON - timedelta(hours=1),
    ended_at=NOON,
)


def test_a_backup_is_known_to_a_second_and_an_instant_to_a_millisecond():
    backup = BackupPoint(backup=BACKUP)
    instant = TimePoint(restore_time=NOON, window=Window(NOON, NOON))

    assert backup.at == instant.at == NOON
    assert backup.resolution == timedelta(seconds=1)
    assert instant.resolution == timedelta(milliseconds=1)


def test_a_backup_without_an_end_is_no_recovery_point():
    point = BackupPoint(backup=replace(BACKUP, ended_at=None))

    with pytest.raises(ValueError, match="without an end"):
        _ = point.at
