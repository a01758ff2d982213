"""Where one source stands: what is restorable, what of it is proven, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from drill.clock import to_milliseconds
from drill.plan.model import Objectives
from drill.recovery.coverage.evidence import is_conclusive, is_proof
from drill.recovery.coverage.ground import Ground, ground_of
from drill.recovery.coverage.intervals import Interval
from drill.recovery.coverage.metric import Metric
from drill.recovery.coverage.promises import Promises as Promises
from drill.recovery.coverage.proof import Proof, proof_metrics
from drill.recovery.coverage.reading import validity_of
from drill.recovery.coverage.window import Gaps, Lag, WindowState, window_coverage
from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.measure import Attainment
from drill.recovery.verdict import Outcome
from drill.report.past import SourcePast
from drill.report.view.fleet import FAILURES, PASSES, is_finished, rto_attainment

SOON = timedelta(days=7)
"""How long before its end a proof is called expiring."""


class Status(IntEnum):
    """What a reader must know of a source first; the worst is the lowest."""

    FAILED = 0
    """The conclusive drill that ended last failed."""
    UNPROVEN = 1
    """No drill ever was a proof."""
    EXPIRED = 2
    """Every proof has run out."""
    UNSURE = 3
    """Proven, but the newest drill found nothing out."""
    LATE = 4
    """Proven, but the newest conclusive drill missed an objective."""
    EXPIRING = 5
    """Proven, and the proof ends within a week."""
    PROVEN = 6
    SIMULATED = 7
    """No database stands behind it: it can never be proven, and is in no total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One source at the instant of the report. Numbers of milliseconds are UTC instants."""

    past: SourcePast
    status: Status
    promise: Objectives
    ground: Ground
    """What its provider said and what its drills prove: all its figures stand on it."""
    metrics: Mapping[str, Metric]
    tier: int | None
    """How critical the source is: the tier of its newest drill that has one."""
    newest: DrillFacts | None
    """The newest finished drill."""
    newest_proof: DrillFacts | None
    expires_at: datetime | None
    """When the newest proof stops being one."""
    is_simulated: bool

    @property
    def key(self) -> SourceKey:
        """Return which source it is."""
        return self.past.key

    @property
    def window(self) -> WindowState | None:
        """Return what is restorable; None if the provider never answered."""
        return self.ground.state

    @property
    def gaps(self) -> Gaps | None:
        """Return the gaps; None if the provider never answered."""
        return self.ground.gaps

    @property
    def lag(self) -> Lag | None:
        """Return the lag when the provider was asked: what happened since is not known."""
        return self.ground.lag

    @property
    def proof(self) -> Proof:
        """Return what is proven at the instant of the report."""
        return self.ground.proof

    @property
    def domain(self) -> Interval | None:
        """Return the span that a window bar shows: what is promised, or else all that is known."""
        if self.window is None:
            return None
        at = self.window.at
        if self.window.promised is not None and self.window.promised[0] < at:
            return self.window.promised
        known = [begin for begin, _ in self.window.advertised]
        known += [base.ended for base in self.proof.bases]
        return min(known, default=at - 86_400_000), at

    @property
    def standing_proofs(self) -> frozenset[str]:
        """Return the ids of the drills that prove something that is restorable now."""
        return self.proof.direct_ids.union(image.drill_id for image in self.proof.images)

    @property
    def is_in_time(self) -> bool:
        """Tell whether the newest proof is young enough, wherever its point is (coverage C.8)."""
        return self.expires_at is not None and to_milliseconds(self.expires_at) > self.proof.at


def standing_of(past: SourcePast, promise: Objectives, *, at: datetime) -> Standing:
    """Return where a source stands at an instant."""
    ground = ground_of(past.observation, past.drills, promise, at=at)
    metrics = proof_metrics(ground.proof)
    if ground.state is not None:
        metrics["window_coverage"] = window_coverage(ground.state)
    finished = [drill for drill in past.drills if is_finished(drill)]
    newest_proof = _last_ended(drill for drill in finished if is_proof(drill))
    ends = newest_proof.finished_at if newest_proof else None
    is_simulated = _is_simulated(past)
    expires_at = ends + validity_of(promise) if ends is not None else None
    return Standing(
        past=past,
        status=Status.SIMULATED if is_simulated else _status(finished, expires_at, at),
        promise=promise,
        ground=ground,
        metrics=metrics,
        tier=next((drill.tier for drill in past.drills if drill.tier is not None), None),
        newest=finished[0] if finished else None,
        newest_proof=newest_proof,
        expires_at=expires_at,
        is_simulated=is_simulated,
    )


def _last_ended(finished: Iterable[DrillFacts]) -> DrillFacts | None:
    """Return the drill that found out last: of two that overlap, the one that ended later, as in
    the account of proofs."""
    ended = [
        (drill.finished_at, drill.id, drill) for drill in finished if drill.finished_at is not None
    ]
    return max(ended)[2] if ended else None


def _is_simulated(past: SourcePast) -> bool:
    if past.observation is not None:
        return past.observation.is_simulated
    return bool(past.drills) and all(drill.is_simulated for drill in past.drills)


def _status(finished: list[DrillFacts], expires_at: datetime | None, at: datetime) -> Status:
    conclusive = _last_ended(drill for drill in finished if is_conclusive(drill))
    if conclusive is not None and conclusive.outcome in FAILURES:
        return Status.FAILED
    if expires_at is None:
        return Status.UNPROVEN
    if to_milliseconds(expires_at) <= to_milliseconds(at):
        return Status.EXPIRED
    if finished[0].outcome not in PASSES and finished[0].outcome is not Outcome.SKIPPED:
        return Status.UNSURE
    is_late = conclusive is not None and (
        conclusive.outcome is Outcome.PASSED_LATE or rto_attainment(conclusive) is Attainment.MISSED
    )
    if is_late:
        return Status.LATE
    return Status.EXPIRING if expires_at <= at + SOON else Status.PROVEN


def name_of(past: SourcePast) -> str:
    """Return what people call the source: its name at the provider, or its id."""
    if past.observation is not None and past.observation.source_name:
        return past.observation.source_name
    return next((drill.source_name for drill in past.drills if drill.source_name), past.key[1])
