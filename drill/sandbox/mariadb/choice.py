"""Choose the backup of a restore and the stretch of log behind it, or name what is in the way."""

from __future__ import annotations

from datetime import datetime, timedelta

from drill.sandbox.lineage import in_lineage, named_backup
from drill.sandbox.mariadb.archive import ArchiveReader, Chain, Place
from drill.sandbox.mariadb.binlog import log_name
from drill.sandbox.mariadb.layout import InstanceFolder, StoredBackup
from drill.sandbox.mariadb.replay import Stretch
from drill.sandbox.postgres.windows import merge
from drill.sandbox.servers import RestoreFailed, Span

_MILLISECOND = timedelta(milliseconds=1)


def windows_of(folder: InstanceFolder, reader: ArchiveReader) -> list[Span]:
    """Return the windows of an instance, merged, oldest first. Raise ServerFault, OSError.

    Each lasts from the end of a backup to the instant by which the last archived commit behind it
    was seen: what was written by then was archived. Whether it still is, a restore finds out.
    """
    spans = []
    for backup in in_lineage(folder.backups(), folder.history()):
        chain = reader.chain(folder.archive(backup.era), backup.file)
        starts_at = _round_up(backup.base.ended_at)
        ends_at = chain.advertised_until(start_of(backup))
        if ends_at is not None and starts_at <= ends_at:
            spans.append(Span(starts_at, ends_at))
    return merge(spans)


def choose_backup(
    folder: InstanceFolder, backup_id: str | None, restore_time: datetime | None
) -> StoredBackup:
    """Return the named backup, or the newest that ended at or before the restore time.

    A named one may be of any era: an instance that was overwritten can still be reset to its own
    baseline. A restore time means the system that the instance holds now. Raise RestoreFailed.
    """
    if restore_time is None and backup_id is not None:
        return named_backup(folder, backup_id)
    if restore_time is None or backup_id is not None:
        raise RestoreFailed("name either a backup or a restore time")
    own = in_lineage(folder.backups(), folder.history())
    usable = [backup for backup in own if _round_up(backup.base.ended_at) <= restore_time]
    if not usable:
        first = f"the first ended at {_text(own[0].base.ended_at)}" if own else "there is none"
        raise RestoreFailed(
            f"no backup ended at or before the restore time {_text(restore_time)}: {first}"
        )
    return usable[-1]


def choose_stretch(
    folder: InstanceFolder, reader: ArchiveReader, backup: StoredBackup, restore_time: datetime
) -> Stretch | None:
    """Return what of the log leads from a backup to an instant; None where nothing was written.

    Raise RestoreFailed where the archive does not prove that it holds everything up to there.
    """
    archive, start = folder.archive(backup.era), start_of(backup)
    chain = reader.chain(archive, backup.file)
    proven_until = chain.newest_commit_at(start)
    if proven_until is None or proven_until < restore_time:
        raise RestoreFailed(_why_it_ends(folder, chain, proven_until, restore_time))
    end = chain.place_of(restore_time, start)
    if end == start:
        return None
    files = [archive / log_name(number) for number in range(start.file, end.file + 1)]
    return Stretch(files, start.position, end.position)


def _why_it_ends(
    folder: InstanceFolder, chain: Chain, proven_until: datetime | None, restore_time: datetime
) -> str:
    """Return in plain words why the archived log does not lead to the restore time."""
    if chain.break_reason is not None:
        return f"the archived binary log of {folder.id} has a hole: {chain.break_reason}"
    goal = f"the archived binary log of {folder.id} ends before the restore time"
    if proven_until is None:
        return f"{goal} {_text(restore_time)}"
    return f"{goal} {_text(restore_time)}: its last commit was at {_text(proven_until)}"


def start_of(backup: StoredBackup) -> Place:
    return Place(backup.file, backup.position)


def _round_up(instant: datetime) -> datetime:
    rest = instant.microsecond % 1000
    return instant + timedelta(microseconds=1000 - rest) if rest else instant


def _text(instant: datetime) -> str:
    return instant.isoformat(" ", "milliseconds")
