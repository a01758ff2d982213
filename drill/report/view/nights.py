"""Ninety nights of everything: how many drills passed, failed, or did neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from drill.recovery.tick import Tick
from drill.report.language import ngettext
from drill.report.view.signs import Tone, tone_of

NIGHTS = 90
CELL, HEIGHT, TOP = 8, 72, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRow:
    """One night in numbers."""

    night: str
    passed: int
    failed: int
    neither: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nights:
    """The figure: columns of drills, failed ones at the bottom."""

    width: int
    height: int
    axis_y: int
    label_y: int
    columns: tuple[tuple[str, str], ...]
    labels: tuple[tuple[int, str], ...]
    finding: str
    rows: tuple[NightRow, ...]


def nights(ticks: Sequence[Tick], at: datetime) -> Nights | None:
    """Return the last 90 nights; None if no real drill lies in them. Newest slot comes first."""
    today = at.astimezone(UTC).date()
    first = today - timedelta(days=NIGHTS - 1)
    counts: dict[date, dict[Tone, int]] = {}
    for tick in ticks:
        outcome = tick.ending.outcome
        if tick.ending.is_simulated or outcome is None:
            continue
        night = tick.night
        if night < first:
            break  # newest slot first
        if night <= today:
            of_night = counts.setdefault(night, {})
            tone = tone_of(outcome)
            of_night[tone] = of_night.get(tone, 0) + 1
    if not counts:
        return None
    most = max(sum(one.values()) for one in counts.values())
    rows = tuple(_row(night, counts[night]) for night in sorted(counts, reverse=True))
    return Nights(
        width=NIGHTS * CELL,
        height=TOP + HEIGHT + 20,
        axis_y=TOP + HEIGHT,
        label_y=TOP + HEIGHT + 15,
        columns=_columns(counts, first, most),
        labels=tuple(_labels(first)),
        finding=ngettext(
            "{passed} of {count} drills passed and {failed} failed in {nights} night with drills.",
            "{passed} of {count} drills passed and {failed} failed in {nights} nights with drills.",
            len(rows),
        ).format(
            passed=sum(row.passed for row in rows),
            failed=sum(row.failed for row in rows),
            count=sum(row.passed + row.failed + row.neither for row in rows),
            nights=len(rows),
        ),
        rows=rows,
    )


def _row(night: date, counts: dict[Tone, int]) -> NightRow:
    return NightRow(
        night=night.isoformat(),
        passed=counts.get(Tone.PASS, 0),
        failed=counts.get(Tone.FAIL, 0),
        neither=counts.get(Tone.WARN, 0) + counts.get(Tone.NONE, 0),
    )


def _columns(
    counts: dict[date, dict[Tone, int]], first: date, most: int
) -> tuple[tuple[str, str], ...]:
    paths: dict[Tone, list[str]] = {}
    for night in sorted(counts):
        x, below = (night - first).days * CELL, 0
        for tone in (Tone.FAIL, Tone.WARN, Tone.NONE, Tone.PASS):
            count = counts[night].get(tone, 0)
            if not count:
                continue
            low = TOP + HEIGHT - round(HEIGHT * below / most)
            high = TOP + HEIGHT - round(HEIGHT * (below + count) / most)
            high = min(high, low - 2)
            paths.setdefault(tone, []).append(f"M{x} {high}h{CELL - 2}v{low - high}h-{CELL - 2}z")
            below += count
    return tuple((tone.value, "".join(paths[tone])) for tone in Tone if tone in paths)


def _labels(first: date) -> list[tuple[int, str]]:
    return [
        (place * CELL, (first + timedelta(days=place)).strftime("%m-%d"))
        for place in range(NIGHTS - 4)
        if (first + timedelta(days=place)).day in {1, 15}
    ]
