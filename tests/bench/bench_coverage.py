"""Time the coverage of one source, and the selection of its next recovery point.

Run it as a script: ``PYTHONPATH=. python tests/bench/bench_coverage.py [rounds]``. The source keeps
732 days, with a full backup a day and a log backup every 5 minutes, and saw 1,000 drills. The
targets are 100 ms and 50 ms on 2 slow cores.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from drill.plan.model import Objectives, PitrRestore
from drill.recovery.coverage.ground import ground_of
from drill.recovery.coverage.source import source_coverage
from drill.recovery.facts import DrillFacts, Observation
from drill.recovery.selection import choose_recovery_point
from drill.recovery.values import Backup, BackupKind, Engine, Instance, Inventory, Window
from drill.recovery.verdict import Outcome

T = datetime(2026, 3, 8, tzinfo=UTC)
DAYS = 732
DRILLS = 1000
OUTCOMES = [Outcome.PASSED] * 9 + [Outcome.FAILED_RESTORE]


def a_backup(number: int, ended_at: datetime, kind: BackupKind) -> Backup:
    """Return a complete backup."""
    return Backup(
        id=f"{kind}-{number}",
        instance_id="source",
        name="backup",
        kind=kind,
        status="COMPLETED",
        began_at=ended_at - timedelta(minutes=1),
        ended_at=ended_at,
    )


def an_observation() -> Observation:
    """Return a window with a gap of an hour every 30 days, and 211,548 backups."""
    begin = T - timedelta(days=DAYS)
    log = timedelta(minutes=5)
    full = [
        a_backup(day, begin + timedelta(days=day, hours=1), BackupKind.AUTO) for day in range(DAYS)
    ]
    logs = [
        a_backup(number, begin + number * log, BackupKind.INCREMENTAL)
        for number in range(1, DAYS * 288 + 1)
    ]
    month, hour = timedelta(days=30), timedelta(hours=1)
    windows = tuple(
        Window(begin + number * month, min(T, begin + (number + 1) * month - hour))
        for number in range(DAYS // 30 + 1)
    )
    backups = tuple(sorted([*full, *logs], key=lambda one: (one.ended_at or T, one.id)))
    return Observation(
        cloud="cloud",
        source_id="source",
        taken_at=T,
        created_at=begin,
        retention_days=DAYS,
        windows=windows,
        backups=backups,
    )


def an_inventory(observation: Observation) -> Inventory:
    """Return the same as a drill reads it."""
    return Inventory(
        taken_at=T,
        source=Instance(
            cloud="cloud",
            id="source",
            name="source",
            engine=Engine.POSTGRESQL,
            version="18",
            status="ACTIVE",
            created_at=observation.created_at,
            retention_days=DAYS,
        ),
        target=None,
        windows=observation.windows,
        backups=observation.backups,
    )


def the_drills() -> list[DrillFacts]:
    """Return drills of random instants, one of ten failed."""
    draw = random.Random(1)
    drills = []
    for number in range(DRILLS):
        finished_at = T - timedelta(days=DAYS) * ((DRILLS - number) / DRILLS)
        point_at = T - timedelta(days=DAYS) * draw.random()
        drills.append(
            DrillFacts(
                id=f"drill-{number:04}",
                plan_name="plan",
                plan_digest="sha256:1",
                cloud="cloud",
                source_id="source",
                mode="pitr",
                policy="random",
                target_kind="new",
                trigger="schedule",
                scheduled_for=finished_at,
                enlisted_at=finished_at,
                finished_at=finished_at,
                outcome=draw.choice(OUTCOMES),
                state="finished",
                teardown="clean",
                level=4,
                point_at=point_at,
                rta=timedelta(minutes=20),
                checks=(("connects", "passed"), ("rows", "passed"), ("heartbeat", "passed")),
            )
        )
    return drills


def report(what: str, call: Callable[[], object], rounds: int, target: int) -> None:
    """Print the median and the worst of some rounds, and what of it the processor worked."""
    spans = []
    worked = []
    for _ in range(rounds):
        begun, idle = time.perf_counter(), time.process_time()
        call()
        spans.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - idle) * 1000)
    sys.stdout.write(
        f"{what}: median {statistics.median(spans):.1f} ms, worst {max(spans):.1f} ms of "
        f"{rounds}, processor {statistics.median(worked):.1f} ms (target {target} ms)\n"
    )


def main() -> None:
    """Measure both."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    observation, drills = an_observation(), the_drills()
    objectives = Objectives(
        rpo=timedelta(minutes=15), rto=timedelta(hours=1), proof_validity=timedelta(days=DAYS)
    )
    inventory = an_inventory(observation)
    report(
        f"coverage of one source, {len(observation.backups)} backups, {len(drills)} drills",
        lambda: source_coverage(
            ground_of(observation, drills, objectives, at=T), drills, objectives
        ),
        rounds,
        100,
    )
    for policy in ("greedy", "retest"):
        restore = PitrRestore.model_validate({"mode": "pitr", "selection": {"policy": policy}})
        report(
            f"selection by {policy}",
            partial(
                choose_recovery_point,
                restore,
                inventory,
                draw="seed",
                history=drills,
                objectives=objectives,
            ),
            rounds,
            50,
        )


if __name__ == "__main__":
    main()
