"""Rules on tagging a new instance afterwards, on a cloud that takes no tags when it creates one.

A worker that dies between the two calls leaves an instance without the tag that a deletion asks
for. All other facts of a deletion must hold before the tag may be put on late; and only on such
a cloud, for anywhere else a missing tag means that the instance is not ours.
"""

from __future__ import annotations

from collections.abc import Callable

from drill.guard.admission import Refusal
from drill.guard.deletion import DELETION_RULES, instance_carries_our_tag
from drill.guard.facts import DRILL_TAG, TaggingFacts
from drill.guard.words import label, refuse


def cloud_takes_no_tags_on_creation(facts: TaggingFacts) -> Refusal | None:
    """Refuse on a cloud that puts the tags on in the very call that creates the instance."""
    if not facts.cloud.tags_in_create:
        return None
    return refuse(
        "cloud-takes-no-tags-on-creation",
        f"cloud kind {facts.cloud.kind} tags what it creates, so instance {facts.created_id} "
        "without the tag was created by somebody else",
        "Look at the instance in the console; delete it by hand if it is really a leak.",
    )


def instance_carries_no_other_tag(facts: TaggingFacts) -> Refusal | None:
    """Refuse an instance that says it belongs to another drill."""
    instance = facts.instance
    if instance is None or instance.tags.get(DRILL_TAG, facts.drill_id) == facts.drill_id:
        return None
    return refuse(
        "instance-carries-no-other-tag",
        f"instance {label(instance)} has {DRILL_TAG}={instance.tags[DRILL_TAG]!r}, not "
        f"{facts.drill_id!r}",
        "Look at the instance in the console; it says that another drill created it.",
    )


TAGGING_RULES: tuple[Callable[[TaggingFacts], Refusal | None], ...] = (
    *(rule for rule in DELETION_RULES if rule is not instance_carries_our_tag),
    cloud_takes_no_tags_on_creation,
    instance_carries_no_other_tag,
)
