"""A table as a value: columns, and rows of cells that a template prints one way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from drill.report.view.formats import Moment, minute
from drill.report.view.signs import Sign, Tone, sign
from drill.report.view.text import shown

ROWS_AT_MOST = 60
"""Rows of one table: beyond that the page says how many more there are, and where they are."""

_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_PLAIN = re.compile(r"[!-~]{1,500}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in one cell: a text, an instant or a sign, perhaps a link and a second line."""

    text: str = ""
    at: Moment | None = None
    sign: Sign | None = None
    href: str | None = None
    note: str = ""
    code: bool = False
    bar: str | None = None
    """Width of the filled part of a bar; None for no bar."""
    parts: tuple[Cell, ...] = ()
    """Several things in one cell, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its head, and how its cells are set."""

    head: str
    kind: str = ""
    """Class of its cells: ``n`` numbers, ``id`` names, ``w`` sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table with its caption and where the same stands as data."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int = 0
    data: str | None = None
    """Name of the files below ``data/`` without their ending; None if there are none."""
    empty: str = ""
    """What is said instead of a table without rows."""
    fits: bool = False
    """Whether it is only as wide as its cells."""


def sheet(
    table_id: str,
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[tuple[Cell, ...]],
    *,
    data: str | None = None,
    empty: str = "",
    count: int | None = None,
    fits: bool = False,
) -> Sheet:
    """Return a table of rows that are cut to ``ROWS_AT_MOST`` already, of so many in all."""
    found = list(rows)
    return Sheet(
        id=table_id,
        caption=caption,
        columns=tuple(columns),
        rows=tuple(found),
        left_out=max(0, (count or 0) - len(found)),
        data=data,
        empty=empty,
        fits=fits,
    )


def text_cell(text: str | None, *, href: str | None = None, note: str = "") -> Cell:
    """Return foreign text, made safe."""
    return Cell(text=shown(text, 240), href=href, note=shown(note, 240))


def plain(text: object, *, note: str = "", href: str | None = None) -> Cell:
    """Return text of ours, or a number."""
    return Cell(text=str(text), note=note, href=href)


def at_cell(at: datetime | None, *, note: str = "") -> Cell:
    """Return an instant to the minute; nothing is "no data" to the template."""
    return Cell(at=minute(at) if at is not None else None, note=note)


def sign_cell(tone: Tone, word: str, *, note: str = "", href: str | None = None) -> Cell:
    """Return a word with its tone and glyph."""
    return Cell(sign=sign(tone, word), note=note, href=href)


def ticket_cell(ticket: str | None) -> Cell:
    """Return a ticket, as a link only if it is a plain https URL; anything else stays text."""
    return text_cell(ticket, href=safe_link(ticket))


def safe_link(ticket: str | None) -> str | None:
    """Return the URL if a reader may follow it: https, a plain host, no user, nothing invisible."""
    if ticket is None or not _PLAIN.fullmatch(ticket) or not ticket.startswith("https://"):
        return None
    try:
        parts = urlsplit(ticket)
    except ValueError:
        return None
    return ticket if _HOST.fullmatch(parts.netloc) else None
