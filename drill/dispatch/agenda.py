"""What one dispatcher is about to do: the drills that are due, and those that it looks at later.

The store has the truth. This saves it from being asked after every step: what a step left behind
is known here, and a stale line does no harm, as nobody works on a drill without claiming it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable
from datetime import datetime


class Agenda:
    """Drills by when to look at them; each is in work once at a time. Not for several threads."""

    def __init__(self) -> None:
        self._due: deque[str] = deque()
        self._taken: set[str] = set()
        self._later: list[tuple[datetime, str]] = []
        self._look_at: dict[str, datetime] = {}

    @property
    def is_empty(self) -> bool:
        """Tell whether no drill waits for a free worker."""
        return not self._due

    def add_due(self, drill_ids: Iterable[str]) -> None:
        """Add drills that are due, in their order; those that are here already are left out."""
        for drill_id in drill_ids:
            if drill_id not in self._taken:
                self._taken.add(drill_id)
                self._due.append(drill_id)

    def take(self, now: datetime) -> str | None:
        """Return the next drill to work on; ``done`` must follow."""
        while self._later and self._later[0][0] <= now:
            look_at, drill_id = heapq.heappop(self._later)
            if self._look_at.get(drill_id) == look_at:
                del self._look_at[drill_id]
                self.add_due([drill_id])
        return self._due.popleft() if self._due else None

    def hold(self, drill_ids: Collection[str]) -> None:
        """Take drills that nobody works on, due or not, into one piece of work; ``done`` must
        follow for each."""
        held = set(drill_ids)
        self._taken |= held
        self._due = deque(one for one in self._due if one not in held)
        for drill_id in held:
            self._look_at.pop(drill_id, None)

    def done(self, drill_id: str, *, look_at: datetime | None) -> None:
        """Note that nobody works on the drill any more, and when to look at it again."""
        self._taken.discard(drill_id)
        self._look_at.pop(drill_id, None)
        if look_at is not None:
            self._look_at[drill_id] = look_at
            heapq.heappush(self._later, (look_at, drill_id))

    def earliest(self) -> datetime | None:
        """Return when the next drill comes due here, or nothing if none is waited for."""
        return self._later[0][0] if self._later else None
