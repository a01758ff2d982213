"""What drills prove of what the provider advertises (coverage C.6), and nothing more.

A PITR drill that passed at t proves the chain from its base up to t, because the replay read every
log record between. A backup drill proves one image and no stretch of time. A failure makes the
rest of its chain suspect until a later pass covers it. docs/coverage.md says what was decided
where the definition leaves a choice.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from drill.recovery.coverage.evidence import (
    finished_by,
)
from drill.recovery.coverage.images import Base as Base
from drill.recovery.coverage.images import ImageProof as ImageProof
from drill.recovery.coverage.intervals import (
    Interval,
    Intervals,
    begin_of,
    intersection,
    length,
    union,
)
from drill.recovery.coverage.ledger import Ledger
from drill.recovery.coverage.metric import Metric, seconds, share
from drill.recovery.coverage.painting import Coat
from drill.recovery.facts import DrillFacts

Standing = Literal["direct", "chain", "image", "suspect", "advertised"]
"""What is known of one instant, best first but for ``suspect``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is proven of one source at T; everything in milliseconds, sets inside W."""

    at: int
    promised: Interval | None
    advertised: Intervals
    bases: tuple[Base, ...]
    coats: tuple[Coat, ...]
    """Proven stretches with the end of the newest drill that proves them: for the decay shade."""
    proven: Intervals
    """The proven stretches as a set."""
    suspect: Intervals
    direct: tuple[int, ...]
    """Instants at which checks ran and passed, sorted."""
    direct_ids: frozenset[str]
    """Ids of the drills that ran them, and that are a proof still."""
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
    ledger = Ledger(at=at, validity=validity, advertised=advertised, bases=known)
    for finished, drill in finished_by(drills, at):
        ledger.enter(drill, finished)
    coats = ledger.proven.coats_within(advertised)
    return Proof(
        at=at,
        promised=promised,
        advertised=advertised,
        bases=known,
        coats=coats,
        proven=union((begin, end) for begin, end, _ in coats),
        suspect=intersection(ledger.suspect.painted(), advertised),
        direct=tuple(sorted({point for point, *_, valid in ledger.direct if valid})),
        direct_ids=frozenset(drill_id for *_, drill_id, valid in ledger.direct if valid),
        images=tuple(sorted(ledger.images.values(), key=lambda image: image.base)),
        newest_valid=ledger.newest_valid,
        newest_ever=ledger.newest_ever,
        contradictions=tuple(ledger.contradictions),
        below_level=tuple(ledger.below_level),
        without_base=tuple(ledger.without_base),
    )


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
    place = bisect_right(intervals, instant, key=begin_of)
    return place > 0 and instant < intervals[place - 1][1]
