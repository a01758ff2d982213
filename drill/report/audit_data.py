"""The tables of the pages for auditors, as CSV and JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial

from drill.recovery.coverage.hygiene import CloudHygiene
from drill.recovery.coverage.intervals import milliseconds_of
from drill.recovery.coverage.metric import Metric
from drill.recovery.coverage.reconciliation import UNDER_WAY, Operation
from drill.recovery.coverage.register import METRICS
from drill.recovery.coverage.strata import FleetStatement, GroupStatement
from drill.recovery.facts import ExceptionNote
from drill.recovery.tick import Tick
from drill.recovery.verdict import Outcome
from drill.report.audit import Audit
from drill.report.control_map import frameworks
from drill.report.data import DRILL_FIELDS, drill_row, head_of
from drill.report.data_table import DataTable, Row, Value, foreign, instant
from drill.report.population_data import CLOUD_FIELDS, cloud_rows
from drill.report.printed import PRINTED
from drill.report.signatures import Signature
from drill.report.site import Site
from drill.report.view.confidence import statement_of
from drill.report.view.links import source_page
from drill.report.view.registers import age_of, state_of, was_failing

_OUTCOMES = (*(one.value for one in Outcome), UNDER_WAY)


def audit_tables(site: Site) -> Iterator[DataTable]:
    """Yield the tables below ``data/`` that stand beside the tables for auditors."""
    audit, context = site.audit, site.context
    tables: tuple[tuple[str, Sequence[str], Callable[[], Iterable[Row]]], ...] = (
        ("clouds", CLOUD_FIELDS, lambda: cloud_rows(audit.pulls)),
        ("reconciliation", RECONCILIATION_FIELDS, lambda: _reconciliation(audit)),
        ("coverage", COVERAGE_FIELDS, lambda: _coverage(audit)),
        ("confidence", CONFIDENCE_FIELDS, lambda: _confidence(statement_of(audit))),
        ("attainment", ATTAINMENT_FIELDS, lambda: _attainment(audit)),
        ("hygiene", HYGIENE_FIELDS, lambda: map(_hygiene, audit.hygiene)),
        (
            "exceptions",
            EXCEPTION_FIELDS,
            lambda: (_exception(one, site) for one in site.fleet.exceptions),
        ),
        ("reviews", REVIEW_FIELDS, lambda: map(_review, audit.signatures)),
        ("sample", ("number", *DRILL_FIELDS), lambda: _sample(audit.sample.drawn, site)),
        ("controls", CONTROL_FIELDS, _controls),
        ("methodology", METHODOLOGY_FIELDS, _methodology),
    )
    head = head_of(context)
    for name, fields, make in tables:
        yield DataTable(
            name=name,
            head=head,
            fields=fields,
            load=partial(_made, make),
            reads_drills=name == "sample",
        )


def _made(make: Callable[[], Iterable[Row]]) -> Callable[[], Iterable[Row]]:
    return partial(tuple, tuple(make()))


RECONCILIATION_FIELDS = (
    "cloud", "source_id", "scheduled", "executed", "passed",
    *(f"executed_{one}" for one in _OUTCOMES), *(f"not_executed_{one}" for one in _OUTCOMES),
    "page",
)  # fmt: skip
"""A line a source, and first the whole fleet with neither cloud nor source."""


def _reconciliation(audit: Audit) -> Iterator[Row]:
    yield (None, None, *_counts(audit.operation), None)
    for key, operation in audit.by_source:
        yield (key[0], foreign(key[1]), *_counts(operation), f"i/{source_page(key)}")


def _counts(one: Operation) -> Row:
    return (
        one.scheduled, one.executed, one.passed,
        *(one.executed_as.get(word, 0) for word in _OUTCOMES),
        *(one.not_executed_as.get(word, 0) for word in _OUTCOMES),
    )  # fmt: skip


COVERAGE_FIELDS = ("group", "metric", "numerator", "denominator", "share")


def _coverage(audit: Audit) -> Iterator[Row]:
    coverage = audit.coverage
    yield _share("in_scope", coverage.passed)
    yield _share("in_scope", coverage.attempted)
    yield _share("in_scope", coverage.passed_by_bytes)
    yield _share("in_scope_and_excluded", audit.coverage_with_excluded)
    for tier, metric in coverage.passed_by_tier.items():
        yield _share("no_tier" if tier is None else f"tier_{tier}", metric)
    for cadence, covered, count in audit.by_cadence:
        share = covered / count if count else None
        yield f"cadence_{milliseconds_of(cadence)}_ms", "fleet_coverage", covered, count, share


def _share(group: str, metric: Metric) -> Row:
    return group, metric.id, metric.numerator, metric.denominator, metric.value


CONFIDENCE_FIELDS = (
    "group", "sources", "weight", "random_drills", "counted", "passed", "failed", "inconclusive",
    "bound_without_inconclusive", "bound_if_inconclusive_failed",
)  # fmt: skip
"""A bound that cannot be said is empty; the line ``by_tier`` puts the tiers together."""


def _confidence(said: FleetStatement) -> Iterator[Row]:
    whole = said.whole
    yield ("all", whole.sources, None, *_group(whole))
    for one in said.strata:
        name = "no_tier" if one.tier is None else f"tier_{one.tier}"
        yield (name, one.sources, one.sources / whole.sources, *_group(one))
    if len(said.strata) > 1:
        yield (
            "by_tier", whole.sources, 1.0, None, None, None, None, None, said.combined.excluded,
            said.combined.as_failures,
        )  # fmt: skip


def _group(one: GroupStatement) -> Row:
    sample = one.sample
    parts = (sample.passed, sample.failed, sample.inconclusive) if sample else (0, 0, 0)
    return (one.drawn, sum(parts), *parts, one.bounds.excluded, one.bounds.as_failures)


ATTAINMENT_FIELDS = (
    "group", "objective", "conclusive", "with_target", "met", "not_measured", "share",
    "p50_ms", "p90_ms", "p95_ms", "longest_ms",
)  # fmt: skip
"""A quantile that was not reached is ``infinity``."""


def _attainment(audit: Audit) -> Iterator[Row]:
    for one in audit.attainment:
        yield (
            one.group, one.objective, one.conclusive, one.with_target, one.met, one.unknown,
            one.share, *map(_quantile, (one.p50, one.p90, one.p95, one.longest)),
        )  # fmt: skip


def _quantile(value: float | None) -> Value:
    if value is None:
        return None
    return "infinity" if math.isinf(value) else int(value)


HYGIENE_FIELDS = (
    "cloud", "copies", "left_over", "lifetime_p95_ms", "lifetime_max_ms", "cost", "cost_counted",
    "new_instances",
)  # fmt: skip
"""A line a cloud, and first all of them without a name; what is left over lives to ``infinity``."""


def _hygiene(one: CloudHygiene) -> Row:
    found = one.figures
    return (
        one.cloud, found.leftovers.n, found.leftovers.value, _lifetime(found.lifetime_p95),
        _lifetime(found.lifetime_max), None if found.cost is None else float(found.cost),
        found.priced if one.cloud is not None else None, found.billed,
    )  # fmt: skip


def _lifetime(metric: Metric) -> Value:
    return _quantile(None if metric.value is None else metric.value * 1000)


EXCEPTION_FIELDS = (
    "exception_id", "kind", "state", "cloud", "source_id", "plan", "drill_id", "reason", "owner",
    "approver", "ticket", "opened_at", "opened_by", "expires_at", "closed_at", "closed_by",
    "closing_reason", "retest_drill_id", "age_ms", "opened_after_failure",
)  # fmt: skip


def _exception(note: ExceptionNote, site: Site) -> Row:
    at = site.context.at
    state = state_of(note, at)
    is_closed = state == "closed"
    return (
        foreign(note.id), note.kind, state, note.cloud, foreign(note.source_id),
        foreign(note.plan_name), foreign(note.drill_id), foreign(note.reason), foreign(note.owner),
        foreign(note.approver), foreign(note.ticket), instant(note.opened_at),
        foreign(note.opened_by), instant(note.expires_at),
        instant(note.closed_at) if is_closed else None,
        foreign(note.closed_by) if is_closed else None,
        foreign(note.closing_reason) if is_closed else None,
        foreign(note.retest_drill_id) if is_closed else None, _span(age_of(note, at)),
        was_failing(note, site.fleet),
    )  # fmt: skip


REVIEW_FIELDS = (
    "review_id", "signed_at", "reviewer", "initiator", "reviewer_is_not_initiator", "drill_id",
    "period_from", "period_to", "verdict", "comment", "drills", "sha256", "drills_are_still_those",
)  # fmt: skip


def _review(signature: Signature) -> Row:
    review = signature.review
    return (
        foreign(review.id), instant(review.signed_at), foreign(review.reviewer),
        foreign(review.initiator), signature.is_separate, foreign(review.drill_id),
        instant(review.period_from), instant(review.period_to), review.verdict,
        foreign(review.comment or None), foreign(review.facts.get("drills")),
        foreign(review.facts.get("sha256")), signature.is_same,
    )  # fmt: skip


def _sample(drawn: Sequence[Tick], site: Site) -> Iterator[Row]:
    for number, tick in enumerate(drawn, start=1):
        yield (number, *drill_row(site.fleet.facts(tick), site.context.links))


CONTROL_FIELDS = ("framework", "edition", "clause", "title", "supported_by", "limits", "read")


def _controls() -> Iterator[Row]:
    for framework in frameworks():
        for one in framework.clauses:
            yield (
                framework.name, framework.edition, one.id, one.title, " ".join(one.answers),
                one.limits, one.read,
            )  # fmt: skip


METHODOLOGY_FIELDS = (
    "metric", "title", "section", "version", "unit", "formula", "caveats", "printed_on",
)  # fmt: skip


def _methodology() -> Iterator[Row]:
    for one in METRICS.values():
        yield (
            one.id, one.title, one.section, one.version, one.unit, one.formula,
            " ".join(one.caveats) or None, " ".join(PRINTED.get(one.id, ())) or None,
        )  # fmt: skip


def _span(span: timedelta) -> int:
    return milliseconds_of(span)
