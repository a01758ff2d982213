"""When the binary log had grown how far: what turns an instant into a place in the log.

The log itself knows whole seconds only, those in which a statement *began*, in the time zone of
whoever reads it (embedded.md, 9). So the service looks at the file many times a second and notes
its size with the clock read *after* the look: everything up to that size had been written by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Sighting:
    """By this instant the file had at least this size."""

    at: datetime
    size: int


def note(file: Path, at: datetime, size: int) -> None:
    """Append a sighting; the instant is rounded up to milliseconds. Raise OSError."""
    milliseconds = -((EPOCH - at) // _MILLISECOND)
    with file.open("a", encoding="ascii") as stream:
        stream.write(f"{milliseconds} {size}\n")


def read_sightings(file: Path) -> list[Sighting]:
    """Return the sightings, oldest first; a line that was cut off by a kill does not count.

    None of a file that is not there. Raise OSError.
    """
    try:
        lines = file.read_text("ascii", "replace").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        words = line.split()
        if line.endswith("\n") and len(words) == 2 and all(word.isdecimal() for word in words):
            at = EPOCH + int(words[0]) * _MILLISECOND
            found.append(Sighting(at, int(words[1])))
    return found
