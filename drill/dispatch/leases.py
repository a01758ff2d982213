"""Prolong the leases of the drills in work, so that nobody takes them for abandoned."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from drill.engine.ports import Parts
from drill.engine.record import DrillRecord
from drill.errors import StoreError


class LeaseKeeper:
    """Knows the drills in work, and renews the leases of those whose step lasts long."""

    def __init__(self, parts: Parts) -> None:
        self._journal = parts.journal
        self._clock = parts.clock
        self._lease = parts.lease
        self._epochs: dict[str, int] = {}
        self._lock = threading.Lock()

    @contextmanager
    def held(self, drill_id: str) -> Iterator[Callable[[DrillRecord], None]]:
        """Give what is to be told about the claim of this drill; its lease is kept till the end."""

        def hold(record: DrillRecord) -> None:
            with self._lock:
                self._epochs[record.id] = record.epoch

        try:
            yield hold
        finally:
            with self._lock:
                self._epochs.pop(drill_id, None)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Renew leases from a thread of its own while the block runs."""
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(over,), name="leases", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _keep(self, over: threading.Event) -> None:
        """A step that began since the last round has most of its lease left and is passed over."""
        before: dict[str, int] = {}
        while not over.wait(self._lease.total_seconds() / 3):
            with self._lock:
                now = dict(self._epochs)
            lasting = dict(now.items() & before.items())
            before = now
            if lasting:
                self._renew(lasting)

    def _renew(self, epochs: dict[str, int]) -> None:
        until = self._clock.now() + self._lease
        try:
            self._journal.renew(epochs, until=until)
        except StoreError as error:
            structlog.get_logger().warning("leases not renewed", reason=error.message)
