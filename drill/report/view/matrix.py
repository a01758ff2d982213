"""Checks against the newest drills, and how far each check can be believed (coverage C.12)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drill.recovery.coverage.checks import CheckRecord
from drill.recovery.facts import DrillFacts
from drill.report.language import _
from drill.report.view.formats import Moment, minute
from drill.report.view.links import Links
from drill.report.view.signs import Sign, answer_sign
from drill.report.view.text import shown

MATRIX_DRILLS = 10
CHECKS_AT_MOST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One check over the newest drills; None is a drill that did not ask it."""

    check: str
    cells: tuple[Sign | None, ...]
    rate: str
    """Passed of all answers ever given, with its interval."""
    remark: str
    """Why its answers may mean little; empty for a check that can be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Checks against drills, the newest first."""

    heads: tuple[tuple[Moment, str | None], ...]
    rows: tuple[MatrixRow, ...]
    note: str
    """What the last column means."""
    left_out: int


def matrix_of(
    drills: tuple[DrillFacts, ...], records: Mapping[str, CheckRecord], links: Links
) -> Matrix | None:
    """Return the checks of the newest drills that asked any, newest first; None without any."""
    asked = [drill for drill in drills if drill.checks][:MATRIX_DRILLS]
    names = list(dict.fromkeys(name for drill in asked for name, _answer in drill.checks))
    if not names:
        return None
    answers = [dict(drill.checks) for drill in asked]
    rows = tuple(
        MatrixRow(
            check=shown(name, 80),
            cells=tuple(answer_sign(one[name]) if name in one else None for one in answers),
            rate=_rate(records.get(name)),
            remark=_remark(records.get(name)),
        )
        for name in names[:CHECKS_AT_MOST]
    )
    return Matrix(
        heads=tuple((minute(drill.scheduled_for), links.drill(drill)) for drill in asked),
        rows=rows,
        note=_matrix_note(rows),
        left_out=max(0, len(names) - CHECKS_AT_MOST),
    )


def _matrix_note(rows: Iterable[MatrixRow]) -> str:
    remarks = {row.remark for row in rows}
    found = [_("Of all answers: passed, and the Wilson interval at 95 %.")]
    if _("flaky") in remarks:
        found.append(_("Flaky: its newest ten answers changed at least twice."))
    if _("untested") in remarks:
        found.append(
            _("Untested: it never failed, and was shown no bad copy; its pass may mean little.")
        )
    return " ".join(found)


def _rate(record: CheckRecord | None) -> str:
    if record is None or record.interval is None:
        return _("no data")
    low, high = record.interval
    return _("{part} of {whole} ({low}–{high} %)").format(
        part=int(record.pass_rate.numerator or 0),
        whole=record.pass_rate.n,
        low=f"{math.floor(low * 1000) / 10:.1f}",
        high=f"{math.ceil(high * 1000) / 10:.1f}",
    )


def _remark(record: CheckRecord | None) -> str:
    if record is None:
        return ""
    if record.is_flaky:
        return _("flaky")
    return _("untested") if record.is_untested else ""
