"""Everything that a page about one source shows, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.clock import from_milliseconds, to_milliseconds
from drill.plan.model import Objectives
from drill.recovery.coverage.checks import CheckRecord, check_records
from drill.recovery.coverage.confidence import NO_STATEMENT, statement
from drill.recovery.coverage.density import Density, density
from drill.recovery.coverage.drawn import random_sample
from drill.recovery.coverage.exposure import Exposure, PolledLag, exposure, polled_lag
from drill.recovery.coverage.fleet import failure_mttr, failures, open_streak
from drill.recovery.coverage.intervals import Interval, Intervals, milliseconds_of
from drill.recovery.coverage.metric import Metric, no_data, seconds
from drill.recovery.coverage.proof import Base, Proof, proof_metrics, prove
from drill.recovery.coverage.reading import (
    kinds_of,
    optional_milliseconds,
    raw_intervals,
    retention_of,
    state_of,
    usable_bases,
    validity_of,
)
from drill.recovery.coverage.rto import RecoveryTimes, recovery_times_of
from drill.recovery.coverage.window import (
    Gaps,
    Lag,
    WindowState,
    lag_metric,
    lag_now,
    retention_shortfall,
    rpo_met,
    window_coverage,
    window_coverage_with_rpo,
    window_gaps,
    windows_without_base,
)
from drill.recovery.facts import DrillFacts, Observation
from drill.recovery.values import Window

BACKUP_RESOLUTION = 999
"""Milliseconds by which the API may round the end of a backup up: it counts whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCoverage:
    """One source at T. Sets are in milliseconds; ``windows_of`` makes instants of them."""

    at: datetime
    """T: which drills are known, and which proofs are still valid."""
    seen_at: datetime | None
    """When the provider was asked: window, lag, gaps and bases hold for then. None: never."""
    validity: timedelta
    state: WindowState
    gaps: Gaps
    without_base: Intervals
    lag: Lag | None
    """None if the provider could not be asked: that is no data, not "no recovery point"."""
    rpo_met: bool | None
    bases: tuple[Base, ...]
    density: Density
    exposure: Exposure | None
    """Of backups alone, over W*; None where the window makes them unimportant."""
    polled: PolledLag
    proof: Proof
    times: RecoveryTimes
    checks: Mapping[str, CheckRecord]
    statement: str
    metrics: Mapping[str, Metric]
    """Every figure of the source by its id; ``METRICS`` of ``register`` says what each means."""

    @property
    def has_data(self) -> bool:
        """Tell whether the provider could be asked at all."""
        return self.seen_at is not None


def windows_of(intervals: Iterable[Interval]) -> tuple[Window, ...]:
    """Return a set with instants instead of milliseconds."""
    return tuple(
        Window(from_milliseconds(begin), from_milliseconds(end)) for begin, end in intervals
    )


