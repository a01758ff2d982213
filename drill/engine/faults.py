"""What a fault of the cloud means for a drill. Trouble of the infrastructure never counts against
the backup: it is waited for, and then the drill is inconclusive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drill.engine.desk import Desk
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import EventKind, Outcome, State, StepName, Teardown
from drill.engine.states import NOTHING_ORDERED
from drill.errors import (
    ProviderBusy,
    ProviderError,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
)
from drill.plan.model import ExistingTarget

PASSING = (ProviderUnavailable, ProviderThrottled, ProviderBusy, QuotaExceeded)
"""Faults that may pass by themselves."""

LONGEST_PAUSE = timedelta(minutes=1)


def pause_after(failures: int, poll_every: timedelta) -> timedelta:
    """Return how long to wait after so many failures in a row: doubling, at most a minute."""
    doubled: timedelta = poll_every * (1 << min(failures, 10))
    return min(doubled, max(LONGEST_PAUSE, poll_every))


def handle_fault(desk: Desk, parts: Parts, cloud: CloudSettings, error: ProviderError) -> None:
    """Write the fault down, then wait, end the drill, or go to teardown.

    1. Before anything was ordered: a fault that will not pass ends the drill at once as
       inconclusive, any other after ``start_patience``.
    2. While restoring or checking: teardown after ``start_patience``; but once the restore was
       ordered, a fault that may pass is waited for until the deadline of the drill.
    3. In teardown: try on; ``leaked`` after ``teardown_patience`` (see tearing_down).
    """
    record = desk.record
    now = desk.now()
    since = record.failing_since or now
    desk.note(
        EventKind.FAULT,
        record.state.value,
        {
            "error": type(error).__name__,
            "message": error.message,
            "code": error.code,
            "status": error.status,
            "request_id": error.request_id,
        },
    )
    patience_is_over = now - since >= parts.start_patience
    will_pass = isinstance(error, PASSING)
    if record.state in NOTHING_ORDERED and (not will_pass or patience_is_over):
        conclude(desk, Outcome.INCONCLUSIVE, error.message, error.hint)
        return
    was_ordered = record.restore_intent_at is not None
    waits_on = record.state is State.TEARING_DOWN or (will_pass and was_ordered)
    if patience_is_over and not waits_on:
        begin_teardown(desk, Outcome.INCONCLUSIVE, error.message, error.hint)
        return
    failures = record.look_failures
    desk.look_again_in(
        pause_after(failures, cloud.poll_every), look_failures=failures + 1, failing_since=since
    )


def conclude(desk: Desk, outcome: Outcome, reason: str, hint: str | None, **changes: Any) -> None:
    """End a drill that has ordered nothing: there is nothing to tear down."""
    desk.finish(outcome, teardown=Teardown.NOT_NEEDED, reason=reason, hint=hint, **changes)
    release_target(desk)


def release_target(desk: Desk) -> None:
    """Give the existing target of a finished drill free; whoever finds it held still may, too."""
    target = desk.record.plan.target
    if isinstance(target, ExistingTarget):
        desk.journal.release_target(
            desk.record.plan.source.cloud, target.instance_id, drill_id=desk.record.id
        )


def begin_teardown(
    desk: Desk, finding: Outcome, reason: str, hint: str | None = None, **changes: Any
) -> None:
    """Note what was found, close what is open, and start to tear down."""
    failed = finding not in {Outcome.PASSED, Outcome.PASSED_LATE}
    desk.go(
        State.TEARING_DOWN,
        {"finding": finding.value, "reason": reason},
        finding=finding,
        reason=reason,
        hint=hint,
        teardown_began_at=desk.now(),
        steps=desk.steps_then(StepName.TEARDOWN, result="failed" if failed else "done"),
        **changes,
    )
