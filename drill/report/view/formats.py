"""Fixed formats of instants, spans and shares: no locale, no rounding that flatters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from drill.recovery.coverage.intervals import milliseconds_of, span_of
from drill.report.language import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One instant, for machines and for readers; both in UTC."""

    machine: str
    text: str


def moment(at: datetime, *, milliseconds: bool = False) -> Moment:
    """Return the instant with whole seconds, or with milliseconds."""
    at = at.astimezone(UTC)
    timespec = "milliseconds" if milliseconds else "seconds"
    plain = at.replace(tzinfo=None)
    return Moment(
        machine=f"{plain.isoformat(timespec=timespec)}Z",
        text=plain.isoformat(sep=" ", timespec=timespec),
    )


def machine_text(at: datetime) -> str:
    """Return the instant for machines, with milliseconds, as ``moment`` says it."""
    known = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{known.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def minute(at: datetime) -> Moment:
    """Return the instant to the minute, for tables that are read at a glance."""
    plain = at.astimezone(UTC).isoformat(sep=" ", timespec="seconds")
    day, time = plain[:10], plain[11:19]
    return Moment(machine=f"{day}T{time}Z", text=f"{day} {time[:5]}")


def perhaps(at: datetime | None, *, milliseconds: bool = False) -> Moment | None:
    """Return the instant, or None: the page then says "no data"."""
    return None if at is None else moment(at, milliseconds=milliseconds)


class Timed(Protocol):
    """What has a recovery time: a record, or its line."""

    @property
    def rta(self) -> timedelta | None:
        """Return the recovery time actual."""
        ...

    @property
    def unattended(self) -> timedelta | None:
        """Return how much of it nobody looked."""
        ...


def rta_text(drill: Timed) -> str:
    """Return RTA; with "at most" before it if nobody looked for a part of it."""
    return bound_text(drill.rta, drill.unattended)


def bound_text(span: timedelta | None, unattended: timedelta | None) -> str:
    """Return a span; with "at most" before it if nobody looked for a part of it."""
    text = span_text(span)
    return f"≤ {text}" if span is not None and unattended else text


def span_text(span: timedelta | None) -> str:
    """Return a span with its two largest units, cut off and never rounded up; None is no data."""
    if span is None:
        return _("no data")
    if span.days < 0:
        return f"−{span_text(-span)}"
    if span.days:
        hours = span.seconds // 3600
        return f"{span.days} d {hours} h" if hours else f"{span.days} d"
    minutes, seconds = divmod(span.seconds, 60)
    if not minutes:
        return _seconds_text(seconds, span.microseconds // 1000)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"


def _seconds_text(seconds: int, milliseconds: int) -> str:
    if seconds == 0 and milliseconds:
        return f"{milliseconds} ms"
    tenths = milliseconds // 100
    return f"{seconds}.{tenths} s" if tenths else f"{seconds} s"


def lag_text(milliseconds: float) -> str:
    """Return a lag; infinite is that of a source without a recovery point."""
    if math.isinf(milliseconds):
        return _("no recovery point")
    return span_text(span_of(int(milliseconds)))


def signed_span_text(span: timedelta | None) -> str:
    """Return a gap with its sign; None is no data."""
    if span is None:
        return _("no data")
    return f"+{span_text(span)}" if span > timedelta(0) else span_text(span)


def milliseconds_text(span: timedelta | None) -> str:
    """Return whole milliseconds in groups of three; None is no data."""
    if span is None:
        return _("no data")
    return f"{milliseconds_of(span):,}".replace(",", "\u202f")


def share_text(part: timedelta, whole: timedelta) -> str:
    """Return a share in percent, cut off to one decimal: 99.96 % is never shown as 100 %."""
    if whole <= timedelta(0):
        return _("no data")
    permille = int(1000 * part / whole)
    if permille == 0 and part > timedelta(0):
        return _("under 0.1 %")
    return f"{permille // 10}.{permille % 10} %"


def gigabytes_text(size_gb: int | None) -> str:
    """Return a volume size; None is no data."""
    return _("no data") if size_gb is None else f"{size_gb} GB"


def bytes_text(size: int | None) -> str:
    """Return a size in the largest unit that leaves at least 1, cut off to one decimal."""
    if size is None:
        return _("no data")
    if size < 1024:
        return f"{size} B"
    units = ("KiB", "MiB", "GiB", "TiB")
    power = min((size.bit_length() - 1) // 10, len(units))
    tenths = size * 10 >> 10 * power
    return f"{tenths // 10}.{tenths % 10} {units[power - 1]}"


def percent(share: float) -> str:
    """Return an SVG coordinate in percent: figures then grow with the page, and texts do not.

    Two decimals are enough for any screen, and equal inputs give equal bytes.
    """
    text = f"{100 * share:.2f}".rstrip("0").rstrip(".")
    return f"{text or '0'}%"
