"""One drill as the pages of the whole fleet count it.

A report of a fleet goes over a hundred thousand drills more than a dozen times. A tick has what is
counted, worked out once, as plain numbers and texts that are read from a file as they are.
Instants are microseconds since the epoch, in UTC, and spans are microseconds where nothing else is
said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from drill.recovery.coverage.drawn import is_drawn
from drill.recovery.coverage.evidence import CONCLUSIVE, FAILURES, PASSES, is_executed
from drill.recovery.coverage.lifetime import LEAKED, lifetime_of
from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.measure import Attainment, attainment_of
from drill.recovery.verdict import Outcome

FINISHED = "finished"
"""The state of a drill that has its verdict (``drill.engine.record.State``)."""

UNDER_WAY = "under_way"
"""What a drill without an outcome is counted as."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY, HOUR, MINUTE = 86_400_000_000, 3_600_000_000, 60_000_000
_EPOCH_DAY = EPOCH.toordinal()

_OUTCOMES: tuple[Outcome | None, ...] = (None, *Outcome)
_PLACES = {outcome: place for place, outcome in enumerate(_OUTCOMES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a drill ended, and what it was. There is one for each combination, shared by all."""

    code: int
    """What a file calls it."""
    outcome: Outcome | None
    is_simulated: bool
    is_executed: bool
    """The cloud accepted its restore."""
    is_finished: bool
    """It has its verdict."""
    is_leaked: bool
    """Its scratch instance outlived it."""
    is_drawn: bool
    """Its recovery point was drawn by a seed that nobody chose."""
    is_new: bool
    """Its target was a new instance."""
    is_at_most: bool
    """Its RTA is an upper bound: nobody looked for a part of it."""
    word: str = field(init=False)
    has_passed: bool = field(init=False)
    has_failed: bool = field(init=False)
    is_conclusive: bool = field(init=False)
    is_open: bool = field(init=False)
    """It has no verdict, or left something over: whatever its age, somebody has to see it."""

    def __post_init__(self) -> None:
        """Work out what follows; the rules are those of ``evidence``."""
        said = {
            "word": UNDER_WAY if self.outcome is None else self.outcome.value,
            "has_passed": not self.is_simulated and self.outcome in PASSES,
            "has_failed": not self.is_simulated and self.outcome in FAILURES,
            "is_conclusive": not self.is_simulated and self.outcome in CONCLUSIVE,
            "is_open": not self.is_finished or self.is_leaked,
        }
        for name, value in said.items():
            object.__setattr__(self, name, value)


def _ending(code: int) -> Ending:
    outcome, bits = divmod(code, 128)
    return Ending(
        code=code,
        outcome=_OUTCOMES[outcome],
        is_simulated=bool(bits & 1),
        is_executed=bool(bits & 2),
        is_finished=bool(bits & 4),
        is_leaked=bool(bits & 8),
        is_drawn=bool(bits & 16),
        is_new=bool(bits & 32),
        is_at_most=bool(bits & 64),
    )


ENDINGS = tuple(_ending(code) for code in range(128 * len(_OUTCOMES)))

NO_TARGET, NO_DATA, MET, MISSED = range(4)
"""How an objective went; a failed drill missed every target that it had (C.11)."""

ANSWERED = frozenset({MET, MISSED})

_ANSWERS = {
    Attainment.NO_DATA: NO_DATA,
    Attainment.MET: MET,
    Attainment.MISSED: MISSED,
}


class Tick(NamedTuple):
    """One drill, to be counted."""

    source: SourceKey
    id: str
    plan: str
    slot: int
    enlisted: int
    finished: int | None
    ending: Ending
    level: int
    tier: int | None
    engine: str | None
    rto: int
    """NO_TARGET, NO_DATA, MET or MISSED; of a simulated drill never one of the last two."""
    rto_target: int | None
    rta: int | None
    rpo: int
    rpa: int | None
    lifetime: float | None
    """How long its copy lived, in milliseconds; infinite while it is left over, None: no data."""
    volume_gb: int | None
    volume_type: str | None
    flavor: str | None
    replay: int | None
    """From the base to the recovery point; None for a backup restore."""
    state: str
    """Differs from that of the same drill in any other state."""

    @property
    def night(self) -> date:
        """Return the UTC date of the slot."""
        return _date(self.slot // DAY)


@lru_cache(maxsize=4096)
def _target(span: timedelta) -> int:
    """Return a target as one number for all drills that have it."""
    return span // MICROSECOND


@lru_cache(maxsize=4096)
def _date(day: int) -> date:
    return date.fromordinal(_EPOCH_DAY + day)


def tick_of(drill: DrillFacts, *, state: str = "", source: SourceKey | None = None) -> Tick:
    """Return what is counted of a drill; the key of its source may be shared by all of them."""
    simulated = drill.is_simulated
    failed = drill.outcome in FAILURES
    finished = drill.finished_at
    replay, slot = None, micro(drill.scheduled_for)
    if drill.mode == "pitr" and drill.base_at is not None and drill.point_at is not None:
        replay = (drill.point_at - drill.base_at) // MICROSECOND
    rto = _answer(drill.rto_target, drill.rta, drill.unattended, failed=failed, empty=simulated)
    rpo = _answer(drill.rpo_target, drill.rpa, None, failed=failed, empty=simulated)
    return Tick(
        source=source or drill.source,
        id=drill.id,
        plan=drill.plan_name,
        slot=slot,
        enlisted=slot if drill.enlisted_at == drill.scheduled_for else micro(drill.enlisted_at),
        finished=None if finished is None else micro(finished),
        ending=ending_of(drill),
        level=drill.level,
        tier=drill.tier,
        engine=drill.engine,
        rto=rto,
        rto_target=None if drill.rto_target is None else _target(drill.rto_target),
        rta=_span(drill.rta),
        rpo=rpo,
        rpa=_span(drill.rpa),
        lifetime=lifetime_of(drill),
        volume_gb=drill.volume_gb,
        volume_type=drill.volume_type,
        flavor=drill.flavor,
        replay=replay,
        state=state,
    )


def ending_of(drill: DrillFacts) -> Ending:
    """Return how a drill ended."""
    bits = (
        drill.is_simulated
        + 2 * is_executed(drill)
        + 4 * (drill.outcome is not None and drill.state == FINISHED)
        + 8 * (drill.teardown == LEAKED)
        + 16 * is_drawn(drill)
        + 32 * (drill.target_kind == "new")
        + 64 * bool(drill.unattended)
    )
    return ENDINGS[128 * _PLACES[drill.outcome] + bits]


def newest_ticks_first(ticks: Iterable[Tick]) -> list[Tick]:
    """Return ticks by slot, newest first; equal ones by when they were enlisted, then by id."""
    return sorted(ticks, key=_newest_first)


def between(ticks: Sequence[Tick], after: int | None, until: int) -> Sequence[Tick]:
    """Return the drills with a slot in ``(after, until]``, of some that come newest slot first;
    None is no border."""
    begin = bisect_left(ticks, -until, key=_back)
    end = len(ticks) if after is None else bisect_left(ticks, -after, lo=begin, key=_back)
    return ticks[begin:end]


def _back(tick: Tick) -> int:
    return -tick.slot


def micro(at: datetime) -> int:
    """Return an instant as microseconds since the epoch."""
    return (at - EPOCH) // MICROSECOND


def instant(at: int) -> datetime:
    """Return the instant of so many microseconds since the epoch."""
    return EPOCH + at * MICROSECOND


def _newest_first(tick: Tick) -> tuple[int, int, str]:
    return -tick.slot, -tick.enlisted, tick.id


def _span(span: timedelta | None) -> int | None:
    return None if span is None else span // MICROSECOND


def _answer(
    target: timedelta | None,
    actual: timedelta | None,
    unattended: timedelta | None,
    *,
    failed: bool,
    empty: bool,
) -> int:
    if target is None:
        return NO_TARGET
    if empty:
        return NO_DATA
    if failed:
        return MISSED
    return _ANSWERS[attainment_of(target, actual, unattended=unattended)]
