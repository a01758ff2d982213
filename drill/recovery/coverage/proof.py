"""What drills prove of what the provider advertises (coverage C.6), and nothing more.

A PITR drill that passed at t proves the chain from its base up to t, because the replay read every
log record between. A backup drill proves one image and no stretch of time. A failure makes the
rest of its chain suspect until a later pass covers it. docs/coverage.md says what was decided
where the definition leaves a choice.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from drill.clock import to_milliseconds
from drill.recovery.coverage.evidence import (
    CHAIN_LEVEL,
    finished_by,
    has_failed,
    is_proof,
)
from drill.recovery.coverage.intervals import (
    Interval,
    Intervals,
    intersection,
    length,
    segment_at,
    union,
)
from drill.recovery.coverage.metric import Metric, seconds, share
from drill.recovery.coverage.painting import Coat, Painting
from drill.recovery.facts import DrillFacts

Standing = Literal["direct", "chain", "image", "suspect", "advertised"]
"""What is known of one instant, best first but for ``suspect``."""


HowProven = Literal["direct", "reported", "inferred"]
"""A backup drill of this very image, or a PITR drill whose base the provider named, or one whose
base is assumed; best first."""

_HOW: tuple[HowProven, ...] = ("direct", "reported", "inferred")


class Base(NamedTuple):
    """A usable base: a restorable backup that was there at T. Sorted by (end, id)."""

    ended: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProof:
    """A base that a drill began with and passed."""

    base: Base
    drill_id: str
    finished: int
    how: HowProven


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is proven of one source at T; everything in milliseconds, sets inside W."""

    at: int
    promised: Interval | None
    advertised: Intervals
    bases: tuple[Base, ...]
    coats: tuple[Coat, ...]
    """Proven stretches with the end of the newest drill that proves them: for the decay shade."""
    suspect: Intervals
    direct: tuple[int, ...]
    """Instants at which checks ran and passed, sorted."""
    images: tuple[ImageProof, ...]
    newest_valid: int | None
    """End of the newest drill whose proof is still valid."""
    newest_ever: int | None
    """End of the newest drill that was a proof when it finished."""
    contradictions: tuple[str, ...] = ()
    """Ids of drills that passed across a gap that the provider advertises."""
    below_level: tuple[str, ...] = ()
    """Ids of PITR drills that passed below the level that proves a chain."""
    without_base: tuple[str, ...] = ()
    """Ids of conclusive PITR drills whose base is neither reported nor to be found."""

    @property
    def proven(self) -> Intervals:
        """Return the proven stretches as a set."""
        return union((begin, end) for begin, end, _ in self.coats)

    def standing(self, instant: int) -> Standing | None:
        """Return what is known of an instant; None if it is not advertised."""
        if instant in self.direct:
            return "direct"
        if _holds(self.suspect, instant):
            return "suspect"
        if _holds(self.proven, instant):
            return "chain"
        if any(one.base.ended == instant for one in self.images):
            return "image"
        return "advertised" if _holds(self.advertised, instant) else None


def prove(
    drills: Iterable[DrillFacts],
    *,
    at: int,
    validity: int,
    advertised: Intervals,
    promised: Interval | None,
    bases: Sequence[Base],
) -> Proof:
    """Return what the drills of one source prove at T.

    ``advertised`` is W and ``promised`` is W*; ``bases`` are sorted. A proof is valid while
    ``finished + validity > T`` and its point lies in W, the end of a stretch included.
    """
    known = tuple(base for base in bases if base.ended <= at)
    ledger = _Ledger(at=at, validity=validity, advertised=advertised, bases=known)
    for finished, drill in finished_by(drills, at):
        ledger.enter(drill, finished)
    return Proof(
        at=at,
        promised=promised,
        advertised=advertised,
        bases=known,
        coats=ledger.proven.coats_within(advertised),
        suspect=intersection(ledger.suspect.painted(), advertised),
        direct=tuple(sorted({point for point, _, valid in ledger.direct if valid})),
        images=tuple(sorted(ledger.images.values(), key=lambda image: image.base)),
        newest_valid=ledger.newest_valid,
        newest_ever=ledger.newest_ever,
        contradictions=tuple(ledger.contradictions),
        below_level=tuple(ledger.below_level),
        without_base=tuple(ledger.without_base),
    )


