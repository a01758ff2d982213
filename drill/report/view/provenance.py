"""Where the information came from: what an auditor tests before relying on it (the IPE box)."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from drill.report.audit import Audit
from drill.report.context import Context
from drill.report.language import _
from drill.report.methodology import METHODOLOGY_DIGEST, METHODOLOGY_VERSION
from drill.report.view.formats import minute, moment
from drill.report.view.sheet import Column, Sheet, at_cell, plain, sheet, text_cell
from drill.report.view.text import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Source systems, parameters, counts, versions, digest and command."""

    sources: Sheet
    parameters: tuple[tuple[str, str], ...]
    command: str


def provenance(audit: Audit, context: Context) -> Provenance:
    """Return the box of a report."""
    inside, operation = audit.inventory, audit.operation
    counts = _(
        "inventory {inventory} → in scope {scope} → scheduled {scheduled} → executed {executed} → "
        "passed {passed}"
    ).format(
        inventory=inside.total, scope=inside.in_scope, scheduled=operation.scheduled,
        executed=operation.executed, passed=operation.passed,
    )  # fmt: skip
    begin = minute(audit.begin).text if audit.begin else _("no data")
    period = _("slots from {begin} to {end}, UTC").format(begin=begin, end=minute(audit.end).text)
    narrowed = " ".join(shown(one, 120) for one in context.narrowed) or _("everything")
    if context.is_redacted:
        narrowed = _("withheld, because names are replaced by pseudonyms")
    return Provenance(
        sources=_pulls(audit, context),
        parameters=(
            (_("Period"), period),
            (_("Scope"), narrowed),
            (_("Time zone"), "UTC"),
            (_("Row counts"), counts),
            (_("Sample"), _("seed “{seed}”, {drawn} of {eligible}").format(
                seed=shown(audit.sample.seed, 80), drawn=len(audit.sample.drawn),
                eligible=audit.sample.eligible)),
            (_("Methodology"), _("version {version}, SHA-256 {digest}").format(
                version=METHODOLOGY_VERSION, digest=METHODOLOGY_DIGEST)),
            (_("Tool"), f"drill {shown(context.tool_version, 40)}"),
            (_("Records"), _("SHA-256 over every drill of the report: {digest}").format(
                digest=audit.digest)),
            (_("Signature"), _("UNSIGNED: there is no signed evidence log yet")),
        ),
        command=command_of(context),
    )  # fmt: skip


def command_of(context: Context) -> str:
    """Return what renders this very report again, quoted for a shell."""
    options = context.options or ("--at", moment(context.at, milliseconds=True).machine)
    return " ".join(
        ("drill report", *(shown(shlex.quote(one), 200) for one in options), "--folder again")
    )


def _pulls(audit: Audit, context: Context) -> Sheet:
    return sheet(
        "pulls-table",
        _("Source systems, and when they were last asked"),
        (
            Column(head=_("Cloud"), kind="id"),
            Column(head=_("Instances listed at")),
            Column(head=_("Listed"), kind="n"),
            Column(head=_("Sources"), kind="n"),
            Column(head=_("Oldest look at a source")),
            Column(head=_("Newest look at a source")),
        ),
        (
            (
                text_cell(context.cloud(one.cloud)),
                at_cell(one.listed_at),
                plain(_("no data") if one.listed is None else one.listed),
                plain(one.sources),
                at_cell(one.looked_at_first),
                at_cell(one.looked_at),
            )
            for one in audit.pulls[:60]
        ),
        count=len(audit.pulls),
        empty=_("No data: no cloud was asked."),
        fits=True,
    )
