"""What people type into the record: instants, tickets, plain sentences. Wrong ones are usage."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

import click

from drill.plan.visible import visible

LONGEST = 500


class InstantEntry(click.ParamType):
    """A day (its beginning in UTC), or an instant with its offset."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
                return datetime.combine(date.fromisoformat(text), time(), UTC)
            found = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{visible(text)!r} is no day and no instant", param, ctx)
        if found.utcoffset() is None:
            self.fail("an instant needs its offset from UTC, such as 2026-03-01T02:00Z", param, ctx)
        return found.astimezone(UTC)


class SpanEntry(click.ParamType):
    """A span as plans write it, such as 36h."""

    name = "span"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        from drill.plan.forms import parse_span

        try:
            return parse_span(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SentenceEntry(click.ParamType):
    """A text of one line that is not empty."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = str(value).strip()
        if not text or len(text) > LONGEST:
            self.fail(f"this text has to have 1 to {LONGEST} characters", param, ctx)
        if visible(text) != text:
            self.fail("this text holds characters that cannot be seen", param, ctx)
        return text


class PersonEntry(SentenceEntry):
    """The name of a person: names are listed with commas, so none is in one."""

    name = "name"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = super().convert(value, param, ctx)
        if "," in text:
            self.fail("a name holds no comma", param, ctx)
        return text


class TicketEntry(SentenceEntry):
    """An https URL, or the plain name of a ticket: reports make a link of an https URL alone."""

    name = "ticket"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = super().convert(value, param, ctx)
        is_url = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) is not None
        if is_url and not re.fullmatch(r"https://[^\s@/]+(/\S*)?", text):
            self.fail("write an https URL without a user, or plain text", param, ctx)
        return text