class _Ledger:
    """Takes drills in the order of their end and keeps what still stands."""

    def __init__(
        self, *, at: int, validity: int, advertised: Intervals, bases: tuple[Base, ...]
    ) -> None:
        self._at = at
        self._validity = validity
        self._advertised = advertised
        self._bases = bases
        self._ends = [base.ended for base in bases]
        self._by_id = {base.id: base for base in bases}
        self.proven = Painting()
        self.suspect = Painting()
        self.direct: list[tuple[int, int, bool]] = []
        """(point, end of the drill, whether it is valid at T), sorted by point."""
        self.images: dict[Base, ImageProof] = {}
        self.newest_valid: int | None = None
        self.newest_ever: int | None = None
        self.contradictions: list[str] = []
        self.below_level: list[str] = []
        self.without_base: list[str] = []

    def enter(self, drill: DrillFacts, finished: int) -> None:
        """Take one drill; one that says nothing about its recovery point changes nothing."""
        if drill.point_at is None:
            return
        point = to_milliseconds(drill.point_at)
        if has_failed(drill):
            self._fail(drill, point, finished)
        elif is_proof(drill):
            self.newest_ever = finished
            if drill.mode == "backup":
                self._pass_backup(drill, point, finished)
            else:
                self._pass_pitr(drill, point, finished)

    def _pass_backup(self, drill: DrillFacts, point: int, finished: int) -> None:
        base = self._base_of(drill, point)
        if base is not None and self._is_fresh(finished):
            self._keep_image(base, drill, finished, "direct")

    def _pass_pitr(self, drill: DrillFacts, point: int, finished: int) -> None:
        fresh = self._is_fresh(finished)
        base = self._base_of(drill, point)
        begin = self._base_instant(drill, point)
        if base is not None and fresh:
            self._keep_image(base, drill, finished, drill.base_how or "inferred")
        if drill.level < CHAIN_LEVEL:
            self.below_level.append(drill.id)
            return
        valid = fresh and segment_at(self._advertised, point) is not None
        if begin is None:
            self.without_base.append(drill.id)
            begin = point
        elif self._crosses_a_gap(begin, point):
            self.contradictions.append(drill.id)
            return
        insort(self.direct, (point, finished, valid))
        self.suspect.wipe(begin, point)
        if valid:
            self.newest_valid = finished
            self.proven.paint(begin, point, finished)

    def _fail(self, drill: DrillFacts, point: int, finished: int) -> None:
        if drill.mode == "backup":
            base = self._base_of(drill, point)
            if base is not None:
                self.images.pop(base, None)
        begin = self._base_instant(drill, point)
        if begin is None:
            self.without_base.append(drill.id)
            segment = segment_at(self._advertised, point)
            if segment is None:
                return
            begin = segment[0]
        end = self._next_base(point)
        begin = self._last_proven_before(begin, point, finished)
        self.proven.wipe(begin, end)
        self.suspect.paint(begin, end, 0)
        first = bisect_left(self.direct, (begin + 1,))
        del self.direct[first : bisect_left(self.direct, (end,))]

    def _last_proven_before(self, begin: int, point: int, failed: int) -> int:
        """Return the newest instant of ``[begin, point)`` at which a drill passed that was still
        valid when this one failed; or else the begin of the chain."""
        place = bisect_right(self.direct, (point,)) - 1
        while place >= 0 and self.direct[place][0] > begin:
            proven, passed, _ = self.direct[place]
            if passed + self._validity > failed:
                return proven
            place -= 1
        return begin

    def _keep_image(self, base: Base, drill: DrillFacts, finished: int, how: HowProven) -> None:
        earlier = self.images.get(base)
        self.newest_valid = finished
        if earlier is not None and _HOW.index(earlier.how) < _HOW.index(how):
            return  # what was seen is worth more than what is assumed
        self.images[base] = ImageProof(base=base, drill_id=drill.id, finished=finished, how=how)

    def _is_fresh(self, finished: int) -> bool:
        return finished + self._validity > self._at

    def _base_instant(self, drill: DrillFacts, point: int) -> int | None:
        """Return where the chain begins: as reported, or the latest usable base at or before."""
        if drill.mode == "backup":
            return point
        if drill.base_at is not None and to_milliseconds(drill.base_at) <= point:
            return to_milliseconds(drill.base_at)
        place = bisect_right(self._ends, point)
        return self._ends[place - 1] if place else None

    def _base_of(self, drill: DrillFacts, point: int) -> Base | None:
        """Return the base as it is listed at T; None if the provider does not have it any more."""
        if drill.base_id is not None and drill.base_id in self._by_id:
            return self._by_id[drill.base_id]
        ended = self._base_instant(drill, point)
        if drill.base_id is not None or ended is None:
            return None
        place = bisect_right(self._ends, ended)
        return self._bases[place - 1] if place and self._ends[place - 1] == ended else None

    def _next_base(self, point: int) -> int:
        """Return the next base after the point, or the end of W, or T if W ended before it."""
        place = bisect_right(self._ends, point)
        if place < len(self._ends):
            return self._ends[place]
        return self._advertised[-1][1] if self._advertised else self._at

    def _crosses_a_gap(self, begin: int, point: int) -> bool:
        """Tell whether a whole gap lies between: a base in the gap itself does not cross it."""
        place = bisect_right(self._advertised, point, key=_begin) - 1
        return place > 0 and begin < self._advertised[place - 1][1]


