"""When a plan comes due: its cron expression, how late a drill may begin, and when none may."""

from __future__ import annotations

from datetime import timedelta

from pydantic import model_validator

from drill.plan.blackouts import Blackout
from drill.plan.forms import Cron, PlanPart, PositiveSpan, Span, TimeZone
from drill.plan.mistake import Mistake


class Schedule(PlanPart):
    """When the plan comes due: a cron expression read in a time zone (Sunday is 0 or 7)."""

    cron: Cron
    """Minute, hour, day, month, weekday: "30 2 * * *" is every night at 02:30."""
    time_zone: TimeZone = "UTC"
    """IANA name of the time zone that the cron expression is read in."""
    start_window: PositiveSpan = timedelta(hours=6)
    """How long after its slot a drill may still begin; later the slot is missed."""
    spread: Span = timedelta(0)
    """Begin each drill up to this long after its slot: always the same time for one plan."""
    blackouts: tuple[Blackout, ...] = ()
    """Times in which no drill of this plan begins."""

    @model_validator(mode="after")
    def _fits_into_its_window(self) -> Schedule:
        if self.spread > self.start_window:
            raise Mistake(
                "the spread is longer than the start window",
                hint="Give a shorter spread, or a longer start_window.",
                at=("spread",),
            )
        return self
