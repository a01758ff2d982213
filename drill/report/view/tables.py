"""The tables of the index: what needs action, what is left over, what is under way, what passed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypedDict, TypeVar

from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.tick import Tick, instant
from drill.recovery.verdict import Outcome
from drill.report import words
from drill.report.context import Context
from drill.report.language import _
from drill.report.view.card import Card
from drill.report.view.fleet import (
    DAY,
    PlanHistory,
    due_within,
    failing_part,
)
from drill.report.view.formats import Moment, minute, perhaps, rta_text, span_text
from drill.report.view.links import Links, source_page
from drill.report.view.signs import (
    Sign,
    level_sign,
    mode_word,
    outcome_sign,
    target_word,
    teardown_sign,
)
from drill.report.view.text import shown

ROWS_AT_MOST = 60
"""Rows of one table: beyond that the page says how many more there are."""
CELL_AT_MOST = 240
"""Characters of one foreign text on the index; the page of the drill has more."""

_Row = TypeVar("_Row")
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Generic[_Row]):
    """Rows of one table, and how many are not shown."""

    shown: tuple[_Row, ...]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What every row needs to name its source and to lead to its pages."""

    context: Context
    cards: Mapping[SourceKey, Card]
    links: Links
    facts: Callable[[Tick], DrillFacts]
    """Returns everything that is remembered of a drill: of those that are shown alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRow:
    """One drill in a table of the index."""

    plan: str
    page: str | None
    source: str
    source_page: str
    cloud: str
    sign: Sign
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedRow(DrillRow):
    """A plan whose newest drill did not pass."""

    since: Moment
    lasts: str
    parts: tuple[str, ...]
    reason: str
    next_step: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoverRow(DrillRow):
    """A scratch instance that outlived its drill."""

    target: str
    target_id: str
    kind: str
    since: Moment | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedRow(DrillRow):
    """A drill that has no verdict yet."""

    since: Moment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LackRow(DrillRow):
    """A slot that passed without a drill."""

    slot: Moment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedRow(DrillRow):
    """A plan whose newest drill passed."""

    mode: str
    point_at: Moment | None
    level: Sign
    rta: str
    rto: str
    rpa: str
    rpo: str
    teardown: Sign
    finished_at: Moment | None


_SEVERITY = (
    Outcome.FAILED_RESTORE,
    Outcome.FAILED_CHECK,
    Outcome.REFUSED,
    Outcome.INCONCLUSIVE,
    Outcome.MISSED,
    Outcome.ABORTED,
    Outcome.PASSED_LATE,
    Outcome.SKIPPED,
)
_QUIET_WHEN_SIMULATED = frozenset({Outcome.INCONCLUSIVE, Outcome.PASSED, Outcome.PASSED_LATE})
"""What a simulated drill always ends as when nothing is wrong: it asks for no action."""


def needs_action(
    plans: Sequence[PlanHistory],
    where: Where,
    now: datetime,
) -> Rows[NeedRow]:
    """Return plans whose newest finished drill did not pass: worst first, then the longest."""
    found = []
    for plan in plans:
        streak = plan.streak
        if not streak or _is_quiet(streak[0]):
            continue
        severity = _SEVERITY.index(streak[0].ending.outcome or Outcome.SKIPPED)
        found.append(((severity, streak[-1].slot, plan.plan_name), streak))
    found.sort(key=lambda one: one[0])
    return rows_of(found, lambda one: _need(one[1], where, now))


def leftovers(ticks: Iterable[Tick], where: Where) -> Rows[LeftoverRow]:
    """Return scratch instances that outlived their drill, the oldest first. ``ticks`` come newest
    slot first."""
    leaked = [tick for tick in ticks if tick.ending.is_leaked]
    return rows_of(leaked[::-1], lambda tick: _leftover(where.facts(tick), where))


def not_drilled(ticks: Sequence[Tick], where: Where, now: datetime) -> Rows[LackRow]:
    """Return the slots of the last 24 hours that passed without a drill, in the order of
    ``ticks``."""
    lacking = [
        tick
        for tick in due_within(ticks, now=now, span=DAY)
        if tick.ending.outcome in {Outcome.MISSED, Outcome.SKIPPED}
    ]
    return rows_of(lacking, lambda tick: _lack(where.facts(tick), where))


def unfinished(ticks: Iterable[Tick], where: Where) -> Rows[UnfinishedRow]:
    """Return drills without a verdict, the oldest first. ``ticks`` come newest slot first."""
    waiting = [tick for tick in ticks if not tick.ending.is_finished]
    return rows_of(waiting[::-1], lambda tick: _unfinished(where.facts(tick), where))


def passed(newest: Iterable[Tick], where: Where) -> Rows[PassedRow]:
    """Return plans whose newest finished drill passed, in the order of these drills."""
    found = [
        tick
        for tick in newest
        if tick.ending.outcome is Outcome.PASSED and not tick.ending.is_simulated
    ]
    return rows_of(found, lambda tick: _passed(where.facts(tick), where))


def simulated(newest: Iterable[Tick], where: Where) -> Rows[DrillRow]:
    """Return plans whose newest finished drill had no database behind its instance."""
    found = [tick for tick in newest if _is_quiet(tick)]
    return rows_of(found, lambda tick: DrillRow(**_common(where.facts(tick), where)))


def newest_finished(plans: Iterable[PlanHistory]) -> list[Tick]:
    """Return the newest finished drill of each plan that has one."""
    return [newest for plan in plans if (newest := plan.newest_finished) is not None]


def rows(found: Sequence[_Row]) -> Rows[_Row]:
    """Return the rows that a table shows, and how many it leaves out."""
    return Rows(shown=tuple(found[:ROWS_AT_MOST]), left_out=max(0, len(found) - ROWS_AT_MOST))


def rows_of(found: Sequence[_Found], make: Callable[[_Found], _Row]) -> Rows[_Row]:
    """Return the rows that a table shows; what it leaves out is counted and never made."""
    shown_rows = tuple(make(one) for one in found[:ROWS_AT_MOST])
    return Rows(shown=shown_rows, left_out=max(0, len(found) - ROWS_AT_MOST))


def _is_quiet(tick: Tick) -> bool:
    return tick.ending.is_simulated and tick.ending.outcome in _QUIET_WHEN_SIMULATED


class _Common(TypedDict):
    """The keyword arguments that every row has."""

    plan: str
    page: str | None
    source: str
    source_page: str
    cloud: str
    sign: Sign
    simulated: bool


def _common(record: DrillFacts, where: Where) -> _Common:
    return {
        "plan": shown(record.plan_name, 80),
        "page": where.links.drill(record),
        "source": where.cards[record.source].row.name,
        "source_page": source_page(record.source),
        "cloud": where.context.cloud(record.cloud),
        "sign": outcome_sign(record),
        "simulated": record.is_simulated,
    }


def _need(streak: Sequence[Tick], where: Where, now: datetime) -> NeedRow:
    """Return the row of a plan by its unbroken run of drills that did not pass."""
    newest, began = where.facts(streak[0]), instant(streak[-1].slot)
    outcome = newest.outcome or Outcome.SKIPPED
    lasts = span_text(max(now - began, timedelta(0)))
    return NeedRow(
        **_common(newest, where),
        since=minute(began),
        lasts=lasts
        if len(streak) == 1
        else _("{lasts}, {count} in a row").format(lasts=lasts, count=len(streak)),
        parts=failing_part(newest),
        reason=shown(newest.reason or _("no reason was recorded"), CELL_AT_MOST),
        next_step=shown(newest.hint or _(words.NEXT_STEPS[outcome]), CELL_AT_MOST),
        command=f"drill run {shown(newest.plan_name, 80)}",
    )


def _leftover(record: DrillFacts, where: Where) -> LeftoverRow:
    return LeftoverRow(
        **_common(record, where),
        target=shown(record.target_name, CELL_AT_MOST),
        target_id=shown(record.target_id, CELL_AT_MOST),
        kind=target_word(record.target_kind),
        since=perhaps(record.finished_at),
        reason=shown(record.teardown_reason or _("no reason was recorded"), CELL_AT_MOST),
    )


def _lack(record: DrillFacts, where: Where) -> LackRow:
    return LackRow(
        **_common(record, where),
        slot=minute(record.scheduled_for),
        reason=shown(record.reason or _("no reason was recorded"), CELL_AT_MOST),
    )


def _unfinished(record: DrillFacts, where: Where) -> UnfinishedRow:
    return UnfinishedRow(
        **_common(record, where),
        since=minute(record.started_at or record.enlisted_at),
        reason=shown(record.reason, CELL_AT_MOST),
    )


def _passed(record: DrillFacts, where: Where) -> PassedRow:
    return PassedRow(
        **_common(record, where),
        mode=f"{mode_word(record.mode)}, {target_word(record.target_kind)}",
        point_at=perhaps(record.point_at),
        level=level_sign(record.level),
        rta=rta_text(record),
        rto=span_text(record.rto_target) if record.rto_target else _("no target"),
        rpa=span_text(record.rpa),
        rpo=span_text(record.rpo_target) if record.rpo_target else _("no target"),
        teardown=teardown_sign(record.teardown),
        finished_at=perhaps(record.finished_at),
    )
