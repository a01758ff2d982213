"""The background threads that do the slow work.

The threads live as long as the service: a database server that asks the kernel to end with its
parent ends with the *thread* that started it, so no thread may come and go.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

_logger = logging.getLogger(__name__)


class Workers:
    """A fixed number of threads and a queue."""

    def __init__(self, count: int = 8) -> None:
        self._pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="sandbox-worker")
        self._unfinished: set[Future[None]] = set()
        self._lock = threading.Lock()

    def submit(self, work: Callable[[], None]) -> Future[None]:
        """Do the work when a thread is free. Raise RuntimeError after ``stop``."""
        future = self._pool.submit(work)
        with self._lock:
            self._unfinished.add(future)
        future.add_done_callback(self._note_end)
        return future

    def wait(self, span: timedelta) -> bool:
        """Wait until nothing runs; return whether that was so within the span."""
        deadline = time.monotonic() + span.total_seconds()
        while time.monotonic() < deadline:
            with self._lock:
                if not self._unfinished:
                    return True
            time.sleep(0.01)
        return False

    def stop(self) -> None:
        """Take no more work, forget what waits, and wait for what runs."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _note_end(self, future: Future[None]) -> None:
        with self._lock:
            self._unfinished.discard(future)
        if not future.cancelled() and future.exception() is not None:
            _logger.error("a background operation broke", exc_info=future.exception())
