"""The strip of the last nights, one for each plan: the worst outcome of every night."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from drill.recovery.tick import Tick, instant
from drill.report.language import _
from drill.report.view.fleet import PlanHistory
from drill.report.view.formats import Moment, minute
from drill.report.view.signs import Sign, Tone, outcome_sign, sign_of, tone_of
from drill.report.view.tables import Where
from drill.report.view.text import shown

NIGHTS_AT_LEAST, NIGHTS_AT_MOST = 14, 30
CELL = 14
"""Width of one night with the space after it."""
PLANS_AT_MOST = 60
DRILLS_AT_MOST = 200

_WORST_FIRST = (Tone.FAIL, Tone.WARN, Tone.NONE, Tone.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Nights of one tone in a row: where they begin, and where each of them stands."""

    tone: str
    path: str
    marks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The last nights of one plan."""

    number: int
    plan: str
    runs: tuple[Run, ...]
    finding: str
    description: str
    newest: Sign
    newest_page: str | None
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDrill:
    """One line of the list of all drills."""

    plan: str
    slot: Moment
    sign: Sign
    page: str | None
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Strips:
    """The strips of one page, the list behind them, and how many of both are not shown."""

    nights: int
    width: int
    begin: str
    end: str
    shown: tuple[Strip, ...]
    left_out: int
    drills: tuple[ListedDrill, ...]
    drills_left_out: int


def strips(
    plans: Sequence[PlanHistory], ticks: Sequence[Tick], now: datetime, where: Where
) -> Strips:
    """Return a strip for each plan, plans that did not pass first, then by name.

    ``ticks`` come newest slot first.
    """
    today = now.astimezone(UTC).date()
    days = _days(ticks, today)
    ordered = sorted(plans, key=lambda plan: (_rank(plan.newest), plan.plan_name))
    return Strips(
        nights=len(days),
        width=len(days) * CELL,
        begin=days[0].isoformat(),
        end=today.isoformat(),
        shown=tuple(
            _strip(number, plan, days, where)
            for number, plan in enumerate(ordered[:PLANS_AT_MOST], 1)
        ),
        left_out=max(0, len(ordered) - PLANS_AT_MOST),
        drills=tuple(_listed(tick, where) for tick in ticks[:DRILLS_AT_MOST]),
        drills_left_out=max(0, len(ticks) - DRILLS_AT_MOST),
    )


def _days(ticks: Sequence[Tick], today: date) -> list[date]:
    oldest = ticks[-1].night if ticks else today
    nights = min(max((today - oldest).days + 1, NIGHTS_AT_LEAST), NIGHTS_AT_MOST)
    return [today - timedelta(days=back) for back in range(nights - 1, -1, -1)]


def _tone(tick: Tick) -> Tone:
    outcome = tick.ending.outcome
    return Tone.NONE if outcome is None or tick.ending.is_simulated else tone_of(outcome)


def _rank(tick: Tick) -> int:
    return _WORST_FIRST.index(_tone(tick))


def _sign(tick: Tick, where: Where) -> Sign:
    outcome = tick.ending.outcome
    return outcome_sign(where.facts(tick)) if outcome is None else sign_of(outcome)


def _strip(number: int, plan: PlanHistory, days: Sequence[date], where: Where) -> Strip:
    tones: dict[date, Tone] = {}
    for tick in plan.ticks:
        night, tone = tick.night, _tone(tick)
        if night not in tones or _WORST_FIRST.index(tone) < _WORST_FIRST.index(tones[night]):
            tones[night] = tone
    counted = [
        tick.ending
        for tick in plan.ticks
        if tick.night in days and tick.ending.is_finished and not tick.ending.is_simulated
    ]
    passed = sum(1 for ending in counted if ending.has_passed)
    numbers = {"passed": passed, "count": len(counted)}
    finding = _("{passed} of {count}").format(**numbers) if counted else _("no data")
    return Strip(
        number=number,
        plan=shown(plan.plan_name, 80),
        runs=tuple(_runs(tones, days)),
        finding=finding,
        description=_("{plan}, from {begin} to {end}: {passed} of {count} drills passed.").format(
            plan=shown(plan.plan_name, 80), begin=days[0], end=days[-1], **numbers
        ),
        newest=_sign(plan.newest, where),
        newest_page=where.links.of(plan.newest),
        simulated=plan.newest.ending.is_simulated,
    )


def _runs(tones: dict[date, Tone], days: Sequence[date]) -> Iterable[Run]:
    """All nights of one tone share a path: small pages, and one colour each."""
    for tone in (*_WORST_FIRST, None):
        places = [index * CELL for index, day in enumerate(days) if tones.get(day) is tone]
        if not places:
            continue
        if tone is None:
            yield Run(tone="gap", path="".join(f"M{x + 5} 9h2v2h-2z" for x in places), marks="")
            continue
        yield Run(
            tone=tone.value,
            path="".join(f"M{x} 0h12v20h-12z" for x in places),
            marks="".join(_glyph(tone, x) for x in places),
        )


def _glyph(tone: Tone, x: int) -> str:
    if tone is Tone.FAIL:
        return f"M{x + 3} 7l6 6m0 -6l-6 6"
    if tone is Tone.WARN:
        return f"M{x + 6} 5v6m0 3v1.6"
    return ""


def _listed(tick: Tick, where: Where) -> ListedDrill:
    return ListedDrill(
        plan=shown(tick.plan, 80),
        slot=minute(instant(tick.slot)),
        sign=_sign(tick, where),
        page=where.links.of(tick),
        simulated=tick.ending.is_simulated,
    )
