"""The two writes of every look at a drill, behind the fence of its epoch.

They are most of what a thousand restores under way cost, so their statements are built once, and
each is the only one of its transaction as long as the drill stands as this process knows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    Connection,
    Table,
    Update,
    bindparam,
    func,
    inspect,
    or_,
    select,
    tuple_,
    update,
)

from drill.engine.ports import Stand
from drill.engine.record import DrillRecord, State
from drill.store.tables import DrillRow

_DRILLS = cast("Table", DrillRow.__table__)  # type: ignore[attr-defined]
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
_AS_KNOWN = (
    _DRILLS.c.epoch == bindparam("_epoch"),
    _DRILLS.c.next_at == bindparam("_next_at"),
    _DRILLS.c.abort_requested == bindparam("_abort_requested"),
)
"""The epoch, and what else a request to abort changes. Of the same epoch only the lease may differ
then: it is prolonged, or ended, by others than the worker of the drill."""
_CLAIM_KNOWN = _CLAIM.where(*_AS_KNOWN)
_SAME_LEASE = _DRILLS.c.leased_until.is_not_distinct_from(bindparam("_leased_until"))

_AT_ONCE = 250
"""Drills in one statement: each has four parameters. With all of five thousand a statement took
four megabytes while it was made, every few seconds."""
_STANDS = tuple_(_DRILLS.c.id, _DRILLS.c.epoch, _DRILLS.c.next_at)
_MOVE_LOOKS = (
    update(_DRILLS)
    .where(
        # Whoever changes a row just now is not waited for: neither can then wait for the other.
        _DRILLS.c.id.in_(
            select(_DRILLS.c.id)
            .where(
                _DRILLS.c.id.in_(bindparam("_ids", expanding=True)),
                _STANDS.in_(bindparam("_stands", expanding=True)),
                _DRILLS.c.state == State.RESTORING.value,
                _DRILLS.c.leased_until.is_(None),
                _DRILLS.c.abort_requested.is_(False),
            )
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        next_at=bindparam("_next_at"),
        looked_at=func.coalesce(
            bindparam("_looked_at", type_=_DRILLS.c.looked_at.type), _DRILLS.c.looked_at
        ),
    )
    .returning(_DRILLS.c.id)
)


def claim(
    connection: Connection, drill_id: str, *, worker: str, now: datetime, until: datetime
) -> bool:
    """Lease an unfinished drill that nobody holds and raise its epoch; tell whether it was so."""
    values = {"_id": drill_id, "_worker": worker, "_now": now, "_until": until}
    return connection.execute(_CLAIM, values).rowcount == 1


def claim_known(
    connection: Connection, known: DrillRecord, *, worker: str, now: datetime, until: datetime
) -> bool:
    """Do the same if the drill stands as it is known, but for its lease; tell whether it did."""
    values = {"_worker": worker, "_now": now, "_until": until, **_stand_of(known)}
    return connection.execute(_CLAIM_KNOWN, values).rowcount == 1


def change(connection: Connection, before: DrillRecord, values: Mapping[str, Any]) -> bool:
    """Write these columns of a drill if it stands as it did before; tell whether it did."""
    given = {**values, **_stand_of(before), "_leased_until": before.leased_until}
    return connection.execute(_change_of(tuple(values)), given).rowcount == 1


def move_looks(
    connection: Connection,
    stands: Sequence[Stand],
    *,
    next_at: datetime,
    looked_at: datetime | None,
) -> set[str]:
    """Move the next looks at drills that wait, each behind its fence; return which were moved."""
    moved: set[str] = set()
    for start in range(0, len(stands), _AT_ONCE):
        some = stands[start : start + _AT_ONCE]
        values = {
            "_next_at": next_at,
            "_looked_at": looked_at,
            "_ids": [one.id for one in some],
            "_stands": [(one.id, one.epoch, one.next_at) for one in some],
        }
        moved.update(connection.execute(_MOVE_LOOKS, values).scalars())
    return moved


def _stand_of(record: DrillRecord) -> dict[str, Any]:
    return {
        "_id": record.id,
        "_epoch": record.epoch,
        "_next_at": record.next_at,
        "_abort_requested": record.abort_requested,
    }


@cache
def _change_of(columns: tuple[str, ...]) -> Update:
    """Return the statement that writes these columns; steps write few different sets of them."""
    by_name = inspect(DrillRow).columns
    written: dict[Any, Any] = {by_name[name]: bindparam(name) for name in columns}
    stands = (_DRILLS.c.id == bindparam("_id"), *_AS_KNOWN, _SAME_LEASE)
    return update(_DRILLS).where(*stands).values(written or {"epoch": _DRILLS.c.epoch})
