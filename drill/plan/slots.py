"""Slots: the instants that drills of a plan are for. Pure: no clock, no store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from drill.plan.blackouts import Blackout
from drill.plan.cron import cron_instants
from drill.plan.model import Plan
from drill.plan.schedule import Schedule

_FROM_CACHE = 4
"""Slots that one look asks for, as a rule: the night, and that there is no other one yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One instant that a drill of a plan is for, and when that drill may begin."""

    plan_name: str
    scheduled_for: datetime
    """What cron says, in UTC."""
    starts_at: datetime
    """When the drill should begin: after the spread, and after a blackout."""
    latest_start_at: datetime
    """End of the start window: a drill that has not begun by then is missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A slot after the blackouts were looked at."""

    slot: Slot
    blackout: Blackout | None = None
    """The blackout that moved the start, or that the whole start window lies in."""
    is_skipped: bool = False
    """True where no instant of the start window is free."""


def slots_between(plan: Plan, *, after: datetime, until: datetime) -> Iterator[Slot]:
    """Yield the slots of a plan after one instant and up to another, both by ``scheduled_for``.

    A plan without a schedule has none. Cutting the span anywhere gives the same slots.
    """
    schedule = plan.schedule
    if schedule is None or after >= until:
        return
    offset = spread_of(plan.name, schedule.spread)
    for scheduled_for in _instants(schedule, after):
        if scheduled_for > until:
            return
        yield _slot(plan.name, scheduled_for, schedule, offset)


def next_slot(plan: Plan, *, after: datetime) -> Slot | None:
    """Return the first slot after an instant; None without a schedule, or without a next date."""
    schedule = plan.schedule
    if schedule is None:
        return None
    scheduled_for = _next_instant(schedule.cron, schedule.time_zone, after)
    if scheduled_for is None:
        return None
    return _slot(plan.name, scheduled_for, schedule, spread_of(plan.name, schedule.spread))


def spread_of(plan_name: str, spread: timedelta) -> timedelta:
    """Return how long after its slots the drills of a plan begin: whole seconds below ``spread``.

    It hangs on the name of the plan alone. So it is the same after a restart and on every machine,
    the slots of a plan keep their order, and one night is like the other: a restore that took
    longer did not just begin at a busier hour.
    """
    seconds = spread // timedelta(seconds=1)
    if seconds <= 0:
        return timedelta(0)
    digest = hashlib.sha256(plan_name.encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8], "big") % seconds)


def placed(slot: Slot, blackouts: Sequence[Blackout]) -> Placed:
    """Return the slot with its start moved behind blackouts, or marked as skipped.

    The start is the first free instant from ``starts_at`` on; if there is none, the first free
    one of the whole start window.
    """
    windows = sorted(
        (begins_at, ends_at, position)
        for position, one in enumerate(blackouts)
        for begins_at, ends_at in one.windows(begin=slot.scheduled_for, end=slot.latest_start_at)
    )
    if not windows:
        return Placed(slot=slot)
    last: int | None = None
    for wanted in (slot.starts_at, slot.scheduled_for):
        starts_at = wanted
        for begins_at, ends_at, position in windows:
            if begins_at <= starts_at < ends_at:
                starts_at, last = ends_at, position
        if starts_at <= slot.latest_start_at:
            moved = starts_at != slot.starts_at
            blackout = blackouts[last] if moved and last is not None else None
            return Placed(slot=replace(slot, starts_at=starts_at), blackout=blackout)
    return Placed(slot=slot, blackout=blackouts[last or 0], is_skipped=True)


def latest_start_of(plan: Plan, scheduled_for: datetime) -> datetime | None:
    """Return the end of the start window of a slot; None if the plan has no schedule."""
    return scheduled_for + plan.schedule.start_window if plan.schedule else None


def _instants(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Yield what cron says, the first ones out of a cache that plans with the same cron share."""
    for _ in range(_FROM_CACHE):
        instant = _next_instant(schedule.cron, schedule.time_zone, after)
        if instant is None:
            return
        yield instant
        after = instant
    yield from cron_instants(schedule.cron, schedule.time_zone, after=after)


def _slot(plan_name: str, scheduled_for: datetime, schedule: Schedule, offset: timedelta) -> Slot:
    return Slot(
        plan_name=plan_name,
        scheduled_for=scheduled_for,
        starts_at=scheduled_for + offset,
        latest_start_at=scheduled_for + schedule.start_window,
    )


@lru_cache(maxsize=1 << 15)
def _next_instant(cron: str, time_zone: str, after: datetime) -> datetime | None:
    """The same question comes at every look until the slot has come: ten thousand times a look."""
    return next(cron_instants(cron, time_zone, after=after), None)
