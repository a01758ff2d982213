"""How drills, leaks, looks and decisions look as JSON. The contract is docs/json-output.md: names
are glossary words, instants RFC 3339 in UTC, spans whole milliseconds, and "no data" is null."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from drill.check.port import CheckResult
from drill.engine.notices import Telling
from drill.engine.record import DrillRecord, Event, Step
from drill.engine.remains import Remains
from drill.engine.sweeping import Leak
from drill.plan.problems import Problem
from drill.recovery.alarm import Alarm
from drill.recovery.facts import ExceptionNote, Observation, Population, Review
from drill.recovery.values import BackupPoint, Choice


def instant(value: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with milliseconds."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(value: timedelta | None) -> int | None:
    """Return whole milliseconds, rounded down."""
    return None if value is None else value // timedelta(milliseconds=1)


def problem_shape(problem: Problem) -> dict[str, Any]:
    """Return what is wrong with one file, and where."""
    names = ("file", "line", "column", "message", "hint")
    return {name: getattr(problem, name) for name in names}


def drill_shape(record: DrillRecord) -> dict[str, Any]:
    """Return one drill as it stands in a list."""
    objectives = record.plan.objectives
    return {
        "drill": record.id,
        "plan": record.plan_name,
        "trigger": record.trigger.value,
        "initiated_by": record.initiated_by,
        "scheduled_for": instant(record.scheduled_for),
        "state": record.state.value,
        "outcome": record.outcome.value if record.outcome else None,
        "teardown": record.teardown.value,
        "level": record.level,
        "reason": record.reason,
        "hint": record.hint,
        "cloud": record.plan.source.cloud,
        "source_id": record.plan.source.instance_id,
        "source_name": record.inventory.source.name if record.inventory else None,
        "mode": record.plan.restore.mode,
        "target_kind": record.plan.target.kind,
        "target_id": record.target_id,
        "target_name": record.target_name,
        "recovery_point": point_shape(record.choice),
        "rta_ms": milliseconds(record.rta),
        "unattended_ms": milliseconds(record.unattended),
        "rto_target_ms": milliseconds(objectives.rto),
        "rpa_ms": milliseconds(record.rpa),
        "rpa_claimed_ms": milliseconds(record.rpa_claimed),
        "rpo_target_ms": milliseconds(objectives.rpo),
        "started_at": instant(record.started_at),
        "finished_at": instant(record.finished_at),
        "simulated": record.is_simulated,
    }


def point_shape(choice: Choice | None) -> dict[str, Any] | None:
    """Return the recovery point and how it was selected."""
    if choice is None:
        return None
    point = choice.point
    is_backup = isinstance(point, BackupPoint)
    return {
        "kind": "snapshot" if is_backup else "continuous",
        "at": instant(point.at),
        "backup_id": point.backup.id if isinstance(point, BackupPoint) else None,
        "policy": choice.policy,
        "reason": choice.reason,
        "seed": choice.seed,
        "reference_at": instant(choice.reference_at),
    }


def detail_shape(record: DrillRecord, events: list[Event]) -> dict[str, Any]:
    """Return one drill with everything that is known about it."""
    return {
        **drill_shape(record),
        "plan_digest": record.plan_digest,
        "tool_version": record.tool_version,
        "teardown_reason": record.teardown_reason,
        "request_ids": list(record.request_ids),
        "steps": [_step(step) for step in record.steps],
        "checks": [_check(result) for result in record.checks],
        "refusals": [dict(refusal) for refusal in record.refusals],
        "journal": [
            {
                "sequence": event.sequence,
                "at": instant(event.at),
                "kind": event.kind.value,
                "act": event.act,
                "facts": dict(event.facts),
            }
            for event in events
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    lasted = step.ended_at - step.began_at if step.ended_at else None
    return {
        "step": step.name.value,
        "began_at": instant(step.began_at),
        "ended_at": instant(step.ended_at),
        "duration_ms": milliseconds(lasted),
        "result": step.result,
    }


def _check(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.name,
        "kind": result.kind,
        "answer": result.answer.value,
        "reason": result.reason,
        "expected": result.expected,
        "observed": result.observed,
        "newest_at": instant(result.newest_at),
        "duration_ms": milliseconds(result.duration),
    }


def leak_shape(leak: Leak) -> dict[str, Any]:
    """Return one leak."""
    return {
        "cloud": leak.cloud,
        "instance_id": leak.instance_id,
        "instance_name": leak.instance_name,
        "drill": leak.drill_id,
        "created_at": instant(leak.created_at),
        "reason": leak.reason,
        "found_by": list(leak.found_by),
        "existed_ms": milliseconds(leak.cost.existed),
        "cost": None if leak.cost.amount is None else float(leak.cost.amount),
        "can_be_torn_down": leak.can_be_torn_down,
    }


def observation_shape(one: Observation) -> dict[str, Any]:
    """Return one look at one source."""
    return {
        "cloud": one.cloud,
        "source_id": one.source_id,
        "source_name": one.source_name,
        "taken_at": instant(one.taken_at),
        "fault": one.fault,
        "engine": one.engine,
        "version": one.version,
        "status": one.status,
        "volume_gb": one.volume_gb,
        "retention_days": one.retention_days,
        "windows": [
            {"starts_at": instant(window.starts_at), "ends_at": instant(window.ends_at)}
            for window in one.windows
        ],
        "backups": [
            {
                "backup_id": backup.id,
                "name": backup.name,
                "kind": backup.kind.value,
                "status": backup.status,
                "ended_at": instant(backup.ended_at),
            }
            for backup in one.backups
        ],
        "simulated": one.is_simulated,
    }


def population_shape(one: Population) -> dict[str, Any]:
    """Return the instances of one cloud, and which of them have a plan."""
    return {
        "cloud": one.cloud,
        "taken_at": instant(one.taken_at),
        "fault": one.fault,
        "instances": [
            {"instance_id": one_id, "name": name, "in_scope": one_id in one.in_scope}
            for one_id, name in one.instances
        ],
    }


def alarm_shape(alarm: Alarm) -> dict[str, Any]:
    """Return one alarm."""
    return {
        "alarm": alarm.kind.value,
        "cloud": alarm.cloud,
        "source_id": alarm.source_id,
        "source_name": alarm.source_name,
        "since": instant(alarm.since),
        "seen_at": instant(alarm.seen_at),
        "message": alarm.message,
        "hint": alarm.hint,
        "actual_ms": milliseconds(alarm.actual),
        "limit_ms": milliseconds(alarm.limit),
    }


def exception_shape(note: ExceptionNote, *, now: datetime) -> dict[str, Any]:
    """Return one exception and whether it holds now."""
    return {
        "exception": note.id,
        "kind": note.kind,
        "open": note.is_open(now),
        "cloud": note.cloud,
        "source_id": note.source_id,
        "plan": note.plan_name,
        "drill": note.drill_id,
        "reason": note.reason,
        "owner": note.owner,
        "approver": note.approver,
        "ticket": note.ticket,
        "opened_at": instant(note.opened_at),
        "opened_by": note.opened_by,
        "expires_at": instant(note.expires_at),
        "closed_at": instant(note.closed_at),
        "closed_by": note.closed_by,
        "closing_reason": note.closing_reason,
        "retest_drill": note.retest_drill_id,
    }


def review_shape(review: Review) -> dict[str, Any]:
    """Return one review."""
    return {
        "review": review.id,
        "reviewer": review.reviewer,
        "initiator": review.initiator,
        "drill": review.drill_id,
        "period_from": instant(review.period_from),
        "period_to": instant(review.period_to),
        "verdict": review.verdict,
        "comment": review.comment,
        "signed_at": instant(review.signed_at),
        "facts": dict(review.facts),
    }


def remains_shape(remains: Remains) -> dict[str, Any]:
    """Return what a cloud keeps of a deleted scratch instance; what that costs is never known."""
    return {
        "cloud": remains.cloud,
        "instance_id": remains.instance_id,
        "instance_name": remains.instance_name,
        "drill": remains.drill_id,
        "is_known": remains.is_known,
        "in_recycle_bin": remains.in_recycle_bin,
        "deleted_at": instant(remains.deleted_at),
        "kept_until": instant(remains.kept_until),
        "volume_gb": remains.volume_gb,
        "backups": [
            {"backup_id": one.id, "name": one.name, "ended_at": instant(one.ended_at)}
            for one in remains.backups
        ],
        "cost": None,
    }


def notice_shape(telling: Telling) -> dict[str, Any]:
    """Return one notice on one channel."""
    return {
        "kind": telling.kind.value,
        "subject": telling.subject,
        "since": instant(telling.since),
        "number": telling.number,
        "channel": telling.channel,
        "severity": telling.severity.value,
        "plan": telling.plan_name,
        "drill": telling.drill_id,
        "title": telling.title,
        "body": telling.body,
        "state": telling.state.value,
        "attempts": telling.attempts,
        "first_at": instant(telling.first_at),
        "last_at": instant(telling.last_at),
        "next_at": instant(telling.next_at),
        "fault": telling.fault,
    }
