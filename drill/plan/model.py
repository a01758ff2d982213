"""What a restore plan is: the one definition of its TOML keys, their units and their limits.

Unknown keys are refused, spans are strings with a unit, instants carry an offset, and a secret is
only ever a reference. ``drill plan schema`` prints this file as JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)


def parse_span(value: object) -> timedelta:
    """Return the span of a text such as ``90s``, ``15m``, ``1h30m``, ``7d`` or ``250ms``.

    Raise ValueError for a bare number: nobody can see whether 900 means seconds.
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError('a span is a text with units, such as "15m" or "1h30m"')
    match = _SPAN.fullmatch(value)
    if not value or match is None or len(value) > 32:
        raise ValueError(f'{value!r} is no span; write it with units, such as "15m" or "1h30m"')
    days, hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
    return timedelta(
        days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds
    )


def format_span(span: timedelta) -> str:
    """Return the shortest text that ``parse_span`` reads back as this span."""
    milliseconds = span // timedelta(milliseconds=1)
    parts = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _is_positive(span: timedelta) -> timedelta:
    if span <= timedelta(0):
        raise ValueError("a span must be longer than zero")
    return span


Span = Annotated[
    timedelta,
    BeforeValidator(parse_span),
    PlainSerializer(format_span, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["30s", "15m", "1h30m", "7d"]}),
]
PositiveSpan = Annotated[Span, AfterValidator(_is_positive)]

Instant = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""Names that become file names: nothing that a path, a shell or a terminal could misread."""

ProviderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Ids of the provider: they go into URLs."""

SecretReference = Annotated[
    str,
    Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"),
]
"""``env:NAME`` or ``file:PATH``; a literal secret is refused."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$]{0,62}$")]
QualifiedName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$]*\.[A-Za-z_][A-Za-z0-9_$]*$")]
"""``schema.name``."""


class PlanPart(BaseModel):
    """Everything in a plan is frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Source(PlanPart):
    """The production instance whose recoverability is in question. It is only ever read about."""

    cloud: Name
    """Name of the cloud in config.toml."""
    instance_id: ProviderId
    """Id of the source instance at the provider."""


class Latest(PlanPart):
    """The newest instant of the newest window, or a margin before it."""

    policy: Literal["latest"]
    margin: Span = timedelta(0)
    """How far before the newest instant."""


class AtInstant(PlanPart):
    """One instant that the plan names."""

    policy: Literal["instant"]
    restore_time: Instant
    """The instant, with its offset: 2026-03-01T02:00:00Z."""


class RandomInstant(PlanPart):
    """A random instant of the windows inside a period before now; the seed is recorded."""

    policy: Literal["random"]
    within: PositiveSpan
    """Length of the period that ends now."""
    seed: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """A fixed seed; without it every drill draws and records its own."""


class NewestBackup(PlanPart):
    """The complete backup that ended last."""

    policy: Literal["newest"]


class OldestBackup(PlanPart):
    """The complete backup that ended first."""

    policy: Literal["oldest"]


class OneBackup(PlanPart):
    """One backup that the plan names."""

    policy: Literal["backup"]
    backup_id: ProviderId


class RandomBackup(PlanPart):
    """A random complete backup that ended inside a period before now; the seed is recorded."""

    policy: Literal["random"]
    within: PositiveSpan
    seed: Annotated[str, Field(min_length=1, max_length=200)] | None = None


TimeSelection = Annotated[Latest | AtInstant | RandomInstant, Field(discriminator="policy")]
BackupSelection = Annotated[
    NewestBackup | OldestBackup | OneBackup | RandomBackup, Field(discriminator="policy")
]


class PitrRestore(PlanPart):
    """Restore to an instant inside a restore window."""

    mode: Literal["pitr"]
    selection: TimeSelection


class BackupRestore(PlanPart):
    """Restore one backup."""

    mode: Literal["backup"]
    selection: BackupSelection


Restore = Annotated[PitrRestore | BackupRestore, Field(discriminator="mode")]


class ExistingTarget(PlanPart):
    """A scratch instance set aside for drills: on the allow-list of config.toml and tagged."""

    kind: Literal["existing"]
    instance_id: ProviderId


class Volume(PlanPart):
    """The disk of a new target."""

    type: Annotated[str, Field(pattern=r"^[A-Z]{3,20}$")]
    """Volume type of the cloud, such as CLOUDSSD."""
    size_gb: Annotated[int, Field(ge=10, le=32_000, multiple_of=10)] | None = None
    """Size in GB, a multiple of 10; without it that of the source (or more, if a backup asks)."""


class NewTarget(PlanPart):
    """A scratch instance that the drill creates, checks and deletes."""

    kind: Literal["new"]
    flavor: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
    volume: Volume
    availability_zone: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.,-]{1,128}$")]
    vpc_id: ProviderId
    subnet_id: ProviderId
    security_group_id: ProviderId | None = None
    password: SecretReference | None = None
    """Administrator password of the copy; without it each drill makes one up and forgets it."""


Target = Annotated[ExistingTarget | NewTarget, Field(discriminator="kind")]


