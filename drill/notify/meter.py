"""Reads the store and makes the samples; trouble of the store becomes a sample of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from drill import __version__
from drill.engine.notices import NoticeBook
from drill.engine.ports import Journal
from drill.engine.record import State
from drill.errors import StoreError
from drill.notify.conditions import Manner, find_conditions
from drill.notify.herald import Promises, RecentDrills
from drill.notify.known import Known
from drill.notify.metrics import Measured, Sample, samples_of, samples_without_store
from drill.notify.transitions import open_since

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
UNDER_WAY = tuple(state.value for state in State if state is not State.FINISHED)


class Meter:
    """Makes samples, and counts for its process how often the store could not be read."""

    def __init__(
        self,
        *,
        promises: Promises,
        drills: RecentDrills,
        book: NoticeBook,
        journal: Journal,
        manner: Manner,
        clouds: Sequence[str],
    ) -> None:
        self._promises = promises
        self._drills = drills
        self._book = book
        self._journal = journal
        self._manner = manner
        self._clouds = tuple(clouds)
        self._store_failures = 0

    def measure(self, *, now: datetime, beat_at: datetime | None = None) -> list[Sample]:
        """Return all samples; where the store cannot be read, those that are known without it."""
        try:
            return samples_of(self._read(now, beat_at), now=now)
        except StoreError as error:
            self._store_failures += 1
            structlog.get_logger("drill.notify").error(
                "there are no figures: the store has trouble", fault=error.message
            )
            known = Measured(
                version=__version__, beat_at=beat_at, store_failures=self._store_failures
            )
            return samples_without_store(known, now=now)

    def _read(self, now: datetime, beat_at: datetime | None) -> Measured:
        drills = tuple(self._drills(BEGINNING))
        promises = tuple(self._promises())
        known = Known(promises=promises, drills=drills)
        opened = open_since(self._book.told())
        return Measured(
            promises=promises,
            drills=drills,
            conditions=find_conditions(known, self._manner, now=now, open_since=opened),
            unfinished=[
                (one.state.value, one.cloud, one.failing_since is not None)
                for one in self._journal.in_hand()
                if one.state is not State.FINISHED
            ],
            tallies=self._book.tallies(),
            version=__version__,
            beat_at=beat_at,
            store_failures=self._store_failures,
            clouds=self._clouds,
            states=UNDER_WAY,
        )
