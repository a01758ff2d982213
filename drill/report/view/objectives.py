"""What was promised against what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from drill.engine.record import DrillRecord
from drill.recovery.measure import Attainment, assess
from drill.report.language import _
from drill.report.view.fleet import FAILURES
from drill.report.view.formats import bound_text, milliseconds_text, signed_span_text, span_text
from drill.report.view.signs import Sign, Tone, attainment_sign, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveRow:
    """One objective with its actual."""

    name: str
    target: str
    actual: str
    actual_ms: str
    gap: str
    sign: Sign
    note: str


def objective_rows(record: DrillRecord) -> tuple[ObjectiveRow, ...]:
    """Return RTO, RPO by proof and RPO by claim. A simulated drill has no data for any of them."""
    objectives = record.plan.objectives
    rows = (
        _row(
            _("RTO and RTA"),
            objectives.rto,
            record.rta,
            _unattended_note(record) or _("restore request accepted until checks done"),
            record,
            unattended=record.unattended,
        ),
        _row(
            _("RPO and RPA, proven"),
            objectives.rpo,
            record.rpa,
            _("reference instant minus the newest heartbeat found in the copy"),
            record,
        ),
        _row(
            _("RPO and RPA, claimed"),
            objectives.rpo,
            record.rpa_claimed,
            _("reference instant minus the instant asked for; proves nothing"),
            record,
            is_claim=True,
        ),
    )
    return (_never_recovered(rows[0], record), *rows[1:])


def _row(
    name: str,
    target: timedelta | None,
    actual: timedelta | None,
    note: str,
    record: DrillRecord,
    *,
    is_claim: bool = False,
    unattended: timedelta | None = None,
) -> ObjectiveRow:
    if record.is_simulated:
        actual, note = (
            None,
            _("simulated: no database stands behind the instance, so this proves nothing"),
        )
    answer = assess(target, actual, unattended=unattended)
    met = attainment_sign(answer.attainment)
    if is_claim and answer.attainment is not Attainment.NO_DATA:
        met = sign(Tone.NONE, _("{answer}, by claim only").format(answer=met.word))
    return ObjectiveRow(
        name=name,
        target=span_text(target) if target is not None else _("no target"),
        actual=bound_text(actual, unattended),
        actual_ms=milliseconds_text(actual),
        gap=signed_span_text(answer.gap),
        sign=met,
        note=note,
    )


def _unattended_note(record: DrillRecord) -> str | None:
    """Return what there is to know of an RTA that is an upper bound; None if it is none."""
    if record.rta is None or not record.unattended:
        return None
    return _(
        "at most: nobody looked for {unattended} of it, so that recovery took between {least} and "
        "{most}; over the target for that reason alone is no data"
    ).format(
        unattended=span_text(record.unattended),
        least=span_text(record.rta - record.unattended),
        most=span_text(record.rta),
    )


def _never_recovered(row: ObjectiveRow, record: DrillRecord) -> ObjectiveRow:
    """Return the RTO of a failed drill as missed, whatever was measured (coverage C.11)."""
    if record.outcome not in FAILURES or record.is_simulated:
        return row
    has_target = record.plan.objectives.rto is not None
    return ObjectiveRow(
        name=row.name,
        target=row.target,
        actual=_("not reached"),
        actual_ms=row.actual_ms,
        gap=_("not reached"),
        sign=attainment_sign(Attainment.MISSED if has_target else Attainment.NO_DATA),
        note=_("a failed drill counts as never recovered"),
    )
