"""Looks at many drills at once: which drills wait for their restores, and when a cloud is listed.

The store has the truth here, too. What is kept in memory is what the last look of this process left
behind; a drill that has been in other hands since is found to stand otherwise, and is let go.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime

import structlog

from drill.dispatch.agenda import Agenda
from drill.engine.listing import Listed, look_by_list
from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import DrillRecord
from drill.engine.waiting import Waiter, has_been_seen, is_worth_a_list, waiter_of


@dataclass(slots=True)
class _Account:
    """What this process knows of the drills of one cloud that wait."""

    waiters: dict[str, Waiter]
    """Those that are in no list that is being read, and in nobody's hand."""
    size: int = 0
    """Instances of the account, as far as known."""
    failures: int = 0
    """Lists in a row that could not be read."""
    rests_until: datetime | None = None


@dataclass(slots=True)
class _Reading:
    """A list that is being read, and the drills that wait for its answer."""

    cloud: str
    settings: CloudSettings
    waiters: dict[str, Waiter]


class Listings:
    """Begins lists and takes in what they say. Not for several threads."""

    def __init__(self, agenda: Agenda, *, woken: Callable[[], None]) -> None:
        self._agenda = agenda
        self._woken = woken
        self._accounts: dict[str, _Account] = {}
        self._readings: dict[Future[Listed], _Reading] = {}

    @property
    def under_way(self) -> int:
        """Return how many lists are being read: each has a worker."""
        return len(self._readings)

    def note(self, record: DrillRecord, *, now: datetime) -> None:
        """Note how a step has left a drill."""
        waiter = waiter_of(record, now=now)
        if waiter is None:
            self.forget(record.id)
            return
        account = self._accounts.setdefault(waiter.cloud, _Account(waiters={}))
        account.size = max(account.size, waiter.account_size)
        account.waiters[waiter.id] = waiter

    def forget(self, drill_id: str) -> None:
        """Leave a drill to its own looks: somebody works on it, or has it."""
        for account in self._accounts.values():
            account.waiters.pop(drill_id, None)

    def begin(self, pool: Executor, parts: Parts, *, now: datetime, at_most: int) -> None:
        """Read the list of each cloud of which a drill that waits has come due."""
        read = {one.cloud for one in self._readings.values()}
        for name, account in self._accounts.items():
            settings = parts.clouds.get(name)
            if at_most <= 0 or settings is None or name in read or not _is_time(account, now):
                continue
            at_most -= 1
            waiters, account.waiters = account.waiters, {}
            self._agenda.hold(waiters)
            reading = pool.submit(
                look_by_list, list(waiters.values()), parts, settings, failures=account.failures
            )
            self._readings[reading] = _Reading(name, settings, waiters)
            reading.add_done_callback(lambda _: self._woken())

    def collect(self, now: datetime) -> list[BaseException]:
        """Take in the lists that have been read; return what went wrong with the store, or with us.

        Drills whose list takes so long that nobody has seen them for a while are let go.
        """
        errors = []
        for done in [one for one in self._readings if one.done()]:
            reading = self._readings.pop(done)
            error = done.exception()
            if error is None:
                self._take_in(reading, done.result())
            else:
                errors.append(error)
                for drill_id in reading.waiters:
                    self._agenda.done(drill_id, look_at=None)
        for reading in self._readings.values():
            self._let_go(reading, now)
        return errors

    def _take_in(self, reading: _Reading, listed: Listed) -> None:
        account = self._accounts[reading.cloud]
        self._note_answer(account, reading.cloud, listed)
        waiting = {one.id: one for one in listed.waiting}
        for drill_id in reading.waiters:
            waiter = waiting.get(drill_id)
            self._agenda.done(drill_id, look_at=waiter.look_at if waiter else None)
            if waiter is not None:
                account.waiters[drill_id] = waiter
        self._agenda.add_due(one.id for one in listed.to_look_at if one.id in reading.waiters)

    def _note_answer(self, account: _Account, cloud: str, listed: Listed) -> None:
        log = structlog.get_logger("drill.dispatch").bind(cloud=cloud)
        account.rests_until = listed.rests_until
        if listed.error is not None:
            if account.failures == 0:
                log.warning(
                    "instances not listed",
                    reason=str(listed.error)[:500],
                    drills=len(listed.waiting) + len(listed.to_look_at),
                )
            account.failures += 1
            return
        if account.failures:
            log.info("instances listed again")
        account.failures = 0
        account.size = listed.account_size or 0

    def _let_go(self, reading: _Reading, now: datetime) -> None:
        late = [
            drill_id
            for drill_id, waiter in reading.waiters.items()
            if not has_been_seen(waiter, now=now, poll_every=reading.settings.poll_every)
        ]
        for drill_id in late:
            del reading.waiters[drill_id]
            self._agenda.done(drill_id, look_at=None)
        self._agenda.add_due(late)


def _is_time(account: _Account, now: datetime) -> bool:
    if account.rests_until is not None and now < account.rests_until:
        return False
    if not is_worth_a_list(len(account.waiters), account_size=account.size):
        return False
    return min(one.look_at for one in account.waiters.values()) <= now
