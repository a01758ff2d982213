"""What a restore plan is: the one definition of its TOML keys, their units and their limits.

Unknown keys are refused, spans are strings with a unit, instants carry an offset, and a secret is
only ever a reference. ``drill plan schema`` prints this file as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from drill.plan.alike import KeptOnce
from drill.plan.checks import Check as Check
from drill.plan.checks import ConnectsCheck as ConnectsCheck
from drill.plan.checks import HeartbeatCheck as HeartbeatCheck
from drill.plan.checks import NewestRowCheck as NewestRowCheck
from drill.plan.checks import ObjectsCheck as ObjectsCheck
from drill.plan.checks import PhysicalCheck as PhysicalCheck
from drill.plan.checks import RowCountCheck as RowCountCheck
from drill.plan.checks import SqlCheck as SqlCheck
from drill.plan.forms import Identifier as Identifier
from drill.plan.forms import Instant as Instant
from drill.plan.forms import Name as Name
from drill.plan.forms import PlanPart as PlanPart
from drill.plan.forms import PositiveSpan as PositiveSpan
from drill.plan.forms import ProviderId as ProviderId
from drill.plan.forms import QualifiedName as QualifiedName
from drill.plan.forms import SecretReference as SecretReference
from drill.plan.forms import Span as Span
from drill.plan.forms import Whole
from drill.plan.forms import format_span as format_span
from drill.plan.forms import parse_span as parse_span
from drill.plan.mistake import Mistake, raise_all
from drill.plan.schedule import Schedule as Schedule
from drill.plan.selections import AroundInstant as AroundInstant
from drill.plan.selections import AtInstant as AtInstant
from drill.plan.selections import BackupSelection as BackupSelection
from drill.plan.selections import EdgeInstant as EdgeInstant
from drill.plan.selections import GreedyInstant as GreedyInstant
from drill.plan.selections import Latest as Latest
from drill.plan.selections import MixedBackup as MixedBackup
from drill.plan.selections import MixedInstant as MixedInstant
from drill.plan.selections import NewestBackup as NewestBackup
from drill.plan.selections import OldestBackup as OldestBackup
from drill.plan.selections import OldestInstant as OldestInstant
from drill.plan.selections import OneBackup as OneBackup
from drill.plan.selections import RandomBackup as RandomBackup
from drill.plan.selections import RandomInstant as RandomInstant
from drill.plan.selections import RetestBackup as RetestBackup
from drill.plan.selections import RetestInstant as RetestInstant
from drill.plan.selections import TimeSelection as TimeSelection
from drill.plan.selections import UndrilledBackup as UndrilledBackup


class Source(PlanPart):
    """The production instance whose recoverability is in question. It is only ever read about."""

    cloud: Name
    """Name of the cloud in config.toml."""
    instance_id: ProviderId
    """Id of the source instance at the provider."""


class PitrRestore(PlanPart):
    """Restore to an instant inside a restore window."""

    mode: Literal["pitr"]
    """What is restored: an instant (pitr) or a backup."""
    selection: TimeSelection
    """How the instant is chosen."""


class BackupRestore(PlanPart):
    """Restore one backup."""

    mode: Literal["backup"]
    """What is restored: an instant (pitr) or a backup."""
    selection: BackupSelection
    """How the backup is chosen."""


Restore = Annotated[PitrRestore | BackupRestore, Field(discriminator="mode"), KeptOnce]


class ExistingTarget(PlanPart):
    """A scratch instance set aside for drills: on the allow-list of config.toml and tagged."""

    kind: Literal["existing"]
    """Whether the target exists, or is new."""
    instance_id: ProviderId
    """Id of the scratch instance at the provider: its data is overwritten."""


class Volume(PlanPart):
    """The disk of a new target."""

    type: Annotated[str, Field(pattern=r"^[A-Z]{3,20}$")]
    """Volume type of the cloud, such as CLOUDSSD."""
    size_gb: Annotated[Whole, Field(ge=10, le=32_000, multiple_of=10)] | None = None
    """Size in GB, a multiple of 10; without it that of the source (or more, if a backup asks)."""


class NewTarget(PlanPart):
    """A scratch instance that the drill creates, checks and deletes."""

    kind: Literal["new"]
    """Whether the target exists, or is new."""
    flavor: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
    """Specification code of the cloud, such as rds.pg.n1.small."""
    volume: Volume
    """Its disk."""
    availability_zone: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.,-]{1,128}$")]
    """Availability zone, such as eu-de-01; two with a comma for a pair."""
    vpc_id: ProviderId
    """Id of the VPC; choose one without a route to production."""
    subnet_id: ProviderId
    """Id of the subnet."""
    security_group_id: ProviderId | None = None
    """Id of the security group; without it that of the cloud."""
    password: SecretReference | None = None
    """Administrator password of the copy; without it each drill makes one up and forgets it."""


Target = Annotated[ExistingTarget | NewTarget, Field(discriminator="kind"), KeptOnce]


class Objectives(PlanPart):
    """What was promised for this source."""

    rpo: PositiveSpan | None = None
    """RPO target: how much of the newest data may be lost."""
    rto: PositiveSpan | None = None
    """RTO target: how long from the accepted restore request to finished checks."""
    retention: PositiveSpan | None = None
    """How far back recovery is promised; without it what the provider keeps."""
    cadence: PositiveSpan | None = None
    """How often a drill of this source must pass; without it no such promise is assessed."""
    proof_validity: PositiveSpan | None = None
    """How long a drill that passed is a proof; without it the cadence, or else 30 days."""


class Login(PlanPart):
    """The account that the checks use on the copy; it should be able to read and nothing else."""

    user: Annotated[str, Field(min_length=1, max_length=63)]
    """Name of the account."""
    password: SecretReference
    """Where its password is."""
    database: Annotated[str, Field(min_length=1, max_length=63)]
    """Database to log in to."""


class SqlServer(PlanPart):
    """Only for SQL Server: which databases are restored, and under which names."""

    databases: (
        Mapping[
            Annotated[str, Field(min_length=1, max_length=128)],
            Annotated[str, Field(max_length=1000)],
        ]
        | None
    ) = None
    """Database of the source -> new name; "" keeps the name; without the table all are restored."""


class Plan(PlanPart):
    """One restore plan."""

    name: Name
    """Name of the plan; it must be that of its file."""
    description: Annotated[str, Field(max_length=500)] = ""
    """One sentence for the reader of the report."""
    group: Name | None = None
    """Name that plans share, such as that of an application."""
    tier: Annotated[Whole, Field(ge=1, le=9)] | None = None
    """How critical the source is: 1 is the most critical."""
    source: Source
    """The production instance whose recoverability is in question."""
    restore: Restore
    """Which recovery point is restored."""
    target: Target
    """The scratch instance that it is restored into."""
    objectives: Annotated[Objectives, KeptOnce] = Objectives()
    """The RPO target and the RTO target."""
    login: Annotated[Login, KeptOnce] | None = None
    """The account of the checks; a new target has its administrator without it."""
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]
    """The questions to the restored copy, in this order."""
    schedule: Annotated[Schedule, KeptOnce] | None = None
    """When the plan comes due."""
    sqlserver: SqlServer | None = None
    """Only for SQL Server: which databases are restored."""
    give_up_after: PositiveSpan = timedelta(hours=6)
    """A drill that is not finished after this long goes to teardown as inconclusive."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Plan:
        mistakes = []
        if (
            isinstance(self.target, ExistingTarget)
            and self.target.instance_id.lower() == self.source.instance_id.lower()
        ):
            mistakes.append(
                Mistake(
                    "the target is the source",
                    hint="A drill never restores over its source: name a scratch instance.",
                    at=("target", "instance_id"),
                )
            )
        names = [name for name, _ in self.named_checks()]
        mistakes += [
            Mistake(
                f"two checks are named {name!r}",
                hint="Give each check a name of its own.",
                at=("checks", index),
            )
            for index, name in enumerate(names)
            if name in names[:index]
        ]
        raise_all(mistakes)
        return self

    def named_checks(self) -> list[tuple[str, Check]]:
        """Return every check with the name that a reader sees, in the order of the plan."""
        kinds = [check.kind for check in self.checks]
        named = []
        seen: dict[str, int] = {}
        for check in self.checks:
            kind = check.kind.replace("_", "-")
            seen[kind] = seen.get(kind, 0) + 1
            default = kind if kinds.count(check.kind) == 1 else f"{kind}-{seen[kind]}"
            named.append((check.name or default, check))
        return named
