"""What every journal must hold to, whatever it keeps drills in: pure rules on frozen values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import Any

from drill.engine.ports import SeatLimits, Stand, Summary
from drill.engine.record import DrillRecord, Event, EventKind, State, Teardown
from drill.errors import DrillMoved, IdAmbiguous, StoreError
from drill.plan.model import ExistingTarget
from drill.recovery.coverage.evidence import PASSES

FIXED = (
    *("plan_name", "plan_digest", "plan", "trigger", "scheduled_for", "enlisted_at"),
    *("tool_version", "initiated_by"),
)
"""What is said about a drill when it is enlisted and never changes."""

SUMMARY_FIELDS = (
    *("id", "plan_name", "trigger", "scheduled_for", "state", "started_at", "outcome"),
    *("finished_at", "reason", "teardown", "level", "is_simulated", "next_at", "leased_by"),
    *("leased_until", "failing_since"),
)

FORSAKEN_AFTER = timedelta(minutes=5)
"""A waiting drill that was due this much earlier than the one that asks is looked at by nobody:
its process is gone. It loses its turn, or it would block everybody until a sweep."""


def wanted_target_id(record: DrillRecord) -> str | None:
    """Return the id of the existing target that the plan names; None for a new one."""
    target = record.plan.target
    return target.instance_id if isinstance(target, ExistingTarget) else None


def first_event(record: DrillRecord) -> Event:
    """Return the first line in the journal of a drill that is enlisted."""
    facts: dict[str, str | None] = {
        "plan_name": record.plan_name,
        "plan_digest": record.plan_digest,
        "trigger": record.trigger.value,
        "scheduled_for": record.scheduled_for.isoformat(),
    }
    if record.outcome is not None:  # a slot that was missed or skipped: finished when enlisted
        facts |= {"outcome": record.outcome.value, "reason": record.reason}
    return Event(at=record.enlisted_at, kind=EventKind.STATE, act=record.state.value, facts=facts)


def facts_as_json(event: Event) -> str:
    """Return the facts of an event as canonical JSON. Raise StoreError if they are not JSON."""
    try:
        _ensure_names_are_text(event.facts)
        return json.dumps(
            dict(event.facts),
            allow_nan=False,
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
    except (TypeError, ValueError) as error:
        raise StoreError(f"the facts of the event {event.act} are no plain JSON") from error


def _ensure_names_are_text(value: object) -> None:
    """Raise TypeError for a name that is no text: ``json`` would quietly turn 1 into "1"."""
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("a name is no text")
        for part in value.values():
            _ensure_names_are_text(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _ensure_names_are_text(part)


def ensure_keepable(record: DrillRecord, events: Iterable[Event] = ()) -> None:
    """Raise StoreError for what can be no drill, or no event of one."""
    dated: list[Any] = [record, *record.steps, *record.checks, *events]
    for value in dated:
        kind: Any = type(value)
        names, values_of = _fields_of(kind)
        for name, instant in zip(names, values_of(value), strict=True):
            if isinstance(instant, datetime) and instant.tzinfo is None:
                raise StoreError(f"{name} of drill {record.id} is naive: it is no instant")
    has_outcome = record.outcome is not None
    if has_outcome != (record.finished_at is not None) or (
        record.state is State.FINISHED and not has_outcome
    ):
        raise StoreError(
            f"drill {record.id} is half finished: a finished drill has an outcome, and the two "
            "belong to the instant when it finished"
        )
    if record.leased_until is not None and record.leased_by is None:
        raise StoreError(f"drill {record.id} is leased by nobody")
    if not record.id or not 0 <= record.level <= 6 or record.epoch < 0:
        raise StoreError(f"drill {record.id!r} has no id, or a level or an epoch that cannot be")


@cache
def _fields_of(kind: type[Any]) -> tuple[tuple[str, ...], attrgetter[tuple[Any, ...]]]:
    """Return the names of the fields of a dataclass, and what reads them all at once."""
    names = tuple(one.name for one in fields(kind))
    return names, attrgetter(*names)


def ensure_legal(before: DrillRecord, after: DrillRecord) -> None:
    """Raise DrillMoved for an old epoch, and StoreError for a change that no drill can make."""
    if before.epoch != after.epoch:
        raise DrillMoved(f"another worker has taken drill {before.id} over")
    if before.state is State.FINISHED:
        raise StoreError(f"drill {before.id} is finished: it never changes again")
    fixed = FIXED if before.outcome is None else (*FIXED, "outcome", "finding")
    for name in fixed:
        was, now = getattr(before, name), getattr(after, name)
        if was is not now and was != now:
            raise StoreError(f"{name} of drill {before.id} never changes")
    if after.checks[: len(before.checks)] != before.checks:
        raise StoreError(f"drill {before.id} has checks already that would change")
    for position, step in enumerate(before.steps):
        new = after.steps[position] if position < len(after.steps) else None
        if new is None or new.name is not step.name or (step.ended_at and new != step):
            raise StoreError(f"drill {before.id} has a step {step.name} already that would change")


def merged(before: DrillRecord, after: DrillRecord) -> DrillRecord:
    """Return what a save leaves behind.

    A request to abort comes from outside and stays; until the worker has seen it, the drill is
    due at once. A save keeps the lease as it was prolonged meanwhile, or gives it back
    (``leased_until`` None); it never takes one.
    """
    unseen = before.abort_requested and not after.abort_requested
    keeps_lease = after.leased_until is not None
    leased_until = before.leased_until if keeps_lease else None
    has_all = (before.abort_requested, before.leased_by, leased_until)
    if has_all == (after.abort_requested, after.leased_by, after.leased_until):
        return after  # most saves: a copy of so many fields is not free
    return replace(
        after,
        abort_requested=before.abort_requested,
        next_at=min(after.next_at, after.enlisted_at) if unseen else after.next_at,
        leased_by=before.leased_by,
        leased_until=leased_until,
    )


def may_be_moved(record: DrillRecord, stand: Stand) -> bool:
    """Tell whether a drill waits for its restore, and is in nobody's hand, just as it stood."""
    return (
        (record.epoch, record.next_at) == (stand.epoch, stand.next_at)
        and record.state is State.RESTORING
        and record.leased_until is None
        and not record.abort_requested
    )


