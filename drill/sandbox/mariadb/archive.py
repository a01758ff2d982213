"""What the archived binary log really holds, and where in it an instant lies.

An archived file does not change, so it is read once; its size and time are looked at every time, so
that one that was deleted or damaged later is noticed. What it held at the end is in a ledger beside
the archive from the moment it was archived: that is what the windows are made of.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drill.sandbox.ledger import ARCHIVED, add_row, read_rows
from drill.sandbox.mariadb.binlog import LogFile, log_name, log_number, read_log
from drill.sandbox.mariadb.layout import SEEN
from drill.sandbox.mariadb.sightings import Sighting, read_sightings
from drill.sandbox.times import from_milliseconds, to_milliseconds


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One archived file, and when it had grown how far."""

    log: LogFile
    sightings: tuple[Sighting, ...]

    def seen_by(self, instant: datetime) -> int:
        """Return how much of it is known to have been written by then, in bytes."""
        return max((each.size for each in self.sightings if each.at <= instant), default=0)

    def seen_at(self, size: int) -> datetime | None:
        """Return by when it was known to have that size."""
        index = bisect_left([each.size for each in self.sightings], size)
        return self.sightings[index].at if index < len(self.sightings) else None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the log: behind the last transaction that belongs to it."""

    file: int
    position: int


@dataclass(frozen=True, slots=True)
class Note:
    """What the ledger says of one file: where its last transaction began, when that was seen."""

    last: Place
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Chain:
    """The unbroken row of whole files that begins at one file."""

    files: tuple[ArchivedFile, ...]
    break_reason: str | None
    """Why it ends although a later file is there, or was."""
    notes: tuple[Note, ...] = ()
    """What the ledger says of every file with a transaction, also of those that are gone."""

    def newest_commit_at(self, start: Place) -> datetime | None:
        """Return by when the last transaction behind a place was seen: no later instant is proven.

        Up to then nothing can be missing: what was written by then lies in these files.
        """
        for archived in reversed(self.files):
            for transaction in reversed(archived.log.transactions):
                if (archived.log.number, transaction.begins) < (start.file, start.position):
                    return None
                seen_at = archived.seen_at(transaction.ends)
                if seen_at is not None:
                    return seen_at
        return None

    def advertised_until(self, start: Place) -> datetime | None:
        """Return by when the last transaction that was ever archived behind a place was seen."""
        proven = self.newest_commit_at(start)
        noted = [note.seen_at for note in self.notes if note.last >= start]
        return max([*noted, *([proven] if proven else [])], default=None)

    def file_that_proves(self, instant: datetime, start: Place) -> int | None:
        """Return the first file whose end was seen at an instant or later, without which a restore
        to it proves nothing; None where there is none."""
        for archived in self.files:
            proven = Chain((archived,), None).newest_commit_at(start)
            if proven is not None and proven >= instant:
                return archived.log.number
        return None

    def place_of(self, instant: datetime, start: Place) -> Place:
        """Return the place behind the last transaction that had been written by then."""
        place = start
        for archived in self.files:
            seen = archived.seen_by(instant)
            for transaction in archived.log.transactions:
                later = (archived.log.number, transaction.begins) >= (start.file, start.position)
                if later and transaction.ends <= seen:
                    place = Place(archived.log.number, transaction.ends)
        return place


@dataclass(frozen=True, slots=True)
class _Known:
    stamp: tuple[int, int]
    file: ArchivedFile


class ArchiveReader:
    """Reads archives, and remembers. Safe to use from many threads."""

    def __init__(self) -> None:
        self._known: dict[Path, _Known] = {}
        self._lock = threading.Lock()

    def chain(self, archive: Path, first: int) -> Chain:
        """Follow the archived log from a file as far as it is complete. Raise OSError."""
        with self._lock:
            present = archived_numbers(archive)
            files: list[ArchivedFile] = []
            number = first
            reason = None
            while number in present:
                archived = self._read(archive / log_name(number), number)
                reason = _why_not(archived, files[-1].log if files else None)
                if reason is not None:
                    break
                files.append(archived)
                number += 1
            rows = read_rows(archive.with_name(ARCHIVED), width=3)
            if reason is None and any(other >= number for other in present | {r[0] for r in rows}):
                reason = f"{log_name(number)} is missing from the archive"
            return Chain(tuple(files), reason, tuple(map(_note_in, filter(_has_end, rows))))

    def forget(self, folder: Path) -> None:
        """Forget the archives inside a folder that is deleted."""
        with self._lock:
            for file in [known for known in self._known if known.is_relative_to(folder)]:
                del self._known[file]

    def _read(self, file: Path, number: int) -> ArchivedFile:
        facts = file.stat()
        stamp = (facts.st_size, facts.st_mtime_ns)
        known = self._known.get(file)
        if known is None or known.stamp != stamp:
            seen = read_rising(file.with_name(file.name + SEEN))
            known = _Known(stamp, ArchivedFile(read_log(file, number), seen))
            self._known[file] = known
        return known.file


def note_archived(archive: Path, log: LogFile, seen_at: datetime | None) -> None:
    """Write into the ledger what a file holds, and by when its end was seen. Raise OSError."""
    last = log.transactions[-1].begins if log.transactions and seen_at else 0
    seen_ms = to_milliseconds(seen_at) if last and seen_at else 0
    add_row(archive.with_name(ARCHIVED), log.number, last, seen_ms)


def read_rising(file: Path) -> tuple[Sighting, ...]:
    """Return the sightings of a file; instants and sizes only grow in them. Raise OSError."""
    return tuple(_rising(read_sightings(file)))


def archived_numbers(archive: Path) -> set[int]:
    """Return the numbers of the files in an archive."""
    try:
        names = [entry.name for entry in archive.iterdir()]
    except FileNotFoundError:
        return set()  # deleted together with its instance, or pruned while we looked
    return {number for number in map(log_number, names) if number is not None}


def _why_not(archived: ArchivedFile, before: LogFile | None) -> str | None:
    """Return why a file does not continue the one before it: the engine would not notice."""
    log = archived.log
    name = log_name(log.number)
    if log.damage is not None:
        return f"{name} is damaged: {log.damage}"
    if log.transactions and archived.seen_at(log.transactions[-1].ends) is None:
        return f"{name} is damaged: when it was written is not known any more"
    if before is None:
        return None
    if before.next_number not in (None, log.number):
        return f"{log_name(before.number)} does not lead to {name}"
    if dict(before.state_after) != dict(log.state_before):
        return f"{name} does not begin where {log_name(before.number)} ends"
    return None


def _has_end(row: tuple[int, ...]) -> bool:
    """Tell whether there was a transaction in the file."""
    return row[1] > 0


def _note_in(row: tuple[int, ...]) -> Note:
    number, last, seen_ms = row
    return Note(Place(number, last), from_milliseconds(seen_ms))


def _rising(sightings: Sequence[Sighting]) -> Iterator[Sighting]:
    """Let instants and sizes only grow, also where the clock was set back."""
    last: Sighting | None = None
    for each in sightings:
        if last is None or each.size > last.size:
            last = Sighting(max(each.at, last.at) if last else each.at, each.size)
            yield last
