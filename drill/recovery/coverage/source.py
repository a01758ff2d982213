"""Every figure of one source, on the ground that its provider and its drills lay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drill.clock import from_milliseconds, to_milliseconds
from drill.plan.model import Objectives
from drill.recovery.coverage.checks import CheckRecord, check_records
from drill.recovery.coverage.confidence import NO_STATEMENT, statement
from drill.recovery.coverage.density import Density, density
from drill.recovery.coverage.drawn import is_drawn
from drill.recovery.coverage.exposure import Exposure, PolledLag, exposure, polled_lag
from drill.recovery.coverage.fleet import failure_mttr, failures, open_streak
from drill.recovery.coverage.ground import Ground
from drill.recovery.coverage.intervals import Interval, Intervals
from drill.recovery.coverage.metric import Metric, no_data, seconds
from drill.recovery.coverage.proof import proof_metrics
from drill.recovery.coverage.reading import kinds_of, optional_milliseconds, retention_of
from drill.recovery.coverage.rto import RecoveryTimes, recovery_times_of
from drill.recovery.coverage.samples import random_sample
from drill.recovery.coverage.window import (
    WindowState,
    lag_metric,
    retention_shortfall,
    rpo_met,
    window_coverage,
    window_coverage_with_rpo,
    windows_without_base,
)
from drill.recovery.facts import DrillFacts, Look
from drill.recovery.tick import tick_of
from drill.recovery.values import Window

BACKUP_RESOLUTION = 999
"""Milliseconds by which the API may round the end of a backup up: it counts whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCoverage:
    """One source at T. Sets are in milliseconds; ``windows_of`` makes instants of them."""

    ground: Ground
    without_base: Intervals
    rpo_met: bool | None
    density: Density
    exposure: Exposure | None
    """Of backups alone; None where the window makes them unimportant."""
    polled: PolledLag
    times: RecoveryTimes
    checks: Mapping[str, CheckRecord]
    statement: str
    metrics: Mapping[str, Metric]
    """Every figure of the source by its id; ``METRICS`` of ``register`` says what each means."""


def windows_of(intervals: Iterable[Interval]) -> tuple[Window, ...]:
    """Return a set with instants instead of milliseconds."""
    return tuple(
        Window(from_milliseconds(begin), from_milliseconds(end)) for begin, end in intervals
    )


def source_coverage(
    ground: Ground,
    drills: Iterable[DrillFacts],
    objectives: Objectives,
    *,
    looks: Sequence[Look] = (),
) -> SourceCoverage:
    """Return all figures of one source at T.

    ``drills`` and ``objectives`` are those that the ground was made of; ``looks`` go back as far
    as the lag over time shall, oldest first.
    """
    at = ground.at
    known = sorted(
        (drill for drill in drills if drill.finished_at is None or drill.finished_at <= at),
        key=lambda drill: (drill.scheduled_for, drill.id),
    )
    rpo = optional_milliseconds(objectives.rpo)
    ends = tuple(base.ended for base in ground.bases)
    dense = density_of(ground, objectives)
    exposed = exposure_of(ground, rpo)
    polled = polled_of(looks)
    times = recovery_times_of(known, target=objectives.rto)
    sample = random_sample(
        map(tick_of, filter(is_drawn, known)), population=_population(ground, known)
    )
    found = (
        *_window_metrics(ground, rpo),
        *_density_metrics(dense),
        *_exposure_metrics(exposed),
        *(polled.observed, polled.bound),
        *proof_metrics(ground.proof).values(),
        *(times.p50, times.p90, times.p95, times.longest, times.attainment),
        failure_mttr(failures(known, at=at)),
        open_streak(known, at=at),
    )
    return SourceCoverage(
        ground=ground,
        without_base=windows_without_base(
            ground.proof.advertised, ends, resolution=BACKUP_RESOLUTION
        ),
        rpo_met=None if ground.lag is None else rpo_met(ground.lag, rpo),
        density=dense,
        exposure=exposed,
        polled=polled,
        times=times,
        checks=check_records(known),
        statement=NO_STATEMENT if sample is None else statement(sample),
        metrics={metric.id: metric for metric in found},
    )


def density_of(ground: Ground, objectives: Objectives) -> Density:
    """Return how dense the backups lay when the provider was asked."""
    seen = ground.observation
    if seen is None:
        return density((), at=to_milliseconds(ground.at))
    return density(
        [base.ended for base in ground.bases],
        at=to_milliseconds(seen.taken_at),
        retention=retention_of(objectives, seen.retention_days),
        kinds=kinds_of(seen.backups),
    )


def exposure_of(ground: Ground, rpo: int | None) -> Exposure | None:
    """Return the exposure of backups alone; None with a window, or where no period is known."""
    period, ends = exposed_period(ground), [base.ended for base in ground.bases]
    if period is None:
        return None
    return exposure([(end, end) for end in ends], begin=period[0], end=period[1], rpo=rpo)


def exposed_period(ground: Ground) -> Interval | None:
    """Return the part of W* over which the exposure of backups alone is known.

    Where W* begins with the retention, older backups have been removed: what could be restored
    before the oldest one that is left is not known. Where it begins with the protection, nothing
    could. None with a window, without a backup, and without a promise.
    """
    seen, promised = ground.observation, ground.proof.promised
    if seen is None or promised is None or ground.proof.advertised or not ground.bases:
        return None
    begin, end = promised
    created = optional_instant(seen.created_at)
    if created is None or created < begin:
        begin = max(begin, ground.bases[0].ended)
    return begin, end


def polled_of(looks: Iterable[Look]) -> PolledLag:
    """Return the lag over time as it was seen at looks, oldest first."""
    return polled_lag(
        [(to_milliseconds(one.taken_at), optional_instant(one.newest_at)) for one in looks]
    )


def optional_instant(at: datetime | None) -> int | None:
    """Return an instant in milliseconds, if there is one."""
    return None if at is None else to_milliseconds(at)


def _population(ground: Ground, drills: Sequence[DrillFacts]) -> str:
    named = ground.observation.source_name if ground.observation is not None else None
    name = named or next((one.source_name or one.source_id for one in drills), "the source")
    return f"what was advertised of {name}"


def _window_metrics(ground: Ground, rpo: int | None) -> tuple[Metric, ...]:
    state, gaps, lag = ground.state, ground.gaps, ground.lag
    if state is None or gaps is None or lag is None:
        names = ("gap_count", "gap_total", "longest_gap", "retention_shortfall", "rpo_lag")
        nothing = WindowState(
            at=ground.proof.at, promised=None, advertised=(), flags=("no_observation",)
        )
        return (
            window_coverage(nothing),
            window_coverage_with_rpo(nothing, rpo),
            *(no_data(name, "no_observation") for name in names),
        )
    n = len(gaps.stretches)
    return (
        window_coverage(state),
        window_coverage_with_rpo(state, rpo),
        Metric(id="gap_count", value=n, n=n),
        seconds("gap_total", gaps.total, n=n),
        seconds("longest_gap", gaps.longest, n=n),
        seconds("retention_shortfall", retention_shortfall(state), n=1),
        lag_metric(lag),
    )


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
