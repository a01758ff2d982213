"""Blackouts: times in which no scheduled drill begins, such as a month's end or a maintenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from drill.plan.cron import cron_instants
from drill.plan.forms import Cron, Instant, Name, PlanPart, PositiveSpan, TimeZone
from drill.plan.mistake import Mistake

_LONGEST = timedelta(days=31)


def _is_short(span: timedelta) -> timedelta:
    if span > _LONGEST:
        raise Mistake(
            "a blackout that comes again lasts 31 days at most",
            hint="For a longer time write begins_at and ends_at, or pause the plan.",
        )
    return span


class Blackout(PlanPart):
    """A time without drills: again and again (cron, duration), or once (begins_at, ends_at)."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]
    """Why no drill may begin; the record of a skipped slot says it."""
    cron: Cron | None = None
    """When the blackout begins, each time."""
    duration: Annotated[PositiveSpan, AfterValidator(_is_short)] | None = None
    """How long it lasts, each time."""
    time_zone: TimeZone = "UTC"
    """IANA name of the time zone that the cron expression is read in."""
    begins_at: Instant | None = None
    """When a single blackout begins."""
    ends_at: Instant | None = None
    """When a single blackout ends."""

    @model_validator(mode="after")
    def _is_one_of_the_two_kinds(self) -> Blackout:
        again = (self.cron is not None, self.duration is not None)
        once = (self.begins_at is not None, self.ends_at is not None)
        if (again, once) not in (((True, True), (False, False)), ((False, False), (True, True))):
            raise Mistake(
                "this blackout has no beginning and end that one could tell",
                hint="Write cron and duration, or begins_at and ends_at; not some of both.",
            )
        if self.begins_at and self.ends_at and self.begins_at >= self.ends_at:
            raise Mistake(
                "this blackout ends before it begins",
                hint="Put the later instant into ends_at.",
                at=("ends_at",),
            )
        return self

    def windows(self, *, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield (begins_at, ends_at) of every time that touches ``begin`` to ``end``, in order."""
        if self.cron is None or self.duration is None:
            if self.begins_at and self.ends_at and self.begins_at <= end and self.ends_at > begin:
                yield self.begins_at, self.ends_at
            return
        for begins_at in cron_instants(self.cron, self.time_zone, after=begin - self.duration):
            if begins_at > end:
                return
            yield begins_at, begins_at + self.duration


class SiteBlackout(Blackout):
    """A blackout of config.toml: for every plan, or for those of some clouds or groups."""

    clouds: tuple[Name, ...] = ()
    """Clouds whose plans it is for."""
    groups: tuple[Name, ...] = ()
    """Groups whose plans it is for."""

    def covers(self, *, cloud: str, group: str | None) -> bool:
        """Tell whether it is for a plan of this cloud and group; without both it is for all."""
        if not (self.clouds or self.groups):
            return True
        return cloud in self.clouds or group in self.groups


def blackout_at(
    instant: datetime, blackouts: Iterable[Blackout]
) -> tuple[Blackout, datetime] | None:
    """Return the blackout that an instant lies in, with its end: the one that ends last."""
    found = [
        (ends_at, position, one)
        for position, one in enumerate(blackouts)
        for begins_at, ends_at in one.windows(begin=instant, end=instant)
        if begins_at <= instant < ends_at
    ]
    if not found:
        return None
    ends_at, _, one = max(found, key=lambda each: each[:2])
    return one, ends_at
