"""The book of notices, kept in the database of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, and_, cast, func, update
from sqlalchemy import select as many_columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from drill.engine.notices import Tally, Telling, TellingState
from drill.plan.telling import NoticeKind, Severity
from drill.store import queries
from drill.store.database import Database
from drill.store.notice_table import NoticeRow

_SAME = (
    *("subject", "since", "number", "channel", "title", "body", "plan_name", "drill_id"),
    *("attempts", "first_at", "last_at", "next_at", "fault"),
)
"""Fields that are kept as they are."""


class SqlNoticeBook:
    """Implements ``drill.engine.notices.NoticeBook``: see there for what each method promises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self, *, since: datetime | None = None) -> Sequence[Telling]:
        """Return what was entered at or after an instant, oldest first."""
        statement = select(NoticeRow).order_by(*_ORDER)
        if since is not None:
            statement = statement.where(col(NoticeRow.first_at) >= since)
        with self._database.reading() as session:
            return [_telling_of(row) for row in session.exec(statement)]

    def enter(self, telling: Telling) -> bool:
        """Enter a telling before it is sent; False if it is in the book."""
        with self._database.writing() as session:
            try:
                with session.begin_nested():
                    session.add(_row_of(telling))
                    session.flush()
            except IntegrityError:
                if session.exec(select(NoticeRow).where(_is(telling))).first() is None:
                    raise
                return False
            return True

    def due(self, *, now: datetime) -> Sequence[Telling]:
        """Return what has to be tried again, oldest first."""
        statement = select(NoticeRow).where(col(NoticeRow.next_at) <= now).order_by(*_ORDER)
        with self._database.reading() as session:
            return [_telling_of(row) for row in session.exec(statement)]

    def take(self, telling: Telling, *, now: datetime, until: datetime) -> Telling | None:
        """Take a telling that is due, and return it as being sent; None if somebody else did."""
        statement = (
            update(NoticeRow)
            .where(_is(telling), col(NoticeRow.next_at) <= now)
            .values(
                state=TellingState.SENDING.value,
                attempts=NoticeRow.attempts + 1,
                last_at=now,
                next_at=until,
            )
        )
        with self._database.writing() as session:
            if queries.change(session, statement) == 0:
                return None
            return _telling_of(session.exec(select(NoticeRow).where(_is(telling))).one())

    def close(self, telling: Telling) -> None:
        """Write down how it went."""
        statement = (
            update(NoticeRow)
            .where(_is(telling))
            .values(
                state=telling.state.value,
                last_at=telling.last_at,
                next_at=telling.next_at,
                fault=telling.fault,
            )
        )
        with self._database.writing() as session:
            queries.change(session, statement)

    def tallies(self) -> Sequence[Tally]:
        """Return the counts by (channel, kind), sorted."""
        key = (col(NoticeRow.channel), col(NoticeRow.kind))
        statement = many_columns(
            *key,
            _count(TellingState.SENT),
            func.sum(col(NoticeRow.attempts)),
            _count(TellingState.SENDING),
            _count(TellingState.FAILED),
            _count(TellingState.GIVEN_UP),
        ).group_by(*key)
        with self._database.reading() as session:
            rows = session.connection().execute(statement).all()
        found = [
            Tally(
                channel=channel,
                kind=NoticeKind(kind),
                sent=sent,
                failed_attempts=attempts - sent - sending,
                waiting=sending + failed,
                given_up=given_up,
            )
            for channel, kind, sent, attempts, sending, failed, given_up in rows
        ]
        return sorted(found, key=lambda one: (one.channel, one.kind))

    def newest(self, *, at_most: int) -> Sequence[Telling]:
        """Return the newest tellings, newest first."""
        statement = select(NoticeRow).order_by(*(column.desc() for column in _ORDER))
        with self._database.reading() as session:
            return [_telling_of(row) for row in session.exec(statement.limit(at_most))]


_ORDER = (
    *(col(NoticeRow.first_at), col(NoticeRow.subject), col(NoticeRow.kind)),
    *(col(NoticeRow.number), col(NoticeRow.channel)),
)


def _is(telling: Telling) -> ColumnElement[bool]:
    return and_(
        col(NoticeRow.subject) == telling.subject,
        col(NoticeRow.kind) == telling.kind.value,
        col(NoticeRow.since) == telling.since,
        col(NoticeRow.number) == telling.number,
        col(NoticeRow.channel) == telling.channel,
    )


def _count(state: TellingState) -> ColumnElement[int]:
    return func.sum(cast(col(NoticeRow.state) == state.value, Integer))


def _row_of(telling: Telling) -> NoticeRow:
    return NoticeRow(
        **{name: getattr(telling, name) for name in _SAME},
        kind=telling.kind.value,
        severity=telling.severity.value,
        state=telling.state.value,
    )


def _telling_of(row: NoticeRow) -> Telling:
    return Telling(
        **{name: getattr(row, name) for name in _SAME},
        kind=NoticeKind(row.kind),
        severity=Severity(row.severity),
        state=TellingState(row.state),
    )
