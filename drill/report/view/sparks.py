"""How the numbers of the overview went over 90 days.

What drills tell is counted again for each day. Of windows only the newest reading is known to a
report: what was restorable and how far it lagged is drawn from the sums that were kept at night,
and has no history where there are none, or where the report is about less than they are.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from operator import attrgetter

from drill.recovery.coverage.evidence import is_proof
from drill.recovery.coverage.fleet import excluded_sources
from drill.recovery.facts import DrillFacts, ExceptionNote, FleetSums, NightlySums, SourceKey
from drill.recovery.tick import ANSWERED, MET, Tick, instant, micro
from drill.recovery.tick import DAY as _DAY
from drill.report.language import _
from drill.report.view.card import Card, Fleet
from drill.report.view.fleet import DAY, MONTH
from drill.report.view.formats import lag_text, share_text, span_text
from drill.report.view.history import NIGHTS, fleet_by_day

DAYS = NIGHTS
_enlisted_of = attrgetter("enlisted")
HEIGHT = 24

Series = Sequence[float | None]
"""One value for each day, the oldest first; None is no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """One small line with its text alternative."""

    path: str
    """Empty where nothing is known."""
    text: str
    note: str = ""
    """What is said below the line, for everybody: of how much it is made."""


def sparks(fleet: Fleet, sums: FleetSums, at: datetime) -> dict[str, Spark]:
    """Return a line for each number that has a history, by the id of the number.

    Each day ends at the time of day of the report, so that the last value is that of the page.
    ``sums`` are those of the page.
    """
    attained, passed = _shares(fleet.ticks, at)
    real = [one for one in fleet.cards if not one.is_simulated]
    spans = {one.key: list(_spans(one.proof_ends, at)) for one in real}
    out = excluded_sources(fleet.exceptions, at=at)
    oldest = _oldest([spans[one.key] for one in real if one.key not in out], at)
    return {
        "sources_proven": _spark(_covered(fleet, real, spans, at), _percent),
        **_by_night(fleet.nights, sums, at),
        "rto_attainment": _spark(attained, _percent),
        "end_to_end": _spark(passed, _percent),
        "oldest_proof": _spark(oldest, lambda days: span_text(days * DAY)),
    }


def _by_night(
    nights: Sequence[NightlySums] | None, sums: FleetSums, at: datetime
) -> dict[str, Spark]:
    """Return the lines of what depends on windows: they end at the numbers of the page."""
    if not nights:
        why = _("no history: only the newest reading is known")
        if nights is None:
            why = _("no history: what is kept of each night is about all sources and all drills")
        return dict.fromkeys(("proven_coverage", "worst_lag"), Spark(path="", text=why))
    fleet = fleet_by_day(nights, sums, at)
    with_window = [one if one is not None and one.advertised else None for one in fleet]
    with_lag = [one if one is not None and one.worst is not None else None for one in fleet]
    shares = [one.proven / one.advertised if one else None for one in with_window]
    lags = [one.worst.milliseconds if one and one.worst else None for one in with_lag]
    return {
        "proven_coverage": _noted(
            _spark(shares, _percent), [one.with_window for one in with_window if one]
        ),
        "worst_lag": _noted(
            _spark(lags, lag_text),
            [one.measured for one in with_lag if one],
            late=sum(1 for one in with_lag if one and one.late),
            has_targets=any(one.promised for one in with_lag if one),
        ),
    }


def _noted(
    spark: Spark, counts: Sequence[int], *, late: int = 0, has_targets: bool = False
) -> Spark:
    """Return a line that says on how many days it is known, and over how many sources."""
    if not spark.path:
        return spark
    words = _("{known} of {days} days known; n = {count}")
    if has_targets:
        words = _("{known} of {days} days known; n = {count}; beyond an RPO target on {late}")
    low, high = min(counts), max(counts)
    count = str(low) if low == high else f"{low}–{high}"
    return replace(spark, note=words.format(known=len(counts), days=DAYS, count=count, late=late))


_Span = tuple[datetime, int, int]
"""A proof while it was the newest of its source: (its end, first day, first day after)."""


def _covered(
    fleet: Fleet, real: Sequence[Card], spans: Mapping[SourceKey, Sequence[_Span]], at: datetime
) -> Series:
    """Return the share of sources with a valid proof, of those that counted on that day: they
    were there, and no approved exclusion held. How long a proof is valid is what is promised today.
    None before the first drill that is known."""
    counted, valid = _Days(), _Days()
    excluded = _days_excluded(fleet.exceptions, at)
    for one in real:
        since, out = _place(one.known_since or at, at), excluded.get(one.key, frozenset())
        counted.add(since, DAYS, out)
        for end, first, after in spans[one.key]:
            valid.add(max(first, since), min(after, _place(end + one.validity, at)), out)
    first_known = min(map(_enlisted_of, fleet.ticks), default=None)
    begin = DAYS if first_known is None else _place(instant(first_known), at)
    return [
        have / whole if whole and place >= begin else None
        for place, (have, whole) in enumerate(zip(valid.counts(), counted.counts(), strict=True))
    ]


