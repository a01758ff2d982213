"""Restoring: find out whether the order was accepted, and wait until the copy is up."""

from __future__ import annotations

from datetime import datetime, timedelta

from drill.engine.desk import Desk
from drill.engine.faults import begin_teardown
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import DrillRecord, EventKind, Outcome, State, StepName
from drill.engine.steps.attending import note_stretch
from drill.engine.steps.ordering import instance_name_of, order_restore
from drill.engine.steps.tagging import lacks_our_tag, tag_late
from drill.engine.taxonomy import counts_against_the_backup, row_of, trouble_of
from drill.guard.facts import DRILL_TAG
from drill.plan.model import NewTarget
from drill.provider.port import Job, JobStatus
from drill.recovery.values import Instance

RUNNING_STATUSES = frozenset({"BUILD", "RESTORING"})
READY_STATUSES = frozenset({"ACTIVE", "BACKING UP"})
BROKEN_STATUSES = frozenset({"FAILED", "CREATE FAIL"})

JOB_MAY_BE_UNKNOWN = timedelta(minutes=2)
"""A job id becomes visible some seconds after it was accepted (reference 6.1, 14.1 #5); after this
long it counts as lost, and the status of the instance decides alone."""

CLOCK_SKEW = timedelta(minutes=15)
"""How far the cloud's clock may be behind ours: beyond it no signature would be accepted."""


def follow_restore(desk: Desk, parts: Parts, cloud: CloudSettings) -> None:
    """Order (again) if nothing was accepted, resolve a lost answer, or look how far it is."""
    record = desk.record
    if record.restore_intent_at is None:
        order_restore(desk, parts, cloud)
    elif record.restore_accepted_at is None:
        _resolve_lost_answer(desk, cloud, record.restore_intent_at)
    else:
        _look(desk, parts, cloud, record.restore_accepted_at)


def _resolve_lost_answer(desk: Desk, cloud: CloudSettings, intent_at: datetime) -> None:
    found = find_accepted_restore(desk.record, cloud, intent_at)
    if found is not None:
        instance_id, job_id, accepted_at = found
        desk.note(
            EventKind.OBSERVATION,
            "restore",
            {"answer": "found accepted", "instance_id": instance_id, "job_id": job_id},
        )
        desk.look_again_in(
            timedelta(0),
            restore_accepted_at=accepted_at,
            restore_job_id=job_id,
            restore_seen_running=job_id is None,
            target_id=instance_id,
        )
    elif desk.now() - intent_at > cloud.settle_time:
        begin_teardown(
            desk,
            Outcome.INCONCLUSIVE,
            "the answer to the restore request was lost, and the cloud shows no sign of it",
            "Run the plan again; this request is never repeated by itself.",
        )
    else:
        desk.look_again_in(cloud.poll_every)


def find_accepted_restore(
    record: DrillRecord, cloud: CloudSettings, intent_at: datetime
) -> tuple[str, str | None, datetime] | None:
    """Look whether an order whose answer was lost was accepted after all.

    Return (instance id, job id if known, when it was accepted as far as can be told), or None if
    nothing shows it yet. A new instance is known by its name, its tag, and by not having been
    there before; an existing target by its status and its tasks. Raise ProviderError.
    """
    provider = cloud.provider
    before = record.inventory.instance_ids if record.inventory else frozenset()
    if isinstance(record.plan.target, NewTarget):
        for instance in provider.list_instances(name=instance_name_of(record)):
            if instance.id not in before and _is_tagged(instance, record, cloud):
                jobs = provider.list_jobs_of(instance.id, since=intent_at - CLOCK_SKEW)
                job_id = next((job.id for job in jobs), None)
                return instance.id, job_id, instance.created_at or intent_at
        return None
    target = provider.find_instance(record.plan.target.instance_id)
    if target is None:
        return None
    job = find_new_restore_job(record, cloud, target, intent_at)
    if job is not None:
        return target.id, job.id, job.created_at or intent_at
    if target.status == "RESTORING":
        return target.id, None, intent_at
    return None


def find_new_restore_job(
    record: DrillRecord, cloud: CloudSettings, target: Instance, intent_at: datetime
) -> Job | None:
    """Return the newest restore task of a target that was not there before this drill acted.

    The drill holds the target, so that a new restore task can only be its own. Task ids are
    compared, not instants: the cloud's clock may be off. Raise ProviderError.
    """
    before = record.inventory.target_job_ids if record.inventory else frozenset()
    known = before | {record.restore_job_id, record.teardown_job_id}
    jobs = [
        job
        for job in cloud.provider.list_jobs_of(target.id, since=intent_at - CLOCK_SKEW)
        if job.id not in known and "restore" in (job.name or "").lower()
    ]
    return max(jobs, key=lambda job: job.created_at or intent_at, default=None)


