"""How the numbers of the overview went over 90 days, as far as the drills tell.

Of windows only the newest reading is known to a report: what was restorable, how far it lagged,
and which proofs still stood for something restorable has no history here, and is said to have none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from drill.recovery.coverage.evidence import is_executed, is_proof
from drill.recovery.facts import DrillFacts
from drill.recovery.measure import Attainment
from drill.report.language import _
from drill.report.view.fleet import CONCLUSIVE, DAY, MONTH, PASSES, rto_attainment
from drill.report.view.formats import share_text, span_text
from drill.report.view.standing import Standing

DAYS = 90
HEIGHT = 24

Series = Sequence[float | None]
"""One value for each day, the oldest first; None is no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """One small line with its text alternative."""

    path: str
    """Empty where nothing is known."""
    text: str


def sparks(
    drills: Sequence[DrillFacts], standings: Sequence[Standing], at: datetime
) -> dict[str, Spark]:
    """Return a line for each number that has a history, by the id of the number.

    ``drills`` come newest slot first. Each day ends at the time of day of the report, so that the
    last value is that of the page.
    """
    attained, passed = _shares(drills, at)
    return {
        "sources_proven": _none(),
        "proven_coverage": _none(),
        "worst_lag": _none(),
        "rto_attainment": _spark(attained, _percent),
        "end_to_end": _spark(passed, _percent),
        "oldest_proof": _spark(_oldest(standings, at), lambda days: span_text(days * DAY)),
    }


def _oldest(standings: Sequence[Standing], at: datetime) -> Series:
    """Return the age of the oldest of the newest proofs, in days; None while any source has none.

    The sources are those of today.
    """
    oldest, proven = [0.0] * DAYS, [0] * DAYS
    for one in standings:
        ends = sorted(
            drill.finished_at
            for drill in one.past.drills
            if drill.finished_at is not None and drill.finished_at <= at and is_proof(drill)
        )
        for begin, following in pairwise([*ends, at + DAY]):
            base = (at - begin) / DAY - (DAYS - 1)
            for place in range(_place(begin, at), _place(following, at)):
                proven[place] += 1
                oldest[place] = max(oldest[place], base + place)
    count = len(standings)
    return [
        age if count and have == count else None for age, have in zip(oldest, proven, strict=True)
    ]


def _place(instant: datetime, at: datetime) -> int:
    """Return the first day at whose end the instant has come; DAYS if none has."""
    back = (at - instant) // DAY
    return min(max(DAYS - 1 - back, 0), DAYS)


def _shares(drills: Sequence[DrillFacts], at: datetime) -> tuple[Series, Series]:
    """Return RTO attainment and passed of due, each over the 30 days before each day's end."""
    span = MONTH // DAY
    days = DAYS + span
    promised, met, due, passed = ([0] * days for _number in range(4))
    for drill in drills:
        back = (at - drill.scheduled_for) // DAY
        if back >= days:
            break  # newest slot first
        if back < 0 or drill.is_simulated:
            continue
        place = days - 1 - back
        due[place] += 1
        if is_executed(drill) and drill.outcome in PASSES:
            passed[place] += 1
        attained = rto_attainment(drill) if drill.outcome in CONCLUSIVE else Attainment.NO_DATA
        if attained is not Attainment.NO_DATA:
            promised[place] += 1
            met[place] += attained is Attainment.MET
    return _rolling(met, promised, span), _rolling(passed, due, span)


def _rolling(parts: Sequence[int], wholes: Sequence[int], span: int) -> Series:
    found: list[float | None] = []
    part, whole = sum(parts[:span]), sum(wholes[:span])
    for place in range(span, len(parts)):
        part += parts[place] - parts[place - span]
        whole += wholes[place] - wholes[place - span]
        found.append(part / whole if whole else None)
    return found


def _percent(share: float) -> str:
    return share_text(timedelta(microseconds=round(share * 1e9)), timedelta(microseconds=10**9))


def _none() -> Spark:
    return Spark(path="", text=_("no history: only the newest reading is known"))


def _spark(series: Series, say: Callable[[float], str]) -> Spark:
    known = [value for value in series if value is not None]
    if len(known) < 2:
        return Spark(path="", text=_("no data over {days} days").format(days=DAYS))
    low, high = min(known), max(known)
    first = next(value for value in series if value is not None)
    text = _("{days} days: from {first} to {last}; lowest {low}, highest {high}").format(
        days=DAYS, first=say(first), last=say(known[-1]), low=say(low), high=say(high)
    )
    return Spark(path=_path(series, low, high), text=text)


def _path(series: Series, low: float, high: float) -> str:
    """Return the line from the lowest to the highest value; a day without a value interrupts it."""
    path, is_open = [], False
    for place, value in enumerate(series):
        if value is None:
            is_open = False
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        y = round(HEIGHT - 2 - (HEIGHT - 4) * share, 1)
        path.append(f"{'L' if is_open else 'M'}{place} {y:g}")
        is_open = True
    return "".join(path)
