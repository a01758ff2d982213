"""The thread beside every serving server: it watches the binary log, closes and archives it."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pymysql

from drill.sandbox.mariadb.archive import ArchivedFile, note_archived, read_rising
from drill.sandbox.mariadb.binlog import log_name, log_number, read_log
from drill.sandbox.mariadb.layout import SEEN
from drill.sandbox.mariadb.process import RunningServer
from drill.sandbox.mariadb.settings import LOG_NAME
from drill.sandbox.mariadb.sightings import note, read_sightings

_logger = logging.getLogger(__name__)

LOOK_EVERY = timedelta(milliseconds=20)
"""How often the log is looked at: how exactly an instant is known."""
_CLOCK_TICK = timedelta(milliseconds=10)
"""How far the times of files may lag behind the clock."""


class Archiver:
    """Looks at the log of one server until it is told to stop."""

    def __init__(self, server: RunningServer, archive: Path, archive_every: timedelta) -> None:
        self._server = server
        self.archive = archive
        self._archive_every = archive_every
        self._index = server.data / f"{LOG_NAME}.index"
        self._index_stamp: tuple[int, int] | None = None
        self._numbers: list[int] = []
        self._size = 0
        self._closed_until = 0
        self._idle_size = 0
        """The size up to which the current file is known to hold no transaction."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="binlog-archiver", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._closed_until = max(0, *(_numbers_in(self._index) or [0])) - 1
        self._thread.start()

    def stop(self) -> None:
        """Look no more; the caller archives the rest when the server has ended."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        next_close = time.monotonic() + self._archive_every.total_seconds()
        while not self._stopping.wait(LOOK_EVERY.total_seconds()):
            try:
                self._look()
                if time.monotonic() >= next_close:
                    next_close = time.monotonic() + self._archive_every.total_seconds()
                    self._close()
            except (OSError, pymysql.Error) as error:
                if self._server.is_running() and not self._stopping.is_set():
                    reason = error.args[-1] if error.args else type(error).__name__
                    _logger.warning("the binary log is not archived: %s", reason)
                self._stopping.wait(self._archive_every.total_seconds())

    def _look(self) -> None:
        """Note how far the log has grown, and archive what the server has closed."""
        facts = self._index.stat()
        stamp = (facts.st_size, facts.st_mtime_ns)
        if stamp != self._index_stamp:
            self._numbers, self._index_stamp = _numbers_in(self._index), stamp
        if not self._numbers:
            return
        newest = self._numbers[-1]
        for number in self._numbers[:-1]:
            if number > self._closed_until:
                archive_file(self._server.data, self.archive, number)
                self._closed_until = number
                self._size = self._idle_size = 0
        size = (self._server.data / log_name(newest)).stat().st_size
        if size > self._size:
            self._size = size
            note(self.archive / (log_name(newest) + SEEN), datetime.now(UTC), size)

    def _close(self) -> None:
        """Let the server close its file where there is a transaction in it, and archive it."""
        if not self._numbers or self._size <= self._idle_size:
            return
        newest = self._numbers[-1]
        if not read_log(self._server.data / log_name(newest), newest).transactions:
            self._idle_size = self._size
            return
        with self._server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("FLUSH NO_WRITE_TO_BINLOG BINARY LOGS")
            self._look()
            cursor.execute("PURGE BINARY LOGS TO %s", [log_name(self._numbers[-1])])


def archive_rest(data: Path, archive: Path) -> None:
    """Archive what a server that does not run any more has left. Raise OSError."""
    for number in _numbers_in(data / f"{LOG_NAME}.index"):
        if not (archive / log_name(number)).exists():
            archive_file(data, archive, number)


def archive_file(data: Path, archive: Path, number: int) -> None:
    """Copy a closed file into the archive, where it appears whole or not at all. Raise OSError.

    What a crash left half written is left out. A transaction that nobody saw being written, because
    service and server ended together, counts as written when the file was written last.
    """
    source, copy = data / log_name(number), archive / log_name(number)
    if not source.exists():
        return  # somebody deleted it: the archive has a hole, and says so
    draft = copy.with_name(f".{copy.name}.partial")
    shutil.copyfile(source, draft)
    log = read_log(source, number)
    if 0 < log.whole_bytes < draft.stat().st_size:
        with draft.open("r+b") as stream:
            stream.truncate(log.whole_bytes)
    seen = copy.with_name(copy.name + SEEN)
    size = draft.stat().st_size
    if not any(each.size >= size for each in read_sightings(seen)):
        written_at = datetime.fromtimestamp(source.stat().st_mtime, UTC) + _CLOCK_TICK
        note(seen, min(written_at, datetime.now(UTC)), size)
    draft.replace(copy)
    ends = log.transactions[-1].ends if log.transactions else 0
    note_archived(archive, log, ArchivedFile(log, read_rising(seen)).seen_at(ends))


def _numbers_in(index: Path) -> list[int]:
    """Return the numbers of the files that the server lists, the one in use last."""
    try:
        lines = index.read_text("ascii", "replace").splitlines()
    except FileNotFoundError:
        return []
    numbers = [log_number(Path(line.strip()).name) for line in lines]
    return [number for number in numbers if number is not None]
