"""Run the due steps on this machine: a pool of threads and a due-queue that lives in the store.

No decision about a drill is made here. A thread is busy for one short step only; while the cloud
restores for hours, nothing waits but a row with its ``next_at``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from drill.dispatch.agenda import Agenda
from drill.dispatch.leases import LeaseKeeper
from drill.dispatch.listings import Listings
from drill.engine.ports import Parts
from drill.engine.record import DrillRecord, State
from drill.engine.runner import advance
from drill.engine.steps.queueing import seat_limits
from drill.errors import StoreError, StoreUnavailable

LOOK_EVERY = timedelta(seconds=1)
"""How late a drill is noticed that came due by somebody else's hand, such as by ``drill abort``."""

LOOK_AHEAD = 64
"""Due drills that are read from the store at once, beyond those that the workers have."""

LOOKS_AT_THE_LINE = 32
"""Queued drills that are looked at with each look into the store although they have to wait, so
that each says what it waits for, and when its time is over."""

STORE_PAUSE = timedelta(seconds=2)
"""How long a store that cannot be used now is left alone."""

_Step = Future[DrillRecord | None]


class LocalDispatcher:
    """Advances drills until they are finished, or for ever."""

    def __init__(
        self,
        parts: Parts,
        *,
        workers: int,
        may_start: Callable[[], bool] = lambda: True,
    ) -> None:
        self._parts = parts
        self._workers = workers
        self._may_start = may_start
        self._is_draining = False
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._look_now = True
        self._leases = LeaseKeeper(parts)
        self._under_way: dict[_Step, str] = {}
        self._said: set[str] = set()
        """Drills whose beginning is in the log of this process."""
        self._agenda = Agenda()
        self._listings = Listings(self._agenda, woken=self._wake.set)
        self._looked_at: float | None = None
        self._store_is_away = False
        self._writes_fail = False
        """True from a step that the store did not take until one that it did."""

    @property
    def turned_at(self) -> float | None:
        """Return when the loop last went round, on the monotonic clock: how a watchdog sees it."""
        return self._looked_at

    @property
    def parts(self) -> Parts:
        """Return what the next step works with."""
        return self._parts

    def use(self, parts: Parts) -> None:
        """Work with other parts from the next step on: plans or clouds have changed."""
        self._parts = parts

    def wake(self) -> None:
        """Look into the store at once: there may be something to do."""
        self._look_now = True
        self._wake.set()

    def drain(self) -> None:
        """Begin no drill any more; ``work_until_stopped`` returns when those begun are finished."""
        self._is_draining = True
        self.wake()

    def stop(self) -> None:
        """Leave the drills as they are after their present steps; another worker can go on."""
        self._stop.set()
        self._wake.set()

    def work_until_finished(self, drill_ids: Collection[str]) -> None:
        """Return when every one of these drills is finished, or after ``stop``."""
        self._work(set(drill_ids))

    def work_until_stopped(self) -> None:
        """Work on every drill of the store until ``stop``, or until the end of a ``drain``."""
        self._work(None)

    def _work(self, only: set[str] | None) -> None:
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="drill")
        try:
            with self._leases.keeping():
                while not self._stop.is_set():
                    if self._turn(only, pool):
                        return
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _turn(self, only: set[str] | None, pool: ThreadPoolExecutor) -> bool:
        """Go round once: collect what has ended, look, hand out, sleep. Tell whether all is over.

        The store may be away for a while (locked, full, restarted). Then the drills stand where
        they were last written, and the loop goes on when it is back.
        """
        self._wake.clear()
        if self._collect():
            self._stop.wait(STORE_PAUSE.total_seconds())
        now = self._parts.clock.now()
        try:
            looked = self._is_time_to_look()
            if looked:
                self._look(only, now)
            self._listings.begin(pool, self._parts, now=now, at_most=self._free)
            self._hand_out(pool, now)
            is_over = looked and self._free == self._workers and self._is_over(only)
        except StoreUnavailable as error:
            self._say_away(error)
            self._stop.wait(STORE_PAUSE.total_seconds())
            return False
        if not self._writes_fail:
            self._say_back()
        if not is_over:
            self._nap()
        return is_over

    def _collect(self) -> bool:
        """Take back the steps that have ended; tell whether the store refused one of them.

        A full disk can be read: without a pause the same drills would be tried all the time.
        """
        now = self._parts.clock.now()
        refused = False
        for error in self._listings.collect(now):
            self._note_left(error)
            refused |= isinstance(error, StoreUnavailable)
        for step in [one for one in self._under_way if one.done()]:
            drill_id = self._under_way.pop(step)
            record = self._left_behind(drill_id, step)
            refused |= isinstance(step.exception(), StoreUnavailable)
            begun = record is not None and record.state not in (State.QUEUED, State.FINISHED)
            if record is not None:
                self._say_how_it_stands(record)
                self._listings.note(record, now=now)
            self._agenda.done(drill_id, look_at=record.next_at if record and begun else None)
            if record is None or record.state is State.FINISHED:
                self._look_now = True  # somebody may have a seat now
        return refused

    def _left_behind(self, drill_id: str, step: _Step) -> DrillRecord | None:
        """A step that raised has left its drill leased; it comes due again when the lease ends."""
        error = step.exception()
        if error is None:
            record = step.result()
            self._writes_fail &= record is None
            return record
        self._note_left(error, drill_id=drill_id)
        return None

    def _note_left(self, error: BaseException, **what: str) -> None:
        log = structlog.get_logger().bind(**what)
        if isinstance(error, StoreUnavailable):
            if not self._writes_fail:
                log.warning("step left", reason=error.message)
            self._writes_fail = True
            self._say_away(error)
        elif isinstance(error, StoreError):
            log.warning("step left", reason=error.message)
        else:
            log.error("step failed", error=repr(error)[:500])

    def _say_how_it_stands(self, record: DrillRecord) -> None:
        """One line of the log when a drill is in our hands for the first time, one at its end."""
        if record.state is State.QUEUED:
            return
        log = structlog.get_logger("drill.dispatch").bind(drill_id=record.id, plan=record.plan_name)
        if record.state is State.FINISHED:
            self._said.discard(record.id)
            log.info(
                "drill finished",
                outcome=record.outcome.value if record.outcome else None,
                reached=f"L{record.level}",
                teardown=record.teardown.value,
                reason=record.reason,
            )
        elif record.id not in self._said:
            self._said.add(record.id)
            log.info("drill under way", state=record.state.value, slot=str(record.scheduled_for))

    def _is_time_to_look(self) -> bool:
        passed = self._parts.clock.monotonic()
        is_late = self._looked_at is None or passed - self._looked_at >= LOOK_EVERY.total_seconds()
        if not (is_late or (self._look_now and self._agenda.is_empty)):
            return False
        self._looked_at = passed
        self._look_now = False
        return True

    def _look(self, only: set[str] | None, now: datetime) -> None:
        """Read what is due: first what has begun, then who may begin, then some who have to wait.

        So no restore that is under way is looked at late because ten thousand others wait.
        """
        journal = self._parts.journal
        wanted = self._workers + LOOK_AHEAD
        begun = journal.due(now=now, at_most=wanted, only=only, queued=False)
        self._agenda.add_due(begun)
        if self._is_draining or not self._may_start():
            return
        limits = {name: seat_limits(self._parts, one) for name, one in self._parts.clouds.items()}
        starting = journal.next_in_line(limits, now=now, at_most=wanted, only=only)
        self._agenda.add_due(starting)
        waiting = journal.due(now=now, at_most=LOOKS_AT_THE_LINE, only=only, queued=True)
        self._agenda.add_due(waiting)
        if len(begun) == wanted or len(starting) == wanted:
            self._look_now = True  # there is more; look again as soon as these are handed out

    @property
    def _free(self) -> int:
        """Return how many workers have nothing to do."""
        return self._workers - len(self._under_way) - self._listings.under_way

    def _hand_out(self, pool: ThreadPoolExecutor, now: datetime) -> None:
        while self._free > 0:
            drill_id = self._agenda.take(now)
            if drill_id is None:
                return
            self._listings.forget(drill_id)
            step = pool.submit(self._advance, drill_id)
            self._under_way[step] = drill_id
            step.add_done_callback(lambda _: self._wake.set())

    def _is_over(self, only: set[str] | None) -> bool:
        if not self._agenda.is_empty or (only is None and not self._is_draining):
            return False
        queued = False if self._is_draining else None
        return self._parts.journal.earliest_next_at(only=only, queued=queued) is None

    def _nap(self) -> None:
        """Sleep until a step ends, the next drill comes due, or it is time to look."""
        free = self._free > 0
        if free and (self._look_now or not self._agenda.is_empty):
            return
        nap = LOOK_EVERY
        next_at = self._agenda.earliest()
        if next_at is not None and free:
            left = next_at - self._parts.clock.now()
            nap = min(max(left, timedelta(milliseconds=1)), nap)
        self._wake.wait(nap.total_seconds())

    def _advance(self, drill_id: str) -> DrillRecord | None:
        bound = structlog.contextvars.bound_contextvars(drill_id=drill_id)
        with bound, self._leases.held(drill_id) as hold:
            return advance(drill_id, self._parts, held=hold, may_go_on=self._may_go_on)

    def _may_go_on(self, record: DrillRecord) -> bool:
        if self._stop.is_set():
            return False
        return not (self._is_draining and record.state is State.QUEUED)

    def _say_away(self, error: StoreUnavailable) -> None:
        if not self._store_is_away:
            structlog.get_logger().error(
                "store unavailable", reason=error.message, hint=error.hint, waits="until it is back"
            )
        self._store_is_away = True

    def _say_back(self) -> None:
        if self._store_is_away:
            structlog.get_logger().warning("store available again")
        self._store_is_away = False
