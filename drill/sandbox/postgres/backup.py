"""Take a base backup of a running server and prove that it can be used."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from drill.sandbox.postgres.binaries import TOOL_PATIENCE, Binaries, complaint_in, environment
from drill.sandbox.postgres.layout import InstanceFolder, StoredBackup, write_backup
from drill.sandbox.postgres.process import POLL_EVERY, RunningServer
from drill.sandbox.postgres.settings import KEEPER
from drill.sandbox.postgres.wal import read_position
from drill.sandbox.servers import BaseBackup, ServerFault

ARCHIVE_PATIENCE = timedelta(seconds=30)
"""How long the segments of a finished base backup may take to arrive in the archive."""

_START = re.compile(r"write-ahead log start point: (\S+) on timeline (\d+)")
_STOP = re.compile(r"write-ahead log end point: (\S+)")


@dataclass(frozen=True, slots=True)
class _Copied:
    timeline: int
    start_position: int
    stop_position: int
    ended_at: datetime


def take_base_backup(
    binaries: Binaries, folder: InstanceFolder, server: RunningServer, backup_id: str
) -> StoredBackup:
    """Copy, verify, and wait until the log it needs is archived; then it counts.

    Raise ServerFault, and leave nothing of the half backup, where any of these fails.
    """
    final, draft = folder.backup_folder(backup_id), folder.backup_in_the_making(backup_id)
    if final.exists():
        raise ServerFault(f"there already is a backup {backup_id} of {folder.id}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700)
        began_at = datetime.now(UTC)
        copied = _copy(binaries, server, draft / "data")
        verify_base_backup(binaries, draft / "data")
        backup = StoredBackup(
            id=backup_id,
            era=folder.history().era,
            base=BaseBackup(
                folder=final / "data",
                began_at=began_at,
                ended_at=copied.ended_at,
                size_bytes=_size_of(draft / "data"),
                timeline=copied.timeline,
            ),
            start_position=copied.start_position,
            stop_position=copied.stop_position,
            segment_bytes=_segment_bytes(server),
        )
        _wait_until_archived(folder, server, backup)
        write_backup(draft, backup)
        draft.rename(final)
    except OSError as error:
        raise ServerFault(f"backup {backup_id} failed: {error.strerror}") from error
    except psycopg.Error as error:
        raise ServerFault(f"backup {backup_id} failed: the server does not answer") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return backup


def verify_base_backup(binaries: Binaries, data: Path) -> None:
    """Check every file against the manifest, and the log that makes it consistent.

    Raise ServerFault that names what is wrong.
    """
    answer = binaries.run("pg_verifybackup", "--quiet", str(data))
    if answer.returncode != 0:
        complaint = complaint_in(answer.stderr).replace(f"{data}/", "")
        raise ServerFault(f"the base backup is damaged: {complaint}")


def _copy(binaries: Binaries, server: RunningServer, data: Path) -> _Copied:
    """Run pg_basebackup and note the instant at which it says that the image is consistent.

    STOP TIME in the backup's own files has whole seconds, rounded down: up to a second too early.
    The tool tells the end point as soon as the server has sent it, so the clock read then is at or
    just after the true instant, never before it.
    """
    source = ["--host", str(server.sockets), "--port", str(server.port), "--username", KEEPER]
    how = ["--checkpoint=fast", "--wal-method=stream", "--no-sync", "--verbose"]
    process = subprocess.Popen(
        [binaries.program("pg_basebackup"), *source, "--pgdata", str(data), *how],
        env=environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    hanging = threading.Timer(TOOL_PATIENCE.total_seconds(), process.kill)
    hanging.start()
    start: re.Match[str] | None = None
    stop: re.Match[str] | None = None
    ended_at, said = datetime.now(UTC), ""
    try:
        with process:
            for line in process.stderr or ():
                start = start or _START.search(line)
                if stop is None and (stop := _STOP.search(line)) is not None:
                    ended_at = datetime.now(UTC)
                said += line
    finally:
        hanging.cancel()
    if process.returncode != 0 or start is None or stop is None:
        raise ServerFault(f"the base backup failed: {complaint_in(said)}")
    return _Copied(
        timeline=int(start.group(2)),
        start_position=read_position(start.group(1)),
        stop_position=read_position(stop.group(1)),
        ended_at=ended_at,
    )


def _wait_until_archived(
    folder: InstanceFolder, server: RunningServer, backup: StoredBackup
) -> None:
    archive = folder.archive(backup.era)
    needed = range(backup.first_segment, backup.last_segment + 1)
    files = [archive / backup.log.name(number) for number in needed]
    deadline = time.monotonic() + ARCHIVE_PATIENCE.total_seconds()
    while missing := [file.name for file in files if not file.exists()]:
        if not server.is_running():
            raise ServerFault("the server ended before the log of the base backup was archived")
        if time.monotonic() > deadline:
            raise ServerFault(f"log segment {missing[0]} of the base backup was not archived")
        time.sleep(POLL_EVERY.total_seconds())


def _segment_bytes(server: RunningServer) -> int:
    with server.connect() as connection:
        row = connection.execute(
            "SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'"
        ).fetchone()
    if row is None:
        raise ServerFault("the server does not tell the size of its log segments")
    return int(row[0])


def _size_of(data: Path) -> int:
    return sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
