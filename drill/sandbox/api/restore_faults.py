"""The faults that were ordered for the next restore."""

from __future__ import annotations

from datetime import timedelta

from drill.sandbox.call import Call
from drill.sandbox.context import Context
from drill.sandbox.faults import FaultKind
from drill.sandbox.runs import Mishap


def mishap_of(context: Context, call: Call) -> Mishap:
    """Use up the faults that wait for this restore call; without any, nothing goes wrong."""
    slow = context.faults.take(FaultKind.SLOW_NEXT_RESTORE, method=call.method, path=call.path)
    failing = context.faults.take(FaultKind.FAIL_NEXT_RESTORE, method=call.method, path=call.path)
    return Mishap(
        delay=timedelta(seconds=slow.seconds if slow else 0),
        fail_reason=failing.reason if failing else None,
    )
