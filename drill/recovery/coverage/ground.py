"""What every figure of a source stands on: what its provider said, and what its drills prove."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from drill.clock import to_milliseconds
from drill.plan.model import Objectives
from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.coverage.proof import Base, Proof, prove
from drill.recovery.coverage.reading import state_of, usable_bases, validity_of
from drill.recovery.coverage.window import Gaps, Lag, WindowState, lag_now, window_gaps
from drill.recovery.facts import DrillFacts, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One source at T. Numbers of milliseconds are UTC instants."""

    at: datetime
    """T: which drills are known, and which proofs are still valid."""
    observation: Observation | None
    """What the provider said last, up to T and without a fault; None if it never answered. Then
    state, gaps and lag are None: no data, not "no recovery point"."""
    state: WindowState | None
    """At the instant of the observation, like gaps, lag and bases; what came since is not known."""
    gaps: Gaps | None
    lag: Lag | None
    bases: tuple[Base, ...]
    proof: Proof
    """At T."""


def ground_of(
    observation: Observation | None,
    drills: Iterable[DrillFacts],
    objectives: Objectives,
    *,
    at: datetime,
) -> Ground:
    """Return what all figures of a source are made of; ``drills`` are those of the source alone.

    An observation with a fault, or of a later instant, says nothing.
    """
    if observation is not None and (observation.fault is not None or observation.taken_at > at):
        observation = None
    state: WindowState | None = None
    gaps: Gaps | None = None
    lag: Lag | None = None
    bases: tuple[Base, ...] = ()
    if observation is not None:
        taken = to_milliseconds(observation.taken_at)
        state = state_of(observation, objectives, at=taken)
        listed = usable_bases(observation.backups, source_id=observation.source_id)
        bases = tuple(base for base in listed if base.ended <= taken)
        gaps = window_gaps(state.advertised)
        lag = lag_now(state, [base.ended for base in bases])
    proof = prove(
        drills,
        at=to_milliseconds(at),
        validity=milliseconds_of(validity_of(objectives)),
        advertised=state.advertised if state else (),
        promised=state.promised if state else None,
        bases=bases,
    )
    return Ground(
        at=at, observation=observation, state=state, gaps=gaps, lag=lag, bases=bases, proof=proof
    )
