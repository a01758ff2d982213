"""Keeps observations and reads them back; works inside the transaction it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from drill.engine.summary import observation_of
from drill.errors import StoreError
from drill.recovery.coverage.reading import look_of
from drill.recovery.facts import Look, Observation, SourceKey
from drill.store import queries
from drill.store.mapping import inventories
from drill.store.packing import newest_window_end, pack_difference, pack_whole, unpack
from drill.store.remembered import ObservationRow, ObservedSourceRow
from drill.store.tables import DrillLineRow, DrillRow


def keep(session: Session, observation: Observation) -> None:
    """Add an observation. Raise StoreError if the source was observed at that instant already."""
    number = _number_of(session, observation.source)
    row = ObservationRow(
        source_number=number, taken_at=observation.taken_at, fault=observation.fault
    )
    if observation.fault is None:
        earlier = _newest_whole(session, number, observation)
        difference = pack_difference(observation, earlier) if earlier else None
        row.document = difference or pack_whole(observation)
        row.rests_on = earlier.taken_at if earlier and difference else None
    if session.get(ObservationRow, (number, observation.taken_at)) is not None:
        raise StoreError(
            f"source {observation.source_id} was observed at {observation.taken_at} already"
        )
    session.add(row)
    session.flush()


def _number_of(session: Session, source: SourceKey) -> int:
    statement = select(ObservedSourceRow.number).where(
        col(ObservedSourceRow.cloud) == source[0], col(ObservedSourceRow.source_id) == source[1]
    )
    number = session.exec(statement).first()
    if number is None:
        try:
            with session.begin_nested():
                session.add(ObservedSourceRow(cloud=source[0], source_id=source[1]))
                session.flush()
        except IntegrityError:  # another process was faster
            pass
        number = session.exec(statement).one()
    if number is None:
        raise StoreError(f"source {source[1]} has no number in the store")
    return number


def _newest_whole(session: Session, number: int, later: Observation) -> Observation | None:
    """Return the newest whole observation before another one, for that one to rest on."""
    row = session.exec(
        select(ObservationRow)
        .where(col(ObservationRow.source_number) == number)
        .where(col(ObservationRow.taken_at) < later.taken_at)
        .where(col(ObservationRow.rests_on).is_(None), col(ObservationRow.document).is_not(None))
        .order_by(col(ObservationRow.taken_at).desc())
        .limit(1)
    ).first()
    if row is None or row.document is None:
        return None
    return unpack(later.source, row.taken_at, row.document, None)


# SQLModel says of a column that it is its value, which is in the way of joins.
_LOOK: Any = ObservationRow
_WHOLE: Any = aliased(ObservationRow)
_LATER: Any = aliased(ObservationRow)
_SOURCE: Any = ObservedSourceRow
_LINE: Any = DrillLineRow


def _selected() -> Any:
    """Return the statement that reads observations together with those that they rest on."""
    rests_on = (_WHOLE.source_number == _LOOK.source_number) & (_WHOLE.taken_at == _LOOK.rests_on)
    return (
        select_columns(
            *(_SOURCE.cloud, _SOURCE.source_id, _LOOK.taken_at, _LOOK.fault, _LOOK.document),
            *(_WHOLE.taken_at, _WHOLE.document),
        )
        .join_from(_SOURCE, _LOOK, _LOOK.source_number == _SOURCE.number)
        .outerjoin(_WHOLE, rests_on)
    )


def _observations(rows: Iterable[Sequence[Any]]) -> list[Observation]:
    found = []
    for cloud, source_id, taken_at, fault, document, whole_at, whole in rows:
        source = (cloud, source_id)
        if document is None:
            found.append(
                Observation(cloud=cloud, source_id=source_id, taken_at=taken_at, fault=fault)
            )
            continue
        earlier = unpack(source, whole_at, whole, None) if whole is not None else None
        found.append(unpack(source, taken_at, document, earlier))
    return found


def of_source(
    session: Session, source: SourceKey, since: datetime | None, until: datetime | None
) -> list[Observation]:
    """Return the observations of a source, those that its drills made among them."""
    statement = _selected().where(_SOURCE.cloud == source[0], _SOURCE.source_id == source[1])
    made = (
        select_columns(col(DrillRow.inventory))
        .join_from(_LINE, DrillRow, col(DrillRow.id) == _LINE.drill_id)
        .where(_LINE.cloud == source[0], _LINE.source_id == source[1])
        .where(_LINE.observed_at.is_not(None))
    )
    statement = statement.where(*queries.during(_LOOK.taken_at, since, until))
    made = made.where(*queries.during(_LINE.observed_at, since, until))
    found = _observations(session.connection().execute(statement))
    found += [
        observation_of(inventories().validate_json(text))
        for (text,) in session.connection().execute(made)
        if text is not None
    ]
    return sorted(found, key=lambda one: one.taken_at)


_EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_WITHIN = (
    _SOURCE.cloud == bindparam("cloud"),
    _SOURCE.source_id == bindparam("source_id"),
    _LOOK.document.is_not(None),
    _LOOK.taken_at >= bindparam("since"),
    _LOOK.taken_at < bindparam("until"),
)
_LOOKS = (
    select_columns(_LOOK.taken_at, _LOOK.document)
    .join_from(_SOURCE, _LOOK, _LOOK.source_number == _SOURCE.number)
    .where(*_WITHIN)
    .order_by(_LOOK.taken_at)
)
"""Built once: it is run for every source of a report, and building it takes as long as reading."""
_WHOLE_LOOKS = _selected().where(*_WITHIN).order_by(_LOOK.taken_at)


def looks(
    session: Session, source: SourceKey, since: datetime | None, until: datetime | None
) -> list[Look]:
    """Return the kept looks at a source without a fault, oldest first.

    Most are told by the windows of their own document; only one without windows is read with its
    backups, and with what it rests on.
    """
    within = {
        "cloud": source[0],
        "source_id": source[1],
        "since": since or _EVER[0],
        "until": until or _EVER[1],
    }
    connection = session.connection()
    ends = {at: newest_window_end(found) for at, found in connection.execute(_LOOKS, within)}
    if None not in ends.values():
        return [Look(taken_at=at, newest_at=end and min(end, at)) for at, end in ends.items()]
    return [look_of(one) for one in _observations(connection.execute(_WHOLE_LOOKS, within))]


def newest(
    session: Session, at: datetime | None, source: SourceKey | None = None
) -> dict[SourceKey, Observation]:
    """Return the newest observation without a fault of every source, or of one."""
    statement = _selected().where(_LOOK.taken_at == _newest_at(at), *_of(_SOURCE, source))
    found = {one.source: one for one in _observations(session.connection().execute(statement))}
    drills = _drills_newer_than(session, found, at, source)
    for some in queries.in_batches(drills):
        made = select(DrillRow.inventory).where(col(DrillRow.id).in_(some))
        for text in session.exec(made):
            if text is not None:
                observation = observation_of(inventories().validate_json(text))
                found[observation.source] = observation
    return found


def newest_looks(session: Session, at: datetime) -> dict[SourceKey, datetime]:
    """Return when the newest observation without a fault of every source was made, leaving out
    those that drills made."""
    statement = select_columns(_SOURCE.cloud, _SOURCE.source_id, _newest_at(at).label("at"))
    found = session.connection().execute(statement)
    return {(cloud, source): taken_at for cloud, source, taken_at in found if taken_at is not None}


def _newest_at(at: datetime | None) -> Any:
    """Return when the source was looked at last, as a part of a statement about it."""
    last = select_columns(_LATER.taken_at).where(
        _LATER.source_number == _SOURCE.number, _LATER.document.is_not(None)
    )
    if at is not None:
        last = last.where(_LATER.taken_at <= at)
    return last.order_by(_LATER.taken_at.desc()).limit(1).scalar_subquery()


def _of(table: Any, source: SourceKey | None) -> Iterator[Any]:
    """Yield the conditions to be about one source, or none."""
    if source is not None:
        yield table.cloud == source[0]
        yield table.source_id == source[1]


def _drills_newer_than(
    session: Session,
    known: dict[SourceKey, Observation],
    at: datetime | None,
    source: SourceKey | None,
) -> list[str]:
    """Return the drills whose inventory is the newest look at their source."""
    statement = select_columns(
        _LINE.cloud, _LINE.source_id, _LINE.observed_at, _LINE.drill_id
    ).where(_LINE.observed_at.is_not(None), *_of(_LINE, source))
    if at is not None:
        statement = statement.where(_LINE.observed_at <= at)
    last: dict[SourceKey, tuple[datetime, str]] = {}
    for cloud, source_id, observed_at, drill_id in session.connection().execute(statement):
        last[cloud, source_id] = max(
            last.get((cloud, source_id), (observed_at, drill_id)), (observed_at, drill_id)
        )
    return [
        drill_id
        for key, (observed_at, drill_id) in last.items()
        if key not in known or observed_at > known[key].taken_at
    ]
