"""Arithmetic of the write-ahead log: positions, segments and their names. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[0-9A-F]{24}")
_LOG_ID_BYTES = 1 << 32


@dataclass(frozen=True, slots=True)
class Timeline:
    """One timeline of one system: gives the names of its segments."""

    number: int
    segment_bytes: int

    def segment_at(self, position: int) -> int:
        """Return the number of the segment that holds a position."""
        return position // self.segment_bytes

    def name(self, segment: int) -> str:
        """Return the file name of a segment."""
        high, low = divmod(segment, _LOG_ID_BYTES // self.segment_bytes)
        return f"{self.number:08X}{high:08X}{low:08X}"

    def segment_named(self, name: str) -> int | None:
        """Return the number of a segment of this timeline; None for any other file."""
        if _NAME.fullmatch(name) is None or int(name[:8], 16) != self.number:
            return None
        return int(name[8:16], 16) * (_LOG_ID_BYTES // self.segment_bytes) + int(name[16:], 16)

    def start_of(self, segment: int) -> str:
        """Return the position where a segment starts, as PostgreSQL writes it."""
        return write_position(segment * self.segment_bytes)


def read_position(text: str) -> int:
    """Return the position that PostgreSQL writes as ``0/900028``. Raise ValueError."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def write_position(position: int) -> str:
    """Return a position as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
