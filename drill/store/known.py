"""Drills as this process last wrote them, so that a look at one need not read it again.

A record belongs to one epoch. Whoever writes holds the newest one, so a record of the newest epoch
is the row as it stands, but for what changes from outside: the lease, and requests to abort. Every
write that rests on a known record asks the store in the same breath whether those are as known.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime

from drill.engine.record import DrillRecord

RECORDS_AT_MOST = 512
"""Records that are kept; the ones used longest ago make room, and are read again when needed."""

NAMES_AT_MOST = 20_000
"""Ids and names of instances in all records that are kept, some four megabytes: each inventory
names every instance of its account."""


class KnownRecords:
    """Keeps the last records that were written or read whole. Threads may share it."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, DrillRecord] = OrderedDict()
        self._names = 0
        self._lock = threading.Lock()

    def keep(self, record: DrillRecord) -> None:
        """Know a drill as it stands on disk."""
        with self._lock:
            self._pop(record.id)
            self._records[record.id] = record
            self._names += _names_in(record)
            while len(self._records) > RECORDS_AT_MOST or self._names > NAMES_AT_MOST:
                self._pop(next(iter(self._records)))

    def forget(self, drill_id: str) -> DrillRecord | None:
        """Read the drill whole the next time; return what was known of it."""
        with self._lock:
            return self._pop(drill_id)

    def prolong(self, drill_id: str, *, epoch: int, until: datetime) -> None:
        """Know that the lease of a drill lasts until then, if it was known to end earlier.

        Whoever knows it wrongly loses nothing: a write that rests on it asks for the lease, too.
        """
        with self._lock:
            known = self._records.get(drill_id)
            if known is None or known.epoch != epoch or known.leased_until is None:
                return
            if known.leased_until < until:
                self._records[drill_id] = replace(known, leased_until=until)

    def find(self, drill_id: str) -> DrillRecord | None:
        """Return what is known of a drill; the row may stand differently by now."""
        with self._lock:
            return self._records.get(drill_id)

    def _pop(self, drill_id: str) -> DrillRecord | None:
        record = self._records.pop(drill_id, None)
        if record is not None:
            self._names -= _names_in(record)
        return record


def _names_in(record: DrillRecord) -> int:
    inventory = record.inventory
    return len(inventory.instance_ids) + len(inventory.instance_names) if inventory else 0
