"""Advance one drill by one short step. No thread waits here while the cloud restores for hours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from drill.engine.desk import Desk
from drill.engine.faults import begin_teardown, conclude, handle_fault
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import DrillRecord, Outcome, State
from drill.engine.states import NOTHING_ORDERED
from drill.engine.steps.checking import check
from drill.engine.steps.ordering import order_restore
from drill.engine.steps.queueing import wait_for_seat
from drill.engine.steps.restoring import follow_restore
from drill.engine.steps.selecting import select
from drill.engine.steps.tearing_down import give_up_teardown_if_late, tear_down
from drill.errors import DrillMoved, StoreUnavailable

StepFunction = Callable[[Desk, Parts, CloudSettings], None]

STEPS: Mapping[State, StepFunction] = {
    State.QUEUED: wait_for_seat,
    State.SELECTING: select,
    State.ADMITTING: order_restore,
    State.RESTORING: follow_restore,
    State.CHECKING: check,
    State.TEARING_DOWN: tear_down,
}

PAUSE_WITHOUT_CLOUD = timedelta(seconds=15)


def advance(
    drill_id: str,
    parts: Parts,
    *,
    held: Callable[[DrillRecord], None],
    may_go_on: Callable[[DrillRecord], bool] = lambda record: True,
) -> DrillRecord | None:
    """Claim a drill, take its steps until one has to wait, and give the lease back.

    ``held`` is told about the claim, so that a lease can be renewed while a step lasts;
    ``may_go_on`` is asked before each step. Return the drill as it was left; None if it was
    finished already, or if somebody else has it. Never raises for trouble of the cloud or of a
    plan: that becomes a line of the journal and, in the end, an outcome. Raise StoreUnavailable:
    the drill then stands where it was last written, and comes due when its lease ends.
    """
    record = parts.journal.claim(
        drill_id, worker=parts.worker, now=parts.clock.now(), lease=parts.lease
    )
    if record is None:
        return None
    held(record)
    desk = Desk(record, parts.journal, parts.clock, lease=parts.lease)
    try:
        while _is_due(desk) and may_go_on(desk.record):
            _take_step(desk, parts)
        if desk.record.leased_until is not None and desk.record.state is not State.FINISHED:
            desk.save(leased_until=None)
    except DrillMoved:
        return None
    return desk.record


def _is_due(desk: Desk) -> bool:
    record = desk.record
    if record.state is State.FINISHED or record.leased_until is None:
        return False
    return record.next_at <= desk.now()


def _take_step(desk: Desk, parts: Parts) -> None:
    record = desk.record
    cloud = parts.clouds.get(record.plan.source.cloud)
    if cloud is None:
        _without_cloud(desk)
        return
    try:
        if _is_stopped(desk):
            return
        STEPS[record.state](desk, parts, cloud)
    except (DrillMoved, StoreUnavailable):
        raise
    except Exception as error:  # noqa: BLE001  a fault of the program must end as an outcome, too
        handle_fault(desk, parts, cloud.poll_every, error)
        if desk.record.state is State.TEARING_DOWN:
            give_up_teardown_if_late(desk, parts)


def _is_stopped(desk: Desk) -> bool:
    """End or tear down a drill that was aborted, or whose deadline is over."""
    record = desk.record
    if record.state is State.TEARING_DOWN:
        return False
    is_over = record.deadline_at is not None and desk.now() >= record.deadline_at
    if not (record.abort_requested or is_over):
        return False
    if record.abort_requested:
        outcome, reason, hint = Outcome.ABORTED, "aborted on request", None
    else:
        outcome = Outcome.INCONCLUSIVE
        reason = f"gave up after {record.plan.give_up_after} in state {record.state.value}"
        hint = "Look at the job in the console, or give the plan a longer give_up_after."
    if record.state in NOTHING_ORDERED:
        conclude(desk, outcome, reason, hint)
    else:
        begin_teardown(desk, outcome, reason, hint)
    return True


def _without_cloud(desk: Desk) -> None:
    name = desk.record.plan.source.cloud
    reason = f"cloud {name} is not in the configuration any more"
    hint = f"Put [clouds.{name}] back into config.toml, so that its drills can end."
    if desk.record.state in NOTHING_ORDERED:
        conclude(desk, Outcome.INCONCLUSIVE, reason, hint)
    else:
        desk.look_again_in(PAUSE_WITHOUT_CLOUD, teardown_reason=reason)
