"""Which plans have something to settle: what is remembered of a plan, against what it is now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from drill.engine.control import Control, PlanSeen
from drill.engine.fates import Look, Question
from drill.plan.blackouts import SiteBlackout
from drill.plan.loaded import LoadedPlan
from drill.plan.model import Plan
from drill.plan.slots import next_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A plan that has something to settle, or to remember."""

    loaded: LoadedPlan
    question: Question
    seen: PlanSeen
    """What will be remembered."""
    is_new: bool = False
    is_to_remember: bool = False


def look_at(
    control: Control,
    watched: Sequence[Watched],
    now: datetime,
    blackouts: Sequence[SiteBlackout],
) -> Look:
    """Return what a look at these plans has to know beside them."""
    oldest = min((one.question.after for one in watched), default=now)
    return Look(
        now=now,
        before=control.last_look(),
        pauses=control.pauses_since(oldest) if watched else (),
        blackouts=blackouts,
    )


def watch(control: Control, plans: Sequence[LoadedPlan], now: datetime) -> list[Watched]:
    """Return the plans that are new or changed, or that have a slot that has come."""
    known = control.plans_seen()
    found = (_watched(control, loaded, known.get(loaded.plan.name), now) for loaded in plans)
    return [one for one in found if one is not None]


def last_of(control: Control, gone: Collection[str]) -> Iterator[Watched]:
    """Yield the plans whose files were taken away, as they were when they were valid last."""
    known = control.plans_seen() if gone else {}
    for name in sorted(set(gone) & set(known)):
        last, seen = control.last_valid(name), known[name]
        if last is not None:
            without_schedule = last.model_copy(update={"schedule": None})
            yield Watched(
                loaded=LoadedPlan(last, Path(f"{name}.toml"), seen.digest, ""),
                question=Question(
                    plan=without_schedule, scheduled_by=last, after=seen.settled_until
                ),
                seen=seen,
            )


def _watched(
    control: Control, loaded: LoadedPlan, seen: PlanSeen | None, now: datetime
) -> Watched | None:
    plan = loaded.plan
    if seen is None:
        return _first_seen(loaded, now) if plan.schedule else None
    if seen.digest == loaded.digest:
        if not _has_come(plan, seen.settled_until, now):
            return None
        question = Question(plan=plan, scheduled_by=plan, after=seen.settled_until)
        return Watched(loaded=loaded, question=question, seen=seen)
    before = control.last_valid(plan.name) or plan
    seen = replace(seen, digest=loaded.digest)
    if _is_same_schedule(before, plan):
        question = Question(plan=plan, scheduled_by=plan, after=seen.settled_until)
    else:
        question = Question(plan=plan, scheduled_by=before, after=seen.settled_until)
        seen = replace(seen, settled_until=max(seen.settled_until, _this_minute(now)))
    return Watched(loaded=loaded, question=question, seen=seen, is_to_remember=True)


def _first_seen(loaded: LoadedPlan, now: datetime) -> Watched:
    after = _this_minute(now)
    seen = PlanSeen(
        plan_name=loaded.plan.name,
        digest=loaded.digest,
        first_seen_at=now,
        settled_until=after,
    )
    question = Question(plan=loaded.plan, scheduled_by=loaded.plan, after=after)
    return Watched(loaded=loaded, question=question, seen=seen, is_new=True, is_to_remember=True)


def _this_minute(now: datetime) -> datetime:
    """Return the instant before the minute: cron has no seconds, so a slot is a whole minute."""
    return now.replace(second=0, microsecond=0) - timedelta(microseconds=1)


def _has_come(plan: Plan, after: datetime, now: datetime) -> bool:
    slot = next_slot(plan, after=after)
    return slot is not None and slot.scheduled_for <= now


def _is_same_schedule(before: Plan, after: Plan) -> bool:
    if before.schedule is None or after.schedule is None:
        return before.schedule is after.schedule
    return (before.schedule.cron, before.schedule.time_zone) == (
        after.schedule.cron,
        after.schedule.time_zone,
    )
