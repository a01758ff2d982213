"""Rules on a new instance, before it is created (reference 5.1, 5.3)."""

from __future__ import annotations

from collections.abc import Callable

from drill.guard.admission import Refusal
from drill.guard.facts import CreateFacts, new_instance_name
from drill.guard.versions import different, sqlserver_listed_problem
from drill.guard.words import NAME_OF_THE_CLOUD, label, refuse
from drill.recovery.values import BackupPoint, Engine

_VOLUME_STEP_GB = 10


def version_of_the_copy(facts: CreateFacts) -> str:
    """Return the version of the new instance: that of the source if none is asked for."""
    return facts.version or facts.inventory.source.version


def new_name_is_valid(facts: CreateFacts) -> Refusal | None:
    """Refuse a name that the cloud does not take: 4 to 64 characters, a letter first."""
    name = new_instance_name(facts.drill_id)
    if NAME_OF_THE_CLOUD.fullmatch(name):
        return None
    return refuse(
        "new-name-is-valid",
        f"{name[:100]!r} cannot be the name of an instance",
        "This is a fault of the program: a drill id must make a name of 4 to 64 characters.",
    )


def new_name_is_free(facts: CreateFacts) -> Refusal | None:
    """Refuse if an instance has that name: perhaps an earlier call was accepted after all."""
    name = new_instance_name(facts.drill_id)
    if name.casefold() not in {one.casefold() for one in facts.inventory.instance_names}:
        return None
    return refuse(
        "new-name-is-free",
        f"an instance named {name} is there already",
        "Run drill sweep --apply: it finds the drill that this instance belongs to.",
    )


def inventory_lists_the_account(facts: CreateFacts) -> Refusal | None:
    """Refuse if the list of instances does not even hold the source.

    Before the new instance is deleted again, this list proves that it was not there before.
    """
    if facts.inventory.source.id in facts.inventory.instance_ids:
        return None
    return refuse(
        "inventory-lists-the-account",
        f"source {label(facts.inventory.source)} is missing in the list of "
        f"{len(facts.inventory.instance_ids)} instances of the account",
        "Read the list of all instances again before the call.",
    )


def new_instances_are_below_the_limit(facts: CreateFacts) -> Refusal | None:
    """Refuse one more scratch instance than config.toml allows in the account."""
    if 0 <= facts.new_instances_now < facts.site.new_instances_at_most:
        return None
    return refuse(
        "new-instances-are-below-the-limit",
        f"cloud {facts.inventory.source.cloud} has {facts.new_instances_now} new scratch instances "
        f"of at most {facts.site.new_instances_at_most}",
        "Wait for other drills, run drill sweep --apply, or raise new_instances_at_most.",
    )


def new_volume_is_large_enough(facts: CreateFacts) -> Refusal | None:
    """Refuse a volume smaller than the source's, or than the backup asks for; unknown is no."""
    source, point = facts.inventory.source, facts.choice.point
    least = (point.backup.min_volume_gb or 0) if isinstance(point, BackupPoint) else 0
    if source.volume_gb is not None and facts.volume_gb >= max(source.volume_gb, least):
        return None
    has = "unknown size" if source.volume_gb is None else f"{source.volume_gb} GB"
    return refuse(
        "new-volume-is-large-enough",
        f"the new instance would have {facts.volume_gb} GB, source {label(source)} has {has}"
        + (f", the backup asks for {least} GB" if least else ""),
        "Leave size_gb out of the plan, or raise it to at least that of the source.",
    )


def new_volume_is_in_steps(facts: CreateFacts) -> Refusal | None:
    """Refuse a volume that is no positive multiple of 10 GB."""
    if facts.volume_gb > 0 and facts.volume_gb % _VOLUME_STEP_GB == 0:
        return None
    return refuse(
        "new-volume-is-in-steps",
        f"the new instance for {label(facts.inventory.source)} would have {facts.volume_gb} GB, "
        f"which is no multiple of {_VOLUME_STEP_GB}",
        "Give size_gb in the plan as a multiple of 10.",
    )


def new_version_is_that_of_the_source(facts: CreateFacts) -> Refusal | None:
    """Refuse another version, except a listed one of SQL Server where the cloud allows it."""
    source, version = facts.inventory.source, version_of_the_copy(facts)
    if source.engine is Engine.SQLSERVER and source.engine not in facts.cloud.same_version_new:
        problem = sqlserver_listed_problem(source.version, version, facts.cloud.sqlserver_versions)
    else:
        problem = different(source.version, version)
    if problem is None:
        return None
    return refuse(
        "new-version-is-that-of-the-source",
        f"the new instance for {label(source)}: {problem}",
        "Create the copy with the version of the source.",
    )


def new_time_zone_is_known(facts: CreateFacts) -> Refusal | None:
    """Refuse a SQL Server copy of a source whose time zone is not known: it must be the same."""
    source = facts.inventory.source
    if source.engine is not Engine.SQLSERVER or source.time_zone:
        return None
    return refuse(
        "new-time-zone-is-known",
        f"the time zone of source {label(source)} is not known",
        "Restore onto an existing instance whose time zone you know to be the same.",
    )


def new_instance_is_described(facts: CreateFacts) -> Refusal | None:
    """Refuse if flavor, volume type, zone or network is missing."""
    described = {
        "flavor": facts.flavor,
        "volume type": facts.volume_type,
        "availability zone": facts.availability_zone,
        "VPC": facts.vpc_id,
        "subnet": facts.subnet_id,
    }
    missing = [name for name, value in described.items() if not value.strip()]
    if not missing:
        return None
    return refuse(
        "new-instance-is-described",
        f"the new instance for {label(facts.inventory.source)} has no {', '.join(missing)}",
        "Give all of them in the table [target] of the plan.",
    )


CREATION_RULES: tuple[Callable[[CreateFacts], Refusal | None], ...] = (
    new_name_is_valid,
    new_name_is_free,
    inventory_lists_the_account,
    new_instances_are_below_the_limit,
    new_volume_is_large_enough,
    new_volume_is_in_steps,
    new_version_is_that_of_the_source,
    new_time_zone_is_known,
    new_instance_is_described,
)
