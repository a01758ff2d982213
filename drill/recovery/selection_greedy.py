"""Choosing what would prove most: of the window, or of the backups."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from drill.clock import from_milliseconds, to_milliseconds
from drill.plan.model import format_span
from drill.recovery.backups import ended
from drill.recovery.coverage.intervals import (
    Intervals,
    difference,
)
from drill.recovery.coverage.proof import Proof
from drill.recovery.instants import shown
from drill.recovery.past import Past
from drill.recovery.selection_backups import some_backups
from drill.recovery.selection_instants import latest_instant
from drill.recovery.selection_words import count_text
from drill.recovery.stretches import Stretch, stretches_of
from drill.recovery.values import BackupPoint, Choice, Inventory, TimePoint

BEFORE_NEXT_BASE = 1000
"""Milliseconds: the API rounds the end of a backup to seconds, so any nearer might be after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The newest instant that a restore from one base can reach."""

    base: int
    point: int
    stretch: Stretch
    gain: int
    """Milliseconds that a pass would prove and that are not proven."""


def greedy_instant(inventory: Inventory, past: Past) -> Choice:
    """Return the instant that would prove most of the window; of equal ones the oldest.

    When everything is proven, or nothing can be, it is the newest instant.
    """
    stretches = stretches_of(inventory)
    candidates = candidates_of(stretches, past.proof(inventory))
    best = max(candidates, key=lambda one: (one.gain, -one.point), default=None)
    if best is None or best.gain <= 0:
        newest = latest_instant(timedelta(0), inventory)
        why = "no backup reaches any window" if best is None else "everything is proven"
        return Choice(
            point=newest.point,
            policy="greedy",
            reason=f"{why}, so the {newest.reason}",
            reference_at=newest.point.at,
            candidates=len(candidates),
        )
    restore_time = from_milliseconds(best.point)
    return Choice(
        point=TimePoint(restore_time=restore_time, window=best.stretch.window),
        policy="greedy",
        reason=f"proves most of {len(candidates)} chains, "
        f"{format_span(timedelta(milliseconds=best.gain))} that are not proven yet, from the "
        f"backup of {shown(from_milliseconds(best.base))}: {shown(restore_time)}",
        reference_at=restore_time,
        candidates=len(candidates),
    )


def candidates_of(stretches: Sequence[Stretch], proof: Proof) -> list[Candidate]:
    """Return the last instant of every chain, oldest first: just before the next base, or before
    the end of the window. A base of an earlier window reaches none: a replay cannot cross a gap.
    """
    missing = difference(proof.advertised, proof.proven)
    gains = _Measure(missing)
    ends = list(dict.fromkeys(base.ended for base in proof.bases))
    found = []
    earliest: int | None = None
    for stretch in stretches:
        first, last = to_milliseconds(stretch.first), to_milliseconds(stretch.last)
        begin = to_milliseconds(stretch.window.starts_at)
        for base, until in _chains(ends, begin, last):
            point = min(last, until - BEFORE_NEXT_BASE)
            is_cut_off = earliest is not None and base < earliest
            if point >= max(first, base) and not is_cut_off:
                gain = gains.between(base, point)
                found.append(Candidate(base=base, point=point, stretch=stretch, gain=gain))
        earliest = to_milliseconds(stretch.window.ends_at)
    return found


def undrilled_backup(inventory: Inventory, past: Past) -> Choice:
    """Return the oldest backup without a valid proof; when all have one, that with the oldest."""
    backups = some_backups(inventory)
    images = {image.base.id: image for image in past.proof(inventory).images}
    unproven = [backup for backup in backups if backup.id not in images]
    if unproven:
        backup = unproven[0]
        reason = f"oldest of {count_text(unproven)} without a proof, out of {len(backups)}"
    else:
        backup = min(backups, key=lambda one: images[one.id].finished)
        reason = f"all of {count_text(backups)} are proven, so the one proven longest ago"
    return Choice(
        point=BackupPoint(backup=backup),
        policy="undrilled",
        reason=f"{reason}, ended {shown(ended(backup))}",
        reference_at=ended(backup),
        candidates=len(unproven) or len(backups),
    )


def _chains(ends: Sequence[int], begin: int, last: int) -> list[tuple[int, int]]:
    """Return (base, next base) of every base that an instant of a window may be replayed from."""
    start = max(0, bisect_right(ends, begin) - 1)
    stop = bisect_right(ends, last)
    return [
        (ends[place], ends[place + 1] if place + 1 < len(ends) else last + BEFORE_NEXT_BASE + 1)
        for place in range(start, stop)
    ]


class _Measure:
    """The length of a set between two instants, by two look-ups."""

    def __init__(self, intervals: Intervals) -> None:
        self._begins = [begin for begin, _ in intervals]
        self._intervals = intervals
        self._before = [0]
        for begin, end in intervals:
            self._before.append(self._before[-1] + end - begin)

    def between(self, begin: int, end: int) -> int:
        """Return how much of the set lies in ``[begin, end)``."""
        return max(0, self._up_to(end) - self._up_to(begin))

    def _up_to(self, instant: int) -> int:
        place = bisect_right(self._begins, instant)
        if not place:
            return 0
        end = self._intervals[place - 1][1]
        return self._before[place] - max(0, end - instant)
