"""Which clause the records of this report support, and where they stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drill.recovery.coverage.register import METRICS
from drill.report.audit import Audit
from drill.report.control_map import READ, RECORDS, Clause, Framework
from drill.report.language import _
from drill.report.view.sheet import Cell, Column, Sheet, plain, sheet


def control_sheet(mapped: Sequence[Framework], audit: Audit) -> Sheet:
    """Return the mapping, a clause a row."""
    values = _values(audit)
    return sheet(
        "controls-table",
        _("Clauses that these records support evidence for, in our own words; the text of the "
          "framework and its assessor decide"),
        (
            Column(head=_("Framework"), kind="id"),
            Column(head=_("Clause")),
            Column(head=_("It asks, in own words"), kind="w"),
            Column(head=_("Supported by"), kind="list"),
            Column(head=_("Limits"), kind="w"),
            Column(head=_("How it is known here"), kind="id"),
        ),
        (
            (
                plain(framework.name, note=framework.edition),
                plain(clause.id),
                plain(_(clause.title)),
                Cell(parts=tuple(_answers(clause, values))),
                plain(_(clause.limits)),
                plain(_(READ[clause.read])),
            )
            for framework in mapped
            for clause in framework.clauses
        ),
        data="controls",
    )  # fmt: skip


def _answers(clause: Clause, values: Mapping[str, str]) -> list[Cell]:
    found = []
    for one in clause.answers:
        if one in RECORDS:
            word, href = RECORDS[one]
            found.append(plain(_(word), href=href))
        else:
            title = _(METRICS[one].title)
            found.append(plain(title, href=f"methodology.html#{one}", note=values.get(one, "")))
    return found


def _values(audit: Audit) -> dict[str, str]:
    """Return the figures of this report that are one number each."""
    control, coverage = audit.control, audit.coverage
    rto = audit.attainment[0]
    counted = {
        one.id: (int(one.numerator or 0), int(one.denominator or 0))
        for one in (
            coverage.passed, coverage.attempted, control.execution, control.pass_of_executed,
            control.end_to_end,
        )
    }  # fmt: skip
    counted["rto_attainment"] = (rto.met, rto.with_target)
    return {
        name: _("{part} of {whole}").format(part=part, whole=whole) if whole else _("no data")
        for name, (part, whole) in counted.items()
    }
