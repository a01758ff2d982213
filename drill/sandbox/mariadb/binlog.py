"""Read a file of the binary log: its transactions, and whether it is whole.

Format: MariaDB's documentation of the replication protocol, "2-Binlog Event Header", "GTID_EVENT",
"GTID_LIST_EVENT" and "ROTATE_EVENT". Every event is checked against its CRC-32: the tools of the
engine read over a missing file without a word (embedded.md, 9).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MAGIC = b"\xfebin"
_HEADER = struct.Struct("<IBIIIH")
_CHECKSUM_BYTES = 4
_QUERY, _STOP, _ROTATE, _FORMAT, _XID, _XA_PREPARE = 2, 3, 4, 15, 16, 38
_GTID, _GTID_LIST = 162, 163
_STANDALONE = 0x1
_IN_USE = 0x1
_NAME = re.compile(r"bin\.(\d{6,})")

GtidState = Mapping[tuple[int, int], int]
"""The last sequence number of every domain and server."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction: where it begins and where it ends in the file."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class LogFile:
    """What one file of the log holds."""

    number: int
    state_before: GtidState
    state_after: GtidState
    transactions: tuple[Transaction, ...]
    next_number: int | None
    """The file that follows, as its last event says; None where a stop or a crash ended it."""
    whole_bytes: int
    """Up to where it is whole: what lies behind, a crash left half written."""
    damage: str | None


def log_name(number: int) -> str:
    """Return the name of a file of the log."""
    return f"bin.{number:06d}"


def log_number(name: str) -> int | None:
    """Return the number in the name of a file of the log, or None for any other name."""
    found = _NAME.fullmatch(name)
    return int(found.group(1)) if found else None


@dataclass(slots=True)
class _Reading:
    """What is known in the middle of a file."""

    state_before: dict[tuple[int, int], int]
    state: dict[tuple[int, int], int]
    transactions: list[Transaction]
    begun_at: int | None = None
    gtid: tuple[int, int, int] | None = None
    next_number: int | None = None
    is_in_use: bool = False
    is_standalone: bool = False
    """The transaction is one statement that commits by itself."""
    is_committed: bool = False


def read_log(file: Path, number: int) -> LogFile:
    """Read a whole file of the log. Raise OSError.

    Of a file that is in use, or that a crash ended, only what is committed counts.
    """
    reading = _Reading({}, {}, [])
    damage: str | None = None
    with file.open("rb") as stream:
        position = len(_MAGIC)
        if stream.read(position) != _MAGIC:
            return LogFile(number, {}, {}, (), None, 0, "it is no binary log")
        while True:
            event = _read_event(stream)
            if event is None:
                break
            if isinstance(event, str):
                damage = event
                break
            kind, server, flags, body = event
            _take(reading, position, kind, server, flags, body)
            position += _HEADER.size + len(body) + _CHECKSUM_BYTES
    if damage is None and reading.is_committed:
        _end_transaction(reading, position)
    elif reading.is_in_use:
        # The server ended in the middle of writing: what was begun was never committed.
        damage = None
        position = reading.begun_at or position
    return LogFile(
        number=number,
        state_before=reading.state_before,
        state_after=reading.state,
        transactions=tuple(reading.transactions),
        next_number=reading.next_number,
        whole_bytes=position,
        damage=damage,
    )


def _read_event(stream: BinaryIO) -> tuple[int, int, int, bytes] | str | None:
    """Return kind, server, flags and body of the next event, what is wrong, or None at the end."""
    header = stream.read(_HEADER.size)
    if not header:
        return None
    if len(header) < _HEADER.size:
        return "its last event is cut off"
    _at, kind, server, length, _end, flags = _HEADER.unpack(header)
    if length < _HEADER.size + _CHECKSUM_BYTES:
        return "an event has an impossible length"
    body = stream.read(length - _HEADER.size)
    if len(body) < length - _HEADER.size:
        return "its last event is cut off"
    checked = header
    if kind == _FORMAT:  # the mark that it is in use is changed in place, without a new checksum
        checked = header[:-2] + struct.pack("<H", flags & ~_IN_USE)
    checksum = zlib.crc32(body[:-_CHECKSUM_BYTES], zlib.crc32(checked))
    if checksum != int.from_bytes(body[-_CHECKSUM_BYTES:], "little"):
        return "an event does not match its checksum"
    return kind, server, flags, body[:-_CHECKSUM_BYTES]


def _take(
    reading: _Reading, position: int, kind: int, server: int, flags: int, body: bytes
) -> None:
    """Note what one event says."""
    if kind == _FORMAT:
        reading.is_in_use = bool(flags & _IN_USE)
    elif kind == _GTID_LIST:
        reading.state_before = _read_state(body)
        reading.state = dict(reading.state_before)
    elif kind in (_GTID, _ROTATE, _STOP):
        _end_transaction(reading, position)
        if kind == _GTID:
            sequence, domain, marks = struct.unpack_from("<QIB", body)
            reading.begun_at, reading.gtid = position, (domain, server, sequence)
            reading.is_standalone = bool(marks & _STANDALONE)
            reading.is_committed = False
        elif kind == _ROTATE:
            reading.next_number = log_number(body[8:].decode("ascii", "replace"))
    elif kind in (_XID, _XA_PREPARE):
        reading.is_committed = True
    elif kind == _QUERY:
        ended = body.endswith((b"COMMIT", b"ROLLBACK"))
        reading.is_committed = reading.is_standalone or ended


def _end_transaction(reading: _Reading, position: int) -> None:
    if reading.begun_at is None or reading.gtid is None:
        return
    domain, server, sequence = reading.gtid
    reading.transactions.append(Transaction(reading.begun_at, position))
    reading.state[domain, server] = sequence
    reading.begun_at = reading.gtid = None


def _read_state(body: bytes) -> dict[tuple[int, int], int]:
    (count,) = struct.unpack_from("<I", body)
    state = {}
    for index in range(count & 0x0FFFFFFF):  # the highest bits are flags
        domain, server, sequence = struct.unpack_from("<IIQ", body, 4 + 16 * index)
        state[domain, server] = sequence
    return state
