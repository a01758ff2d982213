"""Queued: wait for a seat within the limits, and for the target if another drill holds it.

A drill of the schedule waits for pauses and blackouts, too, and no longer than its start window.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from drill.engine.control import pause_of
from drill.engine.desk import Desk
from drill.engine.fates import blackouts_of
from drill.engine.faults import conclude
from drill.engine.keeping import FORSAKEN_AFTER
from drill.engine.ports import CloudSettings, Parts, SeatLimits
from drill.engine.record import DrillRecord, Outcome, State, StepName, Teardown, Trigger
from drill.plan.blackouts import blackout_at
from drill.plan.model import ExistingTarget
from drill.plan.slots import latest_start_of

LOOK_FOR_A_SEAT_EVERY = timedelta(seconds=15)
LOOK_WHILE_HELD_EVERY = timedelta(minutes=1)


def wait_for_seat(desk: Desk, parts: Parts, cloud: CloudSettings) -> None:
    """Take a seat and begin, or look again later. The deadline starts when the drill begins."""
    record = desk.record
    if _is_too_late(desk) or _is_held(desk, parts):
        return
    target = record.plan.target
    target_id = target.instance_id if isinstance(target, ExistingTarget) else None
    limits = SeatLimits(
        drills_at_once=parts.drills_at_once,
        drills_per_cloud=cloud.drills_at_once,
        drills_per_source=parts.drills_per_source,
        new_per_cloud=max(1, cloud.site.new_instances_at_most),  # at 0 the guard says no, not this
        drills_per_group=parts.drills_per_group,
        groups=parts.group_limits,
    )
    waits_for = desk.journal.seat(record, limits, target_id=target_id)
    if waits_for is not None:
        if target_id is not None and _is_left_unclean(desk, cloud, target_id):
            return
        pause = min(LOOK_FOR_A_SEAT_EVERY, cloud.poll_every)
        desk.look_again_in(pause, reason=waits_for, held_until=None)
        return
    now = desk.now()
    desk.go(
        State.SELECTING,
        is_seated=True,
        reason=None,
        held_until=None,
        started_at=now,
        deadline_at=now + record.plan.give_up_after,
        target_id=target_id,
        steps=desk.steps_then(StepName.SELECT),
    )


def _is_too_late(desk: Desk) -> bool:
    """End a drill of the schedule whose start window ended before it got a seat: it is missed."""
    record, now = desk.record, desk.now()
    if record.trigger is not Trigger.SCHEDULE or record.is_seated:
        return False
    latest_start_at = latest_start_of(record.plan, record.scheduled_for)
    if latest_start_at is None or now <= latest_start_at:
        return False
    why, hint = _why_late(record, now)
    reason = f"its start window ended at {latest_start_at:%Y-%m-%d %H:%M:%SZ}: {why}"
    conclude(desk, Outcome.MISSED, reason, hint)
    return True


def _why_late(record: DrillRecord, now: datetime) -> tuple[str, str]:
    if now - record.next_at > FORSAKEN_AFTER:
        return (
            f"nobody looked at it from {record.next_at:%Y-%m-%d %H:%M:%SZ} on",
            "Keep drill serve running, or call drill run --due often enough.",
        )
    return (
        f"it {record.reason}" if record.reason else "it was never its turn",
        "Raise the limit in config.toml, give the plan a longer start_window, or spread the slots.",
    )


def _is_held(desk: Desk, parts: Parts) -> bool:
    """Let a drill of the schedule wait while a pause or a blackout forbids it to begin."""
    record, now = desk.record, desk.now()
    if record.trigger is not Trigger.SCHEDULE or record.is_seated:
        return False
    pauses = parts.control.pauses(now=now) if parts.control else []
    pause = pause_of(record.plan, pauses, at=now)
    if pause is not None:
        _hold(desk, now + LOOK_WHILE_HELD_EVERY, f"waits for the end of a pause: {pause.reason}")
        return True
    found = blackout_at(now, blackouts_of(record.plan, parts.blackouts))
    if found is None:
        return False
    blackout, ends_at = found
    _hold(desk, ends_at, f"waits for the end of a blackout: {blackout.reason}")
    return True


def _hold(desk: Desk, until: datetime, reason: str) -> None:
    """Look again then, or when the start window has ended; take nobody's turn meanwhile."""
    record = desk.record
    latest_start_at = latest_start_of(record.plan, record.scheduled_for)
    if latest_start_at is not None:
        until = min(until, latest_start_at + timedelta(seconds=1))
    desk.look_again_in(until - desk.now(), reason=reason, held_until=until)


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
        "Run drill sweep --apply: it resets the target and gives it free once it is seen empty.",
    )
    return True
