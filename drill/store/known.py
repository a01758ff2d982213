"""Drills as this process last wrote them, so that a look at one need not read all of it again.

A record belongs to one epoch. Whoever writes holds the newest one, so a record of the newest epoch
is the row as it stands, but for the few columns that change from outside: see ``Outside``.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from drill.engine.record import DrillRecord
from drill.store.tables import DrillRow

AT_MOST = 4096
"""Records that are kept; the one used longest ago makes room. Each takes some kilobytes."""


_OUTSIDE = (
    select(
        *(col(DrillRow.epoch), col(DrillRow.next_at), col(DrillRow.leased_by)),
        *(col(DrillRow.leased_until), col(DrillRow.abort_requested)),
    )
    .where(col(DrillRow.id) == bindparam("drill_id"))
    .with_for_update()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What changes about a drill without its worker: leases, requests to abort, the epoch."""

    epoch: int
    next_at: datetime
    leased_by: str | None
    leased_until: datetime | None
    abort_requested: bool


def outside_of(session: Session, drill_id: str) -> Outside | None:
    """Return it as it is now, and let nobody else change the drill until the transaction ends."""
    row = session.connection().execute(_OUTSIDE, {"drill_id": drill_id}).first()
    if row is None:
        return None
    return Outside(
        epoch=row.epoch,
        next_at=row.next_at,
        leased_by=row.leased_by,
        leased_until=row.leased_until,
        abort_requested=row.abort_requested,
    )


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

    def forget(self, drill_id: str) -> None:
        """Read the drill whole the next time."""
        with self._lock:
            self._records.pop(drill_id, None)

    def as_of(self, drill_id: str, epoch: int, outside: Outside) -> DrillRecord | None:
        """Return the drill if it was last written in this epoch, with what changed from outside."""
        with self._lock:
            record = self._records.get(drill_id)
        if record is None or record.epoch != epoch:
            return None
        return replace(
            record,
            epoch=outside.epoch,
            next_at=outside.next_at,
            leased_by=outside.leased_by,
            leased_until=outside.leased_until,
            abort_requested=outside.abort_requested,
        )
