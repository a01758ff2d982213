"""Drills that wait for their restores, and what one list of an account says about them all. Pure.

A look of its own asks the cloud for the job and the instance of one drill: a thousand drills would
ask eight thousand times a minute, and clouds let a user ask an API sixty times (reference 10.3).
One list tells which copies are still being built. Their drills have nothing to do, and are only
looked at again later; every other drill takes its step as if there were no list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drill.engine.ports import Stand
from drill.engine.record import DrillRecord, State
from drill.engine.steps.restoring import RUNNING_STATUSES
from drill.guard.facts import DRILL_TAG
from drill.plan.model import NewTarget
from drill.provider.port import Sighting

WORTH_IT_FROM = 8
"""Drills of one cloud. Looked at every 15 s one by one, fewer take half of what a user may ask."""

INSTANCES_PER_PAGE = 100
"""The longest page of a list of instances (reference 10.2): each is a request."""

OWN_LOOK_AFTER = 8
"""Polls after which a drill gets a look of its own although its instance is being built: its job
may have failed all the same. And after which nobody relies on what was seen last."""

OWN_LOOKS_A_MINUTE = 30
"""Looks of their own that all drills of a cloud get by turns: half of what a user may ask."""

LONGEST_GRACE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """A drill that waits for its restore and has nothing else to do."""

    stand: Stand
    cloud: str
    instance_id: str
    is_new: bool
    """Its target was created by it, rather than being there before."""
    deadline_at: datetime | None
    account_size: int
    """Instances of the account when the drill ordered its restore."""
    own_look_at: datetime
    """When it was last looked at by itself."""
    seen_at: datetime
    """When its instance was last seen being built."""
    look_at: datetime
    """When to look next."""

    @property
    def id(self) -> str:
        """Return the id of the drill."""
        return self.stand.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a decision about drills that wait rests on."""

    now: datetime
    """The instant before the list was read, or after it could not be."""
    poll_every: timedelta
    tags_in_create: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Which drills can wait on, and which need a look of their own."""

    can_wait: Sequence[Waiter]
    to_look_at: Sequence[Waiter]


def waiter_of(record: DrillRecord, *, now: datetime) -> Waiter | None:
    """Return what is to be known of a drill that a look just left waiting for its restore.

    None for any other: also where the restore has not been seen running yet, and where the last
    look failed, so that it counts as a failure until a look of its own succeeds.
    """
    is_waiting = (
        record.state is State.RESTORING
        and record.restore_accepted_at is not None
        and record.restore_seen_running
        and record.look_failures == 0
        and not record.abort_requested
        and record.leased_until is None
    )
    if not is_waiting or record.target_id is None:
        return None
    return Waiter(
        stand=Stand(id=record.id, epoch=record.epoch, next_at=record.next_at),
        cloud=record.plan.source.cloud,
        instance_id=record.target_id,
        is_new=isinstance(record.plan.target, NewTarget),
        deadline_at=record.deadline_at,
        account_size=len(record.inventory.instance_ids) if record.inventory else 0,
        own_look_at=now,
        seen_at=now,
        look_at=record.next_at,
    )


def is_worth_a_list(waiting: int, *, account_size: int) -> bool:
    """Tell whether one list asks less of the cloud than as many looks."""
    pages = 1 + account_size // INSTANCES_PER_PAGE
    return waiting >= WORTH_IT_FROM and waiting > pages


def sort_by_sightings(
    waiters: Iterable[Waiter], sightings: Iterable[Sighting], given: Circumstances
) -> Sorted:
    """Let a drill wait on whose instance is seen being built, and is tagged where that is needed.

    An instance that is missing, or is seen in any other status, says nothing here: its drill takes
    its step. So does one whose deadline is over, and one whose turn it is.
    """
    building = _being_built(sightings)

    def is_well(one: Waiter) -> bool:
        seen = building.get(one.instance_id)
        return seen is not None and not _lacks_tag(one, seen, given)

    return _sort(waiters, is_well, given)


def sort_unseen(
    waiters: Iterable[Waiter], given: Circumstances, *, until: datetime | None
) -> Sorted:
    """Let drills wait until then after a list that could not be read; None if that may not pass.

    Whoever would not have been seen for ``OWN_LOOK_AFTER`` polls then takes its step, and with it
    whatever a cloud that cannot be asked means for it.
    """

    def is_well(one: Waiter) -> bool:
        return until is not None and has_been_seen(one, now=until, poll_every=given.poll_every)

    return _sort(waiters, is_well, given)


def has_been_seen(waiter: Waiter, *, now: datetime, poll_every: timedelta) -> bool:
    """Tell whether it is known from lately that the instance is being built."""
    return _is_recent(waiter.seen_at, now, poll_every)


def left_until(waiter: Waiter, look_at: datetime, next_at: datetime) -> Waiter:
    """Return a drill that waits on: here until ``look_at``, by its row until ``next_at``."""
    return replace(waiter, look_at=look_at, stand=replace(waiter.stand, next_at=next_at))


def grace_of(poll_every: timedelta) -> timedelta:
    """Return how much later than here a drill comes due in the store.

    So that another process on the same store does not take the drills one by one while this one
    reads its list; if this one dies, the others look so much later.
    """
    return min(poll_every / 3, LONGEST_GRACE)


def _sort(
    waiters: Iterable[Waiter], is_well: Callable[[Waiter], bool], given: Circumstances
) -> Sorted:
    can_wait: list[Waiter] = []
    to_look_at: list[Waiter] = []
    for one in waiters:
        has_time = one.deadline_at is None or given.now < one.deadline_at
        (can_wait if has_time and is_well(one) else to_look_at).append(one)
    turns = max(1, int(OWN_LOOKS_A_MINUTE * (given.poll_every / timedelta(minutes=1))))
    asking = sorted(
        (one for one in can_wait if not _is_recent(one.own_look_at, given.now, given.poll_every)),
        key=lambda one: (one.own_look_at, one.id),
    )
    chosen = {one.id for one in asking[:turns]}
    return Sorted(
        can_wait=[one for one in can_wait if one.id not in chosen],
        to_look_at=[*to_look_at, *asking[:turns]],
    )


def _is_recent(at: datetime, now: datetime, poll_every: timedelta) -> bool:
    """Tell whether it is not long ago; an instant to come was told by a clock that was wrong."""
    return timedelta(0) <= now - at < OWN_LOOK_AFTER * poll_every


def _lacks_tag(waiter: Waiter, seen: Sighting, given: Circumstances) -> bool:
    """Tell whether it is known that the drill has still to tag its instance.

    Where lists have no tags, the last look of its own has seen the tag or put it on.
    """
    if not waiter.is_new or given.tags_in_create or seen.tags is None:
        return False
    return seen.tags.get(DRILL_TAG) != waiter.id


def _being_built(sightings: Iterable[Sighting]) -> Mapping[str, Sighting]:
    """Return by id the instances that are being built, by every sighting there is of them."""
    building: dict[str, Sighting] = {}
    others: set[str] = set()
    for one in sightings:
        if one.status in RUNNING_STATUSES:
            building[one.id] = one
        else:
            others.add(one.id)
    return {id_: seen for id_, seen in building.items() if id_ not in others}
