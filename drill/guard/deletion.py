"""Rules on a deletion (threats row 2): both journal and instance must say that it is ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from drill.guard.admission import Refusal
from drill.guard.facts import BLANK_TAG, DRILL_TAG, SCRATCH_TAG, DeletionFacts, new_instance_name
from drill.guard.scratch import drill_id_is_usable
from drill.guard.words import is_named, label, refuse
from drill.recovery.instants import shown

CREATION_SKEW = timedelta(seconds=60)
"""How far the clock of the cloud, which says when an instance was created, may be behind ours."""

_HINT_OURS = "Look at the instance in the console; delete it by hand if it is really a leak."


def instance_is_known(facts: DeletionFacts) -> Refusal | None:
    """Refuse to delete what the cloud does not list right now."""
    if facts.instance is not None:
        return None
    return refuse(
        "instance-is-known",
        f"the cloud does not list instance {facts.created_id} of drill {facts.drill_id}",
        "It is probably gone already; look in the recycle bin of the cloud.",
    )


def instance_is_the_created_one(facts: DeletionFacts) -> Refusal | None:
    """Refuse an id that our own create call did not return."""
    instance = facts.instance
    if instance is None or instance.id == facts.created_id:
        return None
    return refuse(
        "instance-is-the-created-one",
        f"instance {label(instance)} is not {facts.created_id or 'known as'} the one that drill "
        f"{facts.drill_id} created",
        _HINT_OURS,
    )


def instance_has_our_name(facts: DeletionFacts) -> Refusal | None:
    """Refuse a name that is not the one this drill gives, or not the one in the journal."""
    instance, name = facts.instance, new_instance_name(facts.drill_id)
    if instance is None or instance.name == facts.created_name == name:
        return None
    return refuse(
        "instance-has-our-name",
        f"instance {label(instance)} should be named {name}, and the journal says "
        f"{facts.created_name!r}",
        _HINT_OURS,
    )


def instance_carries_our_tag(facts: DeletionFacts) -> Refusal | None:
    """Refuse an instance without the tag of exactly this drill."""
    instance = facts.instance
    if instance is None or instance.tags.get(DRILL_TAG) == facts.drill_id:
        return None
    return refuse(
        "instance-carries-our-tag",
        f"instance {label(instance)} has {DRILL_TAG}={instance.tags.get(DRILL_TAG)!r}, not "
        f"{facts.drill_id!r}",
        _HINT_OURS,
    )


def intent_is_known(facts: DeletionFacts) -> Refusal | None:
    """Refuse if the journal holds no intent to create."""
    if facts.intent_at is not None:
        return None
    return refuse(
        "intent-is-known",
        f"the journal of drill {facts.drill_id} holds no intent to create {facts.created_id}",
        _HINT_OURS,
    )


def instance_is_younger_than_the_intent(facts: DeletionFacts) -> Refusal | None:
    """Refuse an instance created before we meant to create one, or at an unknown time."""
    instance, intent_at = facts.instance, facts.intent_at
    if instance is None or intent_at is None:
        return None
    if instance.created_at is not None and instance.created_at >= intent_at - CREATION_SKEW:
        return None
    created = "an unknown time" if instance.created_at is None else shown(instance.created_at)
    return refuse(
        "instance-is-younger-than-the-intent",
        f"instance {label(instance)} was created at {created}, the intent is of {shown(intent_at)}",
        _HINT_OURS,
    )


def account_before_is_known(facts: DeletionFacts) -> Refusal | None:
    """Refuse if the journal does not say which instances were there before: there is one source."""
    if facts.ids_before:
        return None
    return refuse(
        "account-before-is-known",
        f"the journal of drill {facts.drill_id} does not list the instances that were there before "
        f"{facts.created_id}",
        _HINT_OURS,
    )


def instance_was_not_there_before(facts: DeletionFacts) -> Refusal | None:
    """Refuse an instance that was in the account before the intent."""
    instance = facts.instance
    if instance is None:
        return None
    if instance.id.casefold() not in {one.casefold() for one in facts.ids_before}:
        return None
    return refuse(
        "instance-was-not-there-before",
        f"instance {label(instance)} was there before drill {facts.drill_id} created one",
        _HINT_OURS,
    )


def instance_is_not_protected(facts: DeletionFacts) -> Refusal | None:
    """Refuse an instance on the protected list."""
    instance = facts.instance
    if instance is None or not is_named(instance.id, facts.site.protected):
        return None
    return refuse(
        "instance-is-not-protected",
        f"instance {label(instance)} is on the protected list",
        "What is protected in config.toml is never deleted.",
    )


def instance_is_not_a_source(facts: DeletionFacts) -> Refusal | None:
    """Refuse the source of any plan."""
    instance = facts.instance
    if instance is None or not is_named(instance.id, facts.site.plan_sources):
        return None
    return refuse(
        "instance-is-not-a-source",
        f"instance {label(instance)} is the source of a plan",
        "A source is never deleted; remove the plan if it names a leak as its source.",
    )


def instance_is_not_set_aside(facts: DeletionFacts) -> Refusal | None:
    """Refuse an existing scratch instance: those are reset, never deleted."""
    instance = facts.instance
    if instance is None:
        return None
    aside = facts.site.allow_list | facts.site.blanks
    if not {SCRATCH_TAG, BLANK_TAG} & instance.tags.keys() and not is_named(instance.id, aside):
        return None
    return refuse(
        "instance-is-not-set-aside",
        f"instance {label(instance)} is set aside for drills, by a list of config.toml or by "
        f"the tag {SCRATCH_TAG} or {BLANK_TAG}",
        "An existing scratch instance is reset to its baseline, never deleted.",
    )


DELETION_RULES: tuple[Callable[[DeletionFacts], Refusal | None], ...] = (
    drill_id_is_usable,
    instance_is_known,
    instance_is_the_created_one,
    instance_has_our_name,
    instance_carries_our_tag,
    intent_is_known,
    instance_is_younger_than_the_intent,
    account_before_is_known,
    instance_was_not_there_before,
    instance_is_not_protected,
    instance_is_not_a_source,
    instance_is_not_set_aside,
)
