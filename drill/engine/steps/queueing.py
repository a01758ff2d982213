"""Queued: wait for a seat within the limits, and for the target if another drill holds it."""

from __future__ import annotations

from datetime import timedelta

from drill.engine.desk import Desk
from drill.engine.faults import conclude
from drill.engine.ports import CloudSettings, Parts, SeatLimits
from drill.engine.record import Outcome, State, StepName, Teardown
from drill.plan.model import ExistingTarget

LOOK_FOR_A_SEAT_EVERY = timedelta(seconds=15)


def wait_for_seat(desk: Desk, parts: Parts, cloud: CloudSettings) -> None:
    """Take a seat and begin, or look again later. The deadline starts when the drill begins."""
    record = desk.record
    target = record.plan.target
    target_id = target.instance_id if isinstance(target, ExistingTarget) else None
    waits_for = desk.journal.seat(record, seat_limits(parts, cloud), target_id=target_id)
    if waits_for is not None:
        if target_id is not None and _is_left_unclean(desk, cloud, target_id):
            return
        pause = min(LOOK_FOR_A_SEAT_EVERY, cloud.poll_every)
        desk.look_again_in(pause, reason=waits_for)
        return
    now = desk.now()
    desk.go(
        State.SELECTING,
        is_seated=True,
        reason=None,
        started_at=now,
        deadline_at=now + record.plan.give_up_after,
        target_id=target_id,
        steps=desk.steps_then(StepName.SELECT),
    )


def seat_limits(parts: Parts, cloud: CloudSettings) -> SeatLimits:
    """Return how many drills of this cloud may be under way at the same time."""
    return SeatLimits(
        drills_at_once=parts.drills_at_once,
        drills_per_cloud=cloud.drills_at_once,
        drills_per_source=parts.drills_per_source,
        new_per_cloud=max(1, cloud.site.new_instances_at_most),  # at 0 the guard says no, not this
    )


def _is_left_unclean(desk: Desk, cloud: CloudSettings, target_id: str) -> bool:
    """End a drill whose target is held by one that is finished: it leaked, and stays shut."""
    name = cloud.provider.cloud
    holder_id = desk.journal.holder_of(name, target_id)
    holder = desk.journal.find(holder_id) if holder_id else None
    if holder is None or holder.state is not State.FINISHED:
        return False
    if holder.teardown is not Teardown.LEAKED:  # its worker died between verdict and release
        desk.journal.release_target(name, target_id, drill_id=holder.id)
        return False
    conclude(
        desk,
        Outcome.REFUSED,
        f"target {target_id} was left unclean by drill {holder.id}",
        "Run drill sweep: it resets the target and gives it free once it is seen to be empty.",
    )
    return True
