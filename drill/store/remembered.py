"""The tables of what is looked back on beside drills: looks, populations, exceptions, reviews.

As in ``drill.store.tables``: no ``from __future__ import annotations``, and rows are dumb.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from drill.store.tables import StoreTable


class ObservedSourceRow(StoreTable, table=True):
    """One source that was ever observed, and the number its observations go by. Append-only."""

    __tablename__ = "observed_source"
    __table_args__ = (UniqueConstraint("cloud", "source_id"),)

    number: int | None = Field(default=None, primary_key=True)
    cloud: str
    source_id: str


class ObservationRow(StoreTable, table=True):
    """One look at one source. Append-only. ``drill.store.packing`` reads the document."""

    __tablename__ = "observation"
    __table_args__ = (
        CheckConstraint("(fault IS NULL) = (document IS NOT NULL)", name="fault"),
        {"sqlite_with_rowid": False},
    )

    source_number: int = Field(
        primary_key=True,
        foreign_key="observed_source.number",
        sa_column_kwargs={"autoincrement": False},
    )
    taken_at: datetime = Field(primary_key=True)
    rests_on: datetime | None = None
    """``taken_at`` of the observation that this one says the difference to; NULL if it is whole."""
    fault: str | None = None
    document: bytes | None = Field(default=None, sa_type=LargeBinary)


class PopulationRow(StoreTable, table=True):
    """Every instance of one cloud at one instant. Append-only."""

    __tablename__ = "population"
    __table_args__ = (CheckConstraint("(fault IS NULL) = (document IS NOT NULL)", name="fault"),)

    cloud: str = Field(primary_key=True)
    taken_at: datetime = Field(primary_key=True)
    fault: str | None = None
    document: bytes | None = Field(default=None, sa_type=LargeBinary)


class NightlySumsRow(StoreTable, table=True):
    """The sums of one cloud in one night, counted when its sources had been looked at. Append-only.

    They would take the windows and backups of every source to be counted again."""

    __tablename__ = "nightly_sums"
    __table_args__ = (
        CheckConstraint("late <= promised AND promised <= measured", name="counts"),
        CheckConstraint("(worst_source_id IS NULL) = (measured = 0)", name="worst"),
    )

    cloud: str = Field(primary_key=True)
    taken_at: datetime = Field(primary_key=True)
    proven_microseconds: int = Field(sa_type=BigInteger)
    advertised_microseconds: int = Field(sa_type=BigInteger)
    with_window: int
    """Sources with a restore window."""
    measured: int
    """Sources with a lag."""
    promised: int
    """Sources of these with an RPO target."""
    late: int
    """Sources of these beyond it."""
    worst_source_id: str | None = None
    worst_lag_microseconds: int | None = Field(default=None, sa_type=BigInteger)
    """NULL beside a source: it had no recovery point."""
    worst_target_microseconds: int | None = Field(default=None, sa_type=BigInteger)


class ExceptionRow(StoreTable, table=True):
    """One decision about something that is not as promised. Append-only."""

    __tablename__ = "exception"
    __table_args__ = (
        CheckConstraint("kind IN ('finding', 'exclusion')", name="kind"),
        CheckConstraint("kind <> 'exclusion' OR approver IS NOT NULL", name="approver"),
    )

    id: str = Field(primary_key=True)
    kind: str
    cloud: str
    source_id: str | None = None
    plan_name: str | None = None
    drill_id: str | None = None
    reason: str
    owner: str
    approver: str | None = None
    ticket: str | None = None
    opened_at: datetime
    opened_by: str
    expires_at: datetime | None = None


class ExceptionClosingRow(StoreTable, table=True):
    """The end of an exception, once. Append-only."""

    __tablename__ = "exception_closing"

    exception_id: str = Field(primary_key=True, foreign_key="exception.id")
    closed_at: datetime
    closed_by: str
    reason: str
    retest_drill_id: str | None = None


class ReviewRow(StoreTable, table=True):
    """A person has looked at drills and says so. Append-only."""

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("verdict IN ('accepted', 'rejected')", name="verdict"),
        CheckConstraint("initiator IS NULL OR initiator <> reviewer", name="reviewer"),
    )

    id: str = Field(primary_key=True)
    reviewer: str
    initiator: str | None = None
    drill_id: str | None = None
    period_from: datetime | None = None
    period_to: datetime | None = None
    verdict: str
    comment: str
    signed_at: datetime
    facts: str = Field(sa_type=Text)