class Objectives(PlanPart):
    """What was promised for this source."""

    rpo: PositiveSpan | None = None
    """RPO target: how much of the newest data may be lost."""
    rto: PositiveSpan | None = None
    """RTO target: how long from the accepted restore request to finished checks."""


class Login(PlanPart):
    """The account that the checks use on the copy; it should be able to read and nothing else."""

    user: Annotated[str, Field(min_length=1, max_length=63)]
    password: SecretReference
    database: Annotated[str, Field(min_length=1, max_length=63)]


class _Check(PlanPart):
    name: Name | None = None
    """What a reader sees; by default the kind, with a number if there are several."""
    timeout: PositiveSpan = timedelta(seconds=30)
    """Time-out of one statement."""
    database: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """Database of this check; by default that of the login."""


class ConnectsCheck(_Check):
    """A login works and a trivial query is answered."""

    kind: Literal["connects"]


class ObjectsCheck(_Check):
    """These objects exist."""

    kind: Literal["objects"]
    schemas: tuple[Identifier, ...] = ()
    tables: tuple[QualifiedName, ...] = ()
    routines: tuple[QualifiedName, ...] = ()

    @model_validator(mode="after")
    def _names_something(self) -> ObjectsCheck:
        if not (self.schemas or self.tables or self.routines):
            raise ValueError("name at least one schema, table or routine")
        return self


class RowCountCheck(_Check):
    """The number of rows of a table is inside bounds, or near that of the last passed drill."""

    kind: Literal["row_count"]
    table: QualifiedName
    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=0)] | None = None
    within_percent_of_last: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Allowed change against the last passed drill of this plan; no such drill is "no data"."""

    @model_validator(mode="after")
    def _has_a_bound(self) -> RowCountCheck:
        if self.at_least is None and self.at_most is None and self.within_percent_of_last is None:
            raise ValueError("give at_least, at_most or within_percent_of_last")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is greater than at_most")
        return self


class NewestRowCheck(_Check):
    """The newest row of a table is no older than a span before the recovery point."""

    kind: Literal["newest_row"]
    table: QualifiedName
    column: Identifier
    within: PositiveSpan


class HeartbeatCheck(_Check):
    """The newest heartbeat lies at or before the recovery point and within one interval of it.

    It is the only check that proves the time, so assurance level L4 needs it (coverage C.7).
    """

    kind: Literal["heartbeat"]
    table: QualifiedName
    column: Identifier
    interval: PositiveSpan
    """How often the source writes a heartbeat."""
    tolerance: Span = timedelta(seconds=1)
    """How late one heartbeat may be."""


class SqlCheck(_Check):
    """A query that returns one value, compared with an expected one."""

    kind: Literal["sql"]
    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    operator: Literal["=", "!=", "<", "<=", ">", ">="] = "="
    expected: int | float | bool | str


class PhysicalCheck(_Check):
    """The engine's own verification: amcheck on PostgreSQL (B-trees and heaps)."""

    kind: Literal["physical"]
    timeout: PositiveSpan = timedelta(minutes=10)
    heapallindexed: bool = True
    """Also verify that every heap row is in the index."""


Check = Annotated[
    ConnectsCheck
    | ObjectsCheck
    | RowCountCheck
    | NewestRowCheck
    | HeartbeatCheck
    | SqlCheck
    | PhysicalCheck,
    Field(discriminator="kind"),
]


def _is_time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is no IANA time zone, such as Asia/Shanghai") from error
    return value


def _is_cron(value: str) -> str:
    from cronsim import CronSim, CronSimError  # only plans with a schedule pay for the import

    try:
        next(CronSim(value, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f"{value!r} is no cron expression: {error}") from error
    except StopIteration as error:
        raise ValueError(f"{value!r} never comes due") from error
    return value


class Schedule(PlanPart):
    """When the plan comes due: a cron expression read in a time zone (Sunday is 0 or 7)."""

    cron: Annotated[str, AfterValidator(_is_cron)]
    time_zone: Annotated[str, AfterValidator(_is_time_zone)] = "UTC"


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
    group: Name | None = None
    source: Source
    restore: Restore
    target: Target
    objectives: Objectives = Objectives()
    login: Login | None = None
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]
    schedule: Schedule | None = None
    sqlserver: SqlServer | None = None
    give_up_after: PositiveSpan = timedelta(hours=6)
    """A drill that is not finished after this long goes to teardown as inconclusive."""

    @model_validator(mode="after")
    def _target_is_not_the_source(self) -> Plan:
        if (
            isinstance(self.target, ExistingTarget)
            and self.target.instance_id == self.source.instance_id
        ):
            raise ValueError("the target is the source: a drill never restores over its source")
        return self

    @model_validator(mode="after")
    def _check_names_are_unique(self) -> Plan:
        names = [name for name, _ in self.named_checks()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two checks are named {', '.join(twice)}")
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


def plan_from_record(record: Mapping[str, Any]) -> Plan:
    """Return the plan that was frozen into a drill record."""
    return Plan.model_validate(record)
