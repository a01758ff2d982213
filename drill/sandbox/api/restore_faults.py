"""The faults that were ordered for the next operation on an instance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from drill.sandbox.call import Call
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError
from drill.sandbox.faults import Fault, FaultKind
from drill.sandbox.instances import Status
from drill.sandbox.runs import Mishap, Stuck

DISK_IS_FULL = "the disk of the target is full"
"""The reason of a restore that really met a full disk (drill.sandbox.postgres.recovery)."""


class _Taken:
    """The faults that one call has met."""

    def __init__(self, context: Context, call: Call) -> None:
        self._context = context
        self._call = call
        self._text = call.body.decode("utf-8", "replace")
        self.faults: list[Fault] = []

    def take(self, kind: FaultKind) -> Fault | None:
        """Use up a fault of a kind once."""
        call = self._call
        fault = self._context.faults.take(kind, method=call.method, path=call.path, text=self._text)
        self.faults += [fault] if fault else []
        return fault


@contextmanager
def mishap_of(context: Context, call: Call, *, restores: bool = True) -> Iterator[Mishap]:
    """Use up the faults that wait for this call; without any, nothing goes wrong.

    They go on waiting where the call is refused inside the block (ApiError).
    """
    taken = _Taken(context, call)
    mishap = _mishap(context, call, taken, restores=restores)
    try:
        yield mishap
    except ApiError:
        for fault in reversed(taken.faults):
            context.faults.give_back(fault)
        raise


def _mishap(context: Context, call: Call, taken: _Taken, *, restores: bool) -> Mishap:
    take = taken.take
    failing = take(FaultKind.FAIL_NEXT_JOB)
    slow: Fault | None = None
    reason = failing.reason if failing else None
    damages: set[FaultKind] = set()
    if restores:
        slow = take(FaultKind.SLOW_NEXT_RESTORE)
        failing = take(FaultKind.FAIL_NEXT_RESTORE)
        reason = failing.reason if failing else reason
        if take(FaultKind.DISK_FULL):
            reason = DISK_IS_FULL
        kinds = (FaultKind.LOSE_LOG_SEGMENT, FaultKind.CORRUPT_BACKUP)
        damages = {kind for kind in kinds if take(kind)}
    hanging = take(FaultKind.HANG_NEXT_JOB)
    # What is deleted has no status any more.
    sticking = take(FaultKind.STICK_INSTANCE) if call.method != "DELETE" else None
    return Mishap(
        delay=timedelta(seconds=slow.seconds if slow else 0),
        fail_reason=reason,
        gate=context.faults.gate() if hanging else None,
        stuck=Stuck(Status(sticking.stuck), context.faults.gate()) if sticking else None,
        loses_log_segment=FaultKind.LOSE_LOG_SEGMENT in damages,
        corrupts_backup=FaultKind.CORRUPT_BACKUP in damages,
    )
