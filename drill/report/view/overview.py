"""The overview as values: everything that its template prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drill.recovery.coverage.fleet import excluded_sources
from drill.recovery.facts import DrillFacts, SourceKey
from drill.report.context import Context
from drill.report.language import _
from drill.report.past import Past
from drill.report.view import tables
from drill.report.view.banner import Banner, banner
from drill.report.view.fleet import histories
from drill.report.view.fleet_page import FleetRow, fleet_row
from drill.report.view.formats import Moment, minute, moment
from drill.report.view.links import source_page
from drill.report.view.nights import Nights, nights
from drill.report.view.numbers import Number, numbers, sums_of
from drill.report.view.sparks import Spark, sparks
from drill.report.view.standing import SOON, Standing, name_of
from drill.report.view.strips import Strips, strips
from drill.report.view.text import shown

WORST_SOURCES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewData:
    """What the overview is made of."""

    past: Past
    standings: tuple[Standing, ...]
    """Worst first."""


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
    sources: tuple[FleetRow, ...]
    sources_caption: str
    sources_count: int
    nights: Nights | None
    strips: Strips
    passed: tables.Rows[tables.PassedRow]
    passed_count: int
    simulated: tables.Rows[tables.DrillRow]
    sweep: str


def overview_view(data: OverviewData, context: Context) -> OverviewView:
    """Return the overview as it is at an instant, the same for the same drills in any order."""
    at, drills = context.at, data.past.drills
    plans = histories(drills)
    where = tables.Where(
        context=context,
        names=names_of(data.standings),
        links=context.links,
    )
    worst = data.standings[:WORST_SOURCES]
    passed = tables.passed(plans, where)
    scope = in_scope(data.past, data.standings, at)
    sums = sums_of(scope)
    return OverviewView(
        generated_at=moment(at),
        tool_version=shown(context.tool_version, 80),
        narrowed=tuple(shown(text, 120) for text in context.narrowed),
        banner=banner(drills, at),
        numbers=numbers(drills, scope, sums, at),
        sparks=sparks(data.past, data.standings, sums, at),
        needs=tables.needs_action(plans, where, at),
        leftovers=tables.leftovers(drills, where),
        lacking=tables.not_drilled(drills, where, at),
        unfinished=tables.unfinished(drills, where),
        expiring=_expiring(data.standings, context),
        sources=tuple(fleet_row(one, context) for one in worst),
        sources_caption=_("The worst {shown} of {count} sources").format(
            shown=len(worst), count=len(data.standings)
        ),
        sources_count=len(data.standings),
        nights=nights(drills, at),
        strips=strips(plans, drills, at, where.links),
        passed=passed,
        passed_count=len(passed.shown) + passed.left_out,
        simulated=tables.simulated(plans, where),
        sweep=_(
            "Run “drill sweep --apply”; if it stays, look it up by its id in the console of the "
            "cloud."
        ),
    )


def in_scope(past: Past, standings: Sequence[Standing], at: datetime) -> list[Standing]:
    """Return the sources that count: real ones without an approved exclusion."""
    out = excluded_sources(past.exceptions, at=at)
    return [one for one in standings if not one.is_simulated and one.key not in out]


def names_of(standings: Sequence[Standing]) -> Mapping[SourceKey, str]:
    """Return what people call each source."""
    return {one.key: shown(name_of(one.past), 80) for one in standings}


def _expiring(standings: Sequence[Standing], context: Context) -> tables.Rows[ExpiringRow]:
    """Return sources whose proof ends within a week, whatever else is wrong with them."""
    found: list[tuple[datetime, DrillFacts, Standing]] = []
    for one in standings:
        ends, proof = one.expires_at, one.newest_proof
        if ends is not None and proof is not None and context.at < ends <= context.at + SOON:
            found.append((ends, proof, one))
    found.sort(key=lambda row: (row[0], row[2].key))
    return tables.rows(
        [
            ExpiringRow(
                source=shown(name_of(one.past), 80),
                source_page=source_page(one.key),
                cloud=context.cloud(one.key[0]),
                proven_at=minute(proof.finished_at or ends),
                ends_at=minute(ends),
            )
            for ends, proof, one in found
        ]
    )
