"""The time formats of the RDS v3 API (reference, section 10.1), always UTC inside."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIRE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([+-])(\d\d)(\d\d)", re.ASCII)


def now() -> datetime:
    """Return the wall clock, aware, in UTC."""
    return datetime.now(UTC)


def to_wire(instant: datetime) -> str:
    """Return whole seconds with an offset without a colon, rounded down: ``…T10:41:14+0000``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def from_wire(text: str) -> datetime:
    """Read ``yyyy-mm-ddThh:mm:ss+hhmm``. Raise ValueError for anything else."""
    found = _WIRE.fullmatch(text)
    if found is None:
        raise ValueError("not a time with an offset")
    *parts, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    local = datetime(*(int(part) for part in parts), tzinfo=UTC)  # type: ignore[misc,arg-type]
    try:
        return local - offset if sign == "+" else local + offset
    except OverflowError as error:
        raise ValueError("the time is out of range") from error


def to_iam(instant: datetime) -> str:
    """Return the form of IAM: ``2019-02-13T06:52:13.855000Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_milliseconds(instant: datetime) -> int:
    """Return whole milliseconds since the epoch, rounded down."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the instant. Raise ValueError if no calendar holds it."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise ValueError("the time is out of range") from error


def to_store(instant: datetime) -> str:
    """Return the form that the state file keeps: sorts like the instants themselves."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def from_store(text: str) -> datetime:
    """Read what ``to_store`` wrote."""
    return datetime.fromisoformat(text)


def next_whole_second(instant: datetime) -> datetime:
    """Return the first whole second at or after an instant.

    The end of a backup is shown like this: the wire knows no fractions, and a backup must not
    claim to end before the newest data that it holds.
    """
    floor = instant.replace(microsecond=0)
    return floor if floor == instant else floor + timedelta(seconds=1)


def day_of(text: str) -> tuple[datetime, datetime]:
    """Read a UTC day ``yyyy-mm-dd``; return its two midnights. Raise ValueError."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is None:
        raise ValueError("not a day of the form yyyy-mm-dd")
    day = date.fromisoformat(text)
    starts_at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    try:
        return starts_at, starts_at + timedelta(days=1)
    except OverflowError as error:
        raise ValueError("the day is out of range") from error
