"""What the guard looks at. All of it is read again right before the call it permits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from drill.recovery.values import Backup, Choice, Engine, Instance, Inventory

SCRATCH_TAG = "drill-scratch"
"""Key of the tag that sets an existing instance aside for drills; its value must be ``yes``."""

BLANK_TAG = "drill-blank"
"""Key of the tag that sets a blank instance aside: its backup empties targets, and nobody ever
restores into it. Its value must be ``yes``."""

DRILL_TAG = "drill-id"
"""Key of the tag that a new instance carries from its creation; its value is the drill id."""

INSTANCE_NAME_PREFIX = "drill-"
"""A new instance is named by this and the drill id."""

InstanceKey = tuple[str, str]
"""(name of the cloud in config.toml, id of the instance)."""


def new_instance_name(drill_id: str) -> str:
    """Return the one name that a new scratch instance of this drill can have."""
    return f"{INSTANCE_NAME_PREFIX}{drill_id}"


_NEW_INSTANCE_NAME = re.compile(re.escape(INSTANCE_NAME_PREFIX) + r"(\d{8}-\d{6}-[0-9a-f]{8})")


def drill_id_in_name(instance_name: str) -> str | None:
    """Return the drill that an instance of this name would belong to; None for any other name."""
    match = _NEW_INSTANCE_NAME.fullmatch(instance_name)
    return match.group(1) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionTable:
    """A dated table of what may be restored onto what: source version -> target versions."""

    name: str
    source: str
    """Where the table was published, and when."""
    targets: Mapping[str, frozenset[str]]
    complete: bool = True
    """False where the published page is cut: an unlisted source is then unknown, not forbidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudRules:
    """What one kind of cloud allows: data from clouds.toml, never code."""

    kind: str
    restore_to_existing: frozenset[Engine]
    restore_to_current: frozenset[Engine]
    same_version: frozenset[Engine]
    """Engines whose existing target must have exactly the version of the source."""
    same_version_new: frozenset[Engine] = frozenset(Engine)
    """The same for a new target; by default all engines (reference 5.3)."""
    same_vpc: frozenset[Engine] = frozenset()
    """Engines whose existing target must be in the VPC of the source."""
    sqlserver_versions: VersionTable | None = None
    database_name_pattern: str = r"[A-Za-z0-9_]{1,128}"
    database_name_lists: bool = False
    """True where one database may be restored under several comma-separated names."""
    tags_in_create: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRules:
    """What the operator's configuration says: lists that only ever narrow."""

    allow_list: frozenset[InstanceKey] = frozenset()
    blanks: frozenset[InstanceKey] = frozenset()
    """Blank instances: their backups empty targets that cannot be restored to themselves."""
    protected: frozenset[InstanceKey] = frozenset()
    plan_sources: frozenset[InstanceKey] = frozenset()
    """The source of every plan that is known, of this run or not."""
    new_instances_at_most: int = 4
    """New scratch instances that may exist in one account at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """The blank instance by whose backup a target comes back, read again right now."""

    configured_id: str
    """What ``baseline_instance_id`` of the target says in config.toml."""
    instance: Instance | None
    """None if the cloud does not list it."""
    backups: tuple[Backup, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFacts:
    """For a restore onto an existing target."""

    now: datetime
    drill_id: str
    inventory: Inventory
    choice: Choice
    site: SiteRules
    cloud: CloudRules
    target_held_by: str | None
    """Id of the drill that holds the target in the store; None if nobody does."""
    database_map: Mapping[str, str] | None = None
    restore_all_databases: bool = False
    source_databases: frozenset[str] = frozenset()
    target_databases: frozenset[str] = frozenset()
    baseline_name: str | None = None
    """Name of the target's empty baseline backup in config.toml: without one no way back."""
    blank: Blank | None = None
    """The blank instance whose backup the baseline is; None if it is the target's own."""

    @property
    def target(self) -> Instance | None:
        """Return the existing target as read again."""
        return self.inventory.target

    @property
    def target_backups(self) -> tuple[Backup, ...]:
        """Return the backups of the target as read again."""
        return self.inventory.target_backups


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFacts:
    """For a restore into a new instance."""

    now: datetime
    drill_id: str
    inventory: Inventory
    choice: Choice
    site: SiteRules
    cloud: CloudRules
    flavor: str
    volume_type: str
    volume_gb: int
    availability_zone: str
    vpc_id: str
    subnet_id: str
    security_group_id: str | None
    new_instances_now: int
    """New scratch instances that exist in the account right now."""
    version: str | None = None
    """Version of the new instance; None means that of the source."""
    database_map: Mapping[str, str] | None = None
    source_databases: frozenset[str] = frozenset()

    @property
    def target_databases(self) -> frozenset[str]:
        """Return nothing: an instance that does not exist yet holds no database."""
        return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetFacts:
    """For the reset of an existing target to its own empty baseline."""

    now: datetime
    drill_id: str
    target: Instance | None
    """As read again right now; None if the cloud no longer lists it."""
    target_backups: tuple[Backup, ...]
    baseline_name: str | None
    site: SiteRules
    cloud: CloudRules
    target_held_by: str | None
    blank: Blank | None = None
    """The blank instance whose backup the baseline is; None if it is the target's own."""


class Role(StrEnum):
    """What an existing instance is set aside for."""

    TARGET = "target"
    BLANK = "blank"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareFacts:
    """For setting an existing instance aside: the tag, and the manual backup of its emptiness."""

    now: datetime
    role: Role
    target: Instance | None
    """The instance, a target or a blank, as read again right now."""
    backups: tuple[Backup, ...]
    baseline_name: str
    site: SiteRules
    cloud: CloudRules
    held_by: str | None
    """The drill that holds it in the store; None if nobody does."""
    seen_empty: bool | None
    """What a login saw just now; None if it could not look."""
    seen_at: datetime | None
    blank_id: str | None = None
    """The blank instance by whose backup a target comes back; None for its own baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionFacts:
    """For the deletion of a new instance."""

    now: datetime
    drill_id: str
    instance: Instance | None
    """As read again right now."""
    created_id: str | None
    """Id that our own create call returned, or that was found by name and tag; from the journal."""
    created_name: str | None
    """Name in the intent of our create call; from the journal."""
    intent_at: datetime | None
    """When that intent was written; from the journal."""
    ids_before: frozenset[str] = field(default_factory=frozenset)
    """Instances of the account as they were before that intent; from the journal."""
    site: SiteRules = field(default_factory=SiteRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggingFacts(DeletionFacts):
    """For tagging a new instance after its creation: all that a deletion asks for but the tag."""

    cloud: CloudRules
