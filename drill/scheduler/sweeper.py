"""Sweep from time to time: what a failed teardown left behind is torn down without an operator.

A reset that failed because a server was restarted shuts its target for every later drill. Nobody
looks for months; so the daemon tries again, behind the same guard as ``drill sweep``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from drill.engine.ports import Parts
from drill.engine.sweeping import find_leaks, reopen_teardowns
from drill.errors import StoreUnavailable
from drill.scheduler.ending import Ending


class Sweeper:
    """Looks on every cloud again and again, and sends leaks back to teardown."""

    def __init__(
        self,
        *,
        parts: Callable[[], Parts],
        every: timedelta,
        lives_at_most: timedelta,
        found: Callable[[], None],
    ) -> None:
        self._parts = parts
        self._every = every
        self._lives_at_most = lives_at_most
        self._found = found
        self._log = structlog.get_logger()
        self._told: set[str] = set()

    def run_until(self, ending: Ending) -> None:
        """Sweep in this rhythm until the end is asked for."""
        while not ending.wait(self._every):
            try:
                self.sweep()
            except StoreUnavailable as error:
                self._log.warning("not swept", reason=error.message)

    def sweep(self) -> None:
        """Look once. What cannot be torn down by this store is told once, and left alone."""
        parts = self._parts()
        now = parts.clock.now()
        search = find_leaks(parts, now=now, lives_at_most=self._lives_at_most)
        for leak in search.leaks:
            if not leak.can_be_torn_down and leak.instance_id not in self._told:
                self._told.add(leak.instance_id)
                self._log.warning(
                    "leak left alone",
                    cloud=leak.cloud,
                    instance=leak.instance_name,
                    reason=leak.reason,
                )
        reopened = reopen_teardowns(parts, search.leaks, now=now)
        for drill_id in reopened:
            self._log.warning("teardown tried again", drill_id=drill_id)
        if reopened:
            self._found()
