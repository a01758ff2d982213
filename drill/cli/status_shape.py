"""How the status looks as JSON; the contract is docs/json-output.md."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drill.cli.shapes import instant, milliseconds, problem_shape
from drill.cli.status import Status
from drill.engine.control import Daemon, Pause
from drill.engine.ports import Summary
from drill.engine.standing import (
    PlanStanding,
    SourceProof,
    abandoned,
    counts_in_hand,
    last_sign_of_life,
)


def status_shape(status: Status) -> dict[str, Any]:
    """Return the whole document."""
    known = status.known
    left = {one.id for one in abandoned(known)}
    return {
        "now": instant(known.now),
        "alive_at": instant(last_sign_of_life(known)),
        "daemons": [daemon_shape(one) for one in known.daemons],
        "pauses": [pause_shape(one) for one in known.pauses],
        "counts": {
            **counts_in_hand(known),
            "late": sum(1 for one in status.plans if one.is_late),
            "missed_in_7_days": status.missed,
        },
        "plans": [_plan(one) for one in status.plans],
        "sources": [_source(one) for one in status.proofs],
        "in_hand": [{**summary_shape(one), "abandoned": one.id in left} for one in known.in_hand],
        "max_age_ms": milliseconds(status.max_age),
        "too_old": [one.plan.name for one in status.too_old],
        "silent": status.silent,
        "problems": [problem_shape(one) for one in status.problems],
    }


def pause_shape(one: Pause) -> dict[str, Any]:
    """Return one order."""
    return {
        "scope": one.scope.value,
        "name": one.name,
        "drain": one.is_drain,
        "since": instant(one.since),
        "until": instant(one.until),
        "by": one.by,
        "reason": one.reason,
        "ended_at": instant(one.ended_at),
    }


def daemon_shape(one: Daemon) -> dict[str, Any]:
    """Return one run of the daemon."""
    return {
        "worker": one.worker,
        "started_at": instant(one.started_at),
        "beat_at": instant(one.beat_at),
        "stopped_at": instant(one.stopped_at),
        "how": one.how,
        "trouble": one.trouble,
    }


def summary_shape(one: Summary) -> dict[str, Any]:
    """Return one drill in a few words."""
    return {
        "drill": one.id,
        "plan": one.plan_name,
        "trigger": one.trigger.value,
        "scheduled_for": instant(one.scheduled_for),
        "state": one.state.value,
        "outcome": one.outcome.value if one.outcome else None,
        "teardown": one.teardown.value,
        "level": one.level,
        "reason": one.reason,
        "started_at": instant(one.started_at),
        "finished_at": instant(one.finished_at),
        "simulated": one.is_simulated,
    }


def _plan(one: PlanStanding) -> dict[str, Any]:
    slot = one.next_slot
    return {
        "plan": one.plan.name,
        "group": one.plan.group,
        "scheduled": one.plan.schedule is not None,
        "next": (
            {
                "scheduled_for": instant(slot.scheduled_for),
                "starts_at": instant(slot.starts_at),
                "latest_start_at": instant(slot.latest_start_at),
            }
            if slot
            else None
        ),
        "late": one.is_late,
        "paused": one.pause is not None,
        "last": summary_shape(one.last) if one.last else None,
        "last_passed": summary_shape(one.passed) if one.passed else None,
    }


def _source(one: SourceProof) -> dict[str, Any]:
    return {
        "cloud": one.cloud,
        "source_id": one.source_id,
        "proof": summary_shape(one.proof) if one.proof else None,
        "validity_ms": milliseconds(one.validity),
        "left_ms": milliseconds(one.left),
        "days_left": None if one.left is None else one.left // timedelta(days=1),
    }
