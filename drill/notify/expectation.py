"""Until when the next drill of a plan is expected to have finished."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from drill.notify.known import Promise
from drill.plan.model import Schedule

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
        slot = next_slot(promise.schedule, after=scheduled_for)
        deadlines.append(slot + promise.give_up_after + GRACE)
    return min(deadlines, default=None)


def next_slot(schedule: Schedule, *, after: datetime) -> datetime:
    """Return the first slot of a schedule after an instant, in UTC."""
    from cronsim import CronSim  # only plans with a schedule pay for the import

    local = after.astimezone(ZoneInfo(schedule.time_zone))
    return next(CronSim(schedule.cron, local)).astimezone(UTC)
