"""What a cloud keeps of new scratch instances after they were deleted: only ever looked at.

A deleted instance may stay in the recycle bin, and its manual backups stay (reference 5.7). Nothing
here deletes them: no fact of the API proves that such a backup holds nothing that anybody needs,
and the identity of new targets is denied it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from drill.engine.ports import CloudSettings, Parts
from drill.engine.record import DrillRecord
from drill.errors import NotFound, ProviderError
from drill.guard.facts import drill_id_in_name
from drill.plan.model import NewTarget
from drill.provider.port import RecycledInstance
from drill.recovery.values import Backup, BackupKind

LOOK_BACK = 50
"""How many of the newest drills are looked at where a cloud has no recycle bin to list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """A deleted scratch instance of which the cloud still keeps something."""

    cloud: str
    instance_id: str
    instance_name: str
    drill_id: str | None
    is_known: bool
    """True where the journal of this store says that its drill created this very instance."""
    in_recycle_bin: bool
    deleted_at: datetime | None = None
    kept_until: datetime | None = None
    """When the cloud says that it leaves the bin by itself."""
    volume_gb: int | None = None
    backups: tuple[Backup, ...] = ()
    """Manual backups that outlived the instance; they stay until somebody deletes them."""


@dataclass(frozen=True, slots=True)
class Bins:
    """What was found in all clouds, and where nothing is known."""

    remains: tuple[Remains, ...]
    unasked: tuple[tuple[str, ProviderError], ...]


def find_remains(parts: Parts) -> Bins:
    """Look into the recycle bin of every cloud, and for backups of what was deleted."""
    found: list[Remains] = []
    unasked = []
    for name, cloud in parts.clouds.items():
        try:
            found.extend(_of_cloud(parts, name, cloud))
        except ProviderError as error:
            unasked.append((name, error))
    return Bins(tuple(found), tuple(unasked))


def _of_cloud(parts: Parts, name: str, cloud: CloudSettings) -> Iterable[Remains]:
    listed = cloud.provider.list_recycled()
    if listed is None:
        for record in _deleted_lately(parts, name):
            backups = _kept_backups(cloud, record.target_id or "")
            if backups:
                yield Remains(
                    cloud=name,
                    instance_id=record.target_id or "",
                    instance_name=record.target_name or "",
                    drill_id=record.id,
                    is_known=True,
                    in_recycle_bin=False,
                    backups=backups,
                )
        return
    for entry in listed:
        drill_id = drill_id_in_name(entry.name)
        if drill_id is not None:
            yield _in_bin(parts, name, cloud, entry, drill_id)


def _in_bin(
    parts: Parts, name: str, cloud: CloudSettings, entry: RecycledInstance, drill_id: str
) -> Remains:
    record = parts.journal.find(drill_id)
    is_known = record is not None and record.target_id == entry.id
    return Remains(
        cloud=name,
        instance_id=entry.id,
        instance_name=entry.name,
        drill_id=drill_id,
        is_known=is_known,
        in_recycle_bin=True,
        deleted_at=entry.deleted_at,
        kept_until=entry.kept_until,
        volume_gb=entry.volume_gb,
        backups=_kept_backups(cloud, entry.id) if is_known else (),
    )


def _deleted_lately(parts: Parts, cloud: str) -> list[DrillRecord]:
    return [
        record
        for record in parts.journal.history(at_most=LOOK_BACK)
        if record.plan.source.cloud == cloud
        and isinstance(record.plan.target, NewTarget)
        and record.target_id is not None
        and record.finished_at is not None
    ]


def _kept_backups(cloud: CloudSettings, instance_id: str) -> tuple[Backup, ...]:
    try:
        backups = cloud.provider.list_backups(instance_id)
    except NotFound:  # a cloud that forgets the instance has forgotten its backups
        return ()
    return tuple(backup for backup in backups if backup.kind is BackupKind.MANUAL)
