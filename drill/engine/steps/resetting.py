"""Teardown of an existing target: restore its empty baseline, and see that it is empty.

The baseline is the target's own, or that of a blank instance where the cloud cannot restore the
engine to the current instance."""

from __future__ import annotations

from datetime import datetime

from drill.engine.desk import Desk
from drill.engine.emptiness import look_inside
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import EventKind, Teardown
from drill.engine.steps.reading import read_blank
from drill.engine.steps.restoring import (
    BROKEN_STATUSES,
    RUNNING_STATUSES,
    find_new_restore_job,
    restore_is_over,
)
from drill.engine.steps.teardown_answer import (
    TornDown,
    give_order,
    is_watched_out,
    leaked_by,
)
from drill.guard.admission import Refusals
from drill.guard.facts import ResetFacts
from drill.guard.rules import admit_reset
from drill.provider.port import JobStatus
from drill.recovery.values import Instance

RESETTABLE = frozenset({"ACTIVE", "FAILED"})
"""A failed restore may leave its target FAILED: the baseline is the way out of that, too."""


def reset_existing_target(desk: Desk, parts: Parts, cloud: CloudSettings) -> TornDown | None:
    """Do one step; None while it is not over.

    1. Nothing was ever ordered: nothing to do.
    2. A reset was accepted: wait for its end, then look into the instance.
    3. The answer to a reset was lost: look at tasks and status for ``settle_time``.
    4. The restore was ordered but never seen accepted: after ``settle_time``, an instance that is
       seen to be empty needs no reset.
    5. Otherwise wait until the target is idle, ask the guard, write the intent, and reset.

    Resetting to its baseline twice does the same as once, so that it may be ordered again once
    the first order was seen not to be under way. Raise ProviderError.
    """
    record = desk.record
    if record.restore_intent_at is None:
        return TornDown(Teardown.NOT_NEEDED, "the target was not touched")
    target = cloud.provider.find_instance(record.target_id or "")
    if target is None:
        return TornDown(Teardown.LEAKED, f"the cloud no longer lists target {record.target_id}")
    if record.teardown_accepted_at is not None:
        return _follow_reset(desk, parts, cloud, target, record.teardown_accepted_at)
    if record.teardown_intent_at is not None and _resolve_lost_reset(
        desk, cloud, target, record.teardown_intent_at
    ):
        return None
    if record.restore_accepted_at is None:
        return _reset_if_touched(desk, parts, cloud, target, record.restore_intent_at)
    return _reset_when_idle(desk, cloud, target)


def _reset_if_touched(
    desk: Desk, parts: Parts, cloud: CloudSettings, target: Instance, intent_at: datetime
) -> TornDown | None:
    if not is_watched_out(desk, cloud, intent_at):
        desk.look_again_in(cloud.poll_every)
        return None
    if target.status == "ACTIVE":
        seen = look_inside(parts, cloud, target, cloud.scratch.get(target.id))
        if seen.is_empty:
            return TornDown(Teardown.NOT_NEEDED, f"the target was not touched: {seen.reason}")
    return _reset_when_idle(desk, cloud, target)


def _reset_when_idle(desk: Desk, cloud: CloudSettings, target: Instance) -> TornDown | None:
    if target.status not in RESETTABLE:
        desk.look_again_in(cloud.poll_every, teardown_reason=f"the target is {target.status}")
        return None
    return _reset(desk, cloud, target)


def _reset(desk: Desk, cloud: CloudSettings, target: Instance) -> TornDown | None:
    record = desk.record
    login = cloud.scratch.get(target.id)
    admission = admit_reset(
        ResetFacts(
            now=desk.now(),
            drill_id=record.id,
            target=target,
            target_backups=tuple(cloud.provider.list_backups(target.id)),
            baseline_name=login.baseline if login else None,
            site=cloud.site,
            cloud=cloud.rules,
            target_held_by=desk.journal.holder_of(record.plan.source.cloud, target.id),
            blank=read_blank(cloud, target.id),
        )
    )
    if isinstance(admission, Refusals):
        return leaked_by(admission)
    desk.note(
        EventKind.INTENT,
        "reset",
        {
            "target_id": target.id,
            "baseline": admission.baseline.id,
            "baseline_of": admission.source_id,
        },
    )
    desk.save(
        teardown_intent_at=desk.now(),
        teardown_accepted_at=None,
        teardown_job_id=None,
        teardown_seen_running=False,
    )
    give_order(
        desk, cloud, "reset", lambda: cloud.provider.reset(admission), teardown_intent_at=None
    )
    return None


def _resolve_lost_reset(
    desk: Desk, cloud: CloudSettings, target: Instance, intent_at: datetime
) -> bool:
    """Return True while the fate of a reset is still open, or once it was found accepted."""
    job = find_new_restore_job(desk.record, cloud, target, intent_at)
    if job is not None or target.status == "RESTORING":
        job_id = job.id if job else None
        desk.note(EventKind.OBSERVATION, "reset", {"answer": "found accepted", "job_id": job_id})
        desk.look_again_in(
            cloud.poll_every,
            teardown_accepted_at=intent_at,
            teardown_job_id=job_id,
            teardown_seen_running=target.status == "RESTORING",
        )
        return True
    if desk.now() - intent_at <= cloud.settle_time:
        desk.look_again_in(cloud.poll_every)
        return True
    return False


def _follow_reset(
    desk: Desk, parts: Parts, cloud: CloudSettings, target: Instance, accepted_at: datetime
) -> TornDown | None:
    record = desk.record
    job = cloud.provider.find_job(record.teardown_job_id) if record.teardown_job_id else None
    if (job is not None and job.status is JobStatus.FAILED) or target.status in BROKEN_STATUSES:
        reason = job.fail_reason if job is not None else None
        return TornDown(
            Teardown.LEAKED,
            f"the reset of target {target.id} failed: {reason or target.status}",
        )
    seen_running = (
        record.teardown_seen_running
        or target.status in RUNNING_STATUSES
        or (job is not None and job.status is JobStatus.RUNNING)
    )
    if not restore_is_over(job, target, seen_running, desk.now() - accepted_at):
        desk.look_again_in(cloud.poll_every, teardown_seen_running=seen_running)
        return None
    seen = look_inside(parts, cloud, target, cloud.scratch.get(target.id))
    if seen.is_empty is None:
        desk.look_again_in(cloud.poll_every, teardown_reason=seen.reason)
        return None
    if not seen.is_empty:
        return TornDown(
            Teardown.LEAKED, f"target {target.id} is not empty after its reset: {seen.reason}"
        )
    return TornDown(Teardown.CLEAN, f"reset to its baseline and seen empty: {seen.reason}")
