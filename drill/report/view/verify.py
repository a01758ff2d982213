"""How anybody can make this report again and compare, and what that does not prove."""

from __future__ import annotations

from dataclasses import dataclass

from drill.report.context import Context
from drill.report.language import _
from drill.report.view.compliance import AuditData, period_text
from drill.report.view.formats import Moment, moment
from drill.report.view.provenance import Provenance, provenance
from drill.report.view.sheet import Column, Sheet, plain, sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyView:
    """The page of verification."""

    generated_at: Moment
    period: str
    digests: Sheet
    provenance: Provenance
    folder: str
    is_redacted: bool


def verify_view(data: AuditData, context: Context) -> VerifyView:
    """Return everything that the page prints."""
    return VerifyView(
        generated_at=moment(context.at),
        period=period_text(data.audit),
        digests=_digests(data),
        provenance=provenance(data.audit, context),
        folder="again",
        is_redacted=context.is_redacted,
    )


def _digests(data: AuditData) -> Sheet:
    audit = data.audit
    rows = (
        (_("every drill of the report"), len(data.fleet.ticks), audit.digest),
        (_("the real drills of the period"), len(audit.ticks), audit.period_digest),
        (
            _("what the sample was drawn from (ids, sorted)"),
            audit.sample.eligible,
            audit.sample.eligible_digest,
        ),
    )
    return sheet(
        "digests-table",
        _("SHA-256 of the records that this report was made of"),
        (
            Column(head=_("Records")),
            Column(head=_("Count"), kind="n"),
            Column(head=_("SHA-256"), kind="code"),
        ),
        ((plain(name), plain(count), plain(digest)) for name, count, digest in rows),
        fits=True,
    )