def proof_metrics(proof: Proof) -> dict[str, Metric]:
    """Return the shares of W and W*, the image coverage and the age, by the id of the metric."""
    advertised = length(proof.advertised)
    proven, suspect = length(proof.proven), length(proof.suspect)
    promised = proof.promised[1] - proof.promised[0] if proof.promised is not None else 0
    flags = _flags(proof)
    drilled = len(proof.images)
    found = [
        share("proven", proven, advertised, n=len(proof.coats), flags=flags),
        share("proven_of_promised", proven, promised, n=len(proof.coats), flags=flags),
        share("suspect", suspect, advertised, n=len(proof.suspect), flags=flags),
        share("unproven", advertised - proven - suspect, advertised, n=1, flags=flags),
        share("image_coverage", drilled, len(proof.bases), n=len(proof.bases)),
        proof_age("proof_age", proof.newest_valid, proof.at),
        proof_age("since_last_proof", proof.newest_ever, proof.at),
    ]
    return {metric.id: metric for metric in found}


def proof_age(metric_id: str, finished: int | None, at: int) -> Metric:
    """Return how old a proof is: infinitely, if there is none."""
    if finished is None:
        return seconds(metric_id, math.inf, n=0, flags=("never",))
    return seconds(metric_id, at - finished, n=1)


def decay_weight(age: float, half_life: float) -> float:
    """Return 2^(-age / half-life), for shades only: what is promised is judged by validity."""
    return float(2.0 ** (-age / half_life))


def _flags(proof: Proof) -> tuple[str, ...]:
    found = (
        ("contradiction", proof.contradictions),
        ("below_chain_level", proof.below_level),
        ("base_unknown", proof.without_base),
    )
    return tuple(flag for flag, drills in found if drills)


def _holds(intervals: Intervals, instant: int) -> bool:
    place = bisect_right(intervals, instant, key=_begin)
    return place > 0 and instant < intervals[place - 1][1]


def _begin(interval: Interval) -> int:
    return interval[0]
