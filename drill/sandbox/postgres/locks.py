"""Who may touch the files of an instance at the same time as whom."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class _Lock:
    def __init__(self) -> None:
        self.changing = threading.RLock()
        self.readers = 0
        self.nobody_reads = threading.Condition()


class InstanceLocks:
    """One lock for each instance, and a count of those who only read its files.

    Many restores may read one source at once, while it is used and backed up. Only deleting
    waits for them. Readers never wait for a change, so two instances cannot wait for each other.
    """

    def __init__(self) -> None:
        self._locks: dict[str, _Lock] = defaultdict(_Lock)
        self._guard = threading.Lock()

    @contextmanager
    def changing(self, instance_id: str) -> Iterator[None]:
        """Be the only one who starts, stops, backs up, restores or deletes an instance."""
        with self._of(instance_id).changing:
            yield

    @contextmanager
    def reading(self, instance_id: str) -> Iterator[None]:
        """Keep the base backups and the archive of an instance from being deleted."""
        lock = self._of(instance_id)
        with lock.nobody_reads:
            lock.readers += 1
        try:
            yield
        finally:
            with lock.nobody_reads:
                lock.readers -= 1
                lock.nobody_reads.notify_all()

    @contextmanager
    def deleting(self, instance_id: str) -> Iterator[None]:
        """Wait until nobody reads, and let nobody begin to; the caller also holds ``changing``."""
        lock = self._of(instance_id)
        with lock.nobody_reads:
            lock.nobody_reads.wait_for(lambda: lock.readers == 0)
            yield

    def known(self) -> list[str]:
        """Return every instance that anybody has asked for so far."""
        with self._guard:
            return list(self._locks)

    def _of(self, instance_id: str) -> _Lock:
        with self._guard:
            return self._locks[instance_id]
