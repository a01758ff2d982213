"""What drills left behind, cloud by cloud: leftovers, how long copies lived, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Iterable

from drill.recovery.coverage.hygiene import CloudHygiene, Hygiene
from drill.recovery.coverage.intervals import span_of
from drill.recovery.coverage.metric import Metric
from drill.report.audit import Audit
from drill.report.context import Context
from drill.report.language import _
from drill.report.view.attainment import FEW
from drill.report.view.formats import span_text
from drill.report.view.sheet import Cell, Column, Sheet, plain, sheet, sign_cell, text_cell
from drill.report.view.signs import Tone


def left_behind_sheet(audit: Audit, context: Context) -> Sheet:
    """Return the table; its caption says whether anything is left."""
    found = audit.hygiene
    return sheet(
        "left-behind-table",
        _finding(found[0].figures),
        (
            Column(head=_("Cloud"), kind="id"),
            Column(head=_("Copies"), kind="n"),
            Column(head=_("Left over")),
            Column(head=_("Lifetime, p95"), kind="n"),
            Column(head=_("Lifetime, longest"), kind="n"),
            Column(head=_("Cost of new instances"), kind="n"),
        ),
        (tuple(_cells(one, context)) for one in found if one.figures.leftovers.n),
        data="hygiene",
        empty=_("No data: no drill of the period made a copy that is known of."),
    )


def _finding(all_clouds: Hygiene) -> str:
    n, left = all_clouds.leftovers.n, int(all_clouds.leftovers.value or 0)
    if not left:
        return _("Nothing is left over of {n} copies; the longest lived {longest}").format(
            n=n, longest=lifetime_text(all_clouds.lifetime_max)
        )
    return _("{left} of {n} copies outlived their drill and are left over").format(left=left, n=n)


def _cells(one: CloudHygiene, context: Context) -> Iterable[Cell]:
    figures = one.figures
    left = int(figures.leftovers.value or 0)
    yield plain(_("all clouds")) if one.cloud is None else text_cell(context.cloud(one.cloud))
    yield plain(figures.leftovers.n)
    yield sign_cell(Tone.FAIL, str(left)) if left else sign_cell(Tone.PASS, _("none"))
    few = figures.leftovers.n < FEW
    yield plain("–" if few else lifetime_text(figures.lifetime_p95))
    yield plain(lifetime_text(figures.lifetime_max))
    yield plain("–") if one.cloud is None else _cost(figures)


def _cost(figures: Hygiene) -> Cell:
    if not figures.billed:
        return plain(_("no new instance"))
    counted = _("{part} of {whole} with a price").format(part=figures.priced, whole=figures.billed)
    return plain(_("no data") if figures.cost is None else f"{figures.cost}", note=counted)


def lifetime_text(metric: Metric) -> str:
    """Return a lifetime; infinite is one that has not ended."""
    if metric.value is None:
        return _("no data")
    if math.isinf(metric.value):
        return _("left over")
    return span_text(span_of(round(metric.value * 1000)))
