"""Make new drills out of plans: on command, and for every slot of the schedule that has come.

Nothing here keeps time. ``enlist_due`` compares the schedule with the journal whenever it is asked.
Who asks more often, or twice at once, changes nothing, because a slot is unique.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from drill import __version__
from drill.engine.control import Control, PlanSeen
from drill.engine.fates import Fate, Look, fates, slot_to_begin, waiting_slots
from drill.engine.ports import Journal
from drill.engine.record import DrillRecord, Outcome, State, Step, StepName, Teardown, Trigger
from drill.engine.watching import Watched, last_of, look_at, watch
from drill.errors import IdTaken
from drill.plan.blackouts import SiteBlackout
from drill.plan.loaded import LoadedPlan
from drill.plan.model import Plan
from drill.plan.slots import Slot

RECORDS_AT_ONCE = 100
"""Records in one transaction: others get their turn, and memory stays bounded. What a process once
needed it seldom gives back whole: with 500 it kept ten megabytes more for months."""
PAST_SLOTS_AT_ONCE = 20_000
"""Slots that went by, recorded by one look; the rest is left to the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enlisted:
    """What one look at the schedule wrote down."""

    enlisted: tuple[str, ...]
    """Ids of new drills, queued."""
    missed: int
    """Slots recorded as missed."""
    skipped: int
    """Slots recorded as skipped."""
    waiting: int
    """Slots that have come and may still begin: they wait for spread, blackout or pause."""
    first_seen: tuple[str, ...] = ()
    """Plans that were seen with a schedule for the first time: their slots count from now on."""
    is_complete: bool = True
    """False where there were more past slots than one look records; look again soon."""


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


def drill_that_never_was(plan: Plan, fate: Fate, *, digest: str, now: datetime) -> DrillRecord:
    """Return the finished record of a slot that went by: it has no step and left nothing behind."""
    queued = new_drill(
        plan,
        digest=digest,
        trigger=Trigger.SCHEDULE,
        scheduled_for=fate.slot.scheduled_for,
        now=now,
    )
    return replace(
        queued,
        state=State.FINISHED,
        finding=fate.outcome,
        outcome=fate.outcome,
        reason=fate.reason,
        hint=fate.hint,
        teardown=Teardown.NOT_NEEDED,
        finished_at=now,
        steps=(),
    )


def enlist_due(
    journal: Journal,
    control: Control,
    plans: Sequence[LoadedPlan],
    *,
    now: datetime,
    blackouts: Sequence[SiteBlackout] = (),
    gone: Collection[str] = (),
    past_at_most: int = PAST_SLOTS_AT_ONCE,
) -> Enlisted:
    """Enlist a drill for every slot that has come, and record every slot that went by.

    1. Of each plan the newest slot inside its start window begins. 2. Every older one is recorded
    as missed or skipped, with its reason, at most ``past_at_most`` in all. Only then is the plan
    settled up to there, so that a crash in between loses nothing. Slots count from the minute in
    which a plan was first seen with a schedule. ``gone`` names plans whose files were taken away:
    what passed before is recorded, then they are forgotten. A plan that is in neither keeps its
    place until somebody knows. Raise StoreError.
    """
    watched = [*watch(control, plans, now), *last_of(control, gone)]
    look = look_at(control, watched, now, blackouts)
    pen = _Pen(journal)
    begun = _begin(watched, look, pen)
    tally = _Tally(left=past_at_most)
    for some in _batches(watched):
        _settle(some, look, begun, pen, control, tally)
    if tally.left > 0:
        if gone:
            control.forget_plans(gone)
        control.note_look(now=now)
    return Enlisted(
        enlisted=tuple(begun_id for _, begun_id in begun.values() if begun_id),
        missed=tally.missed,
        skipped=tally.skipped,
        waiting=tally.waiting,
        first_seen=tuple(sorted(one.loaded.plan.name for one in watched if one.is_new)),
        is_complete=tally.left > 0,
    )


def plans_due(
    control: Control,
    plans: Sequence[LoadedPlan],
    *,
    now: datetime,
    blackouts: Sequence[SiteBlackout] = (),
) -> list[LoadedPlan]:
    """Return the plans that ``enlist_due`` would begin now. Nothing is written."""
    watched = watch(control, plans, now)
    look = look_at(control, watched, now, blackouts)
    return [one.loaded for one in watched if slot_to_begin(one.question, look) is not None]


