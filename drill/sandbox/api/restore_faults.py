"""The faults that were ordered for the next operation on an instance."""

from __future__ import annotations

from datetime import timedelta

from drill.sandbox.call import Call
from drill.sandbox.context import Context
from drill.sandbox.faults import Fault, FaultKind
from drill.sandbox.instances import Status
from drill.sandbox.runs import Mishap, Stuck

DISK_IS_FULL = "the disk of the target is full"
"""The reason of a restore that really met a full disk (drill.sandbox.postgres.recovery)."""


def mishap_of(context: Context, call: Call) -> Mishap:
    """Use up the faults that wait for this restore call; without any, nothing goes wrong."""

    def take(kind: FaultKind) -> Fault | None:
        return _take(context, call, kind)

    slow, failing = take(FaultKind.SLOW_NEXT_RESTORE), take(FaultKind.FAIL_NEXT_RESTORE)
    failing = failing or take(FaultKind.FAIL_NEXT_JOB)
    reason = failing.reason if failing else None
    if take(FaultKind.DISK_FULL):
        reason = DISK_IS_FULL
    return Mishap(
        delay=timedelta(seconds=slow.seconds if slow else 0),
        fail_reason=reason,
        gate=context.faults.gate() if take(FaultKind.HANG_NEXT_JOB) else None,
        stuck=_stuck(context, take(FaultKind.STICK_INSTANCE)),
        loses_log_segment=take(FaultKind.LOSE_LOG_SEGMENT) is not None,
        corrupts_backup=take(FaultKind.CORRUPT_BACKUP) is not None,
    )


def mishap_of_job(context: Context, call: Call) -> Mishap:
    """Use up the faults that wait for a creation, deletion or backup that restores nothing."""
    failing = _take(context, call, FaultKind.FAIL_NEXT_JOB)
    hanging = _take(context, call, FaultKind.HANG_NEXT_JOB)
    stuck = None
    if call.method != "DELETE":  # what is deleted has no status any more
        stuck = _stuck(context, _take(context, call, FaultKind.STICK_INSTANCE))
    return Mishap(
        fail_reason=failing.reason if failing else None,
        gate=context.faults.gate() if hanging else None,
        stuck=stuck,
    )


def _take(context: Context, call: Call, kind: FaultKind) -> Fault | None:
    text = call.body.decode("utf-8", "replace")
    return context.faults.take(kind, method=call.method, path=call.path, text=text)


def _stuck(context: Context, fault: Fault | None) -> Stuck | None:
    return None if fault is None else Stuck(Status(fault.stuck), context.faults.gate())
