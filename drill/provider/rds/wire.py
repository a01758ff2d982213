"""Scalars as the API writes them, read leniently: clouds disagree on types and formats.

Instants come in six spellings (reference 10.1), integers as strings (5.4), percentages with and
without their sign (6.1), sizes of backups in KB (3.1).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from drill.clock import from_milliseconds
from drill.provider.rds.text import clean_text

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?"
    r"\s*(?:([Zz])|([+-])(\d{2}):?(\d{2}))?",
    re.ASCII,
)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_LATEST_MILLISECONDS = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def parse_instant(value: object) -> datetime:
    """Return the aware UTC instant of a text, or of milliseconds since the epoch.

    A text without an offset is UTC. Raise ValueError for anything else.
    """
    number = parse_integer(value)
    if number is not None:
        if not 0 <= number <= _LATEST_MILLISECONDS:
            raise ValueError("no instant: milliseconds out of range")
        return from_milliseconds(number)
    match = _INSTANT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("no instant in any format of the API")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, _, sign, offset_hours, offset_minutes = match.groups()[6:]
    instant = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    instant += timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0")))
    if sign is not None:
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
        try:
            instant -= offset if sign == "+" else -offset
        except OverflowError as error:
            raise ValueError("no instant: out of range") from error
    return instant


def find_instant(value: object) -> datetime | None:
    """Return the instant, or None where there is none, as while something is building."""
    try:
        return parse_instant(value)
    except ValueError:
        return None


def parse_integer(value: object) -> int | None:
    """Return an integer that may be written as a text, or None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**18 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 10**15 else None
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    return None


def parse_percent(value: object) -> int | None:
    """Return a percentage from 0 to 100 written as ``60``, ``"60"`` or ``"60% "``, or None."""
    text = value.strip().removesuffix("%").strip() if isinstance(value, str) else value
    number = parse_integer(text)
    return None if number is None or not 0 <= number <= 100 else number


def parse_kilobytes(value: object) -> int | None:
    """Return bytes from a size in KB, or None."""
    number = parse_integer(value)
    return None if number is None or number < 0 else number * 1024


def parse_id(value: object) -> str | None:
    """Return an id that can go into a URL, or None if the value is none."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def find_text(value: object) -> str | None:
    """Return a harmless text, or None where there is none."""
    return clean_text(value) or None
