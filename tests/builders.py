"""Complete, valid values for tests: say only what matters, the rest is filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from drill.check.port import CheckAnswer, CheckResult
from drill.engine.record import DrillRecord, Event, EventKind, State, Step, StepName, Trigger
from drill.plan.model import Plan
from drill.recovery.values import (
    Backup,
    BackupKind,
    Choice,
    Engine,
    Instance,
    Inventory,
    TimePoint,
    Window,
)

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
"""The instant that every default is placed around."""

CLOUD = "sandbox"
SOURCE_ID = "source-1"
TARGET_ID = "scratch-1"

_numbers = count(1)


def a_plan(**overrides: Any) -> Plan:
    """Return a plan that restores ``latest`` into a new instance. Values may be plain TOML values
    or parts of the model. ``target_id`` is short for an existing target, ``source_id`` and
    ``cloud`` for the parts of the source."""
    source = {
        "cloud": overrides.pop("cloud", CLOUD),
        "instance_id": overrides.pop("source_id", SOURCE_ID),
    }
    target: dict[str, Any] = {
        "kind": "new",
        "flavor": "rds.pg.n1.small",
        "volume": {"type": "CLOUDSSD", "size_gb": 40},
        "availability_zone": "sandbox-1a",
        "vpc_id": "vpc-1",
        "subnet_id": "subnet-1",
    }
    target_id = overrides.pop("target_id", None)
    if target_id is not None:
        target = {"kind": "existing", "instance_id": target_id}
    return Plan.model_validate(
        {
            "name": "orders-nightly",
            "source": source,
            "restore": {"mode": "pitr", "selection": {"policy": "latest"}},
            "target": target,
            "objectives": {"rpo": "15m", "rto": "1h"},
            "checks": [
                {"kind": "connects"},
                {"kind": "row_count", "table": "public.orders", "at_least": 1},
            ],
            **overrides,
        }
    )


def an_instance(**overrides: Any) -> Instance:
    """Return the source, healthy, in PostgreSQL 18."""
    values: dict[str, Any] = {
        "cloud": CLOUD,
        "id": SOURCE_ID,
        "name": "orders-prod",
        "engine": Engine.POSTGRESQL,
        "version": "18",
        "complete_version": "18.6",
        "status": "ACTIVE",
        "created_at": NOW - timedelta(days=90),
        "volume_gb": 40,
        "volume_type": "CLOUDSSD",
        "flavor": "rds.pg.n1.small",
        "availability_zone": "sandbox-1a",
        "vpc_id": "vpc-1",
        "subnet_id": "subnet-1",
        "host": "127.0.0.1",
        "port": 5432,
        "admin_user": "root",
        "retention_days": 7,
        "tags": {"team": "orders"},
    }
    return Instance(**values | overrides)


def a_backup(**overrides: Any) -> Backup:
    """Return a complete backup of the source, an hour old."""
    values: dict[str, Any] = {
        "id": "backup-1",
        "instance_id": SOURCE_ID,
        "name": "orders-auto",
        "kind": BackupKind.AUTO,
        "status": "COMPLETED",
        "began_at": NOW - timedelta(hours=1, minutes=10),
        "ended_at": NOW - timedelta(hours=1),
        "size_bytes": 1 << 30,
        "engine": Engine.POSTGRESQL,
        "version": "18",
    }
    return Backup(**values | overrides)


def a_window(starts_at: datetime | None = None, ends_at: datetime | None = None) -> Window:
    """Return the window of the last seven days, up to five minutes ago."""
    return Window(
        starts_at or NOW - timedelta(days=7),
        ends_at or NOW - timedelta(minutes=5),
    )


def an_inventory(**overrides: Any) -> Inventory:
    """Return what the provider said: the source, a backup, a window, no existing target."""
    values: dict[str, Any] = {
        "taken_at": NOW,
        "source": an_instance(),
        "target": None,
        "backups": (a_backup(),),
        "windows": (a_window(),),
        "instance_ids": frozenset({SOURCE_ID, TARGET_ID}),
        "instance_names": frozenset({"orders-prod", "scratch"}),
    }
    return Inventory(**values | overrides)


def a_choice(**overrides: Any) -> Choice:
    """Return the choice of an instant shortly before the end of the window."""
    window = a_window()
    values: dict[str, Any] = {
        "point": TimePoint(restore_time=window.ends_at - timedelta(seconds=1), window=window),
        "policy": "latest",
        "reason": "the newest instant of the newest of 1 windows",
        "reference_at": NOW,
        "candidates": 1,
    }
    return Choice(**values | overrides)


def a_step(**overrides: Any) -> Step:
    """Return the step ``queue``, still lasting."""
    values: dict[str, Any] = {"name": StepName.QUEUE, "began_at": NOW}
    return Step(**values | overrides)


def a_check_result(**overrides: Any) -> CheckResult:
    """Return a row count that passed."""
    values: dict[str, Any] = {
        "name": "row-count",
        "kind": "row_count",
        "answer": CheckAnswer.PASSED,
        "reason": "public.orders has 1000 rows",
        "expected": "at least 1",
        "observed": "1000",
        "row_count": 1000,
        "began_at": NOW,
        "duration": timedelta(milliseconds=12, microseconds=345),
    }
    return CheckResult(**values | overrides)


def an_event(**overrides: Any) -> Event:
    """Return the observation that a job is running."""
    values: dict[str, Any] = {
        "at": NOW,
        "kind": EventKind.OBSERVATION,
        "act": "restore",
        "facts": {"job_id": "job-1", "progress_percent": 10},
    }
    return Event(**values | overrides)


def a_record(**overrides: Any) -> DrillRecord:
    """Return a queued drill that is due at ``NOW``, with an id and a slot of its own.

    The name of the plan is taken from ``plan``. A state of ``finished`` comes with the instant
    when it finished, if that is not given.
    """
    number = next(_numbers)
    plan = overrides.pop("plan", None) or a_plan()
    values: dict[str, Any] = {
        "id": f"20260301-020000-{number:08x}",
        "plan_name": plan.name,
        "plan_digest": "sha256:" + "0" * 64,
        "plan": plan,
        "trigger": Trigger.COMMAND,
        "scheduled_for": NOW + timedelta(microseconds=number),
        "enlisted_at": NOW,
        "tool_version": "0.1.0",
        "next_at": NOW,
        "steps": (a_step(),),
    }
    if overrides.get("state") is State.FINISHED:
        values["finished_at"] = NOW + timedelta(minutes=30)
    return DrillRecord(**values | overrides)