def source_coverage(
    observation: Observation | None,
    drills: Iterable[DrillFacts],
    objectives: Objectives,
    *,
    at: datetime,
    observations: Sequence[Observation] = (),
    gap_tolerance: timedelta = timedelta(0),
) -> SourceCoverage:
    """Return all figures of one source at T.

    ``observation`` is the newest one without a fault, taken at T or before; ``observations`` are
    older ones too, oldest first, for the lag over time; ``drills`` are those of the source alone.
    """
    now = to_milliseconds(at)
    known = sorted(
        (drill for drill in drills if drill.finished_at is None or drill.finished_at <= at),
        key=lambda drill: (drill.scheduled_for, drill.id),
    )
    if observation is not None and (observation.fault is not None or observation.taken_at > at):
        observation = None
    seen = now if observation is None else to_milliseconds(observation.taken_at)
    state = WindowState(at=seen, promised=None, advertised=(), flags=("no_observation",))
    bases: tuple[Base, ...] = ()
    if observation is not None:
        state = state_of(observation, objectives, at=seen)
        found = usable_bases(observation.backups, source_id=observation.source_id)
        bases = tuple(base for base in found if base.ended <= seen)
    ends = [base.ended for base in bases]
    proof = prove(
        known,
        at=now,
        validity=milliseconds_of(validity_of(objectives)),
        advertised=state.advertised,
        promised=state.promised,
        bases=bases,
    )
    rpo = optional_milliseconds(objectives.rpo)
    lag = None if observation is None else lag_now(state, ends)
    gaps = window_gaps(state.advertised, tolerance=milliseconds_of(gap_tolerance))
    dense = _density(observation, ends, objectives, seen)
    exposed = None
    if state.promised is not None and not state.advertised and ends:
        exposed = exposure(
            [(end, end) for end in ends], begin=state.promised[0], end=state.promised[1], rpo=rpo
        )
    polled = polled_lag(_polls(observations))
    times = recovery_times_of(known, target=objectives.rto)
    sample = random_sample(known, population=_population(observation, known))
    metrics = {
        metric.id: metric
        for metric in (
            *_window_metrics(state, gaps, lag, rpo),
            *_density_metrics(dense),
            *_exposure_metrics(exposed),
            polled.observed,
            polled.bound,
            *proof_metrics(proof).values(),
            *(times.p50, times.p90, times.p95, times.longest, times.attainment),
            failure_mttr(failures(known, at=at)),
            open_streak(known, at=at),
        )
    }
    return SourceCoverage(
        at=at,
        seen_at=None if observation is None else observation.taken_at,
        validity=validity_of(objectives),
        state=state,
        gaps=gaps,
        without_base=windows_without_base(state.advertised, ends, resolution=BACKUP_RESOLUTION),
        lag=lag,
        rpo_met=None if lag is None else rpo_met(lag, rpo),
        bases=bases,
        density=dense,
        exposure=exposed,
        polled=polled,
        proof=proof,
        times=times,
        checks=check_records(known),
        statement=NO_STATEMENT if sample is None else statement(sample),
        metrics=metrics,
    )


def _population(observation: Observation | None, drills: Sequence[DrillFacts]) -> str:
    named = observation.source_name if observation is not None else None
    name = named or next((one.source_name or one.source_id for one in drills), "the source")
    return f"what was advertised of {name}"


def _polls(observations: Sequence[Observation]) -> list[tuple[int, int | None]]:
    """Return (instant, newest instant of any window, cut at it) of what could be asked."""
    polls: list[tuple[int, int | None]] = []
    for one in observations:
        if one.fault is None:
            taken = to_milliseconds(one.taken_at)
            ends = [min(end, taken) for begin, end in raw_intervals(one.windows) if begin < end]
            polls.append((taken, max(ends, default=None)))
    return polls


def _density(
    observation: Observation | None, ends: Sequence[int], objectives: Objectives, seen: int
) -> Density:
    if observation is None:
        return density((), at=seen)
    return density(
        ends,
        at=seen,
        retention=retention_of(objectives, observation.retention_days),
        kinds=kinds_of(observation.backups),
    )


def _window_metrics(
    state: WindowState, gaps: Gaps, lag: Lag | None, rpo: int | None
) -> tuple[Metric, ...]:
    n = len(gaps.stretches)
    if lag is None:
        names = ("gap_count", "gap_total", "longest_gap", "retention_shortfall", "rpo_lag")
        about_window = tuple(no_data(name, "no_observation") for name in names)
    else:
        about_window = (
            Metric(id="gap_count", value=n, n=n),
            seconds("gap_total", gaps.total, n=n),
            seconds("longest_gap", gaps.longest, n=n),
            seconds("retention_shortfall", retention_shortfall(state), n=1),
            lag_metric(lag),
        )
    return (window_coverage(state), window_coverage_with_rpo(state, rpo), *about_window)


def _density_metrics(dense: Density) -> tuple[Metric, ...]:
    return (
        dense.per_day,
        dense.median_interval,
        dense.longest_interval,
        dense.newest_age,
        dense.within_retention,
    )


def _exposure_metrics(exposed: Exposure | None) -> tuple[Metric, ...]:
    if exposed is None:
        names = ("longest_exposure", "mean_exposure", "time_over_rpo", "rpo_compliance")
        return tuple(no_data(name) for name in names)
    return exposed.longest, exposed.mean, exposed.over_rpo, exposed.compliance
