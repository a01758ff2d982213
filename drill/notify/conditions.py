"""What is not as it should be right now, and since when. Pure: ``now`` is an argument."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.notify.expectation import expected_by
from drill.notify.known import (
    FAILURES,
    NEVER_RAN,
    WITHOUT_ANSWER,
    Known,
    Promise,
    ended_at,
    is_real,
    last_run,
    newest_first,
    of_each_plan,
)
from drill.plan.telling import NoticeKind, Severity
from drill.recovery.coverage.evidence import is_proof
from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.verdict import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """When something is told, and how often; ``[notices]`` in config.toml."""

    repeat_every: timedelta = timedelta(hours=24)
    not_operated_after: int = 2
    proof_warning: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is not as it should be."""

    kind: NoticeKind
    subject: str
    since: datetime
    severity: Severity
    what: str
    """One plain sentence without its full stop."""
    why: str | None = None
    hint: str | None = None
    plan_name: str | None = None
    group: str | None = None
    source: SourceKey | None = None
    source_name: str | None = None
    drill_id: str | None = None


OpenSince = Mapping[tuple[str, NoticeKind], datetime]
"""Since when an episode goes on that was told before: (subject, kind) -> its beginning."""


def find_conditions(
    known: Known, manner: Manner, *, now: datetime, open_since: OpenSince | None = None
) -> list[Condition]:
    """Return everything that is not as it should be, by plan, source, drill and daemon.

    ``open_since`` keeps the beginning of an episode that is older than the drills at hand.
    """
    by_plan = of_each_plan(known.drills)
    found: list[Condition] = []
    for promise in known.promises:
        drills = by_plan[promise.plan_name]
        real = [one for one in drills if is_real(one)]
        found += _failing(promise, real, open_since or {})
        found += _not_operated(promise, real, manner)
        found += _overdue(promise, drills, open_since or {}, now)
    found += _proofs(known.promises, known.drills, manner, now)
    found += _leaks(known)
    found += _crash(known)
    return found


def subject_of_plan(name: str) -> str:
    """Return the subject of notices about a plan."""
    return f"plan:{name}"


def subject_of_source(source: SourceKey) -> str:
    """Return the subject of notices about a source."""
    return f"source:{source[0]}/{source[1]}"


def subject_of_drill(drill_id: str) -> str:
    """Return the subject of notices about one drill."""
    return f"drill:{drill_id}"


def _failing(
    promise: Promise, drills: Sequence[DrillFacts], open_since: OpenSince
) -> Iterator[Condition]:
    """A plan fails from its first failure on until it passes; what says nothing ends nothing."""
    run: list[DrillFacts] = []
    has_passed = False
    for drill in drills:
        if drill.outcome is Outcome.PASSED:
            has_passed = True
            break
        if drill.outcome in FAILURES:
            run.append(drill)
    if not run:
        return
    subject = subject_of_plan(promise.plan_name)
    since = ended_at(run[-1])
    told = open_since.get((subject, NoticeKind.FAILED))
    if told is not None and not has_passed:
        since = min(since, told)
    newest = run[0]
    is_late = newest.outcome is Outcome.PASSED_LATE
    word = "passed late" if is_late else str(newest.outcome).replace("_", " ")
    times = "" if len(run) == 1 else f", {len(run)} drills in a row"
    yield _of_plan(
        promise,
        NoticeKind.FAILED,
        since,
        newest,
        severity=Severity.WARNING if is_late else Severity.CRITICAL,
        what=f"the drill ended as {word}{times}",
        why=_reason(newest),
        hint=newest.hint or "Read the page of the drill, and mend what it says.",
    )


def _reason(drill: DrillFacts) -> str | None:
    failing = f"not passed: {', '.join(drill.failing)}" if drill.failing else None
    return "; ".join(part for part in (drill.reason, failing) if part) or None


def _not_operated(
    promise: Promise, drills: Sequence[DrillFacts], manner: Manner
) -> Iterator[Condition]:
    run: list[DrillFacts] = []
    for drill in drills:
        if drill.outcome in WITHOUT_ANSWER:
            run.append(drill)
        elif drill.outcome not in NEVER_RAN:
            break
    if len(run) < manner.not_operated_after:
        return
    newest = run[0]
    word = str(newest.outcome).replace("_", " ")
    yield _of_plan(
        promise,
        NoticeKind.NOT_OPERATED,
        ended_at(run[-1]),
        newest,
        severity=Severity.WARNING,
        what=f"the control did not operate: {len(run)} in a row without an answer, now {word}",
        why=_reason(newest),
        hint=newest.hint or "Nothing is known about the backup; find out what keeps drills away.",
    )


