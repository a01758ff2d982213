"""Drills and observations of one source, written as times of March 2026."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from drill.clock import to_milliseconds
from drill.plan.model import Objectives
from drill.recovery.coverage.ground import ground_of
from drill.recovery.coverage.intervals import Interval, Intervals, union
from drill.recovery.coverage.proof import Base, Proof, prove
from drill.recovery.coverage.source import SourceCoverage, source_coverage
from drill.recovery.facts import DrillFacts, Look, Observation
from drill.recovery.values import Backup, BackupKind, Window
from drill.recovery.verdict import Outcome

SOURCE = ("frankfurt", "source-in03")
HOUR = 3_600_000
DAY = 24 * HOUR
_numbers = count(1)


def at(text: str) -> datetime:
    """Return an instant: ``03-02 13:00`` or with seconds."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def ms(text: str) -> int:
    return to_milliseconds(at(text))


T = at("03-08 00:00")

WINDOWS = (
    Window(at("03-01 00:00"), at("03-04 10:00")),
    Window(at("03-04 12:00"), at("03-07 23:55")),
)
BASES = (
    "02-28 01:00", "03-01 01:00", "03-02 01:00", "03-03 01:00", "03-04 01:00", "03-04 12:00",
    "03-05 01:00", "03-06 01:00", "03-07 01:00",
)  # fmt: skip


def a_drill(
    point: str | datetime | None,
    outcome: Outcome | None = Outcome.PASSED,
    *,
    backup: bool = False,
    ended: str | datetime | None = None,
    **facts: Any,
) -> DrillFacts:
    """Return a drill of one point that finished two hours after it, or when it says."""
    point_at = at(point) if isinstance(point, str) else point
    finished_at = at(ended) if isinstance(ended, str) else ended
    if finished_at is None:
        finished_at = (point_at or T) + timedelta(hours=2)
    values: dict[str, Any] = {
        "id": f"drill-{next(_numbers):05}",
        "plan_name": "orders",
        "plan_digest": "sha256:1",
        "cloud": SOURCE[0],
        "source_id": SOURCE[1],
        "source_name": "orders-prod",
        "engine": "PostgreSQL",
        "mode": "backup" if backup else "pitr",
        "policy": "latest",
        "target_kind": "new",
        "trigger": "schedule",
        "scheduled_for": finished_at - timedelta(hours=1),
        "enlisted_at": finished_at - timedelta(hours=1),
        "restore_accepted_at": finished_at - timedelta(minutes=50),
        "finished_at": finished_at,
        "outcome": outcome,
        "state": "finished",
        "teardown": "clean",
        "level": 4,
        "point_at": point_at,
    }
    return DrillFacts(**(values | facts))


def a_backup(ended: str | datetime, identifier: str | None = None, **facts: Any) -> Backup:
    ended_at = at(ended) if isinstance(ended, str) else ended
    values: dict[str, Any] = {
        "id": identifier or f"b-{ended_at:%m%d%H%M}",
        "instance_id": SOURCE[1],
        "name": "auto",
        "kind": BackupKind.AUTO,
        "status": "COMPLETED",
        "began_at": ended_at - timedelta(minutes=10),
        "ended_at": ended_at,
    }
    return Backup(**(values | facts))


def an_observation(**facts: Any) -> Observation:
    """Return what the provider said in worked example 1."""
    values: dict[str, Any] = {
        "cloud": SOURCE[0],
        "source_id": SOURCE[1],
        "taken_at": T,
        "source_name": "orders-prod",
        "created_at": at("01-01 00:00"),
        "retention_days": 7,
        "windows": WINDOWS,
        "backups": tuple(a_backup(one) for one in BASES),
    }
    return Observation(**(values | facts))


def objectives(**spans: timedelta) -> Objectives:
    return Objectives(**spans)


ADVERTISED: Intervals = union(
    (to_milliseconds(one.starts_at), to_milliseconds(one.ends_at)) for one in WINDOWS
)
PROMISED: Interval = (ms("03-01 00:00"), ms("03-08 00:00"))


def bases(*ends: str) -> tuple[Base, ...]:
    return tuple(sorted(Base(ms(end), f"b-{end}") for end in ends))


def proof_of(*drills: DrillFacts, **facts: Any) -> Proof:
    """Return what drills prove in worked example 1, with a validity of 30 days."""
    values: dict[str, Any] = {
        "at": ms("03-08 00:00"),
        "validity": 30 * DAY,
        "advertised": ADVERTISED,
        "promised": PROMISED,
        "bases": bases(*BASES),
    }
    return prove(drills, **(values | facts))


def covered(
    observation: Observation | None,
    drills: Iterable[DrillFacts],
    promise: Objectives,
    *,
    at: datetime = T,
    looks: Sequence[Look] = (),
) -> SourceCoverage:
    """Return all figures of one source."""
    drills = tuple(drills)
    ground = ground_of(observation, drills, promise, at=at)
    return source_coverage(ground, drills, promise, looks=looks)
