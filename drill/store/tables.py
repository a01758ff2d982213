"""The tables. Rows are dumb: ``drill.store.mapping`` turns them into frozen values and back.

No ``from __future__ import annotations`` here, and no Relationship: SQLModel reads the annotations
when the class is made. A ``datetime`` is kept in UTC with microseconds, in a form that sorts; a
naive one is refused. Spans are whole microseconds. Enums are kept as their value, never their name.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from drill.check.port import CheckAnswer
from drill.engine.record import EventKind, Outcome, State, StepName, Teardown, Trigger

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints: a later migration can only change what it can name."""


class StoreTable(SQLModel):
    """Everything that the store keeps is in this one collection of tables."""

    metadata = MetaData(naming_convention=NAMING)


def one_of(column: str, words: Iterable[StrEnum]) -> CheckConstraint:
    """Return the constraint that a column holds one of these words."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f'"{column}" IN ({listed})', name=column)


class DrillRow(StoreTable, table=True):
    """One drill: what is known about it now."""

    __tablename__ = "drill"
    __table_args__ = (
        UniqueConstraint("plan_name", "scheduled_for"),
        one_of("trigger", Trigger),
        one_of("state", State),
        one_of("finding", Outcome),
        one_of("outcome", Outcome),
        one_of("teardown", Teardown),
        CheckConstraint("target_kind IN ('existing', 'new')", name="target_kind"),
        CheckConstraint("level BETWEEN 0 AND 6", name="level"),
        CheckConstraint("epoch >= 0", name="epoch"),
        CheckConstraint("state <> 'finished' OR outcome IS NOT NULL", name="has_outcome"),
        CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="finished_at"),
        CheckConstraint("leased_until IS NULL OR leased_by IS NOT NULL", name="lease"),
        Index(None, "state", "next_at"),
        Index(None, "scheduled_for"),
    )

    id: str = Field(primary_key=True)
    plan_name: str
    plan_digest: str
    plan: str = Field(sa_type=Text)
    cloud: str
    """From the plan, like the three that follow: for queries and for the seating."""
    source_id: str
    target_kind: str
    wanted_target_id: str | None = None
    trigger: str
    scheduled_for: datetime
    enlisted_at: datetime
    tool_version: str

    state: str
    next_at: datetime
    deadline_at: datetime | None = None
    epoch: int
    leased_by: str | None = None
    leased_until: datetime | None = None
    is_seated: bool
    abort_requested: bool
    look_failures: int
    failing_since: datetime | None = None

    started_at: datetime | None = None
    inventory: str | None = Field(default=None, sa_type=Text)
    choice: str | None = Field(default=None, sa_type=Text)
    target_id: str | None = None
    target_name: str | None = None
    copy_: str | None = Field(default=None, sa_type=Text, sa_column_kwargs={"name": "copy"})
    is_simulated: bool

    restore_intent_at: datetime | None = None
    restore_accepted_at: datetime | None = None
    restore_job_id: str | None = None
    restore_seen_running: bool
    ready_at: datetime | None = None
    reachable_at: datetime | None = None
    checked_at: datetime | None = None

    teardown_began_at: datetime | None = None
    teardown_intent_at: datetime | None = None
    teardown_accepted_at: datetime | None = None
    teardown_job_id: str | None = None
    teardown_seen_running: bool

    finding: str | None = None
    outcome: str | None = None
    reason: str | None = None
    hint: str | None = None
    teardown: str
    teardown_reason: str | None = None
    finished_at: datetime | None = None

    level: int
    rta_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    rpa_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    rpa_claimed_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    request_ids: str = Field(sa_type=Text)
    refusals: str = Field(sa_type=Text)
    plan_group: str | None = None
    """From the plan, for the seating."""
    held_until: datetime | None = None
    initiated_by: str | None = None
    looked_at: datetime | None = None
    unattended_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    torn_down_at: datetime | None = None


class DrillLineRow(StoreTable, table=True):
    """One drill in one line, written together with its row in ``drill``.

    A row of ``drill`` holds an inventory: reading a hundred thousand of them to see how they ended
    would read all those too. Fields are those of ``drill.recovery.facts.DrillFacts``.
    """

    __tablename__ = "drill_line"
    __table_args__ = (
        Index(None, "scheduled_for", "drill_id"),
        Index(None, "cloud", "source_id", "observed_at"),
    )

    drill_id: str = Field(primary_key=True, foreign_key="drill.id")
    plan_name: str
    plan_digest: str
    plan_group: str | None = None
    tier: int | None = None
    cloud: str
    source_id: str
    mode: str
    target_kind: str
    trigger: str
    initiated_by: str | None = None
    scheduled_for: datetime
    enlisted_at: datetime
    rto_target_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    rpo_target_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    tool_version: str

    source_name: str | None = None
    engine: str | None = None
    policy: str | None = None
    seed: str | None = None
    target_id: str | None = None
    target_name: str | None = None
    started_at: datetime | None = None
    observed_at: datetime | None = None
    """When the inventory was taken: it is an observation of the source, too."""
    restore_accepted_at: datetime | None = None
    checked_at: datetime | None = None
    finished_at: datetime | None = None
    state: str
    outcome: str | None = None
    reason: str | None = None
    hint: str | None = None
    failing: str = Field(sa_type=Text)
    checks: str = Field(sa_type=Text)
    teardown: str
    teardown_reason: str | None = None
    level: int
    is_simulated: bool
    point_at: datetime | None = None
    reference_at: datetime | None = None
    base_at: datetime | None = None
    base_id: str | None = None
    base_how: str | None = None
    rta_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    rpa_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    rpa_claimed_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    volume_gb: int | None = None
    volume_type: str | None = None
    flavor: str | None = None
    restore_job_id: str | None = None
    unattended_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    torn_down_at: datetime | None = None


class JournalRow(StoreTable, table=True):
    """One line of the journal of a drill. Append-only."""

    __tablename__ = "journal"
    __table_args__ = (
        one_of("kind", EventKind),
        CheckConstraint("sequence >= 1", name="sequence"),
    )

    drill_id: str = Field(primary_key=True, foreign_key="drill.id")
    sequence: int = Field(primary_key=True)
    at: datetime
    kind: str
    act: str
    facts: str = Field(sa_type=Text)


class StepRow(StoreTable, table=True):
    """One step of a drill. A row with an end never changes."""

    __tablename__ = "step"
    __table_args__ = (
        one_of("name", StepName),
        CheckConstraint("position >= 1", name="position"),
    )

    drill_id: str = Field(primary_key=True, foreign_key="drill.id")
    position: int = Field(primary_key=True)
    name: str
    began_at: datetime
    ended_at: datetime | None = None
    result: str | None = None


class CheckResultRow(StoreTable, table=True):
    """One answered check of a drill. Append-only."""

    __tablename__ = "check_result"
    __table_args__ = (
        one_of("answer", CheckAnswer),
        CheckConstraint("position >= 1", name="position"),
    )

    drill_id: str = Field(primary_key=True, foreign_key="drill.id")
    position: int = Field(primary_key=True)
    name: str
    kind: str
    answer: str
    reason: str
    expected: str | None = None
    observed: str | None = None
    row_count: int | None = Field(default=None, sa_type=BigInteger)
    newest_at: datetime | None = None
    began_at: datetime
    duration_microseconds: int = Field(sa_type=BigInteger)


class TargetHoldRow(StoreTable, table=True):
    """Which drill holds an existing target. Its row goes when the drill gives the target free."""

    __tablename__ = "target_hold"

    cloud: str = Field(primary_key=True)
    target_id: str = Field(primary_key=True)
    drill_id: str = Field(foreign_key="drill.id")
