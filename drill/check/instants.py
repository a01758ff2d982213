"""Judge the newest instant of a table by the recovery point."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drill.check.finding import Finding
from drill.check.port import CheckAnswer, CheckContext
from drill.plan.model import HeartbeatCheck, NewestRowCheck, format_span


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant as the database stored it."""

    at: datetime
    assumed_utc: bool = False
    """The column has no time zone, and its value was read as UTC."""
    whole_day: bool = False
    """The column holds dates: midnight stands for the whole day."""


def format_instant(at: datetime) -> str:
    """Return the instant in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def judge_newest_row(check: NewestRowCheck, newest: Instant, context: CheckContext) -> Finding:
    """Ask that the newest row is at most ``within`` older than the recovery point, and not later.

    The recovery point is only known to its resolution, which is allowed for on both sides.
    """
    where = f"the newest row of {check.table}"
    return _judge(where, newest, context, allowed=check.within)


def judge_heartbeat(check: HeartbeatCheck, newest: Instant, context: CheckContext) -> Finding:
    """Ask that the newest heartbeat proves the time (coverage C.7).

    ``0 <= recovery point - newest <= interval + tolerance``, with the resolution of the recovery
    point allowed for on both sides: backup times are whole seconds.
    """
    if newest.whole_day:
        return Finding(
            answer=CheckAnswer.NO_DATA,
            reason=f"{check.table}.{check.column} holds dates, which prove no time of day",
        )
    where = f"the newest heartbeat of {check.table}"
    return _judge(where, newest, context, allowed=check.interval + check.tolerance)


def _judge(where: str, newest: Instant, context: CheckContext, *, allowed: timedelta) -> Finding:
    at = newest.at.astimezone(UTC)
    earliest = _minus(context.point_at, allowed + context.point_resolution)
    latest = context.point_at + context.point_resolution
    if at > latest:
        answer = CheckAnswer.FAILED
        story = f"is {format_age(at - context.point_at)} later than the recovery point"
    elif at < earliest:
        answer = CheckAnswer.FAILED
        age = format_age(context.point_at - at)
        story = f"is {age} older than the recovery point, more than {format_span(allowed)}"
    else:
        answer = CheckAnswer.PASSED
        side = "before" if at <= context.point_at else "after"
        story = f"is {format_age(abs(context.point_at - at))} {side} the recovery point"
        if at > context.point_at:
            story += ", inside its resolution"
    note = "; the column has no time zone and was read as UTC" if newest.assumed_utc else ""
    return Finding(
        answer=answer,
        reason=f"{where} {story}{note}",
        expected=f"from {format_instant(earliest)} to {format_instant(latest)}",
        observed=format_instant(at),
        newest_at=at,
    )


def format_age(span: timedelta) -> str:
    """Return a span that is not negative, to a millisecond where it is short."""
    if timedelta(0) < span < timedelta(milliseconds=1):
        return "less than 1ms"
    return format_span(span)


def _minus(at: datetime, span: timedelta) -> datetime:
    try:
        return at - span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
