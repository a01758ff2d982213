"""Drawing at random so that nobody can choose what is drawn, and anybody can draw again (C.10)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from heapq import nsmallest

from drill.clock import to_milliseconds
from drill.recovery.coverage.intervals import Intervals, length
from drill.recovery.draw import draw_index
from drill.recovery.facts import DrillFacts

_DOMAIN = b"drill-sample/v1\0"


def sample_seed(root: bytes, *, plan_id: str, night: str) -> bytes:
    """Return SHA256("drill-sample/v1" 0x00 root 0x00 plan 0x00 night); night is YYYY-MM-DD."""
    message = _DOMAIN + b"\0".join((root, plan_id.encode(), night.encode()))
    return hashlib.sha256(message).digest()


def ranked(seed: bytes, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids in the order in which they are drawn: by SHA256(seed 0x00 id)."""
    return tuple(one for _rank, one in sorted(_ranks(seed, ids)))


def first_ranked(seed: bytes, ids: Iterable[str], *, count: int) -> tuple[str, ...]:
    """Return the first so many of ``ranked``, without putting all the others in order."""
    return tuple(one for _rank, one in nsmallest(count, _ranks(seed, ids)))


def _ranks(seed: bytes, ids: Iterable[str]) -> Iterator[tuple[bytes, str]]:
    begin = seed + b"\0"
    for one in ids:
        yield hashlib.sha256(begin + one.encode()).digest(), one


def population_digest(ids: Iterable[str]) -> str:
    """Return the SHA-256 of the sorted ids, joined by newlines: what was drawn from."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def draw_instant(seed: bytes, *, instance_id: str, advertised: Intervals) -> int:
    """Return a drawn instant of a set in milliseconds, on a whole second of its length.

    Raise ValueError if the set is shorter than a second.
    """
    index = draw_index(seed, "t", instance_id, length(advertised) // 1000)
    return instant_at(advertised, index * 1000)


def instant_at(intervals: Intervals, offset: int) -> int:
    """Return the instant that lies so far inside a set. Raise ValueError beyond its length."""
    left = offset
    for begin, end in intervals:
        if left < end - begin:
            return begin + left
        left -= end - begin
    raise ValueError(f"{offset} ms lie beyond the set")


def history_root(history: Sequence[DrillFacts]) -> bytes:
    """Return a digest of what is known of earlier drills that finished (docs/measurement.md).

    One line a drill, by (finished, id), joined by newlines: id, outcome, end in milliseconds,
    recovery point in milliseconds or "-", each behind a tab. Any change of the past changes it.
    """
    lines = []
    for drill in history:
        if drill.finished_at is None or drill.outcome is None:
            continue
        finished = to_milliseconds(drill.finished_at)
        point = "-" if drill.point_at is None else str(to_milliseconds(drill.point_at))
        line = "\t".join((drill.id, drill.outcome.value, str(finished), point))
        lines.append((finished, drill.id, line))
    return hashlib.sha256("\n".join(line for _, _, line in sorted(lines)).encode()).digest()


def night_of(slot: datetime) -> str:
    """Return the night of a slot: its date in UTC."""
    return slot.date().isoformat()


def published_seed(history: Sequence[DrillFacts], *, plan_name: str, slot: datetime) -> str:
    """Return the seed text of a plan's draw on one night, as 64 hexadecimal digits.

    Drills that finished at the slot or later are left out: they cannot have been known.
    """
    known = [
        drill for drill in history if drill.finished_at is not None and drill.finished_at < slot
    ]
    seed = sample_seed(history_root(known), plan_id=plan_name, night=night_of(slot))
    return seed.hex()
