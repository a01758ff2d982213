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
    known = sorted(
        (drill for drill in drills if drill.finished_at is None or drill.finished_at <= at),
        key=lambda drill: (drill.scheduled_for, drill.id),
    )
    if observation is not None and (observation.fault is not None or observation.taken_at > at):
        observation = None
    seen = _seen(observation, objectives, at)
    proof = prove(
        known,
        at=to_milliseconds(at),
        validity=milliseconds_of(validity_of(objectives)),
        advertised=seen.state.advertised,
        promised=seen.state.promised,
        bases=seen.bases,
    )
    rpo = optional_milliseconds(objectives.rpo)
    gaps = window_gaps(seen.state.advertised, tolerance=milliseconds_of(gap_tolerance))
    exposed = _exposure(seen, rpo)
    polled = polled_lag(_polls(observations))
    times = recovery_times_of(known, target=objectives.rto)
    sample = random_sample(known, population=_population(observation, known))
    found = (
        *_window_metrics(seen.state, gaps, seen.lag, rpo),
        *_density_metrics(seen.density),
        *_exposure_metrics(exposed),
        *(polled.observed, polled.bound),
        *proof_metrics(proof).values(),
        *(times.p50, times.p90, times.p95, times.longest, times.attainment),
        failure_mttr(failures(known, at=at)),
        open_streak(known, at=at),
    )
    return SourceCoverage(
        at=at,
        seen_at=None if observation is None else observation.taken_at,
        validity=validity_of(objectives),
        state=seen.state,
        gaps=gaps,
        without_base=windows_without_base(
            seen.state.advertised, seen.ends, resolution=BACKUP_RESOLUTION
        ),
        lag=seen.lag,
        rpo_met=None if seen.lag is None else rpo_met(seen.lag, rpo),
        bases=seen.bases,
        density=seen.density,
        exposure=exposed,
        polled=polled,
        proof=proof,
        times=times,
        checks=check_records(known),
        statement=NO_STATEMENT if sample is None else statement(sample),
        metrics={metric.id: metric for metric in found},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the provider said, at the instant that it said it."""

    state: WindowState
    bases: tuple[Base, ...] = ()
    ends: tuple[int, ...] = ()
    lag: Lag | None = None
    density: Density


def _seen(observation: Observation | None, objectives: Objectives, at: datetime) -> _Seen:
    if observation is None:
        now = to_milliseconds(at)
        state = WindowState(at=now, promised=None, advertised=(), flags=("no_observation",))
        return _Seen(state=state, density=density((), at=now))
    taken = to_milliseconds(observation.taken_at)
    state = state_of(observation, objectives, at=taken)
    listed = usable_bases(observation.backups, source_id=observation.source_id)
    bases = tuple(base for base in listed if base.ended <= taken)
    ends = tuple(base.ended for base in bases)
    dense = density(
        ends,
        at=taken,
        retention=retention_of(objectives, observation.retention_days),
        kinds=kinds_of(observation.backups),
    )
    return _Seen(state=state, bases=bases, ends=ends, lag=lag_now(state, ends), density=dense)


def _exposure(seen: _Seen, rpo: int | None) -> Exposure | None:
    """Return the exposure of backups alone, over W*; None with a window, or without a promise."""
    promised = seen.state.promised
    if promised is None or seen.state.advertised or not seen.ends:
        return None
    return exposure([(end, end) for end in seen.ends], begin=promised[0], end=promised[1], rpo=rpo)


def _population(observation: Observation | None, drills: Sequence[DrillFacts]) -> str:
    named = observation.source_name if observation is not None else None
    name = named or next((one.source_name or one.source_id for one in drills), "the source")
    return f"what was advertised of {name}"


def _polls(observations: Sequence[Observation]) -> list[tuple[int, int | None]]:
    """Return (instant, newest recovery point) of what could be asked, by the rule of the lag."""
    polls: list[tuple[int, int | None]] = []
    for one in observations:
        if one.fault is None:
            taken = to_milliseconds(one.taken_at)
            ends = [min(end, taken) for begin, end in raw_intervals(one.windows) if begin < end]
            polls.append((taken, max(ends) if ends else _newest_backup(one, taken)))
    return polls


def _newest_backup(observation: Observation, taken: int) -> int | None:
    bases = usable_bases(observation.backups, source_id=observation.source_id)
    return max((base.ended for base in bases if base.ended <= taken), default=None)


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
