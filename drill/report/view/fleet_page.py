"""The pages of the fleet: one row a source, the worst first, whole or by status, tier or region."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from drill.recovery.coverage.totals import excess_of, rpo_target_of
from drill.recovery.pickling import quickly_pickled
from drill.report.context import Context
from drill.report.language import _
from drill.report.view.fleet import FAILURES, rto_attainment
from drill.report.view.formats import (
    Moment,
    gigabytes_text,
    lag_text,
    moment,
    rta_text,
    span_text,
)
from drill.report.view.links import source_page
from drill.report.view.signs import Sign, Tone
from drill.report.view.small_bar import SmallBar, share_of, small_bar
from drill.report.view.standing import Standing, Status, name_of
from drill.report.view.statuses import SLUGS, status_sign
from drill.report.view.text import shown

ROWS_ON_A_PAGE = 500

_HARMLESS = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_DAY = timedelta(days=1)


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """One source."""

    name: str
    page: str
    cloud: str
    region: str
    """Empty where it is not known."""
    engine: str
    size: str
    tier: str
    sign: Sign
    bar: SmallBar | None
    proven: str
    age: str
    left: str
    left_tone: str
    rta: str
    rto: str
    rto_tone: str
    lag: str
    lag_tone: str


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
    rows: tuple[FleetRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetView:
    """One page of the fleet."""

    generated_at: Moment
    title: str
    finding: str
    views: tuple[tuple[str, tuple[FleetLink, ...]], ...]
    """By what the fleet is parted, and a way to each part."""
    pages: tuple[FleetLink, ...]
    rows: tuple[FleetRow, ...]
    has_names: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetData:
    """One page, and all the pages that it leads to."""

    page: FleetPage
    all: tuple[FleetSlice, ...]
    has_names: bool = False
    """Whether there is an index by name."""


def fleet_pages(ordered: Sequence[Standing], context: Context) -> list[FleetPage]:
    """Return the pages: everything, then each status, tier and region that any source has.

    A source is made into a row once, however many pages it stands on. Where all sources are of one
    region, that has no pages of its own: they would be those of everything.
    """
    rows = {one.key: fleet_row(one, context) for one in ordered}
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


Part = tuple[FleetSlice, Sequence[Standing]]


def _by_status(ordered: Sequence[Standing]) -> Iterable[Part]:
    for status in Status:
        inside = [one for one in ordered if one.status is status]
        if inside:
            title = status_sign(status).word.capitalize()
            yield _slice("status", SLUGS[status], title, inside), inside


def _by_tier(ordered: Sequence[Standing]) -> Iterable[Part]:
    for tier in sorted({tier for one in ordered if (tier := one.tier) is not None}):
        inside = [one for one in ordered if one.tier == tier]
        title = _("Tier {tier}").format(tier=tier)
        yield _slice("tier", f"tier-{tier}", title, inside), inside


def _by_region(ordered: Sequence[Standing], context: Context) -> Iterable[Part]:
    parts: dict[str | None, list[Standing]] = {}
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


def _slice(kind: str, slug: str, title: str, inside: Sequence[Standing]) -> FleetSlice:
    return FleetSlice(kind=kind, slug=slug, title=title, count=len(inside))


def page_name(slug: str, number: int) -> str:
    """Return the file name of a page of the fleet."""
    return f"fleet-{slug}-{number:03d}.html" if slug else f"fleet-{number:03d}.html"


def _pages(view: FleetSlice, inside: Sequence[FleetRow]) -> Iterable[FleetPage]:
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


def fleet_row(one: Standing, context: Context) -> FleetRow:
    """Return one source as a row; ages are those at the instant of the report."""
    seen = one.past.observation
    newest = one.newest
    engine = seen.engine if seen else newest.engine if newest else None
    tier = one.tier
    age, left, left_tone = _proof_texts(one, context.at)
    rta, rto, rto_tone = _rto_texts(one)
    lag, lag_tone = _lag_texts(one)
    return FleetRow(
        name=shown(name_of(one.past), 80),
        page=source_page(one.key),
        cloud=context.cloud(one.key[0]),
        region=shown(context.region(one.key[0]), 80),
        engine=shown(engine, 40) or _("no data"),
        size=gigabytes_text(seen.volume_gb if seen else None),
        tier=str(tier) if tier is not None else "",
        sign=status_sign(one.status),
        bar=small_bar(one),
        proven=share_of(one, "proven"),
        age=age,
        left=left,
        left_tone=left_tone,
        rta=rta,
        rto=rto,
        rto_tone=rto_tone,
        lag=lag,
        lag_tone=lag_tone,
    )


def _proof_texts(one: Standing, at: datetime) -> tuple[str, str, str]:
    if one.newest_proof is None or one.newest_proof.finished_at is None or one.expires_at is None:
        return _("no proof"), "", ""
    age = span_text(max(at - one.newest_proof.finished_at, timedelta(0)))
    days = (one.expires_at - at) // _DAY
    if not one.is_in_time:
        return age, _("expired"), Tone.FAIL.value
    tone = Tone.WARN.value if one.status is Status.EXPIRING else ""
    return age, _("{days} d left").format(days=days), tone


def _rto_texts(one: Standing) -> tuple[str, str, str]:
    measured = next(
        (
            drill
            for drill in one.past.drills
            if not drill.is_simulated and (drill.rta is not None or drill.outcome in FAILURES)
        ),
        None,
    )
    if measured is None:
        return _("no data"), "", ""
    has_failed = measured.outcome in FAILURES
    rta = _("not reached") if has_failed else rta_text(measured)
    if measured.rto_target is None:
        return rta, _("no target"), ""
    missed = rto_attainment(measured).value == "missed"
    return rta, span_text(measured.rto_target), Tone.FAIL.value if missed else ""


def _lag_texts(one: Standing) -> tuple[str, str]:
    lag = one.lag
    if lag is None:
        return _("no data"), ""
    is_late = excess_of(lag.milliseconds, rpo_target_of(one.past.drills)) == 2
    tone = Tone.FAIL.value if lag.kind == "none" or is_late else ""
    return lag_text(lag.milliseconds), tone