def _is_tagged(instance: Instance, record: DrillRecord, cloud: CloudSettings) -> bool:
    return not cloud.rules.tags_in_create or instance.tags.get(DRILL_TAG) == record.id


def _look(desk: Desk, parts: Parts, cloud: CloudSettings, accepted_at: datetime) -> None:
    record = desk.record
    target_id = record.target_id or ""
    job = cloud.provider.find_job(record.restore_job_id) if record.restore_job_id else None
    instance = cloud.provider.find_instance(target_id)
    if job is not None and job.status is not JobStatus.FAILED and _is_broken(instance):
        job = cloud.provider.find_job(job.id)  # it failed between the two reads: it says why
    failed = _why_failed(job, instance)
    if failed is not None:
        _conclude_failed(desk, failed, job, instance)
        return
    if instance is not None and lacks_our_tag(desk, cloud, instance):
        refusals = tag_late(desk, cloud, instance)
        if refusals is not None:
            # The teardown asks again, and says whether the instance leaked.
            begin_teardown(
                desk,
                Outcome.INCONCLUSIVE,
                "the new instance may not be tagged: " + refusals.refusals[0].message,
                refusals.refusals[0].hint,
            )
            return
    seen_running = (
        record.restore_seen_running
        or (instance is not None and instance.status in RUNNING_STATUSES)
        or (job is not None and job.status is JobStatus.RUNNING)
    )
    age = desk.now() - accepted_at
    if instance is not None and restore_is_over(job, instance, seen_running, age):
        desk.note(
            EventKind.OBSERVATION, "restore", {"status": instance.status, "job": _job_text(job)}
        )
        desk.go(
            State.CHECKING,
            ready_at=desk.now(),
            looked_at=desk.now(),
            unattended=note_stretch(desk, cloud),
            copy=instance,
            is_simulated=record.is_simulated or instance.simulated,
            steps=desk.steps_then(StepName.CONNECT),
        )
        return
    looked_at = record.looked_at
    if _is_at_work(job, instance):
        note_stretch(desk, cloud)
        looked_at = desk.now()
    desk.look_again_in(
        cloud.poll_every,
        looked_at=looked_at,
        restore_seen_running=seen_running,
        look_failures=0,
        failing_since=None,
    )


def _conclude_failed(desk: Desk, failed: str, job: Job | None, instance: Instance | None) -> None:
    """End a restore that failed: the backup's doing, unless no database stood behind it or the job
    says that something else was the cause."""
    desk.note(EventKind.OBSERVATION, "restore", {"failed": failed})
    simulated = desk.record.is_simulated
    cause = job.cause if job is not None and job.status is JobStatus.FAILED else None
    hint = "Try another recovery point of the same source, and look for the job in the console."
    if cause is not None and not counts_against_the_backup(cause):
        finding, hint = Outcome.INCONCLUSIVE, row_of(cause).advice
        failed = f"{failed} ({trouble_of(cause).value}: this says nothing about the backup)"
    else:
        finding = Outcome.INCONCLUSIVE if simulated else Outcome.FAILED_RESTORE
    reason = f"simulated: {failed}" if simulated else failed
    begin_teardown(desk, finding, reason, hint, copy=instance)


def _why_failed(job: Job | None, instance: Instance | None) -> str | None:
    if job is not None and job.status is JobStatus.FAILED:
        return f"the restore job of the cloud failed: {job.fail_reason or 'no reason given'}"
    if instance is not None and _is_broken(instance):
        return f"the instance is {instance.status} after the restore"
    return None


def _is_broken(instance: Instance | None) -> bool:
    return instance is not None and instance.status in BROKEN_STATUSES


def restore_is_over(
    job: Job | None, instance: Instance, seen_running: bool, age: timedelta
) -> bool:
    """Tell whether a restore is over, ``age`` after it was accepted.

    ACTIVE right after the order proves nothing (reference 14.1 #6): the job must be completed, or
    it must be unknown for good and the instance must have been seen at work. A simulated instance
    never has an address.
    """
    has_address = instance.host is not None and instance.port is not None
    if instance.status not in READY_STATUSES or not (has_address or instance.simulated):
        return False
    if job is not None and job.status is JobStatus.COMPLETED:
        return True
    job_is_lost = job is None or (job.status is JobStatus.UNKNOWN and age > JOB_MAY_BE_UNKNOWN)
    return job_is_lost and seen_running


def _is_at_work(job: Job | None, instance: Instance | None) -> bool:
    """Tell whether the copy is not ready for certain: ACTIVE without a job may be before or after
    the restore, and such a look has seen nothing."""
    if job is not None and job.status is JobStatus.RUNNING:
        return True
    return instance is None or instance.status not in READY_STATUSES


def _job_text(job: Job | None) -> str:
    return "unknown" if job is None else job.status.value
