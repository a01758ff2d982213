"""The index as values: everything that its template prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drill.engine.record import DrillRecord
from drill.report.language import _
from drill.report.view import tables
from drill.report.view.banner import Banner, banner
from drill.report.view.bars import Bars, window_bars
from drill.report.view.fleet import histories, newest_first, source_names
from drill.report.view.formats import Moment, moment
from drill.report.view.numbers import Number, numbers
from drill.report.view.strips import Strips, strips


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexView:
    """The index, section by section."""

    generated_at: Moment
    tool_version: str
    banner: Banner
    numbers: tuple[Number, ...]
    needs: tables.Rows[tables.NeedRow]
    leftovers: tables.Rows[tables.LeftoverRow]
    unfinished: tables.Rows[tables.UnfinishedRow]
    bars: Bars
    strips: Strips
    passed: tables.Rows[tables.PassedRow]
    simulated: tables.Rows[tables.DrillRow]
    sweep: str


def index_view(
    records: Sequence[DrillRecord],
    *,
    now: datetime,
    clouds: Mapping[str, str],
    tool_version: str,
) -> IndexView:
    """Return the index as it is at an instant, the same for the same records in any order."""
    records = newest_first(records)
    plans = histories(records)
    names = source_names(records)
    return IndexView(
        generated_at=moment(now),
        tool_version=tool_version,
        banner=banner(records, now),
        numbers=numbers(records, plans, now),
        needs=tables.needs_action(plans, names, clouds, now),
        leftovers=tables.leftovers(records, names, clouds),
        unfinished=tables.unfinished(records, names, clouds),
        bars=window_bars(records, names),
        strips=strips(plans, records, now),
        passed=tables.passed(plans, names, clouds),
        simulated=tables.simulated(plans, names, clouds),
        sweep=_(
            "Run “drill sweep”; if it stays, look it up by its id in the console of the cloud."
        ),
    )
