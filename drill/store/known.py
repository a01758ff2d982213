"""Drills as this process last wrote them, so that a look at one need not read it again.

A record belongs to one epoch. Whoever writes holds the newest one, so a record of the newest epoch
is the row as it stands, but for what changes from outside: the lease, and requests to abort. Every
write that rests on a known record asks the store in the same breath whether those are as known.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from drill.engine.record import DrillRecord

AT_MOST = 4096
"""Records that are kept; the one used longest ago makes room. Each takes some kilobytes."""


class KnownRecords:
    """Keeps the last records that were written or read whole. Threads may share it."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, DrillRecord] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, record: DrillRecord) -> None:
        """Know a drill as it stands on disk."""
        with self._lock:
            self._records[record.id] = record
            self._records.move_to_end(record.id)
            if len(self._records) > AT_MOST:
                self._records.popitem(last=False)

    def forget(self, drill_id: str) -> DrillRecord | None:
        """Read the drill whole the next time; return what was known of it."""
        with self._lock:
            return self._records.pop(drill_id, None)

    def find(self, drill_id: str) -> DrillRecord | None:
        """Return what is known of a drill; the row may stand differently by now."""
        with self._lock:
            return self._records.get(drill_id)
