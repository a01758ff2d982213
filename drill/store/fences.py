"""The two writes of every look at a drill, behind the fence of its epoch.

They are most of what a thousand restores under way cost, so their statements are built once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, Update, bindparam, inspect, or_, update
from sqlmodel import Session

from drill.engine.record import DrillRecord, State
from drill.store.tables import DrillRow

_DRILLS = cast("Table", DrillRow.__table__)  # type: ignore[attr-defined]
_FENCED = (_DRILLS.c.id == bindparam("_id"), _DRILLS.c.epoch == bindparam("_epoch"))
_CLAIM = (
    update(_DRILLS)
    .where(
        _DRILLS.c.id == bindparam("_id"),
        _DRILLS.c.state != State.FINISHED.value,
        or_(_DRILLS.c.leased_until.is_(None), _DRILLS.c.leased_until <= bindparam("_now")),
    )
    .values(
        epoch=_DRILLS.c.epoch + 1,
        leased_by=bindparam("_worker"),
        leased_until=bindparam("_until"),
    )
)


def claim(session: Session, drill_id: str, *, worker: str, now: datetime, until: datetime) -> bool:
    """Lease an unfinished drill that nobody holds and raise its epoch; tell whether it was so."""
    values = {"_id": drill_id, "_worker": worker, "_now": now, "_until": until}
    return session.connection().execute(_CLAIM, values).rowcount == 1


def change(session: Session, record: DrillRecord, values: Mapping[str, Any]) -> bool:
    """Write these columns of a drill if the epoch is still its own; tell whether it was."""
    given = {"_id": record.id, "_epoch": record.epoch, **values}
    return session.connection().execute(_change_of(tuple(values)), given).rowcount == 1


@cache
def _change_of(columns: tuple[str, ...]) -> Update:
    """Return the statement that writes these columns; steps write few different sets of them."""
    by_name = inspect(DrillRow).columns
    written: dict[Any, Any] = {by_name[name]: bindparam(name) for name in columns}
    return update(_DRILLS).where(*_FENCED).values(written or {"epoch": _DRILLS.c.epoch})
