"""Look at many drills by one list of their account; ``drill.engine.waiting`` decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from drill.engine.faults import pause_after
from drill.engine.ports import CloudSettings, Parts
from drill.engine.taxonomy import OnceOrdered, row_of
from drill.engine.waiting import (
    Circumstances,
    Sorted,
    Waiter,
    grace_of,
    left_until,
    sort_by_sightings,
    sort_unseen,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What one list came to. A drill that is in neither place is in other hands by now."""

    waiting: Sequence[Waiter]
    """Those that wait on, as they now stand."""
    to_look_at: Sequence[Waiter]
    """Those that are due now, for a look of their own."""
    account_size: int | None = None
    """Instances that were listed; None if it could not be read."""
    error: Exception | None = None
    """Why it could not be read."""
    rests_until: datetime | None = None
    """Until when no other list is tried, after an error."""


def look_by_list(
    waiters: Sequence[Waiter], parts: Parts, cloud: CloudSettings, *, failures: int
) -> Listed:
    """Read the list once, let those wait on that can, and make the others due.

    ``failures`` is how many lists in a row could not be read before. Whatever the cloud says
    instead of a list counts against no drill: those it may be waited out with wait a little, the
    others take their own steps. Raise StoreUnavailable: then the drills stand as they stood, or
    as they were left.
    """
    given = Circumstances(
        now=parts.clock.now(),
        poll_every=cloud.poll_every,
        tags_in_create=cloud.rules.tags_in_create,
    )
    try:
        sightings = cloud.provider.list_sightings()
    except Exception as error:  # noqa: BLE001  a fault of the program, too, is for each drill to meet
        return _without_list(waiters, parts, given, error, failures)
    found = sort_by_sightings(waiters, sightings, given)
    seen = [replace(one, seen_at=given.now) for one in found.can_wait]
    # A cloud that takes long to answer is not asked again in the same breath.
    pause_ends_at = parts.clock.now() + grace_of(given.poll_every)
    return Listed(
        waiting=_leave(
            seen,
            parts,
            given,
            max(given.now + given.poll_every, pause_ends_at),
            looked_at=given.now,
        ),
        to_look_at=_make_due(found, parts, given),
        account_size=len(sightings),
    )


def _without_list(
    waiters: Sequence[Waiter],
    parts: Parts,
    given: Circumstances,
    error: Exception,
    failures: int,
) -> Listed:
    given = replace(given, now=parts.clock.now())
    rests_until = given.now + pause_after(failures, given.poll_every)
    passes = row_of(error).once_ordered is OnceOrdered.WAIT
    found = sort_unseen(waiters, given, until=rests_until if passes else None)
    return Listed(
        waiting=_leave(found.can_wait, parts, given, rests_until),
        to_look_at=_make_due(found, parts, given),
        error=error,
        rests_until=rests_until,
    )


def _leave(
    waiters: Iterable[Waiter],
    parts: Parts,
    given: Circumstances,
    look_at: datetime,
    *,
    looked_at: datetime | None = None,
) -> Sequence[Waiter]:
    next_at = look_at + grace_of(given.poll_every)
    waiters = list(waiters)
    moved = parts.journal.move_looks(
        [one.stand for one in waiters], next_at=next_at, looked_at=looked_at
    )
    return [left_until(one, look_at, next_at) for one in waiters if one.id in moved]


def _make_due(found: Sorted, parts: Parts, given: Circumstances) -> Sequence[Waiter]:
    """Let those be due in the store, too, that wait there a little longer than here."""
    now = parts.clock.now()
    early = [one for one in found.to_look_at if one.stand.next_at > now]
    moved = parts.journal.move_looks([one.stand for one in early], next_at=given.now)
    return [one for one in found.to_look_at if one.stand.next_at <= now or one.id in moved]
