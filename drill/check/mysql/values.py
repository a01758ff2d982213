"""Read one value as MySQL spells it, without the driver's conversions.

The driver turns what Python cannot hold (0000-00-00) into a text in silence; here such a value
stays opaque.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from pymysql.constants import FIELD_TYPE

from drill.check.instants import Instant
from drill.check.scalars import Opaque, Scalar


def _read_timestamp(text: str) -> Instant:
    # The time zone of the session is +00:00, and the server keeps a timestamp in UTC.
    return Instant(datetime.fromisoformat(text).replace(tzinfo=UTC))


def _read_datetime(text: str) -> Instant:
    return replace(_read_timestamp(text), assumed_utc=True)


def _read_date(text: str) -> Instant:
    return replace(_read_datetime(text), whole_day=True)


_NUMBERS = (
    FIELD_TYPE.DECIMAL,
    FIELD_TYPE.NEWDECIMAL,
    FIELD_TYPE.TINY,
    FIELD_TYPE.SHORT,
    FIELD_TYPE.INT24,
    FIELD_TYPE.LONG,
    FIELD_TYPE.LONGLONG,
    FIELD_TYPE.FLOAT,
    FIELD_TYPE.DOUBLE,
    FIELD_TYPE.YEAR,
)
_TEXTS = (
    FIELD_TYPE.VARCHAR,
    FIELD_TYPE.VAR_STRING,
    FIELD_TYPE.STRING,
    FIELD_TYPE.ENUM,
    FIELD_TYPE.SET,
    FIELD_TYPE.TINY_BLOB,
    FIELD_TYPE.MEDIUM_BLOB,
    FIELD_TYPE.LONG_BLOB,
    FIELD_TYPE.BLOB,
)
INSTANTS = frozenset(
    {FIELD_TYPE.TIMESTAMP, FIELD_TYPE.DATETIME, FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE}
)
_READERS: dict[int, Callable[[str], Scalar]] = {
    **dict.fromkeys(_NUMBERS, Decimal),
    **dict.fromkeys(_TEXTS, str),
    FIELD_TYPE.TIMESTAMP: _read_timestamp,
    FIELD_TYPE.DATETIME: _read_datetime,
    FIELD_TYPE.DATE: _read_date,
    FIELD_TYPE.NEWDATE: _read_date,
}


def read_value(type_number: int, spelling: str | bytes | None) -> Scalar | None:
    """Return a value from its type and its text format; what is no scalar of ours is opaque.

    A text of a binary column comes as bytes, any other as a text.
    """
    if spelling is None:
        return None
    if isinstance(spelling, bytes):
        if type_number == FIELD_TYPE.BIT:
            return Decimal(int.from_bytes(spelling, "big"))
        return Opaque(spelling)
    reader = _READERS.get(type_number)
    opaque = Opaque(spelling.encode("utf-8", "surrogatepass"))
    if reader is None:
        return opaque
    try:
        return reader(spelling)
    except (ValueError, OverflowError, InvalidOperation):
        return opaque
