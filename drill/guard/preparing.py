"""Rules on setting an instance aside: before it is tagged, and before its baseline is made.

An empty instance is made a target, or a blank, only if the configuration lists it and somebody has
just looked inside. Both writes are harmless to data; what they permit later is not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from drill.guard.admission import Refusal
from drill.guard.facts import (
    BLANK_TAG,
    DRILL_TAG,
    SCRATCH_TAG,
    PrepareFacts,
    Role,
    drill_id_in_name,
)
from drill.guard.scratch import (
    target_is_active,
    target_is_known,
    target_is_no_replica,
    target_is_not_a_source,
    target_is_not_protected,
)
from drill.guard.words import NAME_OF_THE_CLOUD, is_named, label, refuse

SEEN_LASTS = timedelta(seconds=60)
"""How long a look inside counts: somebody may begin to use the instance."""

NOT_SEEN = "instance-was-just-seen-empty"
"""The rule that alone may be missing before somebody looks inside."""

TAG_OF: dict[Role, str] = {Role.TARGET: SCRATCH_TAG, Role.BLANK: BLANK_TAG}
_OTHER: dict[Role, Role] = {Role.TARGET: Role.BLANK, Role.BLANK: Role.TARGET}


def instance_is_set_aside(facts: PrepareFacts) -> Refusal | None:
    """Refuse an instance that config.toml does not list for this, under exactly this cloud."""
    instance = facts.target
    listed = facts.site.allow_list if facts.role is Role.TARGET else facts.site.blanks
    if instance is None or (instance.cloud, instance.id) in listed:
        return None
    table = "[[scratch]]" if facts.role is Role.TARGET else "[[blank]]"
    return refuse(
        "instance-is-set-aside",
        f"instance {label(instance)} is not listed under {table} for cloud {instance.cloud}",
        f"If it may really be used for that, add it to {table} in config.toml.",
    )


def instance_has_one_role(facts: PrepareFacts) -> Refusal | None:
    """Refuse an instance that is a target and a blank at once, by list or by tag."""
    instance = facts.target
    if instance is None:
        return None
    other = _OTHER[facts.role]
    listed = facts.site.allow_list if other is Role.TARGET else facts.site.blanks
    if TAG_OF[other] not in instance.tags and not is_named(instance.id, listed):
        return None
    return refuse(
        "instance-has-one-role",
        f"instance {label(instance)} would be a {facts.role.value} and is a {other.value} already",
        f"Take it from one of the two lists, and the tag {TAG_OF[other]} from it.",
    )


def instance_was_not_made_by_a_drill(facts: PrepareFacts) -> Refusal | None:
    """Refuse an instance that a drill created: it is deleted, never kept."""
    instance = facts.target
    if instance is None:
        return None
    if DRILL_TAG not in instance.tags and drill_id_in_name(instance.name) is None:
        return None
    return refuse(
        "instance-was-not-made-by-a-drill",
        f"instance {label(instance)} was created by a drill and holds a copy of its source",
        "Set another instance aside; drill sweep --apply tears this one down.",
    )


def instance_is_held_by_nobody(facts: PrepareFacts) -> Refusal | None:
    """Refuse an instance that a drill holds: it may hold data right now, or be left unclean."""
    if facts.target is None or facts.held_by is None:
        return None
    return refuse(
        "instance-is-held-by-nobody",
        f"instance {label(facts.target)} is held by drill {facts.held_by}",
        "Wait until the drill has ended, or run drill sweep --apply if it left the target unclean.",
    )


def instance_was_just_seen_empty(facts: PrepareFacts) -> Refusal | None:
    """Refuse an instance that holds something, or into which nobody could look."""
    instance = facts.target
    if instance is None:
        return None
    is_fresh = facts.seen_at is not None and timedelta(0) <= facts.now - facts.seen_at <= SEEN_LASTS
    if facts.seen_empty is True and is_fresh:
        return None
    if facts.seen_empty is None or not is_fresh:
        found = "nobody could look into it just now"
    else:
        found = "it is not empty"
    return refuse(
        NOT_SEEN,
        f"instance {label(instance)}: {found}",
        "Check user, password and database of its entry in config.toml, and remove what it holds.",
    )


def instance_carries_its_tag(facts: PrepareFacts) -> Refusal | None:
    """Refuse a baseline of an instance that is not tagged yet: first the tag, then the backup."""
    instance, tag = facts.target, TAG_OF[facts.role]
    if instance is None or instance.tags.get(tag) == "yes":
        return None
    return refuse(
        "instance-carries-its-tag",
        f"instance {label(instance)} does not carry the tag {tag}=yes",
        "Tag it first; drill scratch prepare --apply does that.",
    )


def baseline_name_is_valid(facts: PrepareFacts) -> Refusal | None:
    """Refuse a name that the cloud does not take: 4 to 64 characters, a letter first."""
    if facts.target is None or NAME_OF_THE_CLOUD.fullmatch(facts.baseline_name):
        return None
    return refuse(
        "baseline-name-is-valid",
        f"{facts.baseline_name[:100]!r} cannot be the name of a backup of {facts.target.id}",
        "Name the baseline in config.toml by 4 to 64 letters, digits, - and _, a letter first.",
    )


def baseline_is_missing(facts: PrepareFacts) -> Refusal | None:
    """Refuse a second backup of that name, of whatever kind and state the first is."""
    there = [one for one in facts.backups if one.name == facts.baseline_name]
    if facts.target is None or not there:
        return None
    return refuse(
        "baseline-is-missing",
        f"instance {label(facts.target)} has a backup named {facts.baseline_name!r} already: "
        f"{there[0].id}, {there[0].kind}, {there[0].status}",
        "Use it, or delete it in the console before another is made.",
    )


def baseline_is_its_own(facts: PrepareFacts) -> Refusal | None:
    """Refuse a baseline of a target that comes back by the backup of a blank instance."""
    if facts.target is None or facts.blank_id is None:
        return None
    return refuse(
        "baseline-is-its-own",
        f"target {label(facts.target)} comes back by a backup of {facts.blank_id}, not of its own",
        f"Run drill scratch prepare {facts.blank_id} instead.",
    )


def baseline_is_of_use(facts: PrepareFacts) -> Refusal | None:
    """Refuse a baseline of a target that this cloud cannot restore to itself (reference 1.4)."""
    target = facts.target
    if target is None or facts.role is Role.BLANK or facts.blank_id is not None:
        return None
    if target.engine in facts.cloud.restore_to_current:
        return None
    return refuse(
        "baseline-is-of-use",
        f"cloud {target.cloud} ({facts.cloud.kind}) cannot restore {target.engine} to the current "
        f"instance, so a backup of target {label(target)} could not empty it",
        "Set a blank instance aside under [[blank]], and name it as baseline_instance_id.",
    )


SETTING_ASIDE_RULES: tuple[Callable[[PrepareFacts], Refusal | None], ...] = (
    target_is_known,
    instance_is_set_aside,
    instance_has_one_role,
    target_is_not_a_source,
    target_is_not_protected,
    target_is_active,
    target_is_no_replica,
    instance_was_not_made_by_a_drill,
    instance_is_held_by_nobody,
    instance_was_just_seen_empty,
)
BACKUP_RULES: tuple[Callable[[PrepareFacts], Refusal | None], ...] = (
    *SETTING_ASIDE_RULES,
    instance_carries_its_tag,
    baseline_name_is_valid,
    baseline_is_missing,
    baseline_is_its_own,
    baseline_is_of_use,
)
