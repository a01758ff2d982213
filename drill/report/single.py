"""One page in one file: the overview, a source or another page of the top, with no link that leads
out of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drill.errors import UnknownName
from drill.recovery.coverage.promises import Promises
from drill.recovery.facts import SourceKey
from drill.report.context import Context
from drill.report.language import speaking
from drill.report.looks import LooksOf, no_looks, source_data
from drill.report.past import Past
from drill.report.site import INDEX, KINDS, SOURCE, Page, plan_site
from drill.report.view.card import Card

_LINK = re.compile(r'<a href="(?!#)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)


class NoSuchSource(UnknownName):
    """the report knows no such source"""


def single_file(
    past: Past,
    context: Context,
    *,
    source: str | None = None,
    promises: Promises | None = None,
    looks_of: LooksOf = no_looks,
) -> bytes:
    """Return the overview as one file, or the page of the source with this id or name.

    Raise NoSuchSource if there is none, or more than one.
    """
    with speaking(context.language):
        site = plan_site(past, context, promises=promises)
        context = site.context
        if source is None:
            page = next(page for page in site.pages if page.name == INDEX)
            return _alone(page, context)
        key = _source_named(site.cards, source)
        data = source_data(site.sources.standing(key), looks_of)
        return _alone(Page(name=INDEX, kind=SOURCE.name, data=data), context)


def page_alone(
    past: Past, context: Context, name: str, *, promises: Promises | None = None
) -> bytes:
    """Return one page of the top, such as ``compliance``, as one file."""
    with speaking(context.language):
        site = plan_site(past, context, promises=promises)
        page = next(page for page in site.pages if page.name == f"{name}.html")
        return _alone(page, site.context)


def _source_named(cards: Sequence[Card], wanted: str) -> SourceKey:
    found = [one.key for one in cards if one.key[1] == wanted]
    found = found or [one.key for one in cards if one.name == wanted]
    if len(found) != 1:
        number = "no source" if not found else f"{len(found)} sources"
        raise NoSuchSource(
            f"{number} with the id or name {wanted[:80]!r}",
            hint="Name one by its id; data/sources.csv of a whole report lists them.",
        )
    return found[0]


def _alone(page: Page, context: Context) -> bytes:
    """Return the page without links to other files; every link of ours is quoted and escaped."""
    text = KINDS[page.kind].render(page.data, context).decode("utf-8")
    return _LINK.sub(r"\1", text).encode("utf-8")
