"""Recovery point actual: how far the newest heartbeat lies before the instant asked for (C.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

RpaAnswer = Literal["passed", "too_old", "overshoot", "no_data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPointActual:
    """What the heartbeat proves about the time of a copy."""

    answer: RpaAnswer
    actual: timedelta | None
    """Negative: the copy holds data from after the instant asked for."""


def recovery_point_actual(
    *,
    requested_at: datetime,
    newest_at: datetime | None,
    interval: timedelta,
    tolerance: timedelta = timedelta(0),
) -> RecoveryPointActual:
    """Return RPA; it passes from zero to the interval of the heartbeat plus the tolerance."""
    if newest_at is None:
        return RecoveryPointActual(answer="no_data", actual=None)
    actual = requested_at - newest_at
    answer: RpaAnswer = "passed"
    if actual < timedelta(0):
        answer = "overshoot"
    elif actual > interval + tolerance:
        answer = "too_old"
    return RecoveryPointActual(answer=answer, actual=actual)
