"""Rules that prove an existing target to be scratch and ours: before a restore, before a reset."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from drill.guard.admission import Refusal
from drill.guard.facts import BLANK_TAG, SCRATCH_TAG, ResetFacts, SiteRules
from drill.guard.words import is_named, label, refuse
from drill.recovery.values import Instance

READY = "ACTIVE"
FAILED = "FAILED"

_DRILL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,57}")


class DrillFacts(Protocol):
    """What every admission knows."""

    @property
    def drill_id(self) -> str:
        """Return the id of the drill that asks."""
        ...


class InstanceFacts(Protocol):
    """What is known about an existing instance that is set aside."""

    @property
    def target(self) -> Instance | None:
        """Return the target as read again."""
        ...

    @property
    def site(self) -> SiteRules:
        """Return the lists of config.toml."""
        ...


class TargetFacts(DrillFacts, InstanceFacts, Protocol):
    """What is known about an existing target."""

    @property
    def target_held_by(self) -> str | None:
        """Return the drill that holds the target."""
        ...


def drill_id_is_usable(facts: DrillFacts) -> Refusal | None:
    """Refuse an empty or odd drill id: names, tags and leases are compared with it."""
    if _DRILL_ID.fullmatch(facts.drill_id):
        return None
    return refuse(
        "drill-id-is-usable",
        f"{facts.drill_id[:80]!r} is no drill id",
        "This is a fault of the program: a drill id has 1 to 58 letters, digits, - and _.",
    )


def target_is_known(facts: InstanceFacts) -> Refusal | None:
    """Refuse a target that the cloud does not list right now."""
    if facts.target is not None:
        return None
    return refuse(
        "target-is-known",
        "the cloud does not list the target",
        "Check the id of the target in the plan, and the region and project in config.toml.",
    )


def target_is_on_the_allow_list(facts: TargetFacts) -> Refusal | None:
    """Refuse a target that config.toml does not set aside, under exactly this cloud and id."""
    target = facts.target
    if target is None or (target.cloud, target.id) in facts.site.allow_list:
        return None
    return refuse(
        "target-is-on-the-allow-list",
        f"target {label(target)} is not on the scratch allow-list of cloud {target.cloud}",
        "If it may really be overwritten at any time, add it to [[scratch]] in config.toml.",
    )


def target_carries_the_scratch_tag(facts: TargetFacts) -> Refusal | None:
    """Refuse a target without the tag ``drill-scratch`` = ``yes``, spelled exactly so."""
    target = facts.target
    if target is None or target.tags.get(SCRATCH_TAG) == "yes":
        return None
    value = target.tags.get(SCRATCH_TAG)
    found = "no such tag" if value is None else f"{SCRATCH_TAG}={value!r}"
    return refuse(
        "target-carries-the-scratch-tag",
        f"target {label(target)} does not carry the tag {SCRATCH_TAG}=yes: it has {found}",
        f"If it may really be overwritten, have its owner set the tag {SCRATCH_TAG}=yes.",
    )


def target_is_not_a_source(facts: InstanceFacts) -> Refusal | None:
    """Refuse a target that is the source of any plan."""
    target = facts.target
    if target is None or not is_named(target.id, facts.site.plan_sources):
        return None
    return refuse(
        "target-is-not-a-source",
        f"target {label(target)} is the source of a plan",
        "Restore into an instance that no plan names as its source.",
    )


def target_is_not_protected(facts: InstanceFacts) -> Refusal | None:
    """Refuse a target on the protected list."""
    target = facts.target
    if target is None or not is_named(target.id, facts.site.protected):
        return None
    return refuse(
        "target-is-not-protected",
        f"target {label(target)} is on the protected list",
        "Choose another target; what is protected in config.toml is never touched.",
    )


def target_is_no_blank(facts: InstanceFacts) -> Refusal | None:
    """Refuse a blank instance, by list or by tag: nothing may ever be restored into it."""
    target = facts.target
    if target is None:
        return None
    if BLANK_TAG not in target.tags and not is_named(target.id, facts.site.blanks):
        return None
    return refuse(
        "target-is-no-blank",
        f"target {label(target)} is set aside as a blank instance",
        "Choose another target; a blank instance keeps the backup that empties targets.",
    )


def target_is_held_by_this_drill(facts: TargetFacts) -> Refusal | None:
    """Refuse a target that another drill holds, or nobody."""
    target = facts.target
    if target is None or facts.target_held_by == facts.drill_id:
        return None
    holder = f"drill {facts.target_held_by}" if facts.target_held_by else "no drill"
    return refuse(
        "target-is-held-by-this-drill",
        f"target {label(target)} is held by {holder}, not by drill {facts.drill_id}",
        "Wait until the other drill has ended, or run drill sweep --apply if it was abandoned.",
    )


def target_is_active(facts: InstanceFacts) -> Refusal | None:
    """Refuse a target that is in any state but ACTIVE (reference 4.3).

    For a reset FAILED will do, too: a restore that failed leaves its target so, and its own
    baseline is the way out.
    """
    target = facts.target
    is_way_out = isinstance(facts, ResetFacts) and target is not None and target.status == FAILED
    if target is None or target.status == READY or is_way_out:
        return None
    return refuse(
        "target-is-active",
        f"target {label(target)} is {target.status}, not {READY}",
        "Wait until the cloud has finished with it, or mend it in the console.",
    )


def target_is_no_replica(facts: InstanceFacts) -> Refusal | None:
    """Refuse a target that replicates another instance."""
    target = facts.target
    if target is None or target.replica_of is None:
        return None
    return refuse(
        "target-is-no-replica",
        f"target {label(target)} is a replica of {target.replica_of}",
        "Choose an instance of its own; a replica belongs to its primary.",
    )


SCRATCH_RULES: tuple[Callable[[TargetFacts], Refusal | None], ...] = (
    drill_id_is_usable,
    target_is_known,
    target_is_on_the_allow_list,
    target_carries_the_scratch_tag,
    target_is_not_a_source,
    target_is_not_protected,
    target_is_no_blank,
    target_is_held_by_this_drill,
    target_is_active,
    target_is_no_replica,
)
