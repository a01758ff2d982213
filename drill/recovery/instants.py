"""Instants in the unit of the API (whole milliseconds), and as readers see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drill.clock import from_milliseconds, to_milliseconds

MILLISECOND = timedelta(milliseconds=1)


def rounded_down(instant: datetime) -> datetime:
    """Return the last whole millisecond at or before the instant."""
    return from_milliseconds(to_milliseconds(instant))


def rounded_up(instant: datetime) -> datetime:
    """Return the first whole millisecond at or after the instant."""
    down = rounded_down(instant)
    return down if down == instant else down + MILLISECOND


def before(instant: datetime, span: timedelta) -> datetime:
    """Return the instant this much earlier, or the first there is: a plan may say 9999999d."""
    try:
        return instant - span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def shown(instant: datetime) -> str:
    """Return the instant as messages and reasons show it: ISO 8601, milliseconds only if any."""
    down = rounded_down(instant)
    timespec = "milliseconds" if down.microsecond else "seconds"
    return down.isoformat(timespec=timespec).replace("+00:00", "Z")
