"""Rules on whether the copy fits onto an existing target (reference 1.4)."""

from __future__ import annotations

from collections.abc import Callable

from drill.guard.admission import Refusal
from drill.guard.facts import RestoreFacts
from drill.guard.versions import different, mysql_minor_problem, sqlserver_problem
from drill.guard.words import label, refuse
from drill.recovery.values import BackupPoint, Engine, Instance


def target_is_not_the_source(facts: RestoreFacts) -> Refusal | None:
    """Refuse to restore over the source."""
    target, source = facts.target, facts.inventory.source
    if target is None or target.id.casefold() != source.id.casefold():
        return None
    return refuse(
        "target-is-not-the-source",
        f"target {label(target)} is the source itself",
        "Restore into another instance; a drill never restores over its source.",
    )


def target_is_in_the_cloud_of_the_source(facts: RestoreFacts) -> Refusal | None:
    """Refuse a target in another account: one call speaks to one cloud."""
    target, source = facts.target, facts.inventory.source
    if target is None or target.cloud == source.cloud:
        return None
    return refuse(
        "target-is-in-the-cloud-of-the-source",
        f"target {label(target)} is in cloud {target.cloud}, source {label(source)} in "
        f"{source.cloud}",
        "Choose a target in the same account and region.",
    )


def cloud_restores_to_existing(facts: RestoreFacts) -> Refusal | None:
    """Refuse an engine that this cloud cannot restore onto an existing instance."""
    source = facts.inventory.source
    if source.engine in facts.cloud.restore_to_existing:
        return None
    return refuse(
        "cloud-restores-to-existing",
        f"cloud {source.cloud} ({facts.cloud.kind}) cannot restore {source.engine}, the engine of "
        f"{label(source)}, onto an existing instance",
        "Use a new target for this engine on this cloud.",
    )


def target_has_the_same_engine(facts: RestoreFacts) -> Refusal | None:
    """Refuse a target of another engine."""
    target, source = facts.target, facts.inventory.source
    if target is None or target.engine is source.engine:
        return None
    return refuse(
        "target-has-the-same-engine",
        f"target {label(target)} is {target.engine}, source {label(source)} is {source.engine}",
        "Choose a target of the same engine.",
    )


def target_has_the_same_version(facts: RestoreFacts) -> Refusal | None:
    """Refuse another version; SQL Server may differ where the cloud has a table for it."""
    target = _comparable(facts)
    source = facts.inventory.source
    if target is None or _is_by_table(facts):
        return None
    return _version_refusal(
        "target-has-the-same-version", target, different(source.version, target.version)
    )


def target_has_the_minor_version(facts: RestoreFacts) -> Refusal | None:
    """Refuse a MySQL target whose minor version the data files cannot go to."""
    target = _comparable(facts)
    source = facts.inventory.source
    if target is None or target.engine is not Engine.MYSQL:
        return None
    return _version_refusal(
        "target-has-the-minor-version",
        target,
        mysql_minor_problem(source.complete_version, target.complete_version),
    )


def target_is_in_the_version_table(facts: RestoreFacts) -> Refusal | None:
    """Refuse a SQL Server target whose version the dated table of the cloud does not allow."""
    target = _comparable(facts)
    source = facts.inventory.source
    if target is None or not _is_by_table(facts):
        return None
    return _version_refusal(
        "target-is-in-the-version-table",
        target,
        sqlserver_problem(source.version, target.version, facts.cloud.sqlserver_versions),
    )


def target_volume_is_large_enough(facts: RestoreFacts) -> Refusal | None:
    """Refuse a target smaller than the source, or than the backup asks for; unknown is no."""
    target, source = facts.target, facts.inventory.source
    if target is None:
        return None
    point = facts.choice.point
    least = (point.backup.min_volume_gb or 0) if isinstance(point, BackupPoint) else 0
    if (
        target.volume_gb is not None
        and source.volume_gb is not None
        and target.volume_gb >= max(source.volume_gb, least)
    ):
        return None
    return refuse(
        "target-volume-is-large-enough",
        f"target {label(target)} has {_gigabytes(target.volume_gb)}, source {label(source)} has "
        f"{_gigabytes(source.volume_gb)}" + (f", the backup asks for {least} GB" if least else ""),
        "Enlarge the volume of the target to at least that of the source.",
    )


def target_has_the_same_time_zone(facts: RestoreFacts) -> Refusal | None:
    """Refuse a SQL Server target in another time zone, or in one that is not known."""
    target, source = facts.target, facts.inventory.source
    if target is None or source.engine is not Engine.SQLSERVER:
        return None
    if source.time_zone is not None and target.time_zone == source.time_zone:
        return None
    return refuse(
        "target-has-the-same-time-zone",
        f"target {label(target)} has time zone {target.time_zone or 'unknown'}, source "
        f"{label(source)} has {source.time_zone or 'unknown'}",
        "Choose a target with the time zone of the source; SQL Server cannot change it.",
    )


def target_is_in_the_same_vpc(facts: RestoreFacts) -> Refusal | None:
    """Refuse a target in another VPC where this cloud asks for the same one."""
    target, source = facts.target, facts.inventory.source
    if target is None or source.engine not in facts.cloud.same_vpc:
        return None
    if source.vpc_id is not None and target.vpc_id == source.vpc_id:
        return None
    return refuse(
        "target-is-in-the-same-vpc",
        f"target {label(target)} is in VPC {target.vpc_id or 'unknown'}, source {label(source)} in "
        f"{source.vpc_id or 'unknown'}",
        "Choose a target in the VPC of the source, or a new target.",
    )


def databases_are_all_or_some(facts: RestoreFacts) -> Refusal | None:
    """Refuse an order that asks for all databases and for some."""
    if not (facts.restore_all_databases and facts.database_map is not None):
        return None
    return refuse(
        "databases-are-all-or-some",
        f"the restore of {label(facts.inventory.source)} asks for all databases and for "
        f"{', '.join(map(repr, facts.database_map)) or 'none'}",
        "This is a fault of the program: either there is a database map, or all are restored.",
    )


def _comparable(facts: RestoreFacts) -> Instance | None:
    """Return the target if its version can be compared with the source at all."""
    target = facts.target
    same = target is not None and target.engine is facts.inventory.source.engine
    return target if same else None


def _is_by_table(facts: RestoreFacts) -> bool:
    engine = facts.inventory.source.engine
    return engine is Engine.SQLSERVER and engine not in facts.cloud.same_version


def _version_refusal(rule: str, target: Instance, problem: str | None) -> Refusal | None:
    if problem is None:
        return None
    return refuse(
        rule,
        f"target {label(target)}: {problem}",
        "Choose a target whose version fits, or upgrade the target.",
    )


def _gigabytes(size: int | None) -> str:
    return "unknown size" if size is None else f"{size} GB"


FITTING_RULES: tuple[Callable[[RestoreFacts], Refusal | None], ...] = (
    target_is_not_the_source,
    target_is_in_the_cloud_of_the_source,
    cloud_restores_to_existing,
    target_has_the_same_engine,
    target_has_the_same_version,
    target_has_the_minor_version,
    target_is_in_the_version_table,
    target_volume_is_large_enough,
    target_has_the_same_time_zone,
    target_is_in_the_same_vpc,
    databases_are_all_or_some,
)