def _days_excluded(
    notes: Sequence[ExceptionNote], at: datetime
) -> Mapping[SourceKey, frozenset[int]]:
    """Return on which days an approved exclusion held, by source."""
    found: dict[SourceKey, set[int]] = {}
    for place in range(DAYS) if notes else ():
        for key in excluded_sources(notes, at=at - (DAYS - 1 - place) * DAY):
            found.setdefault(key, set()).add(place)
    return {key: frozenset(days) for key, days in found.items()}


class _Days:
    """How many things there are on each day, told as stretches of days."""

    def __init__(self) -> None:
        self._steps = [0] * (DAYS + 1)

    def add(self, first: int, after: int, out: Iterable[int] = ()) -> None:
        """Count one thing from its first day on, but not on the days that are left out."""
        if first >= after:
            return
        self._steps[first] += 1
        self._steps[after] -= 1
        for place in out:
            if first <= place < after:
                self._steps[place] -= 1
                self._steps[place + 1] += 1

    def counts(self) -> list[int]:
        """Return the number of each day."""
        return list(accumulate(self._steps[:DAYS]))


def _oldest(sources: Sequence[Sequence[_Span]], at: datetime) -> Series:
    """Return the age of the oldest of the newest proofs, in days; None while any source has none.

    The sources are those of today.
    """
    having = _Days()
    for one in sources:
        for _end, first, after in one:
            having.add(first, after)
    begun = _covering(span for one in sources for span in one)
    return [
        max(0.0, (at - oldest) / DAY - (DAYS - 1) + place)
        if oldest is not None and have == len(sources)
        else None
        for place, (oldest, have) in enumerate(zip(begun, having.counts(), strict=True))
    ]


def proof_ends(drills: Iterable[DrillFacts], at: datetime) -> tuple[datetime, ...]:
    """Return when the proofs of a source were had, the newest first, and none that is older than
    one that was the newest before the first day."""
    ends = sorted(
        (
            drill.finished_at
            for drill in drills
            if drill.finished_at is not None and drill.finished_at <= at and is_proof(drill)
        ),
        reverse=True,
    )
    inside = sum(1 for end in ends if _place(end, at) > 0)
    return tuple(ends[: inside + 1])


def _spans(ends: Sequence[datetime], at: datetime) -> Iterator[_Span]:
    """Yield on which days each proof was the newest, the newest first."""
    after = DAYS
    for end in ends:
        first = _place(end, at)
        if first < after:
            yield end, first, after
        if first == 0:
            return  # whatever is older was not the newest on any of these days
        after = first


def _covering(spans: Iterable[_Span]) -> list[datetime | None]:
    """Return for each day the oldest end of all spans that cover it.

    The oldest comes first, and what it covers is its own: each day is looked at once.
    """
    found: list[datetime | None] = [None] * DAYS
    left = list(range(DAYS))
    for end, first, last in sorted(spans):
        inside = slice(bisect_left(left, first), bisect_left(left, last))
        for place in left[inside]:
            found[place] = end
        del left[inside]
        if not left:
            break
    return found


def _place(then: datetime, at: datetime) -> int:
    """Return the first day at whose end the instant has come; DAYS if none has."""
    back = (at - then).days
    return min(max(DAYS - 1 - back, 0), DAYS)


def _shares(ticks: Iterable[Tick], at: datetime) -> tuple[Series, Series]:
    """Return RTO attainment and passed of due, each over the 30 days before each day's end."""
    span = MONTH // DAY
    days = DAYS + span
    promised, met, due, passed = ([0] * days for _number in range(4))
    end = micro(at)
    for tick in ticks:
        back = (end - tick.slot) // _DAY
        if back >= days:
            break  # newest slot first
        ending = tick.ending
        if back < 0 or ending.is_simulated:
            continue
        place = days - 1 - back
        due[place] += 1
        passed[place] += ending.is_executed and ending.has_passed
        if ending.is_conclusive and tick.rto in ANSWERED:
            promised[place] += 1
            met[place] += tick.rto == MET
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


def _spark(series: Series, say: Callable[[float], str]) -> Spark:
    known = [value for value in series if value is not None]
    if len(known) < 2:
        return Spark(path="", text=_("no data over {days} days").format(days=DAYS))
    first = next(value for value in series if value is not None)
    text = _("{days} days: from {first} to {last}; lowest {low}, highest {high}").format(
        days=DAYS, first=say(first), last=say(known[-1]), low=say(min(known)), high=say(max(known))
    )
    return Spark(path=_path(series), text=text)


def _path(series: Series) -> str:
    """Return the line from the lowest to the highest value; a day without a value interrupts it.

    What is infinite lies at the top. A day between two without a value is a point.
    """
    finite = [value for value in series if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    path, is_open = [], False
    for place, value in enumerate(series):
        if value is None:
            is_open = False
            continue
        share = 1.0 if math.isinf(value) else 0.5
        if high > low and math.isfinite(value):
            share = (value - low) / (high - low)
        y = round(HEIGHT - 2 - (HEIGHT - 4) * share, 1)
        path.append(f"{'L' if is_open else 'M'}{place} {y:g}")
        if not is_open and all(other is None for other in series[place + 1 : place + 2]):
            path.append("h0")
        is_open = True
    return "".join(path)
