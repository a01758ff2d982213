"""Keeps the sums of nights and reads them back; works inside the transaction it is given."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from drill.errors import StoreError
from drill.recovery.facts import FleetSums, NightlySums, WorstLag
from drill.store.mapping import as_microseconds, as_span
from drill.store.queries import during
from drill.store.remembered import NightlySumsRow

_MILLISECOND = 1000
"""Microseconds."""
_COUNTS = ("with_window", "measured", "promised", "late")


def keep(session: Session, kept: NightlySums) -> None:
    """Add the sums of a cloud. Raise StoreError if it has some of that instant already."""
    sums, worst = kept.sums, kept.sums.worst
    if session.get(NightlySumsRow, (kept.cloud, kept.taken_at)) is not None:
        raise StoreError(f"cloud {kept.cloud} has sums of {kept.taken_at} already")
    row = NightlySumsRow(
        cloud=kept.cloud,
        taken_at=kept.taken_at,
        proven_microseconds=sums.proven * _MILLISECOND,
        advertised_microseconds=sums.advertised * _MILLISECOND,
        **{name: getattr(sums, name) for name in _COUNTS},
    )
    if worst is not None:
        row.worst_source_id = worst.source[1]
        row.worst_target_microseconds = as_microseconds(worst.target)
        if math.isfinite(worst.milliseconds):
            row.worst_lag_microseconds = int(worst.milliseconds) * _MILLISECOND
    session.add(row)


def read(session: Session, since: datetime | None, until: datetime | None) -> list[NightlySums]:
    """Return the sums that were kept, oldest first."""
    taken_at = col(NightlySumsRow.taken_at)
    statement = select(NightlySumsRow).where(*during(taken_at, since, until))
    ordered = statement.order_by(taken_at, col(NightlySumsRow.cloud))
    return [_sums(row) for row in session.exec(ordered)]


def _sums(row: NightlySumsRow) -> NightlySums:
    return NightlySums(
        cloud=row.cloud,
        taken_at=row.taken_at,
        sums=FleetSums(
            proven=row.proven_microseconds // _MILLISECOND,
            advertised=row.advertised_microseconds // _MILLISECOND,
            worst=_worst(row),
            **{name: getattr(row, name) for name in _COUNTS},
        ),
    )


def _worst(row: NightlySumsRow) -> WorstLag | None:
    if row.worst_source_id is None:
        return None
    lag = as_span(row.worst_lag_microseconds)
    return WorstLag(
        source=(row.cloud, row.worst_source_id),
        milliseconds=math.inf if lag is None else lag // timedelta(milliseconds=1),
        target=as_span(row.worst_target_microseconds),
    )
