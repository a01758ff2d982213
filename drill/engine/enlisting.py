"""Make new drills out of plans."""

from __future__ import annotations

import secrets
from datetime import datetime

from drill import __version__
from drill.engine.record import DrillRecord, Step, StepName, Trigger
from drill.plan.model import Plan


def new_drill_id(now: datetime) -> str:
    """Return an id that sorts by time and fits into the name of an instance (37 characters)."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def new_drill(
    plan: Plan,
    *,
    digest: str,
    trigger: Trigger,
    scheduled_for: datetime,
    now: datetime,
    initiated_by: str | None = None,
) -> DrillRecord:
    """Return a queued drill of this plan, for this slot; the schedule initiates its own drills."""
    if initiated_by is None and trigger is Trigger.SCHEDULE:
        initiated_by = Trigger.SCHEDULE.value
    return DrillRecord(
        id=new_drill_id(now),
        plan_name=plan.name,
        plan_digest=digest,
        plan=plan,
        trigger=trigger,
        scheduled_for=scheduled_for,
        enlisted_at=now,
        tool_version=__version__,
        initiated_by=initiated_by,
        next_at=now,
        steps=(Step(name=StepName.QUEUE, began_at=now),),
    )
