"""The same as the pages for programs: JSON, and CSV for spreadsheets."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import UTC, timedelta
from functools import partial

from drill.check.port import CheckAnswer
from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.coverage.reading import validity_of
from drill.recovery.facts import DrillFacts
from drill.report.context import Context
from drill.report.data_table import DataTable, Row, Value, foreign, instant
from drill.report.history_data import HISTORY_FIELDS, history_rows
from drill.report.site import Site, fingerprint
from drill.report.view.calendar import month_of
from drill.report.view.fleet import failing_part, rpo_attainment, rto_attainment
from drill.report.view.formats import machine_text, moment
from drill.report.view.links import RECENT, Links, source_page
from drill.report.view.numbers import numbers, sums_of
from drill.report.view.overview import in_scope
from drill.report.view.standing import Standing, name_of
from drill.report.view.statuses import SLUGS

SCHEMA = 2
"""Number of the shape of these files; it rises when a field changes its meaning."""

DRILLS_AT_MOST = 5000
"""Up to so many drills one file has all of them; beyond, older months have files of their own."""

Fields = Sequence[tuple[str, Value]]

_PASSED, _FAILED, _NO_DATA = (
    one.value for one in (CheckAnswer.PASSED, CheckAnswer.FAILED, CheckAnswer.NO_DATA)
)


def data_tables(site: Site) -> Iterator[DataTable]:
    """Yield the tables below ``data/``: drills, sources, the numbers of the overview and how they
    went."""
    context = site.context
    links = context.links
    drills = site.past.drills
    recent: Sequence[DrillFacts] = drills
    if len(drills) > DRILLS_AT_MOST:
        oldest = (context.at - RECENT).astimezone(UTC)
        border = oldest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        recent = [one for one in drills if one.scheduled_for >= border]
        yield from _months(drills[len(recent) :], links, site.ids_with_page)
    head = head_of(context)
    yield DataTable(
        name="drills", head=head, fields=DRILL_FIELDS, rows=partial(_rows, recent, links)
    )
    ordered = sorted(site.standings, key=_key)
    sources = [[value for _name, value in source_fields(one, context)] for one in ordered]
    yield DataTable(name="sources", head=head, fields=SOURCE_FIELDS, rows=partial(tuple, sources))
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


def _key(one: Standing) -> tuple[str, str]:
    return one.key


def _months(
    drills: Iterable[DrillFacts], links: Links, with_page: Container[str]
) -> Iterator[DataTable]:
    """Yield a compressed table for each older month."""
    by_month: dict[str, list[DrillFacts]] = {}
    for drill in drills:
        by_month.setdefault(month_of(drill.scheduled_for), []).append(drill)
    for month in sorted(by_month):
        inside = by_month[month]
        yield DataTable(
            name=f"drills-{month}",
            fields=DRILL_FIELDS,
            rows=partial(_rows, inside, links),
            forms=("csv.gz",),
            digest=fingerprint(inside, with_page),
        )


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


def source_fields(one: Standing, context: Context) -> Fields:
    """Return every field of a source; shares as numerator and denominator, in milliseconds."""
    seen, newest = one.past.observation, one.newest
    proof = one.newest_proof
    window, proven = one.metrics.get("window_coverage"), one.metrics["proven"]
    suspect, images = one.metrics["suspect"], one.metrics["image_coverage"]
    lag = one.lag
    return (
        ("cloud", one.key[0]),
        ("region", foreign(context.region(one.key[0]))),
        ("source_id", foreign(one.key[1])),
        ("source_name", foreign(name_of(one.past))),
        ("engine", seen.engine if seen else newest.engine if newest else None),
        ("volume_gb", seen.volume_gb if seen else None),
        ("tier", one.tier),
        ("cadence_ms", _span(one.promise.cadence)),
        ("proof_validity_ms", _span(validity_of(one.promise))),
        ("standing", SLUGS[one.status]),
        ("is_simulated", one.is_simulated),
        ("drills", len(one.past.drills)),
        ("newest_drill_id", foreign(newest.id if newest else None)),
        ("newest_outcome", newest.outcome.value if newest and newest.outcome else None),
        ("newest_proof_at", instant(proof.finished_at if proof else None)),
        ("proof_ends_at", instant(one.expires_at)),
        ("proofs_of_restorable", len(one.standing_proofs)),
        ("windows_read_at", instant(seen.taken_at if seen else None)),
        ("promised_ms", _part(window.denominator if window else None)),
        ("advertised_ms", _part(proven.denominator) if one.window else None),
        ("proven_ms", _part(proven.numerator) if one.window else None),
        ("suspect_ms", _part(suspect.numerator) if one.window else None),
        ("gaps", len(one.gaps.stretches) if one.gaps else None),
        ("longest_gap_ms", one.gaps.longest if one.gaps else None),
        ("lag_ms", int(lag.milliseconds) if lag and lag.kind != "none" else None),
        ("backups", _part(images.denominator) if one.window else None),
        ("backups_proven", _part(images.numerator) if one.window else None),
        ("page", f"i/{source_page(one.key)}"),
    )


SOURCE_FIELDS = (
    "cloud", "region", "source_id", "source_name", "engine", "volume_gb", "tier", "cadence_ms",
    "proof_validity_ms", "standing", "is_simulated", "drills", "newest_drill_id", "newest_outcome",
    "newest_proof_at", "proof_ends_at", "proofs_of_restorable", "windows_read_at", "promised_ms",
    "advertised_ms", "proven_ms", "suspect_ms", "gaps", "longest_gap_ms", "lag_ms", "backups",
    "backups_proven", "page",
)  # fmt: skip
"""The columns of the sources, in CSV and in JSON."""


METRIC_FIELDS = (
    "id", "title", "text", "share", "numerator", "denominator", "n", "target", "basis",
)  # fmt: skip


def _metrics(site: Site, context: Context) -> Iterator[Row]:
    """Yield the numbers of the overview with what they were counted over."""
    scope = in_scope(site.past, site.standings, context.at)
    for one in numbers(site.past.drills, scope, sums_of(scope), context.at):
        share = (
            one.numerator / one.denominator
            if one.numerator is not None and one.denominator
            else None
        )
        yield (
            one.id, one.title, one.value, share, one.numerator, one.denominator, one.count,
            one.target, one.basis,
        )  # fmt: skip


def _part(value: float | None) -> int | None:
    return None if value is None else int(value)


def _span(span: timedelta | None) -> int | None:
    return None if span is None else milliseconds_of(span)
