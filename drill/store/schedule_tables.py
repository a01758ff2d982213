"""The tables of the schedule: orders, signs of life, and the plans that were seen.

As in ``drill.store.tables``, whose rules hold here too: no ``from __future__ import annotations``.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from drill.engine.control import Scope
from drill.store.tables import StoreTable, one_of


class PauseRow(StoreTable, table=True):
    """One order that nothing scheduled may begin, with its end. Its row stays."""

    __tablename__ = "pause"
    __table_args__ = (
        one_of("scope", Scope),
        CheckConstraint("(scope = 'all') = (name IS NULL)", name="name"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="end"),
        Index(None, "ended_at"),
    )

    id: str = Field(primary_key=True)
    scope: str
    name: str | None = None
    is_drain: bool
    since: datetime
    until: datetime | None = None
    by: str
    reason: str
    ended_at: datetime | None = None
    ended_by: str | None = None


class DaemonRow(StoreTable, table=True):
    """One run of the daemon: its beginning, its last sign of life, its end."""

    __tablename__ = "daemon"
    __table_args__ = (
        CheckConstraint("how IN ('clean', 'crash')", name="how"),
        CheckConstraint("(stopped_at IS NULL) = (how IS NULL)", name="stop"),
        Index(None, "started_at"),
    )

    worker: str = Field(primary_key=True)
    started_at: datetime
    beat_at: datetime
    stopped_at: datetime | None = None
    how: str | None = None
    trouble: str | None = Field(default=None, sa_type=Text)


class LookRow(StoreTable, table=True):
    """The one row that says when the schedule was last compared with the journal."""

    __tablename__ = "look"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime


class PlanSeenRow(StoreTable, table=True):
    """One plan as it was when it was valid last, and up to where its slots are in the journal."""

    __tablename__ = "plan_seen"

    plan_name: str = Field(primary_key=True)
    digest: str
    plan: str = Field(sa_type=Text)
    first_seen_at: datetime
    settled_until: datetime
