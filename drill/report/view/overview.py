"""The overview as values: everything that its template prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drill.recovery.coverage.fleet import excluded_sources
from drill.report.context import Context
from drill.report.language import _
from drill.report.view import tables
from drill.report.view.banner import Banner, banner
from drill.report.view.card import Card, Fleet
from drill.report.view.fleet import histories
from drill.report.view.fleet_row import AgedRow
from drill.report.view.formats import Moment, minute, moment
from drill.report.view.nights import Nights, nights
from drill.report.view.numbers import Number, numbers, sums_of
from drill.report.view.sparks import Spark, sparks
from drill.report.view.standing import SOON
from drill.report.view.strips import Strips, strips
from drill.report.view.text import shown

WORST_SOURCES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringRow:
    """A source whose proof ends soon."""

    source: str
    source_page: str
    cloud: str
    proven_at: Moment
    ends_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewView:
    """The overview, section by section."""

    generated_at: Moment
    tool_version: str
    narrowed: tuple[str, ...]
    banner: Banner
    numbers: tuple[Number, ...]
    sparks: Mapping[str, Spark]
    """How each number went, by its id."""
    needs: tables.Rows[tables.NeedRow]
    leftovers: tables.Rows[tables.LeftoverRow]
    lacking: tables.Rows[tables.LackRow]
    unfinished: tables.Rows[tables.UnfinishedRow]
    expiring: tables.Rows[ExpiringRow]
    sources: tuple[AgedRow, ...]
    sources_caption: str
    sources_count: int
    nights: Nights | None
    strips: Strips
    passed: tables.Rows[tables.PassedRow]
    passed_count: int
    simulated: tables.Rows[tables.DrillRow]
    sweep: str


def overview_view(fleet: Fleet, context: Context) -> OverviewView:
    """Return the overview as it is at an instant, the same for the same drills in any order."""
    at, ticks = context.at, fleet.ticks
    still_open = [tick for tick in ticks if tick.ending.is_open]
    plans = histories(one.ticks for one in fleet.cards)
    where = tables.Where(
        context=context,
        cards=fleet.by_key,
        links=context.links,
        facts=fleet.facts,
    )
    worst = fleet.cards[:WORST_SOURCES]
    newest = tables.newest_finished(plans)
    passed = tables.passed(newest, where)
    scope = in_scope(fleet, at)
    sums = sums_of(scope)
    return OverviewView(
        generated_at=moment(at),
        tool_version=shown(context.tool_version, 80),
        narrowed=tuple(shown(text, 120) for text in context.narrowed),
        banner=banner(ticks, at, still_open=still_open),
        numbers=numbers(ticks, scope, sums, at),
        sparks=sparks(fleet, sums, at),
        needs=tables.needs_action(plans, where, at),
        leftovers=tables.leftovers(still_open, where),
        lacking=tables.not_drilled(ticks, where, at),
        unfinished=tables.unfinished(still_open, where),
        expiring=_expiring(fleet.cards, context),
        sources=tuple(one.row_at(at) for one in worst),
        sources_caption=_("The worst {shown} of {count} sources").format(
            shown=len(worst), count=len(fleet.cards)
        ),
        sources_count=len(fleet.cards),
        nights=nights(ticks, at),
        strips=strips(plans, ticks, at, where),
        passed=passed,
        passed_count=len(passed.shown) + passed.left_out,
        simulated=tables.simulated(newest, where),
        sweep=_(
            "Run “drill sweep --apply”; if it stays, look it up by its id in the console of the "
            "cloud."
        ),
    )


def in_scope(fleet: Fleet, at: datetime) -> list[Card]:
    """Return the sources that count: real ones without an approved exclusion."""
    out = excluded_sources(fleet.exceptions, at=at)
    return [one for one in fleet.cards if not one.is_simulated and one.key not in out]


def _expiring(cards: Sequence[Card], context: Context) -> tables.Rows[ExpiringRow]:
    """Return sources whose proof ends within a week, whatever else is wrong with them."""
    found = [
        (one.expires_at, one.proof_at, one)
        for one in cards
        if one.expires_at is not None
        and one.proof_at is not None
        and context.at < one.expires_at <= context.at + SOON
    ]
    found.sort(key=lambda row: (row[0], row[2].key))
    return tables.rows(
        [
            ExpiringRow(
                source=one.row.name,
                source_page=one.row.page,
                cloud=one.row.cloud,
                proven_at=minute(proven_at),
                ends_at=minute(ends),
            )
            for ends, proven_at, one in found
        ]
    )
