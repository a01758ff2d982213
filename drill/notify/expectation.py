"""Until when the next drill of a plan is expected to have finished."""

from __future__ import annotations

from datetime import datetime, timedelta

from drill.notify.known import Promise
from drill.plan.cron import cron_instants

GRACE = timedelta(hours=1)
"""How late a scheduled drill may be before somebody is called: queues and teardown take time."""


def expected_by(
    promise: Promise, *, scheduled_for: datetime, ended_at: datetime
) -> datetime | None:
    """Return the earlier deadline of cadence and schedule; None if the plan promises neither.

    A scheduled drill begins at the slot after the last one and may last ``give_up_after``.
    """
    deadlines = []
    if promise.cadence is not None:
        deadlines.append(ended_at + promise.cadence)
    if promise.schedule is not None:
        cron, time_zone = promise.schedule.cron, promise.schedule.time_zone
        slot = next(cron_instants(cron, time_zone, after=scheduled_for), None)
        if slot is not None:
            deadlines.append(slot + promise.give_up_after + GRACE)
    return min(deadlines, default=None)
