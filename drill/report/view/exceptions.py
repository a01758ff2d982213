"""Every exception there is: who answers for it, since when, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from drill.report.context import Context
from drill.report.language import _, ngettext
from drill.report.view.card import Fleet
from drill.report.view.formats import Moment, moment
from drill.report.view.registers import EXPIRES_SOON, exception_sheet, state_of
from drill.report.view.sheet import Sheet
from drill.report.view.signs import Sign, Tone, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionsView:
    """The page of exceptions."""

    generated_at: Moment
    verdict: Sign
    counts: tuple[str, ...]
    register: Sheet


def exceptions_view(fleet: Fleet, context: Context) -> ExceptionsView:
    """Return everything that the page of exceptions prints."""
    at, notes = context.at, fleet.exceptions
    states = [state_of(one, at) for one in notes]
    holding = [one for one in notes if one.is_open(at)]
    soon = [one for one in holding if one.expires_at and one.expires_at <= at + EXPIRES_SOON]
    untested = [
        one
        for one, state in zip(notes, states, strict=True)
        if state == "closed" and one.kind == "finding" and not one.retest_drill_id
    ]
    return ExceptionsView(
        generated_at=moment(at),
        verdict=sign(
            Tone.WARN if holding else Tone.NONE,
            ngettext(
                "{count} exception holds now", "{count} exceptions hold now", len(holding)
            ).format(count=len(holding))
            if holding
            else _("No exception holds now"),
        ),
        counts=(
            _("closed: {count}").format(count=states.count("closed")),
            _("expired: {count}").format(count=states.count("expired")),
            _("expiring within 30 days: {count}").format(count=len(soon)),
            _("findings closed without a retest: {count}").format(count=len(untested)),
        ),
        register=exception_sheet(
            notes, fleet, context, table_id="exceptions-table",
            caption=_("Exceptions, those that hold first, each group the oldest first"),
        ),
    )  # fmt: skip
