"""The line of queued drills: who would not have to wait if they were looked at now. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from drill.engine.keeping import FORSAKEN_AFTER, Contender
from drill.engine.ports import SeatLimits


def need_not_wait(one: Contender, limits: Mapping[str, SeatLimits]) -> bool:
    """Tell whether a queued drill has nothing to wait for: it sits, is to be aborted, or its cloud
    has no limits."""
    return one.is_seated or one.abort_requested or one.cloud not in limits


def not_waiting(
    free: Iterable[Contender],
    line: Iterable[Contender],
    seated: Iterable[Contender],
    limits: Mapping[str, SeatLimits],
    *,
    held: Mapping[tuple[str, str], str],
    now: datetime,
    only: Collection[str] | None,
) -> list[str]:
    """Return the ids of queued drills that would not wait if they were looked at now.

    ``free`` are those that need not wait; ``line`` are all others, the first enlisted first, and no
    more of them is read than there are seats. The rules are those of ``why_waiting`` for the whole
    line in one pass: what this saves is to look at each of ten thousand drills again and again,
    only to hear that it still waits. Somebody else's drill (not among ``only``) keeps its place
    unless it is forsaken; one that may not begin for long loses it.
    """
    room = _Room(seated, held)
    found = [one for one in free if only is None or one.id in only]
    for one in line:
        if room.is_full(limits):
            break
        is_ours = only is None or one.id in only
        is_forsaken = not is_ours and one.next_at + FORSAKEN_AFTER < now
        is_far = one.next_at > now + FORSAKEN_AFTER or (one.is_held and one.next_at > now)
        if is_forsaken or is_far or not room.has_seat(one, limits[one.cloud]):
            continue
        room.sit(one)
        if is_ours:
            found.append(one)
    return [one.id for one in found if _is_due(one, now)]


def _is_due(one: Contender, now: datetime) -> bool:
    return one.next_at <= now and (one.leased_until is None or one.leased_until <= now)


class _Room:
    """Who sits where, counted once."""

    def __init__(self, seated: Iterable[Contender], held: Mapping[tuple[str, str], str]) -> None:
        self._counts: Counter[tuple[str | None, ...]] = Counter()
        self._taken = dict(held)
        for one in seated:
            self._counts.update(self._keys(one))

    def sit(self, one: Contender) -> None:
        self._counts.update(self._keys(one))
        if one.target_id is not None:
            self._taken[one.cloud, one.target_id] = one.id

    def is_full(self, limits: Mapping[str, SeatLimits]) -> bool:
        """Tell whether no cloud has a seat left."""
        seated = self._counts[()]
        return all(
            seated >= one.drills_at_once or self._counts[cloud,] >= one.drills_per_cloud
            for cloud, one in limits.items()
        )

    def has_seat(self, one: Contender, limits: SeatLimits) -> bool:
        holder_id = self._taken.get((one.cloud, one.target_id or ""))
        if holder_id not in (None, one.id):
            return False
        at_most = {
            (): limits.drills_at_once,
            (one.cloud,): limits.drills_per_cloud,
            (one.cloud, "source", one.source_id): limits.drills_per_source,
            (one.cloud, "new"): limits.new_per_cloud,
            ("group", one.group): limits.of_group(one.group),
        }
        return all(
            self._counts[key] < most
            for key in self._keys(one)
            if (most := at_most[key]) is not None
        )

    @staticmethod
    def _keys(one: Contender) -> list[tuple[str | None, ...]]:
        keys: list[tuple[str | None, ...]] = [
            (),
            (one.cloud,),
            (one.cloud, "source", one.source_id),
            ("group", one.group),
        ]
        return keys if one.target_id is not None else [*keys, (one.cloud, "new")]
