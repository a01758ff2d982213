"""How often one user may call one API in a minute (reference, section 10.3)."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from drill.sandbox.errors import throttled

_SPAN_SECONDS = 60.0


class Limits:
    """Counts the calls of the last minute for each API and user."""

    def __init__(
        self, calls_per_minute: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = calls_per_minute
        self._clock = clock
        self._calls: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def set(self, calls_per_minute: int | None) -> None:
        """Change the limit, None for none; what was called so far no longer counts."""
        with self._lock:
            self._most = calls_per_minute
            self._calls.clear()

    def count(self, api: str, user: str) -> None:
        """Count one call. Raise ApiError (429) where there were too many.

        A refused call does not count: whoever waits as long as Retry-After says gets through.
        """
        with self._lock:
            if self._most is None:
                return
            at, calls = self._clock(), self._calls[api, user]
            while calls and calls[0] <= at - _SPAN_SECONDS:
                calls.popleft()
            if len(calls) >= self._most:
                raise throttled(max(1, math.ceil(calls[0] + _SPAN_SECONDS - at)))
            calls.append(at)
