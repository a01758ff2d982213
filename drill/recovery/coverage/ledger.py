"""The account of what drills proved and put in doubt, one after the other (coverage C.6)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from drill.clock import to_milliseconds
from drill.recovery.coverage.evidence import CHAIN_LEVEL, has_failed, is_proof
from drill.recovery.coverage.images import BEST_FIRST, Base, HowProven, ImageProof
from drill.recovery.coverage.intervals import Intervals, begin_of, segment_at
from drill.recovery.coverage.painting import Painting
from drill.recovery.facts import DrillFacts


class Ledger:
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
        self.direct: list[tuple[int, int, str, bool]] = []
        """(point, end and id of the drill, whether it is valid at T), sorted by point."""
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
        if is_proof(drill):
            self.newest_ever = finished
            if drill.mode == "backup":
                self._pass_backup(drill, point, finished)
            else:
                self._pass_pitr(drill, point, finished)
        elif has_failed(drill):
            self._fail(drill, point, finished)

    def _pass_backup(self, drill: DrillFacts, point: int, finished: int) -> None:
        if not self._is_fresh(finished):
            return
        base = self._base_of(drill, point)
        if base is not None:
            self._keep_image(base, drill, finished, "direct")

    def _pass_pitr(self, drill: DrillFacts, point: int, finished: int) -> None:
        begin = self._base_instant(drill, point)
        if begin is not None and self._crosses_a_gap(begin, point):
            self.contradictions.append(drill.id)
            return  # whatever was restored, it cannot have begun with this base
        fresh = self._is_fresh(finished)
        base = self._base_of(drill, begin) if fresh else None
        if base is not None:
            self._keep_image(base, drill, finished, drill.base_how or "inferred")
        if drill.level < CHAIN_LEVEL:
            self.below_level.append(drill.id)
            return
        valid = fresh and segment_at(self._advertised, point) is not None
        if begin is None:
            self.without_base.append(drill.id)
            begin = point
        insort(self.direct, (point, finished, drill.id, valid))
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
            proven, passed, *_ = self.direct[place]
            if passed + self._validity > failed:
                return proven
            place -= 1
        return begin

    def _keep_image(self, base: Base, drill: DrillFacts, finished: int, how: HowProven) -> None:
        earlier = self.images.get(base)
        self.newest_valid = finished
        if earlier is not None and BEST_FIRST.index(earlier.how) < BEST_FIRST.index(how):
            return  # what was seen is worth more than what is assumed
        self.images[base] = ImageProof(base=base, drill_id=drill.id, finished=finished, how=how)

    def _is_fresh(self, finished: int) -> bool:
        return finished + self._validity > self._at

    def _base_instant(self, drill: DrillFacts, point: int) -> int | None:
        """Return where the chain begins: as reported, or the latest usable base at or before."""
        if drill.mode == "backup":
            return point
        if drill.base_at is not None:
            reported = to_milliseconds(drill.base_at)
            if reported <= point:
                return reported
        place = bisect_right(self._ends, point)
        return self._ends[place - 1] if place else None

    def _base_of(self, drill: DrillFacts, ended: int | None) -> Base | None:
        """Return the base as it is listed at T; None if the provider does not have it any more.

        ``ended`` is where the chain of the drill begins, as ``_base_instant`` says.
        """
        if drill.base_id is not None and drill.base_id in self._by_id:
            return self._by_id[drill.base_id]
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
        place = bisect_right(self._advertised, point, key=begin_of) - 1
        return place > 0 and begin < self._advertised[place - 1][1]
