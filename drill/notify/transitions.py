"""What is told now: from what is not as it should be, and from what was told before. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from drill.engine.notices import Telling
from drill.notify.conditions import (
    Condition,
    Manner,
    OpenSince,
    subject_of_drill,
    subject_of_plan,
    subject_of_source,
)
from drill.notify.known import Known, ended_at, is_real, last_run, newest_first, of_each_plan
from drill.plan.telling import NoticeKind, Severity
from drill.recovery.facts import DrillFacts
from drill.recovery.verdict import Outcome

EPISODES = frozenset(
    {
        NoticeKind.FAILED,
        NoticeKind.NOT_OPERATED,
        NoticeKind.OVERDUE,
        NoticeKind.LEAKED,
        NoticeKind.STALE_PROOF,
    }
)
"""Kinds that go on until something ends them; the end is told."""
ONCE = frozenset({NoticeKind.CRASHED, NoticeKind.PROOF_ENDING, NoticeKind.RECOVERED})
"""Kinds that are never repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to be told on one channel."""

    kind: NoticeKind
    number: int
    condition: Condition
    """What is told; of a recovery the condition is what is over."""


def notices_for(
    channel: str,
    known: Known,
    conditions: Sequence[Condition],
    told: Sequence[Telling],
    manner: Manner,
    *,
    now: datetime,
) -> list[Notice]:
    """Return what a channel has to be told now.

    ``conditions`` are those of ``find_conditions``. First what is new; what goes on is repeated
    ``repeat_every`` after it was entered last; what is over is told where its beginning was.
    """
    here = [one for one in told if one.channel == channel]
    found = [_next(condition, here, manner, now) for condition in conditions]
    notices = [notice for notice in found if notice is not None]
    notices += _recoveries(known, conditions, here)
    return notices


def open_since(told: Sequence[Telling]) -> OpenSince:
    """Return the episodes that were told and whose end was not."""
    over = {(one.subject, one.since) for one in told if one.kind is NoticeKind.RECOVERED}
    found: dict[tuple[str, NoticeKind], datetime] = {}
    for one in told:
        kind = episode_kind(one.kind)
        if kind in EPISODES and (one.subject, one.since) not in over:
            key = (one.subject, kind)
            found[key] = max(found.get(key, one.since), one.since)
    return found


def episode_kind(kind: NoticeKind) -> NoticeKind:
    """Return the kind that an episode begins with: "still failing" goes on with "failed"."""
    return NoticeKind.FAILED if kind is NoticeKind.STILL_FAILING else kind


def _next(
    condition: Condition, here: Sequence[Telling], manner: Manner, now: datetime
) -> Notice | None:
    earlier = [
        one
        for one in here
        if one.subject == condition.subject
        and one.since == condition.since
        and episode_kind(one.kind) is condition.kind
    ]
    if not earlier:
        return Notice(kind=condition.kind, number=0, condition=condition)
    last = max(earlier, key=lambda one: one.number)
    if condition.kind in ONCE or now < last.first_at + manner.repeat_every:
        return None
    is_failing = condition.kind is NoticeKind.FAILED
    kind = NoticeKind.STILL_FAILING if is_failing else condition.kind
    return Notice(kind=kind, number=last.number + 1, condition=condition)


def _recoveries(
    known: Known, conditions: Sequence[Condition], here: Sequence[Telling]
) -> Iterator[Notice]:
    """Tell what is over. Nothing is "over" while its subject is still in another trouble, and
    nothing is known of a plan that is not in the configuration any more."""
    troubled = {condition.subject for condition in conditions}
    ends, runs = _what_ended(known), _what_ran(known)
    for (subject, kind), since in sorted(open_since(here).items()):
        drill = (runs if kind is NoticeKind.OVERDUE else ends).get(subject)
        if subject in troubled or drill is None or ended_at(drill) < since:
            continue
        yield Notice(
            kind=NoticeKind.RECOVERED,
            number=0,
            condition=_recovery(drill, kind, subject=subject, since=since),
        )


def _what_ended(known: Known) -> dict[str, DrillFacts]:
    """Return the drill that shows that a subject is well again, for every subject that is known."""
    plans = {promise.plan_name for promise in known.promises}
    ends: dict[str, DrillFacts] = {}
    for drill in newest_first(one for one in known.drills if is_real(one)):
        if drill.plan_name in plans and drill.outcome is Outcome.PASSED:
            ends.setdefault(subject_of_plan(drill.plan_name), drill)
            ends.setdefault(subject_of_source(drill.source), drill)
    for drill in known.drills:
        if drill.teardown == "clean":
            ends[subject_of_drill(drill.id)] = drill
    return ends


def _what_ran(known: Known) -> dict[str, DrillFacts]:
    """Return the drill of every plan that ran last: with it the plan is overdue no more."""
    by_plan = of_each_plan(known.drills)
    newest = {one.plan_name: last_run(by_plan[one.plan_name]) for one in known.promises}
    return {subject_of_plan(name): drill for name, drill in newest.items() if drill is not None}


_OVER = {
    NoticeKind.FAILED: "the drill has passed again",
    NoticeKind.NOT_OPERATED: "drills give an answer again",
    NoticeKind.OVERDUE: "drills are run again",
    NoticeKind.LEAKED: "what had leaked is torn down",
    NoticeKind.STALE_PROOF: "there is a new proof",
}


def _recovery(drill: DrillFacts, kind: NoticeKind, *, subject: str, since: datetime) -> Condition:
    return Condition(
        kind=NoticeKind.RECOVERED,
        subject=subject,
        since=since,
        severity=Severity.INFO,
        what=_OVER[kind],
        plan_name=drill.plan_name,
        group=drill.group,
        source=drill.source,
        source_name=drill.source_name,
        drill_id=drill.id,
    )
