"""Run the due steps on this machine: a pool of threads and a due-queue that lives in the store.

No decision about a drill is made here. A thread is busy for one short step only; while the cloud
restores for hours, nothing waits but a row with its ``next_at``.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta

import structlog

from drill.engine.ports import Parts
from drill.engine.record import DrillRecord
from drill.engine.runner import advance
from drill.errors import DrillMoved

LONGEST_NAP = timedelta(milliseconds=250)
"""How late a request to stop, or a drill that became due through another one, may be noticed."""


class LocalDispatcher:
    """Advances drills until they are finished."""

    def __init__(self, parts: Parts, *, workers: int) -> None:
        self._parts = parts
        self._workers = workers
        self._held: dict[str, DrillRecord] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Leave the drills as they are after their present steps; another worker can go on."""
        self._stop.set()
        self._wake.set()

    def work_until_finished(self, drill_ids: Collection[str]) -> None:
        """Return when every one of these drills is finished, or after ``stop``."""
        keeper = threading.Thread(target=self._keep_leases, name="leases", daemon=True)
        done = threading.Event()
        self._done = done
        keeper.start()
        try:
            with ThreadPoolExecutor(self._workers, thread_name_prefix="drill") as pool:
                self._loop(set(drill_ids), pool)
        finally:
            done.set()
            keeper.join()

    def _loop(self, drill_ids: set[str], pool: ThreadPoolExecutor) -> None:
        under_way: dict[Future[None], str] = {}
        while not self._stop.is_set():
            for future in [one for one in under_way if one.done()]:
                self._report(under_way.pop(future), future)
            free = self._workers - len(under_way)
            busy = set(under_way.values())
            due = self._due(drill_ids - busy, free)
            for drill_id in due:
                under_way[pool.submit(self._advance, drill_id)] = drill_id
            if not under_way and self._parts.journal.earliest_next_at(only=drill_ids) is None:
                return
            self._nap(drill_ids - set(under_way.values()), under_way)

    def _due(self, drill_ids: set[str], free: int) -> list[str]:
        if free <= 0 or not drill_ids:
            return []
        now = self._parts.clock.now()
        return self._parts.journal.due(now=now, at_most=free, only=drill_ids)

    def _nap(self, waiting: set[str], under_way: dict[Future[None], str]) -> None:
        """Sleep until a step ends, the next drill comes due, or the longest nap is over."""
        next_at = self._parts.journal.earliest_next_at(only=waiting) if waiting else None
        nap = LONGEST_NAP
        if next_at is not None and len(under_way) < self._workers:
            nap = min(max(next_at - self._parts.clock.now(), timedelta(milliseconds=5)), nap)
        if under_way:
            wait(under_way, timeout=nap.total_seconds(), return_when=FIRST_COMPLETED)
        else:
            self._wake.wait(nap.total_seconds())

    def _advance(self, drill_id: str) -> None:
        try:
            with structlog.contextvars.bound_contextvars(drill_id=drill_id):
                advance(drill_id, self._parts, held=self._hold)
        finally:
            with self._lock:
                self._held.pop(drill_id, None)

    def _report(self, drill_id: str, future: Future[None]) -> None:
        """A step that raised has left its drill leased; it comes due again when the lease ends."""
        error = future.exception()
        if error is not None:
            structlog.get_logger().error("step failed", drill_id=drill_id, error=repr(error)[:500])

    def _hold(self, record: DrillRecord) -> None:
        with self._lock:
            self._held[record.id] = record

    def _keep_leases(self) -> None:
        pause = self._parts.lease.total_seconds() / 3
        while not self._done.wait(pause):
            with self._lock:
                held = list(self._held.values())
            until = self._parts.clock.now() + self._parts.lease
            for record in held:
                try:
                    self._parts.journal.renew(record.id, epoch=record.epoch, until=until)
                except DrillMoved:
                    continue
