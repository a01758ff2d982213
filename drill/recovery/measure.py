"""What was measured, and whether it is what was promised (docs/measurement.md).

What cannot be measured is None, "no data": never zero, never met.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from drill.recovery.values import Choice

LOOKS_TAKE = timedelta(seconds=10)
"""So long after the last one a look still comes in time, however often it should come."""
_NOTHING = timedelta(0)


class Attainment(StrEnum):
    """The answer of an assessment."""

    MET = "met"
    MISSED = "missed"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One target against one actual."""

    attainment: Attainment
    target: timedelta | None
    """None if the plan promises nothing."""
    actual: timedelta | None
    """None if nothing was measured."""
    gap: timedelta | None
    """Actual minus target: negative is margin. None without both."""


def rta(
    *, restore_accepted_at: datetime | None, checks_done_at: datetime | None
) -> timedelta | None:
    """Return the recovery time actual: restore request accepted until checks done (coverage C.11).

    Waiting in a queue and teardown are not part of it. None if either did not happen, or if the
    checks seem to end before the restore began: then a clock was set back.
    """
    return _span(restore_accepted_at, checks_done_at)


def unattended_stretch(
    since: datetime | None, *, now: datetime, poll_every: timedelta
) -> timedelta:
    """Return how long nobody had looked, if a look was left out; zero if looks came in time.

    ``since`` is the last look. A look takes time itself: up to two polls, and never less than ten
    seconds, count as in time.
    """
    if since is None:
        return timedelta(0)
    stretch = now - since
    return stretch if stretch > max(2 * poll_every, LOOKS_TAKE) else timedelta(0)


def queue_wait(
    *, queued_at: datetime | None, restore_asked_at: datetime | None
) -> timedelta | None:
    """Return how long the drill waited before its restore was asked for; reported beside RTA."""
    return _span(queued_at, restore_asked_at)


def rpa_claimed(choice: Choice) -> timedelta:
    """Return the reference instant minus the instant of the recovery point."""
    return choice.reference_at - choice.point.at


def rpa_proven(choice: Choice, *, newest_proven_at: datetime | None) -> timedelta | None:
    """Return the reference instant minus the newest heartbeat found in the copy (coverage C.7).

    None without a heartbeat. Negative means that the copy holds data from after the reference
    instant; it is kept as it is, and the heartbeat check fails the copy.
    """
    return None if newest_proven_at is None else choice.reference_at - newest_proven_at


def assess(
    target: timedelta | None,
    actual: timedelta | None,
    *,
    unattended: timedelta | None = None,
) -> Assessment:
    """Return whether the actual is at most the target; exactly on target is met.

    No data if either is missing, and for a negative actual: a copy from after the instant that
    was asked for says nothing about how much would be lost. No data, too, where the actual is over
    the target only with the time in which nobody looked: it is an upper bound, and proves neither.
    """
    if target is None or actual is None or actual < _NOTHING:
        return Assessment(attainment=Attainment.NO_DATA, target=target, actual=actual, gap=None)
    judged = attainment_of(target, actual, unattended=unattended)
    gap = actual - target if judged is not Attainment.NO_DATA else None
    return Assessment(attainment=judged, target=target, actual=actual, gap=gap)


def attainment_of(
    target: timedelta | None, actual: timedelta | None, *, unattended: timedelta | None = None
) -> Attainment:
    """Return the answer of an assessment alone: reports ask for it a hundred thousand times."""
    if target is None or actual is None or actual < _NOTHING:
        return Attainment.NO_DATA
    if actual <= target:
        return Attainment.MET
    if unattended is not None and actual - target <= unattended:
        return Attainment.NO_DATA
    return Attainment.MISSED


def _span(begin: datetime | None, end: datetime | None) -> timedelta | None:
    if begin is None or end is None or end < begin:
        return None
    return end - begin
