"""The audit pack of a period: what there was, what was drilled, what passed, and who says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drill.recovery.coverage.intervals import span_of
from drill.recovery.coverage.metric import Metric
from drill.recovery.tick import DAY
from drill.report.audit import Audit
from drill.report.context import Context
from drill.report.control_map import frameworks
from drill.report.language import _, ngettext
from drill.report.view.attainment import FEW, quantile_text
from drill.report.view.card import Fleet
from drill.report.view.confidence import Confidence, confidence, finite_sentence
from drill.report.view.control_sheet import control_sheet
from drill.report.view.formats import Moment, minute, moment, share_text, span_text
from drill.report.view.left_behind import left_behind_sheet
from drill.report.view.provenance import Provenance, provenance
from drill.report.view.registers import exception_sheet, review_sheet
from drill.report.view.sampled import not_passed_sheet, sample_sheet
from drill.report.view.sheet import (
    ROWS_AT_MOST,
    Cell,
    Column,
    Sheet,
    plain,
    sheet,
    sign_cell,
)
from drill.report.view.signs import Sign, Tone, sign
from drill.report.view.text import shown
from drill.report.view.waterfall_of_counts import waterfall_sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditData:
    """What the pages for auditors and managers are made of."""

    fleet: Fleet
    audit: Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceView:
    """The audit pack, section by section."""

    generated_at: Moment
    period: str
    verdict: Sign
    findings: tuple[Sign, ...]
    narrowed: tuple[str, ...]
    simulated: int
    waterfall: Sheet
    identities: Sheet
    coverage: Sheet
    control: Sheet
    confidence: Confidence
    attainment: Sheet
    exceptions: Sheet
    reviews: Sheet
    left_behind: Sheet
    not_passed: Sheet
    sample: Sheet
    sample_seed: str
    sample_is_default: bool
    sample_digest: str
    sample_eligible: int
    sample_claim: str
    """What a sample that is found in order says of all that could be drawn."""
    controls: Sheet
    provenance: Provenance


def compliance_view(data: AuditData, context: Context) -> ComplianceView:
    """Return everything that the audit pack prints."""
    audit = data.audit
    return ComplianceView(
        generated_at=moment(context.at),
        period=period_text(audit),
        verdict=verdict_of(audit),
        findings=tuple(_findings(audit)),
        narrowed=tuple(shown(text, 120) for text in context.narrowed),
        simulated=audit.simulated,
        waterfall=waterfall_sheet(audit),
        identities=_identities(audit),
        coverage=_coverage(audit),
        control=_control(audit),
        confidence=confidence(audit),
        attainment=_attainment(audit),
        exceptions=exception_sheet(
            audit.exceptions, data.fleet, context, table_id="exceptions-table",
            caption=_("Exceptions that held in this period, those that still hold first"),
        ),
        reviews=review_sheet(audit, data.fleet, context),
        left_behind=left_behind_sheet(audit, context),
        not_passed=not_passed_sheet(audit, data.fleet, context),
        sample=sample_sheet(audit, data.fleet, context),
        sample_seed=shown(audit.sample.seed, 200),
        sample_is_default=audit.sample.is_default,
        sample_digest=audit.sample.eligible_digest,
        sample_eligible=audit.sample.eligible,
        sample_claim=finite_sentence(audit.sample.eligible, len(audit.sample.drawn)),
        controls=control_sheet(frameworks(), audit),
        provenance=provenance(audit, context),
    )  # fmt: skip


def period_text(audit: Audit) -> str:
    """Return the period in words."""
    if audit.begin is None:
        return _("up to {end} UTC; no real drill is known").format(end=minute(audit.end).text)
    return _("{begin} to {end} UTC").format(
        begin=minute(audit.begin).text, end=minute(audit.end).text
    )


def verdict_of(audit: Audit) -> Sign:
    """Return in one sentence whether the control operated: passed of everything scheduled."""
    scheduled, passed = audit.operation.scheduled, audit.operation.passed
    if scheduled == 0:
        return sign(Tone.NONE, _("No real drill was scheduled: no data"))
    said = _("{passed} of {scheduled} scheduled drills passed ({share})").format(
        passed=passed, scheduled=scheduled, share=share_text(span_of(passed), span_of(scheduled))
    )
    return sign(Tone.PASS if passed == scheduled else Tone.WARN, said)


def _findings(audit: Audit) -> Iterable[Sign]:
    """Yield what an auditor looks at first, each as a sign."""
    covered, scope = int(audit.coverage.passed.numerator or 0), audit.inventory.in_scope
    if scope:
        yield sign(
            Tone.PASS if covered == scope else Tone.FAIL,
            _("{covered} of {scope} sources in scope passed within their cadence").format(
                covered=covered, scope=scope
            ),
        )
    if audit.inventory.without_plan:
        yield sign(
            Tone.FAIL,
            ngettext(
                "{count} instance of the inventory is drilled by no plan, and nobody approved "
                "leaving it out",
                "{count} instances of the inventory are drilled by no plan, and nobody approved "
                "leaving them out",
                audit.inventory.without_plan,
            ).format(count=audit.inventory.without_plan),
        )  # fmt: skip
    if audit.excluded_failing:
        yield sign(
            Tone.FAIL,
            ngettext(
                "The newest conclusive drill of {count} excluded source failed",
                "The newest conclusive drills of {count} excluded sources failed",
                audit.excluded_failing,
            ).format(count=audit.excluded_failing),
        )
    unlisted = [one for one in audit.pulls if one.listed_at is None]
    if unlisted:
        yield sign(
            Tone.WARN,
            _("The instances of {count} of {clouds} clouds were never listed: whether the scope is "
              "complete is not known").format(count=len(unlisted), clouds=len(audit.pulls)),
        )  # fmt: skip
    done, whole = audit.accepted, audit.finished
    if whole:
        yield sign(
            Tone.PASS if done == whole else Tone.WARN,
            _("{done} of {whole} finished drills are covered by an accepted review").format(
                done=done, whole=whole
            ),
        )
    late = sum(one.ending.is_executed and one.enlisted > one.slot + DAY for one in audit.ticks)
    if late:
        yield sign(
            Tone.WARN,
            ngettext(
                "{count} executed drill was written down more than a day after its slot",
                "{count} executed drills were written down more than a day after their slots",
                late,
            ).format(count=late),
        )
    left = sum(1 for one in audit.ticks if one.ending.is_leaked)
    if left:
        yield sign(
            Tone.FAIL,
            ngettext(
                "{count} scratch instance outlived its drill",
                "{count} scratch instances outlived their drill",
                left,
            ).format(count=left),
        )


def _identities(audit: Audit) -> Sheet:
    return sheet(
        "identities-table",
        _("What has to be equal; a report in which it is not is not written"),
        (
            Column(head=_("Identity"), kind="w"),
            Column(head=_("Left"), kind="n"),
            Column(head=_("Right"), kind="n"),
            Column(head=_("Holds")),
        ),
        (
            (
                plain(_(one.name)),
                plain(one.left),
                plain(one.right),
                sign_cell(Tone.PASS, _("yes")) if one.holds else sign_cell(Tone.FAIL, _("no")),
            )
            for one in audit.identities
        ),
        data="reconciliation",
        fits=True,
    )


def share_cells(part: int | float, whole: int | float) -> tuple[Cell, Cell]:
    """Return "part of whole", and the share; an empty whole is no data."""
    if not whole:
        return plain(_("no data")), plain(_("no data"))
    counts = _("{part} of {whole}").format(part=int(part), whole=int(whole))
    return plain(counts), plain(share_text(span_of(int(part)), span_of(int(whole))))


def _coverage(audit: Audit) -> Sheet:
    coverage, inside = audit.coverage, audit.inventory
    passed = int(coverage.passed.numerator or 0)
    rows: list[tuple[Cell, ...]] = [
        (plain(_("sources in scope")), *_metric_cells(coverage.passed)),
        (
            plain(_("with instances that no plan drills")),
            *share_cells(passed, inside.in_scope + inside.without_plan),
        ),
        (plain(_("with the excluded ones")), *_metric_cells(audit.coverage_with_excluded)),
        (plain(_("attempted, whatever came of it")), *_metric_cells(coverage.attempted)),
    ]
    for tier, metric in coverage.passed_by_tier.items():
        name = _("no tier") if tier is None else _("tier {tier}").format(tier=tier)
        rows.append((plain(name), *_metric_cells(metric)))
    for cadence, covered, count in audit.by_cadence:
        name = _("cadence {cadence}").format(cadence=span_text(cadence))
        rows.append((plain(name), *share_cells(covered, count)))
    return sheet(
        "coverage-table",
        _("Sources with a real pass at L3 or higher that finished within their cadence before the "
          "end of the period; failed and never drilled ones stay in the denominator"),
        (
            Column(head=_("Group")),
            Column(head=_("Covered"), kind="n"),
            Column(head=_("Share"), kind="n"),
        ),
        rows,
        data="coverage",
        fits=True,
    )  # fmt: skip


def _metric_cells(metric: Metric) -> tuple[Cell, Cell]:
    return share_cells(metric.numerator or 0, metric.denominator or 0)


def _control(audit: Audit) -> Sheet:
    control = audit.control
    rows = (
        (_("Execution"), _("executed of scheduled"), control.execution),
        (_("Passed of executed"), _("passed of executed"), control.pass_of_executed),
        (_("End-to-end, the headline"), _("passed of scheduled"), control.end_to_end),
    )
    return sheet(
        "control-table",
        _("Whether the control operated in the period"),
        (
            Column(head=_("Figure")),
            Column(head=_("Counted"), kind="n"),
            Column(head=_("Share"), kind="n"),
        ),
        ((plain(name, note=note), *_metric_cells(metric)) for name, note, metric in rows),
        data="reconciliation",
        fits=True,
    )


def _attainment(audit: Audit) -> Sheet:
    found = audit.attainment
    return sheet(
        "attainment-table",
        _("Conclusive drills by nearest rank; a failed drill counts as never recovered, and below "
          "{few} drills the longest stands for p95").format(few=FEW),
        (
            Column(head=_("Group")),
            Column(head=_("Objective")),
            Column(head=_("Conclusive"), kind="n"),
            Column(head=_("Met, of those with a target"), kind="n"),
            Column(head=_("Not measured"), kind="n"),
            Column(head=_("p50"), kind="n"),
            Column(head=_("p90"), kind="n"),
            Column(head=_("p95"), kind="n"),
            Column(head=_("Longest"), kind="n"),
        ),
        (
            (
                plain(one.group),
                plain(one.objective),
                plain(one.conclusive),
                plain(_("{part} of {whole}").format(part=one.met, whole=one.with_target))
                if one.with_target
                else plain(_("no target")),
                plain(one.unknown),
                plain(quantile_text(one.p50)),
                plain(quantile_text(one.p90)),
                plain("–" if one.p95 is None else quantile_text(one.p95)),
                plain(quantile_text(one.longest)),
            )
            for one in found[:ROWS_AT_MOST]
        ),
        count=len(found),
        data="attainment",
        empty=_("No data: no drill was conclusive."),
    )  # fmt: skip
