"""The index of a big fleet: every source by its name, to be found without knowing how it stands."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from drill.report.context import Context
from drill.report.language import _
from drill.report.view.card import Card
from drill.report.view.fleet_page import ROWS_ON_A_PAGE, FleetLink, page_links
from drill.report.view.formats import Moment, moment
from drill.report.view.signs import Sign
from drill.report.view.statuses import status_sign

NAMES_ON_A_PAGE = 2000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
OTHERS = "other"
"""The letter of names that begin with none: digits, signs, and what is not Latin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameEntry:
    """One source in the index."""

    name: str
    page: str
    cloud: str
    """Only where several sources have this name."""
    sign: Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterLink:
    """A way to the first name of a letter."""

    letter: str
    title: str
    page: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesPage:
    """Which names stand on one page; planned before anything is rendered."""

    name: str
    first: int
    entries: tuple[tuple[str, tuple[NameEntry, ...]], ...]
    """(letter, its names), in order."""
    letters: tuple[LetterLink, ...]
    number: int
    pages: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesView:
    """One page of the index."""

    generated_at: Moment
    finding: str
    letters: tuple[LetterLink, ...]
    pages: tuple[FleetLink, ...]
    groups: tuple[tuple[str, str, tuple[NameEntry, ...]], ...]
    """(letter, what it is called, its names)."""


def page_name(number: int) -> str:
    """Return the file name of a page of the index."""
    return f"names-{number:03d}.html"


def names_pages(cards: Sequence[Card], context: Context) -> list[NamesPage]:
    """Return the pages of the index; none for a fleet that one page shows as a whole."""
    if len(cards) <= ROWS_ON_A_PAGE:
        return []
    named = sorted((one.name.casefold(), one.key, one) for one in cards)
    often = Counter(name for name, _key, _one in named)
    entries = [
        (_letter(name), _entry(one, context, is_twice=often[name] > 1)) for name, _key, one in named
    ]
    entries.sort(key=lambda entry: entry[0] == OTHERS)
    letters = tuple(_letters([letter for letter, _one in entries]))
    pages = math.ceil(len(entries) / NAMES_ON_A_PAGE)
    return [
        NamesPage(
            name=page_name(number + 1),
            number=number + 1,
            pages=pages,
            first=number * NAMES_ON_A_PAGE + 1,
            entries=tuple(
                (letter, tuple(entry for _letter, entry in some))
                for letter, some in groupby(
                    entries[number * NAMES_ON_A_PAGE : (number + 1) * NAMES_ON_A_PAGE],
                    key=lambda entry: entry[0],
                )
            ),
            letters=letters,
            count=len(entries),
        )
        for number in range(pages)
    ]


def _letter(name: str) -> str:
    first = name[:1].upper()
    return first if first in LETTERS and first else OTHERS


def _letters(ordered: Sequence[str]) -> list[LetterLink]:
    counts = Counter(ordered)
    return [
        LetterLink(
            letter=letter,
            title=_title(letter),
            page=page_name(ordered.index(letter) // NAMES_ON_A_PAGE + 1),
            count=count,
        )
        for letter, count in counts.items()
    ]


def _title(letter: str) -> str:
    return _("Others") if letter == OTHERS else letter


def _entry(one: Card, context: Context, *, is_twice: bool) -> NameEntry:
    return NameEntry(
        name=one.row.name,
        page=one.row.page,
        cloud=context.cloud(one.key[0]) if is_twice else "",
        sign=status_sign(one.status),
    )


def names_view(page: NamesPage, context: Context) -> NamesView:
    """Return everything that a page of the index prints."""
    last = page.first + sum(len(names) for _letter, names in page.entries) - 1
    return NamesView(
        generated_at=moment(context.at),
        finding=_("Sources {first} to {last} of {count}, by name").format(
            first=page.first, last=last, count=page.count
        ),
        letters=page.letters,
        pages=page_links(page_name, page.number, page.pages),
        groups=tuple((letter, _title(letter), names) for letter, names in page.entries),
    )
