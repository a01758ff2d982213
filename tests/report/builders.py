"""Drill records of every outcome, for the tests of the report; nothing here is random."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from drill.check.port import CheckAnswer, CheckResult
from drill.engine.record import (
    DrillRecord,
    Event,
    EventKind,
    Outcome,
    State,
    Step,
    StepName,
    Teardown,
    Trigger,
)
from drill.plan.model import Plan
from drill.recovery.values import Choice, Inventory
from tests.report.sources import DAY as DAY
from tests.report.sources import at as at
from tests.report.sources import backup as backup
from tests.report.sources import choice as choice
from tests.report.sources import instance as instance
from tests.report.sources import inventory as inventory

NOW = datetime(2026, 3, 8, 6, 0, tzinfo=UTC)

VOWELS_OF_EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202egnp.exe\u202c \u2066x\u2069",
    "\x1b[31mred\x1b[0m\x00\x07",
    "x" * 500 + "</title></style>",
    '=HYPERLINK("http://example.invalid")',
    "{{ 7*7 }}{% raw %}",
    "A\ufeff\u200e\u200f\u061cB\r\nC\tD",
)


def plan(name: str = "orders-latest", **changes: Any) -> Plan:
    """Return a plan; ``changes`` replace whole tables."""
    tables: dict[str, Any] = {
        "name": name,
        "description": "Orders, every night, to the newest second.",
        "source": {"cloud": "frankfurt", "instance_id": "src-orders"},
        "restore": {"mode": "pitr", "selection": {"policy": "latest", "margin": "1m"}},
        "target": {"kind": "existing", "instance_id": "scratch-1"},
        "objectives": {"rpo": "15m", "rto": "45m"},
        "login": {"user": "reader", "password": "env:ORDERS_PASSWORD", "database": "orders"},
        "checks": [
            {"kind": "connects"},
            {"kind": "objects", "tables": ["public.orders"]},
            {"kind": "row_count", "table": "public.orders", "at_least": 1000},
            {
                "kind": "heartbeat", "table": "public.heartbeat", "column": "at", "interval": "10s",
            },
        ],
        "schedule": {"cron": "0 2 * * *", "time_zone": "Europe/Berlin"},
    }  # fmt: skip
    return Plan.model_validate(tables | changes)


NEW_TARGET = {
    "kind": "new",
    "flavor": "rds.pg.n1.large.2",
    "volume": {"type": "CLOUDSSD", "size_gb": 100},
    "availability_zone": "eu-de-01",
    "vpc_id": "vpc-scratch",
    "subnet_id": "subnet-scratch",
}


def check(name: str, answer: CheckAnswer, began_at: datetime, **changes: Any) -> CheckResult:
    """Return one answered check."""
    facts: dict[str, Any] = {
        "name": name,
        "kind": name.replace("-", "_"),
        "answer": answer,
        "reason": {
            CheckAnswer.PASSED: "as expected",
            CheckAnswer.FAILED: "41 207 rows are fewer than 90 000",
            CheckAnswer.NO_DATA: "there is no earlier drill to compare with",
        }[answer],
        "expected": "at least 90 000" if name == "row-count" else None,
        "observed": "41 207" if name == "row-count" else None,
        "began_at": began_at,
        "duration": timedelta(milliseconds=137),
    }
    return CheckResult(**(facts | changes))


def checks_of(outcome: Outcome, began_at: datetime) -> tuple[CheckResult, ...]:
    """Return the answers that lead to an outcome."""
    worst = {
        Outcome.FAILED_CHECK: CheckAnswer.FAILED,
        Outcome.INCONCLUSIVE: CheckAnswer.NO_DATA,
    }.get(outcome, CheckAnswer.PASSED)
    return (
        check("connects", CheckAnswer.PASSED, began_at),
        check("objects", CheckAnswer.PASSED, began_at, expected="1 table", observed="1 table"),
        check("row-count", worst, began_at),
        check(
            "heartbeat", CheckAnswer.PASSED, began_at, duration=timedelta(milliseconds=9),
            expected="at most 11 s before the recovery point", observed="3.2 s before",
        ),
    )  # fmt: skip


def steps(
    begin: datetime, *, waited: timedelta, failed: StepName | None = None
) -> tuple[Step, ...]:
    """Return the steps of a drill, ended at the one that failed and its teardown."""
    lengths = (
        (StepName.QUEUE, waited),
        (StepName.SELECT, timedelta(seconds=2, milliseconds=340)),
        (StepName.ADMIT, timedelta(seconds=3, milliseconds=111)),
        (StepName.RESTORE, timedelta(minutes=17, seconds=4, milliseconds=821)),
        (StepName.CONNECT, timedelta(seconds=6, milliseconds=70)),
        (StepName.CHECK, timedelta(seconds=48, milliseconds=900)),
        (StepName.TEARDOWN, timedelta(minutes=4, seconds=31, milliseconds=5)),
    )
    found = []
    has_failed = False
    for name, length in lengths:
        if has_failed and name is not StepName.TEARDOWN:
            continue
        is_failing = name is failed
        has_failed = has_failed or is_failing
        found.append(
            Step(
                name=name,
                began_at=begin,
                ended_at=begin + length,
                result="failed" if is_failing else "done",
            )
        )
        begin += length
    return tuple(found)


_UNEXECUTED = {Outcome.REFUSED, Outcome.MISSED, Outcome.SKIPPED}


def drill(
    drill_id: str = "20260308-0200-orders",
    outcome: Outcome | None = Outcome.PASSED,
    *,
    slot: datetime = NOW - timedelta(hours=4),
    of: Plan | None = None,
    point: datetime | None = None,
    found: Inventory | None = None,
    level: int = 4,
    **changes: Any,
) -> DrillRecord:
    """Return one drill with everything that its outcome brings along."""
    of = of or plan()
    base = DrillRecord(
        id=drill_id, plan_name=of.name, plan_digest="sha256:" + "ab12" * 16, plan=of,
        trigger=Trigger.SCHEDULE, scheduled_for=slot, enlisted_at=slot, next_at=slot,
        tool_version="0.1.0", epoch=3,
    )  # fmt: skip
    if outcome in {Outcome.MISSED, Outcome.SKIPPED}:
        reason = "the slot passed while no scheduler was running"
        return replace(
            base, state=State.FINISHED, outcome=outcome, finding=outcome, finished_at=slot,
            reason=reason, teardown=Teardown.NOT_NEEDED, **changes,
        )  # fmt: skip
    found = found or inventory(slot + timedelta(minutes=6))
    if of.target.kind == "new":
        found = replace(found, target=None)
    picked = choice(found, point, of_backup=of.restore.mode == "backup")
    if outcome is Outcome.REFUSED:
        return replace(base, **(_refused(slot, found, picked) | changes))
    if outcome is None:
        return replace(base, **(_under_way(slot, found, picked) | changes))
    return replace(base, **(_executed(base, outcome, found, picked, level) | changes))


def _executed(
    base: DrillRecord, outcome: Outcome, found: Inventory, picked: Choice, level: int
) -> dict[str, Any]:
    failed = {
        Outcome.FAILED_RESTORE: StepName.RESTORE,
        Outcome.ABORTED: StepName.RESTORE,
        Outcome.FAILED_CHECK: StepName.CHECK,
        Outcome.INCONCLUSIVE: StepName.CHECK,
    }.get(outcome)
    slot = base.scheduled_for
    all_steps = steps(slot, waited=timedelta(minutes=6), failed=failed)
    restore = next(step for step in all_steps if step.name is StepName.RESTORE)
    teardown = all_steps[-1]
    accepted = restore.began_at + timedelta(seconds=1)
    is_up = failed is not StepName.RESTORE
    rta = teardown.began_at - accepted if is_up else None
    if outcome is Outcome.PASSED_LATE:
        rta = timedelta(minutes=58, seconds=3)
    reasons = {
        Outcome.PASSED: (None, None),
        Outcome.PASSED_LATE: ("every check passed, but missed: RTO target", None),
        Outcome.FAILED_RESTORE: (
            "the restore job of the cloud failed: WAL segment 000000010000002A is missing",
            "Try another recovery point of the same source, and look for the job in the console.",
        ),
        Outcome.FAILED_CHECK: ("failed: row_count", None),
        Outcome.INCONCLUSIVE: ("no data: row_count", None),
        Outcome.ABORTED: ("the drill was asked to stop", None),
    }[outcome]
    is_new = base.plan.target.kind == "new"
    target_id = f"new-{base.id}" if is_new else "scratch-1"
    target_name = f"drill-{base.id}" if is_new else "scratch-one"
    copy = instance(
        target_id, target_name, vpc_id="vpc-scratch", subnet_id="subnet-scratch",
        tags={"drill-id": base.id} if is_new else {"drill-scratch": "yes"},
    )  # fmt: skip
    return {
        "state": State.FINISHED, "outcome": outcome, "finding": outcome,
        "reason": reasons[0], "hint": reasons[1],
        "started_at": slot + timedelta(minutes=6), "deadline_at": slot + timedelta(hours=6),
        "inventory": found, "choice": picked, "target_id": target_id, "target_name": target_name,
        "copy": copy if is_up else None,
        "restore_intent_at": restore.began_at, "restore_accepted_at": accepted,
        "restore_job_id": "7f6d0c4e-restore",
        "ready_at": restore.ended_at if is_up else None,
        "reachable_at": restore.ended_at if is_up else None,
        "checked_at": teardown.began_at if is_up else None,
        "teardown_began_at": teardown.began_at, "teardown_intent_at": teardown.began_at,
        "teardown_accepted_at": teardown.began_at + timedelta(seconds=1),
        "teardown_job_id": "7f6d0c4e-teardown",
        "teardown": Teardown.CLEAN,
        "teardown_reason": "the instance is gone: the cloud no longer lists it"
        if is_new
        else "reset to its baseline empty-baseline and seen to be empty",
        "finished_at": teardown.ended_at,
        "level": (level if outcome in {Outcome.PASSED, Outcome.PASSED_LATE} else 2) if is_up else 0,
        "rta": rta, "rpa": timedelta(minutes=1, seconds=3, milliseconds=200) if is_up else None,
        "rpa_claimed": picked.reference_at - picked.point.at,
        "request_ids": ("req-3f0e6a52", "req-99b1c7d0"),
        "steps": all_steps,
        "checks": checks_of(outcome, restore.ended_at or slot) if is_up else (),
    }  # fmt: skip


def _refused(slot: datetime, found: Inventory, picked: Choice) -> dict[str, Any]:
    return {
        "state": State.FINISHED, "outcome": Outcome.REFUSED, "finding": Outcome.REFUSED,
        "reason": "the target scratch-1 does not carry the tag drill-scratch=yes (and 1 more)",
        "hint": "Tag it in the console, if it may really be overwritten.",
        "inventory": found, "choice": picked, "started_at": slot, "finished_at": slot + DAY / 1440,
        "teardown": Teardown.NOT_NEEDED, "target_id": "scratch-1",
        "steps": steps(slot, waited=timedelta(0), failed=StepName.ADMIT)[:3],
        "refusals": (
            {"rule": "target-is-tagged", "message": "the target has no tag drill-scratch=yes",
             "hint": "Tag it in the console, if it may really be overwritten."},
            {"rule": "target-volume", "message": "40 GB are smaller than the 100 GB of the source",
             "hint": "Enlarge the volume of the target."},
        ),
    }  # fmt: skip


def _under_way(slot: datetime, found: Inventory, picked: Choice) -> dict[str, Any]:
    done = steps(slot, waited=timedelta(minutes=6))
    return {
        "state": State.RESTORING, "inventory": found, "choice": picked, "target_id": "scratch-1",
        "started_at": slot + timedelta(minutes=6), "next_at": slot + timedelta(minutes=20),
        "restore_intent_at": done[3].began_at, "restore_accepted_at": done[3].began_at,
        "steps": (*done[:3], replace(done[3], ended_at=None, result=None)),
    }  # fmt: skip


def events_of(record: DrillRecord) -> list[Event]:
    """Return a journal as the engine would write it."""
    begin = record.started_at or record.scheduled_for
    lines: list[tuple[EventKind, str, dict[str, Any]]] = [
        (EventKind.STATE, "queued", {"trigger": record.trigger.value}),
        (EventKind.STATE, "selecting", {"from": "queued"}),
        (
            EventKind.OBSERVATION, "choice",
            {"policy": "latest", "reason": "1m before the newest instant", "seed": None,
             "candidates": 2},
        ),
        (EventKind.STATE, "admitting", {"from": "selecting"}),
        (
            EventKind.INTENT, "restore",
            {"target_id": record.target_id, "restore_time": 1_772_928_000_000,
             "ids_before": ["src-orders", "scratch-1"]},
        ),
        (
            EventKind.RESULT, "restore",
            {"answer": "accepted", "job_id": record.restore_job_id, "request_id": "req-3f0e6a52"},
        ),
        (EventKind.FAULT, "restoring", {"error": "ProviderUnavailable", "status": 503}),
        (EventKind.STATE, "finished", {"outcome": str(record.outcome), "is_clean": True}),
    ]  # fmt: skip
    return [
        Event(at=begin + timedelta(seconds=13 * place, milliseconds=7), kind=kind, act=act,
              facts=facts, sequence=place + 1)
        for place, (kind, act, facts) in enumerate(lines)
    ]  # fmt: skip
