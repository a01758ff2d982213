"""Read one value as PostgreSQL spells it, without the driver's conversions.

The driver raises for what Python cannot hold (infinity, the year 20000) and takes conversions from
a registry that others may change; here a value of an unknown type just stays opaque.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from drill.check.instants import Instant
from drill.check.scalars import Opaque, Scalar


def _read_boolean(text: str) -> bool:
    return {"t": True, "f": False}[text]


def _read_timestamp_with_zone(text: str) -> Instant:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant with a time zone came without one")
    return Instant(at.astimezone(UTC))


def _read_timestamp(text: str) -> Instant:
    return Instant(datetime.fromisoformat(text).replace(tzinfo=UTC), assumed_utc=True)


def _read_date(text: str) -> Instant:
    return replace(_read_timestamp(text), whole_day=True)


# Numbers of built-in types never change: src/include/catalog/pg_type.dat of PostgreSQL.
_DATE, _TIMESTAMP, _TIMESTAMP_WITH_ZONE = 1082, 1114, 1184
INSTANTS = frozenset({_DATE, _TIMESTAMP, _TIMESTAMP_WITH_ZONE})
_READERS: dict[int, Callable[[str], Scalar]] = {
    16: _read_boolean,
    **dict.fromkeys((20, 21, 23, 26, 700, 701, 1700), Decimal),
    **dict.fromkeys((18, 19, 25, 705, 1042, 1043, 2950), str),
    _DATE: _read_date,
    _TIMESTAMP: _read_timestamp,
    _TIMESTAMP_WITH_ZONE: _read_timestamp_with_zone,
}


def read_value(type_number: int, spelling: bytes | None) -> Scalar | None:
    """Return a value from its type and its text format; what is no scalar of ours is opaque."""
    if spelling is None:
        return None
    reader = _READERS.get(type_number)
    if reader is None:
        return Opaque(spelling)
    try:
        return reader(spelling.decode("utf-8"))
    except (KeyError, ValueError, OverflowError, InvalidOperation):
        return Opaque(spelling)
