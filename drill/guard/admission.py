"""The answers of the guard: an admission, or all the reasons against it.

An admission is the only key to a call that overwrites, creates or deletes: the provider takes
nothing else. Only the rooms' own rules (``drill.guard.rules``) hold the seal that makes one; a
value built elsewhere raises at once. There is no flag that switches a rule off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from datetime import datetime

from drill.recovery.values import Backup, Engine, RecoveryPoint


class _Seal:
    """Held by the guard alone."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "sealed"


SEAL = _Seal()
"""For ``drill.guard`` only; tests/test_architecture.py holds every other room to that."""


class SealMissing(TypeError):
    """an admission can only be made by the guard"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason for no."""

    rule: str
    """Stable name of the rule: lower case with dashes (documented in docs/guard.md)."""
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """The answer no, with every reason at once, in the order of the rules."""

    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Admitted:
    seal: InitVar[_Seal]
    """Shown when it is made and not kept: nobody can take it from an admission, or alter one by
    ``dataclasses.replace``."""
    drill_id: str
    cloud: str
    admitted_at: datetime

    def __post_init__(self, seal: _Seal) -> None:
        if seal is not SEAL:
            raise SealMissing("an admission can only be made by the guard")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedRestore(_Admitted):
    """Permission to overwrite one existing scratch instance with one recovery point."""

    source_id: str
    target_id: str
    engine: Engine
    point: RecoveryPoint
    database_map: Mapping[str, str] | None = None
    """SQL Server only: database of the source -> new name, or "" to keep the old one."""
    restore_all_databases: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedCreate(_Admitted):
    """Permission to create one scratch instance from one recovery point."""

    source_id: str
    point: RecoveryPoint
    instance_name: str
    tags: Mapping[str, str]
    engine: Engine
    version: str
    flavor: str
    volume_type: str
    volume_gb: int
    availability_zone: str
    vpc_id: str
    subnet_id: str
    security_group_id: str | None = None
    time_zone: str | None = None
    database_map: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedReset(_Admitted):
    """Permission to restore one existing scratch instance to its own empty baseline."""

    target_id: str
    engine: Engine
    baseline: Backup
    blank_id: str | None = None
    """The blank instance whose backup the baseline is; None if it is the target's own."""

    @property
    def source_id(self) -> str:
        """Return the instance whose backup is restored: the target itself, or a blank one."""
        return self.blank_id or self.target_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedDeletion(_Admitted):
    """Permission to delete one instance that this tool created."""

    instance_id: str
    instance_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedTagging(_Admitted):
    """Permission to put the tags of a drill on the one instance that it created."""

    instance_id: str
    instance_name: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedSettingAside(_Admitted):
    """Permission to put the tag on the one existing instance that drills may use."""

    instance_id: str
    instance_name: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedBackup(_Admitted):
    """Permission to make the manual baseline backup of one empty instance that is set aside."""

    instance_id: str
    backup_name: str


Admitted = (
    AdmittedRestore
    | AdmittedCreate
    | AdmittedReset
    | AdmittedDeletion
    | AdmittedTagging
    | AdmittedSettingAside
    | AdmittedBackup
)