def reopened(before: DrillRecord, now: datetime) -> tuple[DrillRecord, Event]:
    """Return a finished drill as it goes back to teardown, and the line for its journal.

    What was found out stays; what is known of earlier tries of teardown is cleared.
    """
    after = replace(
        before,
        state=State.TEARING_DOWN,
        next_at=now,
        epoch=before.epoch + 1,
        leased_until=None,
        look_failures=0,
        failing_since=None,
        finding=before.outcome,
        teardown=Teardown.PENDING,
        teardown_reason=None,
        teardown_began_at=now,
        teardown_intent_at=None,
        teardown_accepted_at=None,
        teardown_job_id=None,
        teardown_seen_running=False,
    )
    facts = {"from": before.state.value, "teardown": before.teardown.value}
    event = Event(
        at=now,
        kind=EventKind.STATE,
        act=after.state.value,
        facts={**facts, "teardown_reason": before.teardown_reason},
    )
    return after, event


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """An unfinished drill as the seating sees it: it sits, or it waits."""

    id: str
    cloud: str
    source_id: str
    target_id: str | None
    group: str | None
    enlisted_at: datetime
    next_at: datetime
    is_seated: bool
    abort_requested: bool = False
    leased_until: datetime | None = None
    is_held: bool = False
    """True while a pause or a blackout forbids it to begin."""


def place_of(one: Contender) -> tuple[datetime, str]:
    """Return what a line is sorted by: who was enlisted first is served first."""
    return one.enlisted_at, one.id


