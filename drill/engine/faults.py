"""What a fault means for the drill that meets it. Trouble of the infrastructure never counts
against the backup: it is waited for as long as the taxonomy says, and then the drill is
inconclusive."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from drill.engine.desk import Desk
from drill.engine.ports import Parts
from drill.engine.record import (
    DrillRecord,
    EventKind,
    Outcome,
    State,
    StepName,
    Teardown,
    Trigger,
)
from drill.engine.states import NOTHING_ORDERED
from drill.engine.taxonomy import OnceOrdered, Row, row_of, trouble_of
from drill.errors import DrillError, ProviderError
from drill.plan.forms import format_span
from drill.plan.model import ExistingTarget
from drill.plan.slots import latest_start_of
from drill.recovery.coverage.evidence import PASSES

LONGEST_PAUSE = timedelta(minutes=1)


def pause_after(failures: int, poll_every: timedelta) -> timedelta:
    """Return how long to wait after so many failures in a row: doubling, at most a minute."""
    doubled: timedelta = poll_every * (1 << min(failures, 10))
    return min(doubled, max(LONGEST_PAUSE, poll_every))


def tries_until(record: DrillRecord, parts: Parts, since: datetime) -> datetime:
    """Return until when a drill tries on that meets a fault since then.

    For ``start_patience``; a drill of the schedule that has ordered nothing yet until its slot can
    no longer begin, if that is later.
    """
    until = since + parts.start_patience
    if record.restore_intent_at is not None or record.trigger is not Trigger.SCHEDULE:
        return until
    return max(until, latest_start_of(record.plan, record.scheduled_for) or until)


def span_since(since: datetime, now: datetime) -> str:
    """Return how long something has lasted, in whole seconds."""
    return format_span(timedelta(seconds=(now - since) // timedelta(seconds=1)))


def handle_fault(desk: Desk, parts: Parts, poll_every: timedelta, error: Exception) -> None:
    """Write the fault down, then wait, end the drill, or go to teardown (``taxonomy``).

    1. Before anything was ordered: tried again within the start window, or ended at once where
       that is no use; inconclusive.
    2. Once a restore was ordered: waited for until the deadline, or for the start window, or not
       at all; then teardown, with the finding inconclusive.
    3. In teardown: try on; ``leaked`` after ``teardown_patience`` (see tearing_down).
    """
    record = desk.record
    if record.state is State.FINISHED:
        return  # the verdict is written; a hold that is left is given free by whoever meets it
    row = row_of(error)
    message = _note(desk, error)
    now = desk.now()
    since = record.failing_since or now
    left = tries_until(record, parts, since) - now
    failures = record.look_failures
    pause = max(pause_after(failures, poll_every), row.pause_at_least)
    changes: dict[str, Any] = {"look_failures": failures + 1, "failing_since": since}
    if record.state is State.TEARING_DOWN:
        desk.look_again_in(pause, teardown_reason=message, **changes)
    elif _is_waited_for_to_the_end(record, row):
        desk.look_again_in(pause, **changes)
    elif (
        _has_a_window(record, row)
        and left > timedelta(0)
        and _is_before_the_end(record, now + min(pause, left))
    ):
        desk.look_again_in(min(pause, left), **changes)
    else:
        stayed = f"; it stayed so for {span_since(since, now)}" if now > since else ""
        _end(desk, message + stayed, _hint_of(error) or row.advice)


def _note(desk: Desk, error: Exception) -> str:
    """Write the fault down, and return the sentence that says it to a reader."""
    facts: dict[str, Any] = {"trouble": trouble_of(error).value, "error": type(error).__name__}
    if isinstance(error, ProviderError):
        facts |= {"code": error.code, "status": error.status, "request_id": error.request_id}
    if isinstance(error, DrillError):
        message = error.message
    else:
        message = f"fault of the program: {type(error).__name__}"
        facts["detail"] = str(error)[:500]
    desk.note(EventKind.FAULT, desk.record.state.value, {**facts, "message": message})
    return message


def _hint_of(error: Exception) -> str | None:
    return error.hint if isinstance(error, DrillError) else None


def _is_waited_for_to_the_end(record: DrillRecord, row: Row) -> bool:
    return record.restore_intent_at is not None and row.once_ordered is OnceOrdered.WAIT


def _has_a_window(record: DrillRecord, row: Row) -> bool:
    if record.restore_intent_at is None:
        return row.retried
    return row.once_ordered is OnceOrdered.WINDOW


def _is_before_the_end(record: DrillRecord, at: datetime) -> bool:
    """Tell whether the drill is still to be looked at then: at its deadline it only gives up, and
    nobody would learn what it had met."""
    return record.deadline_at is None or at < record.deadline_at


def _end(desk: Desk, reason: str, hint: str | None) -> None:
    if desk.record.state in NOTHING_ORDERED:
        conclude(desk, Outcome.INCONCLUSIVE, reason, hint)
    else:
        begin_teardown(desk, Outcome.INCONCLUSIVE, reason, hint)


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
    failed = finding not in PASSES
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
