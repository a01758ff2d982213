"""When the binary log had grown how far: what turns an instant into a place in the log.

The log itself knows whole seconds only, those in which a statement *began*, in the time zone of
whoever reads it (embedded.md, 9). So the service looks at the file many times a second and notes
its size with the clock read *after* the look: everything up to that size had been written by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from drill.sandbox.ledger import add_row, read_rows
from drill.sandbox.times import from_milliseconds, to_milliseconds

_ALMOST_A_MILLISECOND = timedelta(microseconds=999)


@dataclass(frozen=True, slots=True)
class Sighting:
    """By this instant the file had at least this size."""

    at: datetime
    size: int


def note(file: Path, at: datetime, size: int) -> None:
    """Append a sighting; the instant is rounded up to milliseconds. Raise OSError."""
    add_row(file, to_milliseconds(at + _ALMOST_A_MILLISECOND), size)


def read_sightings(file: Path) -> list[Sighting]:
    """Return the sightings, oldest first; none of a file that is not there. Raise OSError."""
    return [Sighting(from_milliseconds(at), size) for at, size in read_rows(file, width=2)]
