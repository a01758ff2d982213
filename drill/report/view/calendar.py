"""A year of nights as a calendar: the worst outcome of each, one column a week."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from drill.recovery.facts import DrillFacts
from drill.report.language import _
from drill.report.view.fleet import FAILURES, PASSES
from drill.report.view.signs import Tone, tone_of

WEEKS = 53
CELL = 12
"""Width of one night with the space after it."""
LEFT, TOP = 0, 16

WORST_FIRST = (Tone.FAIL, Tone.WARN, Tone.NONE, Tone.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """One month in numbers, for the table behind the calendar."""

    month: str
    drills: int
    passed: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The figure: a path for each tone, labels of months, and the same as numbers."""

    width: int
    height: int
    cells: tuple[tuple[str, str], ...]
    """(tone, path); the marks of failed and warned nights come as tones of their own."""
    labels: tuple[tuple[int, str], ...]
    finding: str
    months: tuple[MonthRow, ...]


def night_of(drill: DrillFacts) -> date:
    """Return the UTC date of the slot."""
    return drill.scheduled_for.astimezone(UTC).date()


def tone_of_drill(drill: DrillFacts) -> Tone:
    """Return the tone of a drill; one that is simulated or not finished says nothing."""
    if drill.outcome is None or drill.is_simulated:
        return Tone.NONE
    return tone_of(drill.outcome)


def worst_of_each_night(drills: Iterable[DrillFacts]) -> dict[date, Tone]:
    """Return the worst tone of each night that had a drill."""
    tones: dict[date, Tone] = {}
    for drill in drills:
        night, tone = night_of(drill), tone_of_drill(drill)
        known = tones.get(night)
        if known is None or WORST_FIRST.index(tone) < WORST_FIRST.index(known):
            tones[night] = tone
    return tones


def calendar(drills: tuple[DrillFacts, ...]) -> Calendar | None:
    """Return the 53 weeks up to the newest drill; None without a drill.

    It ends with the newest drill and not today, so that a page without news stays as it is.
    """
    if not drills:
        return None
    tones = worst_of_each_night(drills)
    end = max(tones)
    monday = end - timedelta(days=end.weekday()) - timedelta(weeks=WEEKS - 1)
    shown = {night: tone for night, tone in tones.items() if night >= monday}
    inside = [drill for drill in drills if night_of(drill) >= monday and not drill.is_simulated]
    passed = sum(1 for drill in inside if drill.outcome in PASSES)
    failed = sum(1 for drill in inside if drill.outcome in FAILURES)
    return Calendar(
        width=WEEKS * CELL,
        height=TOP + 7 * CELL,
        cells=tuple(_cells(shown, monday)),
        labels=_labels(monday),
        finding=_("{passed} of {count} drills passed and {failed} failed since {begin}.").format(
            passed=passed, failed=failed, count=len(inside), begin=monday.isoformat()
        )
        if inside
        else _("No data: no real drill in this time."),
        months=tuple(_months(inside)),
    )


def _cells(tones: dict[date, Tone], monday: date) -> Iterable[tuple[str, str]]:
    size = CELL - 2
    for tone in WORST_FIRST:
        places = [
            ((night - monday).days // 7 * CELL + LEFT, night.weekday() * CELL + TOP)
            for night in sorted(tones)
            if tones[night] is tone
        ]
        if not places:
            continue
        yield f"p-{tone.value}", "".join(f"M{x} {y}h{size}v{size}h-{size}z" for x, y in places)
        if tone is Tone.FAIL:
            yield "glyph", "".join(f"M{x + 2} {y + 2}l6 6m0 -6l-6 6" for x, y in places)
        elif tone is Tone.WARN:
            yield "glyph-warn", "".join(f"M{x + 5} {y + 1}v5m0 2v1.5" for x, y in places)


@lru_cache(maxsize=64)
def _labels(monday: date) -> tuple[tuple[int, str], ...]:
    begins = ((week, monday + timedelta(weeks=week)) for week in range(WEEKS - 3))
    return tuple(
        (week * CELL + LEFT, f"{begin.month:02d}" if begin.month > 1 else f"{begin.year:04d}")
        for week, begin in begins
        if begin.day <= 7
    )


def _months(drills: Iterable[DrillFacts]) -> Iterable[MonthRow]:
    found: dict[str, list[DrillFacts]] = {}
    for drill in drills:
        found.setdefault(month_of(drill.scheduled_for), []).append(drill)
    for month in sorted(found, reverse=True):
        inside = found[month]
        yield MonthRow(
            month=month,
            drills=len(inside),
            passed=sum(1 for drill in inside if drill.outcome in PASSES),
            failed=sum(1 for drill in inside if drill.outcome in FAILURES),
        )


def month_of(at: datetime) -> str:
    """Return the UTC month of an instant, such as 2026-03."""
    at = at.astimezone(UTC)
    return f"{at.year:04d}-{at.month:02d}"
