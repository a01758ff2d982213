"""Tag the new instance of a drill afterwards, on a cloud that takes no tags when it creates one."""

from __future__ import annotations

from drill.engine.desk import Desk
from drill.engine.ports import CloudSettings
from drill.engine.record import EventKind
from drill.guard.admission import Refusals
from drill.guard.facts import DRILL_TAG, TaggingFacts
from drill.guard.rules import admit_tagging
from drill.plan.model import NewTarget
from drill.recovery.values import Instance


def lacks_our_tag(desk: Desk, cloud: CloudSettings, instance: Instance) -> bool:
    """Tell whether the drill has still to tag its new instance, as it was read just now."""
    return (
        isinstance(desk.record.plan.target, NewTarget)
        and not cloud.rules.tags_in_create
        and instance.tags.get(DRILL_TAG) != desk.record.id
    )


def tag_late(desk: Desk, cloud: CloudSettings, instance: Instance) -> Refusals | None:
    """Put the tag of the drill on its instance; return the refusals of the guard if there are any.

    Whoever ordered the instance may have died before tagging it, or the cloud did not answer.
    The call is idempotent: it is simply made again until the tag is seen. Raise ProviderError.
    """
    record = desk.record
    admission = admit_tagging(
        TaggingFacts(
            now=desk.now(),
            drill_id=record.id,
            instance=instance,
            created_id=record.target_id,
            created_name=record.target_name,
            intent_at=record.restore_intent_at,
            ids_before=record.inventory.instance_ids if record.inventory else frozenset(),
            site=cloud.site,
            cloud=cloud.rules,
        )
    )
    if isinstance(admission, Refusals):
        return admission
    desk.note(EventKind.INTENT, "tag", {"instance_id": instance.id})
    desk.save()
    desk.hold()
    cloud.provider.tag(admission, instance.id)
    desk.note(EventKind.RESULT, "tag", {"answer": "accepted"})
    return None
