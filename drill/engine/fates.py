"""What becomes of each slot that has come: it begins, it waits, or it goes by and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.engine.control import Pause, pause_of
from drill.plan.blackouts import Blackout, SiteBlackout
from drill.plan.model import Plan
from drill.plan.slots import Placed, Slot, placed, slots_between
from drill.recovery.verdict import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One comparison of the schedule with the journal: what it knows beside the plans."""

    now: datetime
    before: datetime | None
    """When somebody looked last; None if nobody ever did."""
    pauses: Sequence[Pause]
    """Orders in force since the oldest slot that is asked for, also those that have ended."""
    blackouts: Sequence[SiteBlackout]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """A slot that goes by without a drill, and one plain sentence why."""

    slot: Slot
    outcome: Outcome
    """``missed`` or ``skipped``."""
    reason: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One plan, and the span in which its slots are not settled yet."""

    plan: Plan
    """The plan as it is now: drills are made of this one."""
    scheduled_by: Plan
    """The plan whose schedule was in force in that span."""
    after: datetime
    """Every slot up to here is in the journal."""

    @property
    def is_changed(self) -> bool:
        """Tell whether the plan has another schedule now: then no old slot can wait any more."""
        return self.plan is not self.scheduled_by


def blackouts_of(plan: Plan, site: Sequence[SiteBlackout]) -> list[Blackout]:
    """Return the blackouts of the configuration and of the plan that are for this plan."""
    own = plan.schedule.blackouts if plan.schedule else ()
    cloud, group = plan.source.cloud, plan.group
    return [*own, *(one for one in site if one.covers(cloud=cloud, group=group))]


def slot_to_begin(question: Question, look: Look) -> Slot | None:
    """Return the newest slot that can begin now, if there is one and no pause forbids it."""
    schedule = question.scheduled_by.schedule
    if schedule is None or question.plan.schedule is None:
        return None
    if pause_of(question.plan, look.pauses, at=look.now) is not None:
        return None
    window_begins = look.now - schedule.start_window - timedelta(microseconds=1)
    newest = None
    for one in _placed_slots(question, look, after=max(question.after, window_begins)):
        if not one.is_skipped and one.slot.starts_at <= look.now <= one.slot.latest_start_at:
            newest = one.slot
    return newest


def fates(question: Question, look: Look, begun: Slot | None) -> Iterator[Fate | Slot]:
    """Yield, in order, what every slot up to now came to, up to the first that still waits.

    A ``Slot`` is the one that has begun; a ``Fate`` is one that goes by.
    """
    for one in _placed_slots(question, look, after=question.after):
        slot = one.slot
        if begun is not None and slot.scheduled_for == begun.scheduled_for:
            yield slot
            continue
        superseded_by = begun if begun and slot.scheduled_for < begun.scheduled_for else None
        is_over = slot.latest_start_at < look.now
        if not (one.is_skipped or is_over or superseded_by or question.is_changed):
            return
        yield _fate(question, look, one, superseded_by)


def waiting_slots(question: Question, look: Look, *, after: datetime) -> int:
    """Return how many slots have come and wait: for their spread, a blackout or a pause."""
    return sum(1 for _ in _placed_slots(question, look, after=after))


def _placed_slots(question: Question, look: Look, *, after: datetime) -> Iterator[Placed]:
    blackouts = blackouts_of(question.scheduled_by, look.blackouts)
    for slot in slots_between(question.scheduled_by, after=after, until=look.now):
        yield placed(slot, blackouts)


def _fate(question: Question, look: Look, one: Placed, superseded_by: Slot | None) -> Fate:
    slot = one.slot
    if one.is_skipped and one.blackout is not None:
        reason = f"the whole start window lies in a blackout: {one.blackout.reason}"
        return Fate(slot=slot, outcome=Outcome.SKIPPED, reason=reason)
    hint: str | None
    ends_at = min(slot.latest_start_at, look.now)
    pause = pause_of(question.plan, look.pauses, at=ends_at)
    if pause is not None:
        reason, hint = _paused(pause), "End the pause with drill resume once its reason is gone."
    elif look.before is None or look.before < slot.starts_at <= look.now:
        reason, hint = _nobody_looked(look)
    elif superseded_by is not None:
        reason = f"the slot of {_said(superseded_by.scheduled_for)} had come before this one began"
        hint = None
    elif question.is_changed:
        reason, hint = "the schedule of the plan was changed before it could begin", None
    else:
        reason = f"the plan was not among the valid ones until {_said(slot.latest_start_at)}"
        hint = "Look at the file of the plan with drill plan check."
    return Fate(slot=slot, outcome=Outcome.MISSED, reason=reason, hint=hint)


def _nobody_looked(look: Look) -> tuple[str, str]:
    since = f"from {_said(look.before)} to" if look.before else "before"
    span = f"{since} {_said(look.now)}"
    return (
        f"nobody looked at the schedule {span}: the daemon or its machine was down",
        "Keep drill serve running, or call drill run --due often enough.",
    )


def _paused(pause: Pause) -> str:
    what = "drained" if pause.is_drain else "paused"
    return f"{what} by {pause.by} since {_said(pause.since)}: {pause.reason}"


def _said(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%SZ}"
