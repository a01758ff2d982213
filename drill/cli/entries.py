"""What people type into the record: instants, spans, names, tickets. Wrong ones are usage."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

import click

from drill.plan.visible import visible

LONGEST = 500


def instant_entry(text: str) -> datetime:
    """Return a day (its beginning in UTC), or an instant with its offset. Raise BadParameter."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        found = datetime.fromisoformat(text)
        if found.utcoffset() is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{visible(text)!r} is no day and no instant") from None
    raise click.BadParameter("an instant needs its offset from UTC, such as 2026-03-01T02:00Z")


def span_entry(text: str) -> timedelta:
    """Return a span as plans write it, such as 36h. Raise BadParameter."""
    from drill.plan.forms import parse_span

    try:
        return parse_span(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def sentence_entry(text: str) -> str:
    """Return a text of one line that is not empty. Raise BadParameter."""
    text = text.strip()
    if not 0 < len(text) <= LONGEST:
        raise click.BadParameter(f"this text has to have 1 to {LONGEST} characters")
    if visible(text) != text:
        raise click.BadParameter("this text holds characters that cannot be seen")
    return text


def person_entry(text: str) -> str:
    """Return the name of a person, without a comma: names are listed with commas."""
    text = sentence_entry(text)
    if "," in text:
        raise click.BadParameter("a name holds no comma")
    return text


def ticket_entry(text: str) -> str:
    """Return an https URL, or the plain name of a ticket: reports make links. Raise BadParameter.

    Any other URL is refused: nobody who opens a report should be led to one.
    """
    text = sentence_entry(text)
    is_url = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) is not None
    if is_url and not re.fullmatch(r"https://[^\s@/]+(/\S*)?", text):
        raise click.BadParameter("write an https URL without a user, or plain text")
    return text