def why_waiting(
    one: Contender,
    seated: Iterable[Contender],
    waiting: Iterable[Contender],
    limits: SeatLimits,
    *,
    held: Mapping[str, str],
) -> str | None:
    """Return None if the drill may sit down now, or one sentence about what it waits for.

    ``waiting`` are the others that wait, the first enlisted first; no more of them is read than it
    takes. ``held`` tells who holds which existing target of its cloud. Drills of the same cloud
    that were enlisted earlier, and that could sit down now, go first; those that wait for something
    else (their target, their source) do not block. Between clouds the first to ask is served:
    nobody knows here what the other cloud allows.
    """
    seated = list(seated)
    taken = {target_id: f"held by drill {drill_id}" for target_id, drill_id in held.items()}
    if one.target_id is not None and held.get(one.target_id) == one.id:
        del taken[one.target_id]
    reason = _obstacle(one, seated, limits, taken)
    for other in waiting:
        is_earlier = place_of(other) < place_of(one) and other.cloud == one.cloud
        if reason is not None or not is_earlier:
            break
        is_forsaken = other.next_at + FORSAKEN_AFTER < one.next_at
        if not is_forsaken and _obstacle(other, seated, limits, taken) is None:
            seated.append(other)
            if other.target_id:
                taken[other.target_id] = f"promised to drill {other.id}, which was enlisted earlier"
            reason = _obstacle(one, seated, limits, taken)
    return reason


def _obstacle(
    one: Contender, seated: Sequence[Contender], limits: SeatLimits, taken: Mapping[str, str]
) -> str | None:
    if one.target_id is not None and one.target_id in taken:
        return f"waits for target {one.target_id}: it is {taken[one.target_id]}"
    in_cloud = [other for other in seated if other.cloud == one.cloud]
    of_source = [other for other in in_cloud if other.source_id == one.source_id]
    of_group = [other for other in seated if other.group == one.group]
    new = [other for other in in_cloud if one.target_id is None and other.target_id is None]
    for sitting, at_most, where in (
        (seated, limits.drills_at_once, ""),
        (in_cloud, limits.drills_per_cloud, f" in cloud {one.cloud}"),
        (of_source, limits.drills_per_source, f" of source {one.source_id}"),
        (of_group, limits.of_group(one.group), f" of group {one.group}"),
        (new, limits.new_per_cloud, f" with a new target in cloud {one.cloud}"),
    ):
        if at_most is not None and len(sitting) >= at_most:
            return f"waits for a seat: at most {at_most} drills at once{where}"
    return None


def contends(record: DrillRecord) -> bool:
    """Tell whether an unfinished drill sits, or waits for a seat and may begin."""
    is_free = not record.abort_requested and record.held_until is None
    return record.is_seated or (record.state is State.QUEUED and is_free)


def contender(record: DrillRecord) -> Contender:
    """Return what the seating looks at."""
    return Contender(
        id=record.id,
        cloud=record.plan.source.cloud,
        source_id=record.plan.source.instance_id,
        target_id=wanted_target_id(record),
        group=record.plan.group,
        enlisted_at=record.enlisted_at,
        next_at=record.next_at,
        is_seated=record.is_seated,
        abort_requested=record.abort_requested,
        leased_until=record.leased_until,
        is_held=record.held_until is not None,
    )


def summary(record: DrillRecord) -> Summary:
    """Return what a list needs of a drill."""
    own = {name: getattr(record, name) for name in SUMMARY_FIELDS}
    source = record.plan.source
    return Summary(cloud=source.cloud, source_id=source.instance_id, **own)


def is_proof(record: Summary, at_least: int) -> bool:
    """Tell whether a drill passed on a real database at this level or above."""
    return record.outcome in PASSES and not record.is_simulated and record.level >= at_least


def only_one(beginning: str, found: Sequence[str]) -> str:
    """Return the one id that was found. Raise IdAmbiguous if there are more."""
    if len(found) > 1:
        raise IdAmbiguous(
            f"{len(found)} drills begin with {beginning!r}",
            hint=f"Write more of the id, such as {min(found)}.",
        )
    return found[0]
