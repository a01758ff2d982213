"""Packs observations small: ten thousand sources are looked at every night, for years.

A document is JSON, deflated with a dictionary of what all of them say. One that rests on an earlier
one holds the backups that are new and the places of those that are gone; where that would hardly
be smaller, the document is whole. So one observation is read from two rows at most.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from drill.errors import StoreError
from drill.recovery.backups import backup_order
from drill.recovery.facts import Observation, Population, SourceKey
from drill.recovery.values import Backup, BackupKind, Engine, Window
from drill.store.mapping import MICROSECOND, canonical

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

_SEEN = (
    *("source_name", "engine", "version", "status", "volume_gb", "volume_type", "flavor"),
    *("retention_days", "is_simulated"),
)
"""Fields of an observation that are kept as they are, in this order."""

_WORTH_IT = 0.5
"""A difference longer than this part of the whole is not kept as one."""

_DICTIONARY = (
    b'["MariaDB","10.11","MySQL","8.0","SQLServer","2022_SE","PostgreSQL","16","17","FAILED",'
    b'"BUILDING","BACKING UP","ACTIVE",100,"ULTRAHIGH","CLOUDSSD","rds.pg.n1.large.2",7,false],'
    b'"gone":[0,1,2],"new":[],"backups":[["0123456789abcdef","manual","incremental","fragment",'
    b'null,null,"auto","COMPLETED",1772330400,1772330460,1073741824,null],'
    b'"created_at":1772330400000000,"windows":[[1772330400000000,1772330400000000]]'
)
"""Never changes: what was packed with it can only be read with it."""


def packed(document: Any) -> bytes:
    """Return a JSON value as few bytes."""
    packer = zlib.compressobj(level=9, wbits=-15, zdict=_DICTIONARY)
    return packer.compress(canonical(document).encode()) + packer.flush()


def unpacked(data: bytes) -> Any:
    """Return the JSON value. Raise StoreError if it is none."""
    try:
        return json.loads(zlib.decompressobj(wbits=-15, zdict=_DICTIONARY).decompress(data))
    except (zlib.error, ValueError) as error:
        raise StoreError("an observation in the store cannot be read") from error


def pack_whole(observation: Observation) -> bytes:
    """Return the document of an observation that rests on no other."""
    backups = [_backup_out(one, observation.source_id) for one in observation.backups]
    return packed({**_frame(observation), "backups": backups})


def pack_difference(observation: Observation, earlier: Observation) -> bytes | None:
    """Return the document that says the difference to an earlier observation, if it is worth it.

    None where the whole is hardly longer, or where the order of the backups would be lost.
    """
    known = set(observation.backups)
    before = set(earlier.backups)
    gone = [place for place, one in enumerate(earlier.backups) if one not in known]
    new = [one for one in observation.backups if one not in before]
    if _merged(earlier.backups, gone, new) != observation.backups:
        return None
    out = [_backup_out(one, observation.source_id) for one in new]
    document = packed({**_frame(observation), "gone": gone, "new": out})
    whole = len(pack_whole(observation))
    return document if len(document) <= whole * _WORTH_IT else None


def unpack(
    source: SourceKey, taken_at: datetime, data: bytes, earlier: Observation | None
) -> Observation:
    """Return the observation of a document. Raise StoreError if it cannot be read."""
    document = unpacked(data)
    cloud, source_id = source
    try:
        if "backups" in document:
            backups = tuple(_backup_in(row, source_id) for row in document["backups"])
        elif earlier is not None:
            new = [_backup_in(row, source_id) for row in document["new"]]
            backups = _merged(earlier.backups, document["gone"], new)
        else:
            raise StoreError(f"an observation of {source_id} rests on one that is not there")
        return Observation(
            cloud=cloud,
            source_id=source_id,
            taken_at=taken_at,
            created_at=_instant_in(document["created_at"]),
            windows=tuple(
                Window(_EPOCH + begin * MICROSECOND, _EPOCH + end * MICROSECOND)
                for begin, end in document["windows"]
            ),
            backups=backups,
            **dict(zip(_SEEN, document["seen"], strict=True)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"an observation of {source_id} cannot be read") from error


def newest_window_end(data: bytes) -> datetime | None:
    """Return the newest instant that the windows of a document reach, without reading its backups.

    None if it has no window. Raise StoreError if it cannot be read.
    """
    try:
        ends = [end for begin, end in unpacked(data)["windows"] if begin < end]
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError("an observation in the store cannot be read") from error
    return _instant_in(max(ends, default=None))


def pack_population(population: Population) -> bytes:
    """Return the document of a population; ids in scope are places in the list where they can."""
    places = {one_id: place for place, (one_id, _) in enumerate(population.instances)}
    return packed(
        {
            "instances": [list(one) for one in population.instances],
            "in_scope": [places.get(one, one) for one in population.in_scope],
        }
    )


def unpack_population(cloud: str, taken_at: datetime, data: bytes) -> Population:
    """Return the population of a document. Raise StoreError if it cannot be read."""
    document: Mapping[str, Any] = unpacked(data)
    instances = tuple((one_id, name) for one_id, name in document["instances"])
    in_scope = tuple(
        instances[one][0] if isinstance(one, int) else one for one in document["in_scope"]
    )
    return Population(cloud=cloud, taken_at=taken_at, instances=instances, in_scope=in_scope)


def _frame(observation: Observation) -> dict[str, Any]:
    return {
        "seen": [getattr(observation, name) for name in _SEEN],
        "created_at": _instant_out(observation.created_at),
        "windows": [
            [_instant_out(window.starts_at), _instant_out(window.ends_at)]
            for window in observation.windows
        ],
    }


def _merged(
    earlier: Sequence[Backup], gone: Iterable[int], new: Iterable[Backup]
) -> tuple[Backup, ...]:
    """Return the backups that stayed and those that came, by (end, id)."""
    left = set(gone)
    stayed = [one for place, one in enumerate(earlier) if place not in left]
    return tuple(sorted([*stayed, *new], key=backup_order))


_BACKUP = tuple(field.name for field in fields(Backup))
_INSTANTS = frozenset({"began_at", "ended_at"})


def _backup_out(backup: Backup, source_id: str) -> list[Any]:
    values = {name: getattr(backup, name) for name in _BACKUP}
    values |= {name: _backup_instant_out(values[name]) for name in _INSTANTS}
    values["databases"] = list(backup.databases) or None
    if backup.instance_id == source_id:
        values["instance_id"] = None
    row = list(values.values())
    while row[-1] is None:
        row.pop()
    return row


def _backup_in(row: Sequence[Any], source_id: str) -> Backup:
    values = dict(zip(_BACKUP, [*row, *[None] * (len(_BACKUP) - len(row))], strict=True))
    if values["instance_id"] is None:
        values["instance_id"] = source_id
    values["kind"] = BackupKind(values["kind"])
    values["engine"] = Engine(values["engine"]) if values["engine"] else None
    values["databases"] = tuple(values["databases"] or ())
    for name in _INSTANTS:
        values[name] = _backup_instant_in(values[name])
    return Backup(**values)


def _backup_instant_out(at: datetime | None) -> int | str | None:
    """Return seconds, for the API knows no more of a backup; or else "MICROSECONDS" as a text."""
    if at is None:
        return None
    since = at - _EPOCH
    return str(since // MICROSECOND) if since % _SECOND else since // _SECOND


def _backup_instant_in(kept: int | str | None) -> datetime | None:
    if kept is None:
        return None
    return _EPOCH + (int(kept) * MICROSECOND if isinstance(kept, str) else kept * _SECOND)


def _instant_out(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // MICROSECOND


def _instant_in(kept: int | None) -> datetime | None:
    return None if kept is None else _EPOCH + kept * MICROSECOND
