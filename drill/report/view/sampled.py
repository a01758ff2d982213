"""Which drills an auditor looks at: those that were drawn, and those that did not pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from drill.check.port import CheckAnswer
from drill.recovery.facts import DrillFacts
from drill.recovery.tick import Tick, instant
from drill.report.audit import Audit
from drill.report.context import Context
from drill.report.language import _
from drill.report.view.card import Fleet
from drill.report.view.fleet import failing_part, page_name
from drill.report.view.formats import rta_text, span_text
from drill.report.view.links import source_page
from drill.report.view.sheet import (
    ROWS_AT_MOST,
    Cell,
    Column,
    Sheet,
    at_cell,
    plain,
    sheet,
    text_cell,
)
from drill.report.view.signs import level_sign, outcome_sign, teardown_sign


def sample_sheet(audit: Audit, fleet: Fleet, context: Context) -> Sheet:
    """Return the drawn drills, in the order of the draw."""
    drawn = audit.sample.drawn
    return sheet(
        "sample-table",
        _("Drills drawn from all {eligible} of the period, in the order of the draw").format(
            eligible=audit.sample.eligible
        ),
        (
            Column(head=_("No."), kind="n"),
            Column(head=_("Drill"), kind="id"),
            Column(head=_("Slot")),
            Column(head=_("Source"), kind="id"),
            Column(head=_("Recovery point")),
            Column(head=_("Outcome")),
            Column(head=_("Level")),
            Column(head=_("Checks"), kind="n"),
            Column(head=_("RTA (of RTO)"), kind="n"),
            Column(head=_("Teardown")),
        ),
        (_sampled(number, fleet.facts(one), context) for number, one in enumerate(drawn, start=1)),
        data="sample",
        empty=_("No data: there is no drill to draw from."),
    )


def _sampled(number: int, drill: DrillFacts, context: Context) -> tuple[Cell, ...]:
    answers = [answer for _name, answer in drill.checks]
    passed = answers.count(CheckAnswer.PASSED.value)
    rto = span_text(drill.rto_target) if drill.rto_target else _("no target")
    return (
        plain(number),
        _drill(drill, context),
        at_cell(drill.scheduled_for),
        _source(drill, context),
        at_cell(drill.point_at) if drill.point_at else plain(_("none")),
        Cell(sign=outcome_sign(drill)),
        Cell(sign=level_sign(drill.level)),
        plain(_("{part} of {whole}").format(part=passed, whole=len(answers)))
        if answers
        else plain(_("none")),
        plain(rta_text(drill), note=rto),
        Cell(sign=teardown_sign(drill.teardown)),
    )


def not_passed_sheet(audit: Audit, fleet: Fleet, context: Context) -> Sheet:
    """Return the drills that ended otherwise than passed, newest first, and what came after."""
    found = audit.not_passed
    return sheet(
        "not-passed-table",
        _("Drills of the period that did not pass, newest slot first"),
        (
            Column(head=_("Drill"), kind="id"),
            Column(head=_("Slot")),
            Column(head=_("Source"), kind="id"),
            Column(head=_("Outcome")),
            Column(head=_("Failing step or check"), kind="id"),
            Column(head=_("Reason"), kind="w"),
            Column(head=_("The source passed again at")),
        ),
        (_failed(one, fleet, context) for one in found[:ROWS_AT_MOST]),
        count=len(found),
        data="drills",
        empty=_("None: every finished drill passed, or there is none."),
    )


def _failed(tick: Tick, fleet: Fleet, context: Context) -> tuple[Cell, ...]:
    drill, again = fleet.facts(tick), passed_again(tick, fleet.by_key[tick.source].ticks)
    return (
        _drill(drill, context),
        at_cell(drill.scheduled_for),
        _source(drill, context),
        Cell(sign=outcome_sign(drill)),
        text_cell(", ".join(failing_part(drill)) or _("none")),
        text_cell(drill.reason or _("no reason was recorded")),
        at_cell(again) if again is not None else plain(_("not yet")),
    )


def passed_again(failed: Tick, ticks: Sequence[Tick]) -> datetime | None:
    """Return when the source of a drill, whose ``ticks`` these are, first passed after it."""
    later = [
        one.finished
        for one in ticks
        if one.ending.has_passed and one.finished is not None and one.slot > failed.slot
    ]
    return instant(min(later)) if later else None


def _drill(drill: DrillFacts, context: Context) -> Cell:
    href = f"d/{page_name(drill.id)}" if context.links.has_page(drill) else None
    return text_cell(drill.id, href=href, note=drill.plan_name)


def _source(drill: DrillFacts, context: Context) -> Cell:
    return text_cell(
        drill.source_name or drill.source_id,
        href=f"i/{source_page(drill.source)}",
        note=context.cloud(drill.cloud),
    )
