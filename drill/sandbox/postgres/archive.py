"""What the archived log really holds: read with pg_waldump, remembered for each segment.

An archived segment does not change, so it is read once; its size and time are looked at every time,
so that one that was deleted or damaged later is noticed.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drill.sandbox.ledger import ARCHIVED, add_row, read_rows
from drill.sandbox.postgres.binaries import Binaries
from drill.sandbox.postgres.wal import Timeline, read_position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENDING = re.compile(r"lsn: ([0-9A-F]+/[0-9A-F]+), .*desc: (?:COMMIT|ABORT)\S* (\S+ \S+) UTC")


@dataclass(frozen=True, slots=True)
class Chain:
    """The unbroken row of readable segments that begins at one segment."""

    last_segment: int | None
    """The last segment of the row; None where not even the first is there."""
    newest_ending_at: datetime | None
    """The newest commit or roll-back in it: recovery can only stop in front of one of these."""
    broken_at: int | None
    """The segment that is missing or unreadable although it, or a later one, was archived."""
    noted_ending_at: datetime | None = None
    """The newest commit or roll-back that was ever archived, whatever became of its segment."""


@dataclass(frozen=True, slots=True)
class _Segment:
    stamp: tuple[int, int]
    readable: bool
    newest_ending_at: datetime | None


class ArchiveReader:
    """Reads archives, and remembers. Safe to use from many threads."""

    def __init__(self, binaries: Binaries) -> None:
        self._binaries = binaries
        self._known: dict[Path, dict[int, _Segment]] = {}
        self._lock = threading.Lock()

    def chain(self, archive: Path, log: Timeline, first_segment: int) -> Chain:
        """Follow the archived log from a segment as far as it is complete. Raise ServerFault."""
        with self._lock:
            stamps, noted = self._look(archive, log, first_segment)
            return _follow(self._known[archive], {**stamps, **noted}, noted, first_segment)

    def note(self, archive: Path, log: Timeline, first_segment: int) -> None:
        """Note what was archived since the last look. Raise ServerFault, OSError."""
        with self._lock:
            self._look(archive, log, first_segment)

    def newest_endings(self, archive: Path) -> dict[int, datetime]:
        """Return what was read of an archive so far: the newest ending in each segment."""
        with self._lock:
            known = self._known.get(archive, {})
            endings = {number: seen.newest_ending_at for number, seen in known.items()}
        return {number: at for number, at in endings.items() if at is not None}

    def forget(self, folder: Path) -> None:
        """Forget the archives inside a folder that is deleted."""
        with self._lock:
            for archive in [known for known in self._known if known.is_relative_to(folder)]:
                del self._known[archive]

    def _look(
        self, archive: Path, log: Timeline, first_segment: int
    ) -> tuple[dict[int, tuple[int, int]], dict[int, datetime | None]]:
        """Read what is new, also behind a hole; return what is there, and what ever was."""
        stamps = _stamps(archive, log)
        known = self._known.setdefault(archive, {})
        for number in [n for n, seen in known.items() if stamps.get(n) != seen.stamp]:
            del known[number]
        unread = [number for number in stamps if number >= first_segment and number not in known]
        for row in _rows(unread):
            self._read_row(archive, log, stamps, row)
        ledger = archive.with_name(ARCHIVED)
        noted = {number: _instant(ended) for number, ended in read_rows(ledger, width=2)}
        for number, seen in sorted(known.items()):
            if seen.readable and number not in noted:
                noted[number] = seen.newest_ending_at
                add_row(ledger, number, _microseconds(seen.newest_ending_at))
        return stamps, noted

    def _read_row(
        self, archive: Path, log: Timeline, stamps: Mapping[int, tuple[int, int]], row: range
    ) -> None:
        """Read segments that follow each other."""
        known = self._known[archive]
        endings = self._endings(archive, log, row[0], row[-1])
        if endings is not None:
            for number in row:
                known[number] = _Segment(stamps[number], True, endings.get(number))
            return
        for number in row:  # something in it is damaged: find out what
            endings = self._endings(archive, log, number, number)
            newest = endings.get(number) if endings is not None else None
            known[number] = _Segment(stamps[number], endings is not None, newest)

    def _endings(
        self, archive: Path, log: Timeline, first: int, last: int
    ) -> dict[int, datetime] | None:
        """Return the newest end of a transaction in each segment; None where it is unreadable."""
        answer = self._binaries.run(
            "pg_waldump",
            *("--path", str(archive), "--timeline", str(log.number), "--rmgr", "Transaction"),
            *("--start", log.start_of(first), "--end", log.start_of(last + 1)),
        )
        if answer.returncode != 0:
            return None
        newest: dict[int, datetime] = {}
        for line in answer.stdout.splitlines():
            found = _ENDING.search(line)
            if found is not None:
                segment = log.segment_at(read_position(found.group(1)))
                ended_at = datetime.fromisoformat(found.group(2)).replace(tzinfo=UTC)
                newest[segment] = max(ended_at, newest.get(segment, ended_at))
        return newest


def _stamps(archive: Path, log: Timeline) -> dict[int, tuple[int, int]]:
    """Return the size and time of every whole segment of a timeline in an archive."""
    stamps = {}
    try:
        with os.scandir(archive) as entries:
            for entry in entries:
                segment = log.segment_named(entry.name)
                if segment is not None:
                    facts = entry.stat(follow_symlinks=False)
                    if facts.st_size == log.segment_bytes:
                        stamps[segment] = (facts.st_size, facts.st_mtime_ns)
    except FileNotFoundError:
        return {}  # deleted together with its instance, or pruned while we looked
    return stamps


def _follow(
    known: Mapping[int, _Segment],
    archived: Collection[int],
    noted: Mapping[int, datetime | None],
    first: int,
) -> Chain:
    number = first
    while number in known and known[number].readable:
        number += 1
    return Chain(
        last_segment=number - 1 if number > first else None,
        newest_ending_at=_newest(known[each].newest_ending_at for each in range(first, number)),
        broken_at=number if any(other >= number for other in archived) else None,
        noted_ending_at=_newest(ended for each, ended in noted.items() if each >= first),
    )


def _newest(endings: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in endings if each is not None), default=None)


def _rows(numbers: Iterable[int]) -> list[range]:
    """Return the numbers as rows without gaps."""
    rows: list[range] = []
    for number in sorted(numbers):
        if rows and rows[-1].stop == number:
            rows[-1] = range(rows[-1].start, number + 1)
        else:
            rows.append(range(number, number + 1))
    return rows


def _microseconds(ended_at: datetime | None) -> int:
    return (ended_at - _EPOCH) // timedelta(microseconds=1) if ended_at else 0


def _instant(microseconds: int) -> datetime | None:
    return _EPOCH + timedelta(microseconds=microseconds) if microseconds else None
