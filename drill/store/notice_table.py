"""The table of notices; see ``drill.store.tables`` for how tables are written."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from drill.engine.notices import TellingState
from drill.plan.telling import NoticeKind, Severity
from drill.store.tables import StoreTable, one_of


class NoticeRow(StoreTable, table=True):
    """One notice on one channel. The key is what keeps two daemons from telling it twice."""

    __tablename__ = "notice"
    __table_args__ = (
        one_of("kind", NoticeKind),
        one_of("severity", Severity),
        one_of("state", TellingState),
        CheckConstraint("number >= 0", name="number"),
        CheckConstraint("attempts >= 1", name="attempts"),
        Index(None, "first_at"),
        Index(None, "next_at"),
    )

    subject: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    since: datetime = Field(primary_key=True)
    number: int = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    severity: str
    title: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    plan_name: str | None = None
    drill_id: str | None = None
    state: str
    attempts: int
    first_at: datetime
    last_at: datetime
    next_at: datetime | None = None
    fault: str | None = Field(default=None, sa_type=Text)
