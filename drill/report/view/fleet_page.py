"""The pages of the fleet: one row a source, the worst first, whole or by status, tier or region."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from drill.report.context import Context
from drill.report.language import _
from drill.report.view.card import Card
from drill.report.view.fleet_row import AgedRow
from drill.report.view.formats import Moment, moment
from drill.report.view.standing import Status
from drill.report.view.statuses import SLUGS, status_sign
from drill.report.view.text import shown

ROWS_ON_A_PAGE = 500

_HARMLESS = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetLink:
    """A way to another page of the fleet."""

    text: str
    page: str
    count: int
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSlice:
    """A part of the fleet that has pages of its own."""

    kind: str
    """What the fleet is parted by: nothing, ``status``, ``tier`` or ``region``."""
    slug: str
    title: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPage:
    """Which sources stand on one page; planned before anything is rendered."""

    name: str
    view: FleetSlice
    number: int
    pages: int
    first: int
    rows: tuple[AgedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetView:
    """One page of the fleet."""

    generated_at: Moment
    title: str
    finding: str
    views: tuple[tuple[str, tuple[FleetLink, ...]], ...]
    """By what the fleet is parted, and a way to each part."""
    pages: tuple[FleetLink, ...]
    rows: tuple[AgedRow, ...]
    has_names: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetData:
    """One page, and all the pages that it leads to."""

    page: FleetPage
    all: tuple[FleetSlice, ...]
    has_names: bool = False
    """Whether there is an index by name."""


def fleet_pages(ordered: Sequence[Card], context: Context) -> list[FleetPage]:
    """Return the pages: everything, then each status, tier and region that any source has.

    A source is made into a row once, however many pages it stands on. Where all sources are of one
    region, that has no pages of its own: they would be those of everything.
    """
    rows = {one.key: one.row_at(context.at) for one in ordered}
    everything = FleetSlice(kind="", slug="", title=_("All sources"), count=len(ordered))
    parts = [
        (everything, ordered),
        *_by_status(ordered),
        *_by_tier(ordered),
        *_by_region(ordered, context),
    ]
    return [
        page for view, inside in parts for page in _pages(view, [rows[one.key] for one in inside])
    ]


Part = tuple[FleetSlice, Sequence[Card]]


def _by_status(ordered: Sequence[Card]) -> Iterable[Part]:
    for status in Status:
        inside = [one for one in ordered if one.status is status]
        if inside:
            title = status_sign(status).word.capitalize()
            yield _slice("status", SLUGS[status], title, inside), inside


def _by_tier(ordered: Sequence[Card]) -> Iterable[Part]:
    for tier in sorted({tier for one in ordered if (tier := one.tier) is not None}):
        inside = [one for one in ordered if one.tier == tier]
        title = _("Tier {tier}").format(tier=tier)
        yield _slice("tier", f"tier-{tier}", title, inside), inside


def _by_region(ordered: Sequence[Card], context: Context) -> Iterable[Part]:
    parts: dict[str | None, list[Card]] = {}
    for one in ordered:
        parts.setdefault(context.region(one.key[0]), []).append(one)
    if len(parts) < 2:
        return
    for region in sorted(parts, key=lambda region: (region is None, region or "")):
        title = _("Region not known") if region is None else shown(region, 80)
        slug = "no-region" if region is None else f"region-{harmless(region)}"
        yield _slice("region", slug, title, parts[region]), parts[region]


def harmless(name: str) -> str:
    """Return what stands for a name in the name of a file: itself, or else a digest."""
    if _HARMLESS.fullmatch(name):
        return name
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _slice(kind: str, slug: str, title: str, inside: Sequence[Card]) -> FleetSlice:
    return FleetSlice(kind=kind, slug=slug, title=title, count=len(inside))


def page_name(slug: str, number: int) -> str:
    """Return the file name of a page of the fleet."""
    return f"fleet-{slug}-{number:03d}.html" if slug else f"fleet-{number:03d}.html"


def _pages(view: FleetSlice, inside: Sequence[AgedRow]) -> Iterable[FleetPage]:
    count = max(1, math.ceil(len(inside) / ROWS_ON_A_PAGE))
    for number in range(1, count + 1):
        first = (number - 1) * ROWS_ON_A_PAGE
        yield FleetPage(
            name=page_name(view.slug, number),
            view=view,
            number=number,
            pages=count,
            first=first + 1,
            rows=tuple(inside[first : first + ROWS_ON_A_PAGE]),
        )


def fleet_view(data: FleetData, context: Context) -> FleetView:
    """Return everything that a page of the fleet prints."""
    page = data.page
    last = page.first + len(page.rows) - 1
    return FleetView(
        generated_at=moment(context.at),
        title=page.view.title,
        finding=_("Sources {first} to {last} of {count}, the worst first").format(
            first=page.first, last=last, count=page.view.count
        )
        if page.rows
        else _("No data: no source is known."),
        views=tuple(_views(data)),
        pages=page_links(partial(page_name, page.view.slug), page.number, page.pages),
        rows=page.rows,
        has_names=data.has_names,
    )


def page_links(name_of_page: Callable[[int], str], here: int, pages: int) -> tuple[FleetLink, ...]:
    """Return the ways from one page to all of its kind; none where it is the only one."""
    if pages < 2:
        return ()
    return tuple(
        FleetLink(text=str(number), page=name_of_page(number), count=0, is_here=number == here)
        for number in range(1, pages + 1)
    )


def _views(data: FleetData) -> Iterable[tuple[str, tuple[FleetLink, ...]]]:
    names = {"": "", "status": _("Standing"), "tier": _("Tier"), "region": _("Region")}
    for kind, name in names.items():
        links = tuple(
            FleetLink(
                text=one.title,
                page=page_name(one.slug, 1),
                count=one.count,
                is_here=one.slug == data.page.view.slug,
            )
            for one in data.all
            if one.kind == kind
        )
        if links:
            yield name, links
