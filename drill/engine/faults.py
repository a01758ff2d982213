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
    2. While restoring or checking: teardown after ``start_patience`` of a lasting fault; a passing
       one is waited for until the deadline of the drill.
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
    if record.state in {State.RESTORING, State.CHECKING} and not will_pass and patience_is_over:
        begin_teardown(desk, Outcome.INCONCLUSIVE, error.message, error.hint)
        return
    failures = record.look_failures
    desk.look_again_in(
        pause_after(failures, cloud.poll_every), look_failures=failures + 1, failing_since=since
    )


def conclude(desk: Desk, outcome: Outcome, reason: str, hint: str | None, **changes: Any) -> None:
    """End a drill that has ordered nothing: there is nothing to tear down."""
    if desk.record.target_id is not None:
        desk.journal.release_target(
            desk.record.plan.source.cloud, desk.record.target_id, drill_id=desk.record.id
        )
    desk.finish(outcome, teardown=Teardown.NOT_NEEDED, reason=reason, hint=hint, **changes)


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