@dataclass(slots=True)
class _Tally:
    """Counts what one look writes; ``left`` is how many past slots it may still record."""

    left: int
    missed: int = 0
    skipped: int = 0
    waiting: int = 0

    def count(self, added: Sequence[DrillRecord]) -> None:
        self.missed += sum(1 for record in added if record.outcome is Outcome.MISSED)
        self.skipped += sum(1 for record in added if record.outcome is Outcome.SKIPPED)


@dataclass(slots=True)
class _Pen:
    """Writes records; gives out ids that no other record of this look has."""

    journal: Journal
    used: set[str] = field(default_factory=set)

    def write(self, records: Sequence[DrillRecord]) -> list[DrillRecord]:
        """Enlist the records. If the store has one of their ids already, they are drawn again."""
        if not records:
            return []
        named = [self._with_own_id(record) for record in records]
        try:
            return self.journal.enlist(named)
        except IdTaken:
            return self.journal.enlist([self._with_own_id(record) for record in named])

    def _with_own_id(self, record: DrillRecord) -> DrillRecord:
        while record.id in self.used:
            record = replace(record, id=new_drill_id(record.enlisted_at))
        self.used.add(record.id)
        return record


def _begin(watched: Sequence[Watched], look: Look, pen: _Pen) -> dict[str, tuple[Slot, str | None]]:
    """Enlist the newest slot of each plan that can begin; return it with its drill, if new."""
    begun: dict[str, tuple[Slot, str | None]] = {}
    for some in _batches(watched):
        records = []
        for one in some:
            slot = slot_to_begin(one.question, look)
            if slot is not None:
                begun[slot.plan_name] = (slot, None)
                records.append(_drill_for(slot, one.loaded, look.now))
        for record in pen.write(records):
            begun[record.plan_name] = (begun[record.plan_name][0], record.id)
    return begun


def _drill_for(slot: Slot, loaded: LoadedPlan, now: datetime) -> DrillRecord:
    return new_drill(
        loaded.plan,
        digest=loaded.digest,
        trigger=Trigger.SCHEDULE,
        scheduled_for=slot.scheduled_for,
        now=now,
    )


def _settle(
    some: Sequence[Watched],
    look: Look,
    begun: Mapping[str, tuple[Slot, str | None]],
    pen: _Pen,
    control: Control,
    tally: _Tally,
) -> None:
    """Record the slots of some plans that went by, then say up to where they are settled."""
    gone: list[DrillRecord] = []
    settled: dict[str, datetime] = {}
    remembered: list[tuple[PlanSeen, Plan]] = []
    for one in some:
        name, until = one.loaded.plan.name, one.question.after
        slot, _ = begun.get(name, (None, None))
        for scheduled_for, record in _records_of(one, look, slot):
            if tally.left <= 0:
                break
            until = scheduled_for
            if record is not None:
                gone.append(record)
                tally.left -= 1
            if len(gone) >= RECORDS_AT_ONCE:
                tally.count(pen.write(gone))
                gone = []
        if tally.left > 0:
            tally.waiting += waiting_slots(one.question, look, after=until)
            if one.is_to_remember:
                until = max(until, one.seen.settled_until)
                remembered.append((replace(one.seen, settled_until=until), one.loaded.plan))
        if until > one.question.after and not one.is_to_remember:
            settled[name] = until
    tally.count(pen.write(gone))
    control.settle(settled)
    control.remember_plans(remembered)


def _records_of(
    one: Watched, look: Look, begun: Slot | None
) -> Iterator[tuple[datetime, DrillRecord | None]]:
    """Yield every settled slot with the record of what it came to; None if its drill begins."""
    for fate in fates(one.question, look, begun):
        if isinstance(fate, Slot):
            yield fate.scheduled_for, None
        else:
            digest = one.loaded.digest
            record = drill_that_never_was(one.loaded.plan, fate, digest=digest, now=look.now)
            yield fate.slot.scheduled_for, record


def _batches(watched: Sequence[Watched]) -> Iterator[Sequence[Watched]]:
    for start in range(0, len(watched), RECORDS_AT_ONCE):
        yield watched[start : start + RECORDS_AT_ONCE]