def _overdue(
    promise: Promise, drills: Sequence[DrillFacts], open_since: OpenSince, now: datetime
) -> Iterator[Condition]:
    """A plan that never ran counts from when it was first seen: nobody else would tell of it."""
    last = last_run(drills)
    never_ran = [one for one in drills if is_real(one) and one.outcome in NEVER_RAN]
    if last is not None:
        slot, counted_from = last.scheduled_for, ended_at(last)
    elif promise.seen_at is not None:
        slot = counted_from = promise.seen_at
    elif never_ran:
        slot, counted_from = never_ran[-1].scheduled_for, ended_at(never_ran[-1])
    else:
        return
    deadline = expected_by(promise, scheduled_for=slot, ended_at=counted_from)
    if deadline is None or now <= deadline:
        return
    told = open_since.get((subject_of_plan(promise.plan_name), NoticeKind.OVERDUE))
    if told is not None and told >= counted_from:  # the schedule was edited, and no drill ended
        deadline = told
    is_first = last is None and promise.seen_at is not None
    first_seen = "it was first seen with a schedule: " if is_first else ""
    kept_away = next((one.reason for one in never_ran if ended_at(one) > counted_from), None)
    yield _of_plan(
        promise,
        NoticeKind.OVERDUE,
        deadline,
        last,
        severity=Severity.CRITICAL,
        what=f"no drill has finished since {first_seen}{counted_from:%Y-%m-%d %H:%MZ}",
        why=kept_away or "the next one was expected by now",
        hint="Look whether drill serve, or the timer of drill run, is running.",
    )


def _proofs(
    promises: Sequence[Promise], drills: Sequence[DrillFacts], manner: Manner, now: datetime
) -> Iterator[Condition]:
    validity: dict[SourceKey, timedelta] = {}
    for promise in promises:
        before = validity.get(promise.source, promise.proof_validity)
        validity[promise.source] = min(before, promise.proof_validity)
    newest: dict[SourceKey, DrillFacts] = {}
    for drill in newest_first(one for one in drills if is_proof(one)):
        newest.setdefault(drill.source, drill)
    for source, drill in sorted(newest.items()):
        if source in validity:
            yield from _proof(drill, validity[source], manner, now)


def _proof(
    drill: DrillFacts, validity: timedelta, manner: Manner, now: datetime
) -> Iterator[Condition]:
    ends_at = ended_at(drill) + validity
    warn_at = ends_at - min(manner.proof_warning, validity / 4)
    if now < warn_at:
        return
    is_over = now >= ends_at
    word = "ended" if is_over else "ends"
    yield Condition(
        kind=NoticeKind.STALE_PROOF if is_over else NoticeKind.PROOF_ENDING,
        subject=subject_of_source(drill.source),
        since=ends_at if is_over else warn_at,
        severity=Severity.CRITICAL if is_over else Severity.WARNING,
        what=f"the newest proof {word} at {ends_at:%Y-%m-%d %H:%MZ}",
        why=f"no drill has passed at L3 or above since {ended_at(drill):%Y-%m-%d %H:%MZ}",
        hint=f"Run a drill of this source: drill run {drill.plan_name}",
        plan_name=drill.plan_name,
        group=drill.group,
        source=drill.source,
        source_name=drill.source_name,
        drill_id=drill.id,
    )


def _leaks(known: Known) -> Iterator[Condition]:
    for drill in known.drills:
        if drill.teardown != "leaked":
            continue
        instance = drill.target_name or drill.target_id or "its scratch instance"
        yield Condition(
            kind=NoticeKind.LEAKED,
            subject=subject_of_drill(drill.id),
            since=ended_at(drill),
            severity=Severity.CRITICAL,
            what=f"{instance} still exists, or still holds data",
            why=drill.teardown_reason,
            hint="Run drill sweep --apply once the cause is mended.",
            plan_name=drill.plan_name,
            group=drill.group,
            source=drill.source,
            source_name=drill.source_name,
            drill_id=drill.id,
        )


def _crash(known: Known) -> Iterator[Condition]:
    start = known.start
    if start is None or not start.previous_crashed:
        return
    seen = start.previous_seen_at
    yield Condition(
        kind=NoticeKind.CRASHED,
        subject=f"daemon:{start.name}",
        since=start.started_at,
        severity=Severity.WARNING,
        what="the daemon has started after a crash",
        why=f"the one before was last seen at {seen:%Y-%m-%d %H:%M:%SZ}" if seen else None,
        hint="Look into the log of the service from before that instant.",
    )


def _of_plan(
    promise: Promise,
    kind: NoticeKind,
    since: datetime,
    drill: DrillFacts | None,
    *,
    severity: Severity,
    what: str,
    why: str | None,
    hint: str | None,
) -> Condition:
    return Condition(
        kind=kind,
        subject=subject_of_plan(promise.plan_name),
        since=since,
        severity=severity,
        what=what,
        why=why,
        hint=hint,
        plan_name=promise.plan_name,
        group=promise.group,
        source=promise.source,
        source_name=drill.source_name if drill else None,
        drill_id=drill.id if drill else None,
    )
