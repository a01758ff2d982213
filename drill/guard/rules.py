"""The guard: every rule at once, and then an admission or every reason against it.

An order can only be given with what one of these functions returns. All rules are asked,
always; there is no argument, setting or variable that leaves one out (docs/guard.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TypeVar

from drill.guard.admission import (
    SEAL,
    AdmittedBackup,
    AdmittedCreate,
    AdmittedDeletion,
    AdmittedReset,
    AdmittedRestore,
    AdmittedSettingAside,
    AdmittedTagging,
    Refusal,
    Refusals,
    SealMissing,
)
from drill.guard.baseline import BASELINE_RULES, only_baseline
from drill.guard.blank import BLANK_RULES
from drill.guard.creation import CREATION_RULES, version_of_the_copy
from drill.guard.databases import DATABASE_RULES
from drill.guard.deletion import DELETION_RULES
from drill.guard.facts import (
    DRILL_TAG,
    CreateFacts,
    DeletionFacts,
    PrepareFacts,
    ResetFacts,
    RestoreFacts,
    TaggingFacts,
    new_instance_name,
)
from drill.guard.fitting import FITTING_RULES
from drill.guard.points import POINT_RULES
from drill.guard.preparing import BACKUP_RULES, SETTING_ASIDE_RULES, TAG_OF
from drill.guard.scratch import SCRATCH_RULES, drill_id_is_usable
from drill.guard.tagging import TAGGING_RULES
from drill.recovery.values import Engine

PREPARING = "scratch-prepare"
"""Stands in place of a drill in what permits to set an instance aside."""

Facts = TypeVar("Facts")
Known = TypeVar("Known")

RESTORE_RULES: tuple[Callable[[RestoreFacts], Refusal | None], ...] = (
    *SCRATCH_RULES,
    *FITTING_RULES,
    *BASELINE_RULES,
    *BLANK_RULES,
    *POINT_RULES,
    *DATABASE_RULES,
)
CREATE_RULES: tuple[Callable[[CreateFacts], Refusal | None], ...] = (
    drill_id_is_usable,
    *CREATION_RULES,
    *POINT_RULES,
    *DATABASE_RULES,
)
RESET_RULES: tuple[Callable[[ResetFacts], Refusal | None], ...] = (
    *SCRATCH_RULES,
    *BASELINE_RULES,
    *BLANK_RULES,
)


def admit_restore(facts: RestoreFacts) -> AdmittedRestore | Refusals:
    """Permit to overwrite the existing target, or say every reason why not."""
    if refusals := refusals_of(RESTORE_RULES, facts):
        return Refusals(refusals=refusals)
    source = facts.inventory.source
    target = proven(facts.target)
    databases = facts.database_map
    return AdmittedRestore(
        seal=SEAL,
        drill_id=facts.drill_id,
        cloud=target.cloud,
        admitted_at=facts.now,
        source_id=source.id,
        target_id=target.id,
        engine=source.engine,
        point=facts.choice.point,
        database_map=None if databases is None else MappingProxyType(dict(databases)),
        # other engines restore everything anyway, and their pages do not know the field
        restore_all_databases=facts.restore_all_databases and source.engine is Engine.SQLSERVER,
    )


def admit_create(facts: CreateFacts) -> AdmittedCreate | Refusals:
    """Permit to create one scratch instance from the recovery point, or say why not.

    The new instance carries the tag ``drill-id`` alone. The tag ``drill-scratch`` sets existing
    instances aside to be overwritten again and again; a new one is only ever deleted, and would
    otherwise, if it leaked, look like a target.
    """
    if refusals := refusals_of(CREATE_RULES, facts):
        return Refusals(refusals=refusals)
    source = facts.inventory.source
    databases = facts.database_map
    return AdmittedCreate(
        seal=SEAL,
        drill_id=facts.drill_id,
        cloud=source.cloud,
        admitted_at=facts.now,
        source_id=source.id,
        point=facts.choice.point,
        instance_name=new_instance_name(facts.drill_id),
        tags=MappingProxyType({DRILL_TAG: facts.drill_id}),
        engine=source.engine,
        version=version_of_the_copy(facts),
        flavor=facts.flavor,
        volume_type=facts.volume_type,
        volume_gb=facts.volume_gb,
        availability_zone=facts.availability_zone,
        vpc_id=facts.vpc_id,
        subnet_id=facts.subnet_id,
        security_group_id=facts.security_group_id,
        time_zone=source.time_zone if source.engine is Engine.SQLSERVER else None,
        database_map=None if databases is None else MappingProxyType(dict(databases)),
    )


def admit_reset(facts: ResetFacts) -> AdmittedReset | Refusals:
    """Permit to restore an existing target to its empty baseline, or say why not."""
    if refusals := refusals_of(RESET_RULES, facts):
        return Refusals(refusals=refusals)
    target = proven(facts.target)
    return AdmittedReset(
        seal=SEAL,
        drill_id=facts.drill_id,
        cloud=target.cloud,
        admitted_at=facts.now,
        target_id=target.id,
        engine=target.engine,
        baseline=proven(only_baseline(facts)),
        blank_id=None if facts.blank is None else facts.blank.configured_id,
    )


def admit_deletion(facts: DeletionFacts) -> AdmittedDeletion | Refusals:
    """Permit to delete the instance that this drill created, or say every reason why not."""
    if refusals := refusals_of(DELETION_RULES, facts):
        return Refusals(refusals=refusals)
    instance = proven(facts.instance)
    return AdmittedDeletion(
        seal=SEAL,
        drill_id=facts.drill_id,
        cloud=instance.cloud,
        admitted_at=facts.now,
        instance_id=instance.id,
        instance_name=instance.name,
    )


def admit_tagging(facts: TaggingFacts) -> AdmittedTagging | Refusals:
    """Permit to tag the instance that this drill created, or say every reason why not."""
    if refusals := refusals_of(TAGGING_RULES, facts):
        return Refusals(refusals=refusals)
    instance = proven(facts.instance)
    return AdmittedTagging(
        seal=SEAL,
        drill_id=facts.drill_id,
        cloud=instance.cloud,
        admitted_at=facts.now,
        instance_id=instance.id,
        instance_name=instance.name,
        tags=MappingProxyType({DRILL_TAG: facts.drill_id}),
    )


def admit_setting_aside(facts: PrepareFacts) -> AdmittedSettingAside | Refusals:
    """Permit to tag an empty instance as a target or as a blank, or say every reason why not."""
    if refusals := refusals_of(SETTING_ASIDE_RULES, facts):
        return Refusals(refusals=refusals)
    instance = proven(facts.target)
    return AdmittedSettingAside(
        seal=SEAL,
        drill_id=PREPARING,
        cloud=instance.cloud,
        admitted_at=facts.now,
        instance_id=instance.id,
        instance_name=instance.name,
        tags=MappingProxyType({TAG_OF[facts.role]: "yes"}),
    )


def admit_backup(facts: PrepareFacts) -> AdmittedBackup | Refusals:
    """Permit to make the missing baseline of an instance that is set aside, or say why not."""
    if refusals := refusals_of(BACKUP_RULES, facts):
        return Refusals(refusals=refusals)
    instance = proven(facts.target)
    return AdmittedBackup(
        seal=SEAL,
        drill_id=PREPARING,
        cloud=instance.cloud,
        admitted_at=facts.now,
        instance_id=instance.id,
        backup_name=facts.baseline_name,
    )


def refusals_of(
    rules: Sequence[Callable[[Facts], Refusal | None]], facts: Facts
) -> tuple[Refusal, ...]:
    """Return every refusal, in the order of the rules."""
    answers = [rule(facts) for rule in rules]
    return tuple(answer for answer in answers if answer is not None)


def proven(fact: Known | None) -> Known:
    """Return a fact that a rule has proven to be there; raise SealMissing if none did."""
    if fact is None:
        raise SealMissing("no rule has proven a fact that the admission is made of")
    return fact
