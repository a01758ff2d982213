"""What the archived log really holds: read with pg_waldump, remembered for each segment.

An archived segment does not change, so it is read once; its size and time are looked at every time,
so that one that was deleted or damaged later is noticed.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drill.sandbox.postgres.binaries import Binaries
from drill.sandbox.postgres.wal import Timeline, read_position

_ENDING = re.compile(r"lsn: ([0-9A-F]+/[0-9A-F]+), .*desc: (?:COMMIT|ABORT)\S* (\S+ \S+) UTC")


@dataclass(frozen=True, slots=True)
class Chain:
    """The unbroken row of readable segments that begins at one segment."""

    last_segment: int | None
    """The last segment of the row; None where not even the first is there."""
    newest_ending_at: datetime | None
    """The newest commit or roll-back in it: recovery can only stop in front of one of these."""
    broken_at: int | None
    """The segment that is missing or unreadable although a later one is there."""


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
            stamps = _stamps(archive, log)
            known = self._known.setdefault(archive, {})
            for number in [n for n, seen in known.items() if stamps.get(n) != seen.stamp]:
                del known[number]
            last = first_segment
            while last in stamps:
                last += 1
            self._read_new(archive, log, stamps, range(first_segment, last))
            return _follow(known, stamps, first_segment)

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

    def _read_new(
        self,
        archive: Path,
        log: Timeline,
        stamps: Mapping[int, tuple[int, int]],
        row: Sequence[int],
    ) -> None:
        known = self._known[archive]
        unread = [number for number in row if number not in known]
        if not unread:
            return
        endings = self._endings(archive, log, unread[0], unread[-1])
        if endings is not None:
            for number in unread:
                known[number] = _Segment(stamps[number], True, endings.get(number))
            return
        for number in unread:  # something in it is damaged: find out what
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


def _follow(known: Mapping[int, _Segment], present: Mapping[int, object], first: int) -> Chain:
    newest: datetime | None = None
    number = first
    while number in known and known[number].readable:
        ended_at = known[number].newest_ending_at
        if ended_at is not None and (newest is None or ended_at > newest):
            newest = ended_at
        number += 1
    is_broken = any(other >= number for other in present)
    return Chain(number - 1 if number > first else None, newest, number if is_broken else None)
