"""The instants of a cron expression in a time zone. Pure: it asks no clock.

cronsim reads the expression as Debian's cron does. A fixed time that the spring change leaves out
(02:30) comes when the clock jumps (03:00); one that the autumn change repeats comes the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_LONGEST_STEP_BACK = timedelta(hours=3)
"""A wall clock that is set back is never set back by more. From this long before on cronsim sees
every fixed time that could come next, whichever instant it is asked about."""


def cron_instants(cron: str, time_zone: str, *, after: datetime) -> Iterator[datetime]:
    """Yield the instants after this one, in UTC, strictly increasing; the same ones whatever
    ``after`` is. ``cron`` and ``time_zone`` have been validated."""
    from cronsim import CronSim  # only plans with a schedule pay for the import

    last = after
    start = (after - _LONGEST_STEP_BACK).astimezone(ZoneInfo(time_zone))
    for local in CronSim(cron, start):
        instant = local.astimezone(UTC)
        if instant > last:  # 02:10 and 02:50 both come at 03:00 in spring: that is one slot
            last = instant
            yield instant
