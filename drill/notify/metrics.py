"""What is measured for Prometheus: pure samples of drills, notices and the daemon.

Every name, type and label stands in ``METRICS``; labels are bounded by the plans of the
configuration, the sources they name, and the words of the glossary. A simulated drill counts as
simulated and as nothing else. What is not known has no sample: it is never 0.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from drill.engine.notices import Tally
from drill.notify.conditions import Condition
from drill.notify.known import Promise, ended_at, is_real, of_each_plan
from drill.plan.telling import NoticeKind
from drill.recovery.coverage.evidence import PASSES, is_proof
from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.verdict import Outcome

_PLAN = ("plan", "source")


class Metric(NamedTuple):
    """What a metric is."""

    kind: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    help: str


METRICS: Mapping[str, Metric] = {
    "drill_drills_total": Metric("counter", (*_PLAN, "outcome"), "Real drills by their outcome."),
    "drill_simulated_drills_total": Metric(
        "counter", _PLAN, "Drills without a database behind them: never a proof."
    ),
    "drill_missed_slots_total": Metric("counter", _PLAN, "Slots in which no drill was run."),
    "drill_last_finished_timestamp_seconds": Metric(
        "gauge", _PLAN, "When the newest real drill ended."
    ),
    "drill_last_passed_timestamp_seconds": Metric(
        "gauge", _PLAN, "When the newest real drill that passed ended, late ones included."
    ),
    "drill_last_drill_passed": Metric(
        "gauge", _PLAN, "1 if the newest real drill passed in time, else 0."
    ),
    "drill_rta_seconds": Metric("gauge", _PLAN, "Recovery time actual of the newest real drill."),
    "drill_rta_unattended_seconds": Metric(
        "gauge", _PLAN, "How much of that RTA nobody looked: it is an upper bound by so much."
    ),
    "drill_rpa_seconds": Metric(
        "gauge", _PLAN, "Recovery point actual, as proven by the newest real drill."
    ),
    "drill_rto_target_seconds": Metric("gauge", _PLAN, "RTO target of the newest real drill."),
    "drill_rpo_target_seconds": Metric("gauge", _PLAN, "RPO target of the newest real drill."),
    "drill_level": Metric("gauge", _PLAN, "Assurance level of the newest real drill, 0 to 6."),
    "drill_failing": Metric(
        "gauge", _PLAN, "1 from the first drill that fails until one passes; 0 otherwise."
    ),
    "drill_overdue": Metric("gauge", _PLAN, "1 if a drill should have finished by now."),
    "drill_proof_timestamp_seconds": Metric(
        "gauge", ("source",), "When the newest proof of the source was made."
    ),
    "drill_proof_validity_seconds": Metric(
        "gauge", ("source",), "How long a proof of the source is one."
    ),
    "drill_proof_age_seconds": Metric(
        "gauge", ("source",), "Age of the newest proof when these figures were made."
    ),
    "drill_leaked_instances": Metric(
        "gauge", _PLAN, "Scratch instances that still exist, or still hold data."
    ),
    "drill_unfinished_drills": Metric("gauge", ("state",), "Drills under way, by their state."),
    "drill_cloud_trouble_drills": Metric(
        "gauge", ("cloud",), "Drills under way whose cloud could not be asked just now."
    ),
    "drill_notices_sent_total": Metric("counter", ("channel", "kind"), "Notices that were sent."),
    "drill_channel_failures_total": Metric(
        "counter", ("channel",), "Tries with which a channel did not take a notice."
    ),
    "drill_notices_waiting": Metric(
        "gauge", ("channel",), "Notices that a channel has not taken yet."
    ),
    "drill_notices_given_up_total": Metric(
        "counter", ("channel",), "Notices that a channel never took."
    ),
    "drill_store_up": Metric("gauge", (), "1 if the store could be read for these figures."),
    "drill_store_failures_total": Metric(
        "counter", (), "Times that this process could not read the store for its figures."
    ),
    "drill_collected_timestamp_seconds": Metric("gauge", (), "When these figures were made."),
    "drill_daemon_beat_timestamp_seconds": Metric(
        "gauge", (), "When the daemon beat last; only where drill serve runs."
    ),
    "drill_build_info": Metric("gauge", ("version",), "1; the version is in the label."),
}
"""Every metric there is; docs/monitoring.md says what to do with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value of one metric."""

    name: str
    labels: tuple[str, ...] = ()
    """In the order of the metric's label names."""
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What samples are made of."""

    promises: tuple[Promise, ...] = ()
    drills: Sequence[DrillFacts] = ()
    """Every drill that is known, of all time: counters never go back."""
    conditions: Sequence[Condition] = ()
    unfinished: Sequence[tuple[str, str, bool]] = ()
    """(state, cloud, whether the cloud is in trouble) of every drill under way."""
    tallies: Sequence[Tally] = ()
    version: str
    beat_at: datetime | None = None
    store_failures: int = 0
    clouds: Sequence[str] = ()
    states: Sequence[str] = ()


def samples_of(measured: Measured, *, now: datetime) -> list[Sample]:
    """Return every sample of a store that could be read."""
    return [
        *_of_plans(measured),
        *_of_proofs(measured, now),
        *_of_work(measured),
        *_of_notices(measured.tallies),
        *_of_process(measured, now, store_up=True),
    ]


def samples_without_store(measured: Measured, *, now: datetime) -> list[Sample]:
    """Return what can be said while the store cannot be read: that, and no figure of a drill."""
    return list(_of_process(measured, now, store_up=False))


def source_label(source: SourceKey) -> str:
    """Return the label of a source."""
    return f"{source[0]}/{source[1]}"


def _of_plans(measured: Measured) -> Iterator[Sample]:
    by_plan = of_each_plan(measured.drills)
    wrong = {(one.plan_name, one.kind) for one in measured.conditions}
    for promise in measured.promises:
        labels = (promise.plan_name, source_label(promise.source))
        drills = by_plan[promise.plan_name]
        real = [one for one in drills if is_real(one)]
        yield from _counts(labels, drills, real)
        yield from _newest(labels, real)
        overdue = (promise.plan_name, NoticeKind.OVERDUE) in wrong
        if real:
            failing = (promise.plan_name, NoticeKind.FAILED) in wrong
            yield Sample(name="drill_failing", labels=labels, value=failing)
        if real or overdue:
            yield Sample(name="drill_overdue", labels=labels, value=overdue)


def _counts(
    labels: tuple[str, str], drills: Sequence[DrillFacts], real: Sequence[DrillFacts]
) -> Iterator[Sample]:
    outcomes = Counter(one.outcome for one in real)
    for outcome in Outcome:
        yield Sample(
            name="drill_drills_total", labels=(*labels, outcome.value), value=outcomes[outcome]
        )
    simulated = sum(1 for one in drills if one.is_simulated and one.outcome is not None)
    yield Sample(name="drill_simulated_drills_total", labels=labels, value=simulated)
    yield Sample(name="drill_missed_slots_total", labels=labels, value=outcomes[Outcome.MISSED])
    leaked = sum(1 for one in drills if one.teardown == "leaked")
    yield Sample(name="drill_leaked_instances", labels=labels, value=leaked)


def _newest(labels: tuple[str, str], real: Sequence[DrillFacts]) -> Iterator[Sample]:
    ran = [one for one in real if one.outcome not in (Outcome.MISSED, Outcome.SKIPPED)]
    passed = next((one for one in ran if one.outcome in PASSES), None)
    if passed is not None:
        yield _instant("drill_last_passed_timestamp_seconds", labels, ended_at(passed))
    if not ran:
        return
    last = ran[0]
    yield _instant("drill_last_finished_timestamp_seconds", labels, ended_at(last))
    yield Sample(
        name="drill_last_drill_passed", labels=labels, value=last.outcome is Outcome.PASSED
    )
    yield Sample(name="drill_level", labels=labels, value=last.level)
    spans = {
        "drill_rta_seconds": last.rta,
        "drill_rta_unattended_seconds": last.unattended if last.rta is not None else None,
        "drill_rpa_seconds": last.rpa,
        "drill_rto_target_seconds": last.rto_target,
        "drill_rpo_target_seconds": last.rpo_target,
    }
    for name, span in spans.items():
        if span is not None:
            yield Sample(name=name, labels=labels, value=span.total_seconds())


def _of_proofs(measured: Measured, now: datetime) -> Iterator[Sample]:
    validity: dict[SourceKey, timedelta] = {}
    for promise in measured.promises:
        before = validity.get(promise.source, promise.proof_validity)
        validity[promise.source] = min(before, promise.proof_validity)
    proven: dict[SourceKey, datetime] = {}
    for drill in measured.drills:
        if is_proof(drill):
            at = ended_at(drill)
            proven[drill.source] = max(at, proven.get(drill.source, at))
    for source, span in sorted(validity.items()):
        labels = (source_label(source),)
        yield Sample(name="drill_proof_validity_seconds", labels=labels, value=span.total_seconds())
        if source in proven:
            yield _instant("drill_proof_timestamp_seconds", labels, proven[source])
            age = (now - proven[source]).total_seconds()
            yield Sample(name="drill_proof_age_seconds", labels=labels, value=age)


def _of_work(measured: Measured) -> Iterator[Sample]:
    states = Counter(state for state, _, _ in measured.unfinished)
    for state in measured.states:
        yield Sample(name="drill_unfinished_drills", labels=(state,), value=states[state])
    troubled = Counter(cloud for _, cloud, is_troubled in measured.unfinished if is_troubled)
    for cloud in sorted(measured.clouds):
        yield Sample(name="drill_cloud_trouble_drills", labels=(cloud,), value=troubled[cloud])


def _of_notices(tallies: Sequence[Tally]) -> Iterator[Sample]:
    by_channel: dict[str, list[Tally]] = defaultdict(list)
    for tally in tallies:
        by_channel[tally.channel].append(tally)
        yield Sample(
            name="drill_notices_sent_total",
            labels=(tally.channel, tally.kind.value),
            value=tally.sent,
        )
    for channel, some in sorted(by_channel.items()):
        figures = {
            "drill_channel_failures_total": sum(one.failed_attempts for one in some),
            "drill_notices_waiting": sum(one.waiting for one in some),
            "drill_notices_given_up_total": sum(one.given_up for one in some),
        }
        for name, value in figures.items():
            yield Sample(name=name, labels=(channel,), value=value)


def _of_process(measured: Measured, now: datetime, *, store_up: bool) -> Iterable[Sample]:
    yield Sample(name="drill_store_up", value=store_up)
    yield Sample(name="drill_store_failures_total", value=measured.store_failures)
    yield _instant("drill_collected_timestamp_seconds", (), now)
    if measured.beat_at is not None:
        yield _instant("drill_daemon_beat_timestamp_seconds", (), measured.beat_at)
    yield Sample(name="drill_build_info", labels=(measured.version,), value=1)


def _instant(name: str, labels: tuple[str, ...], at: datetime) -> Sample:
    return Sample(name=name, labels=labels, value=at.timestamp())
