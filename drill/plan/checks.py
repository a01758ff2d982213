"""The checks of a plan: the questions to a restored copy, with their bounds."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from drill.plan.alike import KeptOnce
from drill.plan.forms import (
    Identifier,
    Name,
    PlanPart,
    PositiveSpan,
    QualifiedName,
    Span,
    Whole,
    YesOrNo,
)
from drill.plan.mistake import Mistake


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
    """What is checked."""


class ObjectsCheck(_Check):
    """These objects exist."""

    kind: Literal["objects"]
    """What is checked."""
    schemas: tuple[Identifier, ...] = ()
    """Schemas that must exist."""
    tables: tuple[QualifiedName, ...] = ()
    """Tables that must exist, as schema.name."""
    routines: tuple[QualifiedName, ...] = ()
    """Functions and procedures that must exist, as schema.name."""

    @model_validator(mode="after")
    def _names_something(self) -> ObjectsCheck:
        if not (self.schemas or self.tables or self.routines):
            raise Mistake(
                "names nothing that should exist",
                hint="Name at least one of schemas, tables or routines.",
            )
        return self


class RowCountCheck(_Check):
    """The number of rows of a table is inside bounds, or near that of the last passed drill."""

    kind: Literal["row_count"]
    """What is checked."""
    table: QualifiedName
    """Table to count, as schema.name."""
    at_least: Annotated[Whole, Field(ge=0)] | None = None
    """Fewest rows that pass."""
    at_most: Annotated[Whole, Field(ge=0)] | None = None
    """Most rows that pass."""
    within_percent_of_last: Annotated[float, Field(gt=0, le=1000, strict=True)] | None = None
    """Allowed change against the last passed drill of this plan; no such drill is "no data"."""

    @model_validator(mode="after")
    def _has_a_bound(self) -> RowCountCheck:
        if self.at_least is None and self.at_most is None and self.within_percent_of_last is None:
            raise Mistake(
                "has no bound, so it could not fail",
                hint="Give at_least, at_most or within_percent_of_last.",
            )
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise Mistake(
                "at_least is greater than at_most",
                hint="No number of rows is inside these bounds; exchange them.",
                at=("at_least",),
            )
        return self


class NewestRowCheck(_Check):
    """The newest row of a table is no older than a span before the recovery point."""

    kind: Literal["newest_row"]
    """What is checked."""
    table: QualifiedName
    """Table to look at, as schema.name."""
    column: Identifier
    """Column with the instant of each row."""
    within: PositiveSpan
    """How long before the recovery point the newest row may be."""


class HeartbeatCheck(_Check):
    """The newest heartbeat lies at or before the recovery point and within one interval of it.

    It is the only check that proves the time, so assurance level L4 needs it (coverage C.7).
    """

    kind: Literal["heartbeat"]
    """What is checked."""
    table: QualifiedName
    """Table of the heartbeats, as schema.name."""
    column: Identifier
    """Column with the instant of each heartbeat."""
    interval: PositiveSpan
    """How often the source writes a heartbeat."""
    tolerance: Span = timedelta(seconds=1)
    """How late one heartbeat may be."""


class SqlCheck(_Check):
    """A query that returns one value, compared with an expected one."""

    kind: Literal["sql"]
    """What is checked."""
    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    """One statement that returns one value."""
    operator: Literal["=", "!=", "<", "<=", ">", ">="] = "="
    """How the value is compared with the expected one."""
    expected: int | Annotated[float, Field(allow_inf_nan=False)] | bool | str
    """What the value is compared with."""


class PhysicalCheck(_Check):
    """The engine's own verification: amcheck (PostgreSQL) or CHECK TABLE (MySQL, MariaDB)."""

    kind: Literal["physical"]
    """What is checked."""
    timeout: PositiveSpan = timedelta(minutes=10)
    """Time-out of one statement: one index of a large table may take minutes."""
    heapallindexed: YesOrNo = True
    """Also verify that every row is in the indexes; on MySQL and MariaDB CHECK TABLE EXTENDED."""


Check = Annotated[
    ConnectsCheck
    | ObjectsCheck
    | RowCountCheck
    | NewestRowCheck
    | HeartbeatCheck
    | SqlCheck
    | PhysicalCheck,
    Field(discriminator="kind"),
    KeptOnce,
]
