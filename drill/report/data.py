"""The same as the pages for programs: JSON, and CSV for spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, timedelta
from functools import partial

from drill.check.port import CheckAnswer
from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.facts import DrillFacts
from drill.recovery.tick import Tick
from drill.report.context import Context
from drill.report.data_table import DataTable, Row, Value, foreign, instant
from drill.report.digests import fingerprint
from drill.report.history_data import HISTORY_FIELDS, history_rows
from drill.report.population_data import INVENTORY_FIELDS, inventory_rows
from drill.report.site import Site
from drill.report.source_data import SOURCE_FIELDS
from drill.report.view.card import Card, Fleet
from drill.report.view.fleet import failing_part, rpo_attainment, rto_attainment
from drill.report.view.formats import machine_text, moment
from drill.report.view.links import NO_LINKS, RECENT, Links
from drill.report.view.numbers import numbers, sums_of
from drill.report.view.overview import in_scope
from drill.report.view.recovery_counts import by_month, month_begin, month_name, month_of

SCHEMA = 2
"""Number of the shape of these files; it rises when a field changes its meaning."""

DRILLS_AT_MOST = 5000
"""Up to so many drills one file has all of them; beyond, older months have files of their own."""

_PASSED, _FAILED, _NO_DATA = (
    one.value for one in (CheckAnswer.PASSED, CheckAnswer.FAILED, CheckAnswer.NO_DATA)
)


def first_tables(site: Site) -> Iterator[DataTable]:
    """Yield the tables below ``data/`` that are made of cards alone."""
    head = head_of(site.sources.context)
    sources = [one.printed.cells for one in sorted(site.cards, key=_key)]
    yield DataTable(name="sources", head=head, fields=SOURCE_FIELDS, rows=partial(tuple, sources))
    inventory = tuple(inventory_rows(site))
    yield DataTable(
        name="inventory", head=head, fields=INVENTORY_FIELDS, rows=partial(tuple, inventory)
    )


def data_tables(site: Site) -> Iterator[DataTable]:
    """Yield the other tables about drills, the numbers of the overview, and how they went."""
    context, ticks = site.context, site.fleet.ticks
    links = context.links
    border = None
    if len(ticks) > DRILLS_AT_MOST:
        border = month_of((context.at - RECENT).astimezone(UTC))
        yield from _months(ticks, border, site)
    head = head_of(context)
    yield DataTable(
        name="drills",
        head=head,
        fields=DRILL_FIELDS,
        load=partial(_loaded, site.fleet, border, links),
        reads_drills=True,
    )
    metrics = tuple(_metrics(site, context))
    yield DataTable(
        name="metrics",
        head=head,
        fields=METRIC_FIELDS,
        rows=partial(tuple, metrics),
        forms=("json",),
    )
    history = tuple(history_rows(site))
    yield DataTable(name="history", head=head, fields=HISTORY_FIELDS, rows=partial(tuple, history))


def head_of(context: Context) -> dict[str, Value]:
    """Return what every JSON file begins with: its shape, its instant and its period."""
    return {
        "schema": SCHEMA,
        "generated_at": moment(context.at).machine,
        "tool_version": context.tool_version,
        "as_of": machine_text(context.at),
        "since": instant(context.since),
        "scope": " ".join(context.narrowed) or None,
    }


def _key(one: Card) -> tuple[str, str]:
    return one.key


def _months(ticks: Sequence[Tick], border: int, site: Site) -> Iterator[DataTable]:
    """Yield a compressed table for each month before another one.

    It does not say which drills have a page, for there are fewer with time: what nothing happens to
    any more keeps its file.
    """
    older = [(month, found) for month, found in by_month(ticks) if month < border]
    for month, found in reversed(older):
        yield DataTable(
            name=f"drills-{month_name(month)}",
            fields=DRILL_FIELDS[:-1],
            load=partial(_loaded_month, site.fleet, month),
            reads_drills=True,
            forms=("csv.gz",),
            digest=fingerprint(found),
        )


def _loaded_month(fleet: Fleet, month: int) -> Callable[[], Iterable[Row]]:
    drills = fleet.within(month_begin(month), month_begin(month + 1))
    return partial(_rows_without_page, drills)


def _rows_without_page(drills: Iterable[DrillFacts]) -> Iterator[Row]:
    return (drill_row(one, NO_LINKS)[:-1] for one in drills)


def _loaded(fleet: Fleet, first: int | None, links: Links) -> Callable[[], Iterable[Row]]:
    """Read the drills from one month on; None is all of them."""
    return partial(_rows, fleet.within(month_begin(first) if first else None, None), links)


def _rows(drills: Iterable[DrillFacts], links: Links) -> Iterator[Row]:
    return (drill_row(one, links) for one in drills)


def drill_row(drill: DrillFacts, links: Links) -> Row:
    """Return every field of a drill with its glossary name; spans in whole milliseconds."""
    answers = [answer for _name, answer in drill.checks]
    page = links.drill(drill)
    return (
        foreign(drill.id),
        foreign(drill.plan_name),
        drill.group,
        drill.tier,
        drill.cloud,
        foreign(drill.source_id),
        foreign(drill.source_name),
        drill.engine,
        drill.mode,
        drill.policy,
        drill.target_kind,
        foreign(drill.target_id),
        drill.trigger,
        foreign(drill.initiated_by),
        instant(drill.scheduled_for),
        instant(drill.enlisted_at),
        instant(drill.started_at),
        instant(drill.restore_accepted_at),
        instant(drill.finished_at),
        instant(drill.torn_down_at),
        drill.state,
        drill.outcome.value if drill.outcome else None,
        foreign(drill.reason),
        foreign(", ".join(failing_part(drill)) or None),
        drill.is_simulated,
        drill.level,
        instant(drill.point_at),
        instant(drill.reference_at),
        instant(drill.base_at),
        foreign(drill.base_id),
        drill.base_how,
        foreign(drill.seed),
        drill.volume_gb,
        foreign(drill.flavor),
        _span(drill.rta),
        _span(drill.unattended),
        _span(drill.rto_target),
        rto_attainment(drill).value,
        _span(drill.rpa),
        _span(drill.rpa_claimed),
        _span(drill.rpo_target),
        rpo_attainment(drill).value,
        answers.count(_PASSED),
        answers.count(_FAILED),
        answers.count(_NO_DATA),
        drill.teardown,
        foreign(drill.teardown_reason),
        foreign(drill.restore_job_id),
        foreign(drill.plan_digest),
        foreign(drill.tool_version),
        f"d/{page}" if page else None,
    )


DRILL_FIELDS = (
    "drill_id", "plan", "group", "tier", "cloud", "source_id", "source_name", "engine", "mode",
    "policy", "target_kind", "target_id", "trigger", "initiated_by", "scheduled_for", "enlisted_at",
    "started_at", "restore_accepted_at", "finished_at", "torn_down_at", "state", "outcome",
    "reason", "failing", "is_simulated", "level", "recovery_point_at", "reference_at", "base_at",
    "base_id", "base_how", "seed", "volume_gb", "flavor", "rta_ms", "unattended_ms",
    "rto_target_ms", "rto", "rpa_ms", "rpa_claimed_ms", "rpo_target_ms", "rpo", "checks_passed",
    "checks_failed", "checks_no_data", "teardown", "teardown_reason", "restore_job_id",
    "plan_digest", "tool_version", "page",
)  # fmt: skip
"""The columns of the drills, in CSV and in JSON."""


METRIC_FIELDS = (
    "id", "title", "text", "share", "numerator", "denominator", "n", "target", "basis",
)  # fmt: skip


def _metrics(site: Site, context: Context) -> Iterator[Row]:
    """Yield the numbers of the overview with what they were counted over."""
    scope = in_scope(site.fleet, context.at)
    for one in numbers(site.fleet.ticks, scope, sums_of(scope), context.at):
        share = (
            one.numerator / one.denominator
            if one.numerator is not None and one.denominator
            else None
        )
        yield (
            one.id, one.title, one.value, share, one.numerator, one.denominator, one.count,
            one.target, one.basis,
        )  # fmt: skip


def _span(span: timedelta | None) -> int | None:
    return None if span is None else milliseconds_of(span)
