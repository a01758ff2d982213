"""How what depends on windows went over 90 nights, as far as each night was looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from drill.recovery.coverage.totals import added_up
from drill.recovery.facts import FleetSums, NightlySums

NIGHTS = 90

_DAY = timedelta(days=1)
_NOON = timedelta(hours=12)


def night_of(instant: datetime) -> date:
    """Return the night of an instant: from noon to noon UTC, named by the day on which it ends."""
    return (instant.astimezone(UTC) + _NOON).date()


def nights_until(
    kept: Sequence[NightlySums], at: datetime
) -> Mapping[date, Mapping[str, NightlySums]]:
    """Return the newest sums of each cloud in each of the last 90 nights, oldest night first.

    ``kept`` comes oldest first. A night that nobody looked at is missing.
    """
    last = night_of(at)
    found: dict[date, dict[str, NightlySums]] = {}
    for one in kept:
        night = night_of(one.taken_at)
        if last - NIGHTS * _DAY < night <= last:
            found.setdefault(night, {})[one.cloud] = one
    return found


def fleet_by_day(
    kept: Sequence[NightlySums], now: FleetSums, at: datetime
) -> list[FleetSums | None]:
    """Return the sums of the fleet in each of 90 nights; None where nobody looked.

    A night counts with the clouds that were looked at in it. The last one is the report itself.
    """
    nights, last = nights_until(kept, at), night_of(at)
    days = [last - back * _DAY for back in range(NIGHTS - 1, 0, -1)]
    found = [
        added_up([one.sums for one in nights[day].values()]) if day in nights else None
        for day in days
    ]
    return [*found, now]
