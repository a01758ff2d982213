"""The registers that people keep: exceptions, and reviews with their signatures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from drill.clock import to_milliseconds
from drill.recovery.facts import ExceptionNote, Review, SourceKey
from drill.report import words
from drill.report.audit import Audit
from drill.report.context import Context
from drill.report.language import _
from drill.report.signatures import Signature
from drill.report.view.card import Fleet
from drill.report.view.fleet import page_name
from drill.report.view.formats import minute, span_text
from drill.report.view.links import source_page
from drill.report.view.sheet import (
    ROWS_AT_MOST,
    Cell,
    Column,
    Sheet,
    at_cell,
    plain,
    sheet,
    sign_cell,
    text_cell,
    ticket_cell,
)
from drill.report.view.signs import Tone

EXPIRES_SOON = timedelta(days=30)


def state_of(note: ExceptionNote, at: datetime) -> str:
    """Return where an exception stands: open, closed or expired."""
    if note.closed_at is not None and note.closed_at <= at:
        return "closed"
    return "expired" if note.expires_at is not None and note.expires_at <= at else "open"


def age_of(note: ExceptionNote, at: datetime) -> timedelta:
    """Return how long an exception has lasted, or lasted until it ended."""
    ends = [one for one in (note.closed_at, note.expires_at) if one is not None and one <= at]
    return max(min(ends, default=at) - note.opened_at, timedelta(0))


def was_failing(note: ExceptionNote, fleet: Fleet) -> bool | None:
    """Tell whether the source had failed and not passed again when an exception was opened.

    None if no conclusive drill of it had finished by then.
    """
    key = (note.cloud, note.source_id or "")
    if note.source_id is None or key not in fleet.by_key:
        return None
    opened = to_milliseconds(note.opened_at)
    conclusive = [
        (one.finished // 1000, one.id, one.ending.has_failed)
        for one in fleet.by_key[key].ticks
        if one.finished is not None and one.ending.is_conclusive
    ]
    known = [one for one in conclusive if one[0] <= opened]
    return max(known)[2] if known else None


def open_first(notes: Iterable[ExceptionNote], at: datetime) -> list[ExceptionNote]:
    """Return exceptions that hold first, each group the oldest first."""
    return sorted(notes, key=lambda one: (not one.is_open(at), one.opened_at, one.id))


def exception_sheet(
    notes: Sequence[ExceptionNote], fleet: Fleet, context: Context, *, caption: str, table_id: str
) -> Sheet:
    """Return the register of exceptions, those that hold first."""
    return sheet(
        table_id,
        caption,
        (
            Column(head=_("Exception"), kind="id"),
            Column(head=_("State, age")),
            Column(head=_("About"), kind="id"),
            Column(head=_("Reason, and why it ended"), kind="w"),
            Column(head=_("Owner, approver"), kind="id"),
            Column(head=_("Ticket"), kind="id"),
            Column(head=_("Opened, ends")),
            Column(head=_("Retest"), kind="id"),
        ),
        (
            _exception_row(note, fleet, context)
            for note in open_first(notes, context.at)[:ROWS_AT_MOST]
        ),
        count=len(notes),
        data="exceptions",
        empty=_("No exception was recorded."),
    )


def _exception_row(note: ExceptionNote, fleet: Fleet, context: Context) -> tuple[Cell, ...]:
    at = context.at
    state = state_of(note, at)
    tones = {"open": Tone.WARN, "closed": Tone.PASS, "expired": Tone.NONE}
    said = {"open": _("open"), "closed": _("closed"), "expired": _("expired")}
    kind = _("finding") if note.kind == "finding" else _("exclusion")
    age = span_text(age_of(note, at))
    if note.kind == "exclusion" and was_failing(note, fleet):
        age = _("{age}; the newest drill had failed when it was opened").format(age=age)
    ended = note.closed_at if state == "closed" else note.expires_at
    return (
        text_cell(note.id, note=kind),
        sign_cell(tones[state], said[state], note=age),
        _subject(note, fleet, context),
        text_cell(
            note.reason, note=(note.closing_reason or "") if state == "closed" else ""
        ),
        text_cell(note.owner, note=note.approver or _("no approver")),
        ticket_cell(note.ticket) if note.ticket else plain(_("none")),
        Cell(
            at=minute(note.opened_at),
            note=minute(ended).text if ended is not None else _("until it is closed"),
        ),
        _retest(note, fleet, context, is_closed=state == "closed"),
    )  # fmt: skip


def _subject(note: ExceptionNote, fleet: Fleet, context: Context) -> Cell:
    name = note.plan_name or note.source_id or note.cloud
    key: SourceKey | None = (note.cloud, note.source_id) if note.source_id is not None else None
    tick = fleet.tick(note.drill_id) if note.drill_id else None
    if tick is not None and context.links.leads_to(tick):
        return text_cell(name, href=f"d/{page_name(tick.id)}", note=tick.id)
    if key is not None and key in fleet.by_key:
        return text_cell(name, href=f"i/{source_page(key)}", note=note.drill_id or "")
    return text_cell(name, note=note.drill_id or "")


def _retest(note: ExceptionNote, fleet: Fleet, context: Context, *, is_closed: bool) -> Cell:
    if not is_closed or note.retest_drill_id is None:
        return plain(_("none yet") if not is_closed else _("none"))
    tick = fleet.tick(note.retest_drill_id)
    has_page = tick is not None and context.links.leads_to(tick)
    found = _("no data")
    if tick is not None and tick.ending.outcome is not None:
        found = f"{_(words.OUTCOMES[tick.ending.outcome])}, L{tick.level}"
    return text_cell(
        note.retest_drill_id,
        href=f"d/{page_name(note.retest_drill_id)}" if has_page else None,
        note=found,
    )


def review_sheet(audit: Audit, fleet: Fleet, context: Context) -> Sheet:
    """Return the log of reviews, each with who must not have signed, and about which drills."""
    return sheet(
        "reviews-table",
        _("Reviews of this period, the newest first; names are attribution, not authentication"),
        (
            Column(head=_("Review"), kind="id"),
            Column(head=_("Signed")),
            Column(head=_("About"), kind="id"),
            Column(head=_("Reviewer"), kind="id"),
            Column(head=_("Reviewer is not initiator")),
            Column(head=_("Verdict"), kind="w"),
            Column(head=_("The drills are still those")),
        ),
        (_review_row(one, fleet, context) for one in audit.signatures[:ROWS_AT_MOST]),
        count=len(audit.signatures),
        data="reviews",
        empty=_("Nobody has signed a review of this period: the results were not accepted by "
                "anybody."),
    )  # fmt: skip


def _review_row(signature: Signature, fleet: Fleet, context: Context) -> tuple[Cell, ...]:
    review, separate, same = signature.review, signature.is_separate, signature.is_same
    is_accepted = review.verdict == "accepted"
    return (
        text_cell(review.id),
        at_cell(review.signed_at),
        _reviewed(review, fleet, context),
        text_cell(review.reviewer),
        sign_cell(
            {True: Tone.PASS, False: Tone.FAIL, None: Tone.NONE}[separate],
            {True: _("kept"), False: _("violated"), None: _("no data")}[separate],
            note=review.initiator or _("no drill noted who had it run"),
        ),
        sign_cell(
            Tone.PASS if is_accepted else Tone.FAIL,
            _("accepted") if is_accepted else _("rejected"),
            note=review.comment,
        ),
        sign_cell(
            {True: Tone.PASS, False: Tone.FAIL, None: Tone.NONE}[same],
            {True: _("yes"), False: _("no"), None: _("no data")}[same],
            note=_("{count} drills").format(count=review.facts["drills"])
            if review.facts.get("drills", "").isdecimal()
            else "",
        ),
    )


def _reviewed(review: Review, fleet: Fleet, context: Context) -> Cell:
    if review.drill_id is None:
        begin = minute(review.period_from).text if review.period_from else _("no data")
        end = minute(review.period_to).text if review.period_to else _("no data")
        return plain(_("slots from {begin} to {end} UTC").format(begin=begin, end=end))
    tick = fleet.tick(review.drill_id)
    has_page = tick is not None and context.links.leads_to(tick)
    return text_cell(review.drill_id, href=f"d/{page_name(review.drill_id)}" if has_page else None)
