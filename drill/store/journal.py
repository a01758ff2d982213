"""The journal of the engine, kept in a database that outlives every process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sqlalchemy import Connection, case, tuple_, update
from sqlmodel import Session, col, select

from drill.engine.keeping import ensure_keepable, reopened
from drill.engine.ports import SeatLimits, Stand, Summary
from drill.engine.record import DrillRecord, Event, Outcome, State
from drill.errors import DrillMoved
from drill.store import fences, queries, saving, seating, summaries
from drill.store.adding import add_drills
from drill.store.archive import SqlArchive
from drill.store.control import SqlControl
from drill.store.database import Database, open_database
from drill.store.known import KnownRecords
from drill.store.mapping import changing_values
from drill.store.migrate import ensure_current
from drill.store.notices import SqlNoticeBook
from drill.store.tables import DrillRow


def open_journal(
    url: str, *, folder: Path, patience: timedelta = timedelta(seconds=30)
) -> SqlJournal:
    """Return the journal kept at a URL, its schema brought up to date first.

    A relative SQLite path is relative to ``folder``; a missing file is made, readable by its
    owner alone. ``patience`` is how long a transaction waits for another process. Raise StoreError.
    """
    database = open_database(url, folder=folder, patience=patience)
    try:
        ensure_current(database)
    except BaseException:
        database.close()
        raise
    return SqlJournal(database)


class SqlJournal:
    """Implements ``drill.engine.ports.Journal``: see there for what each method promises.

    Threads may share one; each process opens its own. Every method raises StoreError when the
    database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = KnownRecords()
        self.control = SqlControl(database)
        """Orders and signs of life, kept in the same database."""
        self.archive = SqlArchive(database)
        """Looks back on what the same database keeps."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def notices(self) -> SqlNoticeBook:
        """Return the book of notices that lies in the same database."""
        return SqlNoticeBook(self._database)

    def close(self) -> None:
        """Close every connection to the database."""
        self._database.close()

    def enlist(self, records: Sequence[DrillRecord]) -> list[DrillRecord]:
        """Add new drills with their first event, except where the slot is taken."""
        for record in records:
            ensure_keepable(record)
        with self._database.writing() as session:
            return add_drills(session, records)

    def due(
        self,
        *,
        now: datetime,
        at_most: int,
        only: Collection[str] | None = None,
        queued: bool | None = None,
    ) -> list[str]:
        """Return ids of unfinished drills to look at now."""
        with self._database.reading() as session:
            return queries.due(session, now, at_most, only, queued)

    def next_in_line(
        self,
        limits: Mapping[str, SeatLimits],
        *,
        now: datetime,
        at_most: int,
        only: Collection[str] | None = None,
    ) -> list[str]:
        """Return ids of queued drills that ``seat`` would not let wait now."""
        with self._database.reading() as session:
            return seating.next_in_line(session, limits, now, only)[:at_most]

    def claim(
        self, drill_id: str, *, worker: str, now: datetime, lease: timedelta
    ) -> DrillRecord | None:
        """Lease an unfinished drill and raise its epoch, or return None."""
        until = now + lease
        claimed = self._claim_known(drill_id, worker=worker, now=now, until=until)
        if claimed is None:
            with self._database.connected() as connection:
                if not fences.claim(connection, drill_id, worker=worker, now=now, until=until):
                    return None
                claimed = _read_whole(connection, drill_id)
        self._known.keep(claimed)
        return claimed

    def _claim_known(
        self, drill_id: str, *, worker: str, now: datetime, until: datetime
    ) -> DrillRecord | None:
        """Claim a drill that stands as this process knows it; None, without a claim, if not."""
        known = self._known.find(drill_id)
        if known is None:
            return None
        with self._database.alone() as connection:
            if not fences.claim_known(connection, known, worker=worker, now=now, until=until):
                return None
        return replace(known, epoch=known.epoch + 1, leased_by=worker, leased_until=until)

    def renew(self, epochs: Mapping[str, int], *, until: datetime) -> int:
        """Prolong the leases that have not been given back, in one statement."""
        held = tuple_(col(DrillRow.id), col(DrillRow.epoch)).in_(list(epochs.items()))
        lasts = col(DrillRow.leased_until).is_not(None)
        longer = case((col(DrillRow.leased_until) < until, until), else_=DrillRow.leased_until)
        statement = update(DrillRow).where(held, lasts, queries.is_unfinished())
        if not epochs:
            return 0
        with self._database.writing() as session:
            renewed = queries.change(session, statement.values(leased_until=longer))
        if renewed == len(epochs):
            for drill_id, epoch in epochs.items():
                self._known.prolong(drill_id, epoch=epoch, until=until)
        return renewed

    def save(self, record: DrillRecord, events: Sequence[Event] = ()) -> DrillRecord:
        """Write the drill, its steps and checks, and append events, together."""
        ensure_keepable(record, events)
        known = self._known.forget(record.id)  # until the transaction is on disk
        after = None
        if known is not None and known.epoch == record.epoch:
            is_short = saving.is_short(known, record, events)
            with self._database.alone() if is_short else self._database.connected() as connection:
                after = saving.write(connection, known, record, events)
        if after is None:  # something has changed from outside, or is not known
            with self._database.connected() as connection:
                before = _read_whole(connection, record.id)
                after = saving.write(connection, before, record, events)
        if after is None:  # the row was locked, so this cannot be; but nothing goes unfenced
            raise DrillMoved(f"another worker has taken drill {record.id} over")
        if after.state is not State.FINISHED:
            self._known.keep(after)
        return after

    def move_looks(
        self, stands: Collection[Stand], *, next_at: datetime, looked_at: datetime | None = None
    ) -> set[str]:
        """Move the next looks at drills that wait for their restores, where nothing has changed."""
        if not stands:
            return set()
        for stand in stands:
            self._known.forget(stand.id)  # those who wait for hours need not be remembered
        with self._database.connected() as connection:
            return fences.move_looks(connection, list(stands), next_at=next_at, looked_at=looked_at)

    def seat(self, record: DrillRecord, limits: SeatLimits, *, target_id: str | None) -> str | None:
        """Give the drill a seat and the hold on its target, or say what it waits for."""
        self._known.forget(record.id)  # until the transaction is on disk
        with self._database.writing() as session:
            seated, reason = seating.seat(session, record, limits, target_id)
        self._known.keep(seated)
        return reason

    def holder_of(self, cloud: str, target_id: str) -> str | None:
        """Return the id of the drill that holds an existing target."""
        with self._database.reading() as session:
            return seating.holder_of(session, cloud, target_id)

    def release_target(self, cloud: str, target_id: str, *, drill_id: str) -> None:
        """Give a target free, if this drill holds it."""
        with self._database.writing() as session:
            seating.release_target(session, cloud, target_id, drill_id)

    def request_abort(self, drill_ids: Collection[str]) -> None:
        """Ask unfinished drills to go to teardown, and make them due at once."""
        enlisted_at = col(DrillRow.enlisted_at)
        due_at = case((col(DrillRow.next_at) > enlisted_at, enlisted_at), else_=DrillRow.next_at)
        with self._database.writing() as session:
            for condition in queries.chosen(drill_ids):
                asked = update(DrillRow).where(condition)
                queries.change(session, asked.values(abort_requested=True, next_at=due_at))

    def reopen_teardown(self, drill_id: str, *, now: datetime) -> DrillRecord | None:
        """Send a finished drill back to ``tearing_down``; None if it is not finished."""
        with self._database.writing() as session:
            before = queries.locked_or_none(session, drill_id)
            if before is None or before.state is not State.FINISHED:
                return None
            after, event = reopened(before, now)
            row = update(DrillRow).where(col(DrillRow.id) == drill_id)
            queries.change(session, row.values(**changing_values(after)))
            saving.keep_line(session.connection(), after)
            saving.append(session.connection(), drill_id, [event])
            return after

    def expire_leases(self, is_dead: Callable[[str], bool]) -> int:
        """End the leases of workers that are known to be dead; return how many."""
        leased_by, leased_until = col(DrillRow.leased_by), col(DrillRow.leased_until)
        statement = select(leased_by).where(queries.is_unfinished(), leased_until.is_not(None))
        with self._database.reading() as session:
            workers = session.exec(statement.distinct()).all()
        dead = [worker for worker in workers if worker and is_dead(worker)]
        ended = 0
        if dead:
            with self._database.writing() as session:
                for some in queries.in_batches(dead):
                    expired = update(DrillRow).where(queries.is_unfinished(), leased_by.in_(some))
                    expired = expired.where(leased_until.is_not(None))
                    ended += queries.change(session, expired.values(leased_until=None))
        return ended

    def find(self, drill_id: str) -> DrillRecord | None:
        """Return one drill by its id, or by a unique beginning of it; StoreError if ambiguous."""
        with self._database.reading() as session:
            return queries.find(session, drill_id)

    def unfinished(self, *, plan_names: Collection[str] | None = None) -> list[DrillRecord]:
        """Return the drills that are not finished, enlisted first first."""
        with self._database.reading() as session:
            return queries.unfinished(session, plan_names)

    def history(self, *, plan_name: str | None = None, at_most: int = 100) -> list[DrillRecord]:
        """Return drills, newest slot first."""
        with self._database.reading() as session:
            return queries.history(session, plan_name, at_most)

    def leaked(self) -> list[DrillRecord]:
        """Return the finished drills whose scratch instance leaked, enlisted first first."""
        with self._database.reading() as session:
            return queries.leaked(session)

    def events_of(self, drill_id: str) -> list[Event]:
        """Return the journal of one drill, in order."""
        with self._database.reading() as session:
            return queries.events_of(session, drill_id)

    def recorded_counts(self, plan_name: str) -> Mapping[str, int]:
        """Return name of check -> row count of the last drill of the plan that passed."""
        with self._database.reading() as session:
            return queries.recorded_counts(session, plan_name)

    def newest(
        self, *, of: Literal["plan", "source"], passed: bool = False, at_least: int = 0
    ) -> list[Summary]:
        """Return the drill with the newest slot of each plan, or of each source, by name."""
        with self._database.reading() as session:
            return summaries.newest(session, of=of, passed=passed, at_least=at_least)

    def in_hand(self) -> list[Summary]:
        """Return the drills that are not finished, or that leaked, enlisted first first."""
        with self._database.reading() as session:
            return summaries.in_hand(session)

    def count_outcomes(self, *, since: datetime) -> Mapping[Outcome, int]:
        """Return how many drills with a slot from then on ended in which way."""
        with self._database.reading() as session:
            return summaries.count_outcomes(session, since)

    def earliest_next_at(
        self, *, only: Collection[str] | None = None, queued: bool | None = None
    ) -> datetime | None:
        """Return when the next unfinished drill can be looked at: a live lease is waited for."""
        with self._database.reading() as session:
            return queries.earliest_next_at(session, only, queued)


def _read_whole(connection: Connection, drill_id: str) -> DrillRecord:
    """Return a drill that nobody else can change until the transaction ends. Raise StoreError."""
    with Session(connection) as session:
        return queries.locked(session, drill_id)
