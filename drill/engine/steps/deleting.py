"""Teardown of a new target: delete what this drill created, and see that it is gone."""

from __future__ import annotations

from drill.engine.desk import Desk
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import EventKind, Teardown
from drill.engine.steps.ordering import instance_name_of
from drill.engine.steps.restoring import find_accepted_restore
from drill.engine.steps.tagging import lacks_our_tag, tag_late
from drill.engine.steps.teardown_answer import (
    TornDown,
    give_order,
    is_watched_out,
    leaked_by,
)
from drill.guard.admission import Refusals
from drill.guard.facts import DeletionFacts
from drill.guard.rules import admit_deletion
from drill.provider.port import JobStatus
from drill.recovery.values import Instance


def delete_new_target(desk: Desk, parts: Parts, cloud: CloudSettings) -> TornDown | None:
    """Do one step; None while it is not over.

    1. Without an id: look whether a lost order was accepted after all, for ``settle_time``.
    2. Gone from the list: clean.
    3. Deletion accepted: wait until it is gone; if its job failed, begin again.
    4. Still without its tag, on a cloud that takes none on creation: tag it, and look again.
    5. Otherwise read the instance again, ask the guard, write the intent, and delete it by id.

    Deleting is tried again only after the instance was seen to be still there. Raise ProviderError.
    """
    record = desk.record
    if record.restore_intent_at is None and record.target_id is None:
        return TornDown(Teardown.NOT_NEEDED, "no instance was created")
    if record.target_id is None:
        return _look_for_created(desk, cloud)
    instance = cloud.provider.find_instance(record.target_id)
    if instance is None:
        return _is_gone(desk, cloud)
    if record.teardown_accepted_at is not None and not _has_failed(desk, cloud):
        desk.look_again_in(cloud.poll_every)
        return None
    return _delete(desk, cloud, instance)


def _look_for_created(desk: Desk, cloud: CloudSettings) -> TornDown | None:
    intent_at = desk.record.restore_intent_at or desk.now()
    found = find_accepted_restore(desk.record, cloud, intent_at)
    if found is not None:
        instance_id, job_id, accepted_at = found
        desk.note(EventKind.OBSERVATION, "create", {"answer": "found", "instance_id": instance_id})
        desk.look_again_in(
            cloud.poll_every * 0,
            target_id=instance_id,
            restore_job_id=job_id,
            restore_accepted_at=accepted_at,
        )
        return None
    if is_watched_out(desk, cloud, intent_at):
        return TornDown(
            Teardown.NOT_NEEDED,
            f"no instance named {instance_name_of(desk.record)} appeared "
            f"within {cloud.settle_time}",
        )
    desk.look_again_in(cloud.poll_every)
    return None


def _is_gone(desk: Desk, cloud: CloudSettings) -> TornDown | None:
    record = desk.record
    left = [
        instance.id
        for instance in cloud.provider.list_instances(name=instance_name_of(record))
        if instance.id == record.target_id
    ]
    if left:
        desk.look_again_in(cloud.poll_every)
        return None
    how = "deleted" if record.teardown_intent_at else "already gone"
    return TornDown(Teardown.CLEAN, f"{how}: the cloud no longer lists {record.target_id}")


def _has_failed(desk: Desk, cloud: CloudSettings) -> bool:
    job_id = desk.record.teardown_job_id
    if job_id is None:
        return False
    job = cloud.provider.find_job(job_id)
    if job.status is not JobStatus.FAILED:
        return False
    desk.note(EventKind.OBSERVATION, "delete", {"failed": job.fail_reason})
    return True


def _delete(desk: Desk, cloud: CloudSettings, instance: Instance) -> TornDown | None:
    record = desk.record
    if lacks_our_tag(desk, cloud, instance):
        refusals = tag_late(desk, cloud, instance)
        if refusals is not None:
            return leaked_by(refusals)
        desk.look_again_in(cloud.poll_every, teardown_reason="its tag is not seen yet")
        return None
    admission = admit_deletion(
        DeletionFacts(
            now=desk.now(),
            drill_id=record.id,
            instance=instance,
            created_id=record.target_id,
            created_name=record.target_name,
            intent_at=record.restore_intent_at,
            ids_before=record.inventory.instance_ids if record.inventory else frozenset(),
            site=cloud.site,
        )
    )
    if isinstance(admission, Refusals):
        return leaked_by(admission)
    desk.note(
        EventKind.INTENT, "delete", {"instance_id": instance.id, "instance_name": instance.name}
    )
    desk.save(teardown_intent_at=desk.now(), teardown_accepted_at=None, teardown_job_id=None)
    give_order(desk, cloud, "delete", lambda: cloud.provider.delete(admission))
    return None
