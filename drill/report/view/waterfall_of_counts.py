"""From the inventory to what passed, step by step: every number is the one above less a reason."""

from __future__ import annotations

from collections.abc import Iterable

from drill.recovery.coverage.reconciliation import UNDER_WAY, Counts
from drill.recovery.verdict import Outcome
from drill.report import words
from drill.report.audit import Audit
from drill.report.language import _
from drill.report.view.formats import percent
from drill.report.view.sheet import Cell, Column, Sheet, sheet

_PASSES = (Outcome.PASSED.value, Outcome.PASSED_LATE.value)
_ORDER = (*(one.value for one in Outcome), UNDER_WAY)


def waterfall_sheet(audit: Audit) -> Sheet:
    """Return the waterfall as a table: totals stand out, reasons are subtracted in between."""
    return sheet(
        "waterfall-table",
        _("Each total is the one above it less the reasons between; simulated drills are in none"),
        (
            Column(head=_("Step")),
            Column(head=_("Count"), kind="n"),
            Column(head=_("Share of the step above"), kind="bar"),
        ),
        (*_sources(audit), *_drills(audit)),
        data="reconciliation",
        fits=True,
    )


def _sources(audit: Audit) -> Iterable[tuple[Cell, ...]]:
    inside = audit.inventory
    yield _total(_("Inventory"), _("instances that are known of"), inside.total, inside.total)
    yield _less(_("simulated"), inside.simulated)
    yield _less(_("without a plan, and without an approved exclusion"), inside.without_plan)
    yield _less(_("excluded, approved and not expired"), inside.excluded)
    yield _total(_("In scope"), _("sources"), inside.in_scope, inside.total)


def _drills(audit: Audit) -> Iterable[tuple[Cell, ...]]:
    operation = audit.operation
    scheduled, executed = operation.scheduled, operation.executed
    yield _total(_("Scheduled"), _("slots of the period"), scheduled, scheduled)
    yield from _reasons(operation.not_executed_as, leave_out=())
    yield _total(_("Executed"), _("the cloud accepted a restore"), executed, scheduled)
    yield from _reasons(operation.executed_as, leave_out=_PASSES)
    late = operation.executed_as.get(Outcome.PASSED_LATE.value, 0)
    note = _("of them {count} late").format(count=late)
    yield _total(_("Passed"), note, operation.passed, executed)


def _reasons(counts: Counts, *, leave_out: tuple[str, ...]) -> Iterable[tuple[Cell, ...]]:
    for word in _ORDER:
        count = counts.get(word, 0)
        if count and word not in leave_out:
            name = _("under way") if word == UNDER_WAY else _(words.OUTCOMES[Outcome(word)])
            yield _less(name, count)


def _total(name: str, note: str, count: int, above: int) -> tuple[Cell, ...]:
    bar = percent(count / above) if above else None
    return Cell(text=name, note=note), Cell(text=str(count)), Cell(bar=bar)


def _less(name: str, count: int) -> tuple[Cell, ...]:
    return (
        Cell(note=_("less: {reason}").format(reason=name)),
        Cell(note=f"− {count}" if count else "0"),
        Cell(),
    )
