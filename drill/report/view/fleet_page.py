"""The pages of the fleet: one row a source, the worst first, whole or by status or by tier."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drill.recovery.coverage.intervals import span_of
from drill.report.context import Context
from drill.report.language import _
from drill.report.view.fleet import FAILURES, rto_attainment
from drill.report.view.formats import Moment, gigabytes_text, moment, rta_text, span_text
from drill.report.view.links import source_page
from drill.report.view.signs import Sign, Tone
from drill.report.view.small_bar import SmallBar, share_of, small_bar
from drill.report.view.standing import Standing, Status, name_of
from drill.report.view.statuses import SLUGS, status_sign
from drill.report.view.text import shown

ROWS_ON_A_PAGE = 500

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """One source."""

    name: str
    page: str
    cloud: str
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
class FleetPage:
    """Which sources stand on one page; planned before anything is rendered."""

    name: str
    slug: str
    number: int
    pages: int
    first: int
    rows: tuple[FleetRow, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetView:
    """One page of the fleet."""

    generated_at: Moment
    title: str
    finding: str
    views: tuple[FleetLink, ...]
    pages: tuple[FleetLink, ...]
    rows: tuple[FleetRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetData:
    """One page, and all the pages that it leads to."""

    page: FleetPage
    all: tuple[tuple[str, int], ...]
    """(slug, count) of every view."""


def fleet_pages(ordered: Sequence[Standing], context: Context) -> list[FleetPage]:
    """Return the pages: everything, then each status, then each tier that any source has.

    A source is made into a row once, however many pages it stands on.
    """
    rows = {one.key: fleet_row(one, context) for one in ordered}
    groups: dict[str, list[Standing]] = {"": list(ordered)}
    for status in Status:
        inside = [one for one in ordered if one.status is status]
        if inside:
            groups[SLUGS[status]] = inside
    for tier in sorted({tier for one in ordered if (tier := one.tier) is not None}):
        groups[f"tier-{tier}"] = [one for one in ordered if one.tier == tier]
    return [
        page
        for slug, inside in groups.items()
        for page in _pages(slug, [rows[one.key] for one in inside])
    ]


def page_name(slug: str, number: int) -> str:
    """Return the file name of a page of the fleet."""
    return f"fleet-{slug}-{number:03d}.html" if slug else f"fleet-{number:03d}.html"


def _pages(slug: str, inside: Sequence[FleetRow]) -> Iterable[FleetPage]:
    count = max(1, math.ceil(len(inside) / ROWS_ON_A_PAGE))
    for number in range(1, count + 1):
        first = (number - 1) * ROWS_ON_A_PAGE
        yield FleetPage(
            name=page_name(slug, number),
            slug=slug,
            number=number,
            pages=count,
            first=first + 1,
            rows=tuple(inside[first : first + ROWS_ON_A_PAGE]),
            count=len(inside),
        )


def fleet_view(data: FleetData, context: Context) -> FleetView:
    """Return everything that a page of the fleet prints."""
    page = data.page
    last = page.first + len(page.rows) - 1
    return FleetView(
        generated_at=moment(context.at),
        title=title_of(page.slug),
        finding=_("Sources {first} to {last} of {count}, the worst first").format(
            first=page.first, last=last, count=page.count
        )
        if page.rows
        else _("No data: no source is known."),
        views=tuple(
            FleetLink(
                text=title_of(slug), page=page_name(slug, 1), count=count, is_here=slug == page.slug
            )
            for slug, count in data.all
        ),
        pages=tuple(
            FleetLink(
                text=str(number),
                page=page_name(page.slug, number),
                count=0,
                is_here=number == page.number,
            )
            for number in range(1, page.pages + 1)
        )
        if page.pages > 1
        else (),
        rows=page.rows,
    )


def title_of(slug: str) -> str:
    """Return what a view of the fleet is called."""
    if not slug:
        return _("All sources")
    if slug.startswith("tier-"):
        return _("Tier {tier}").format(tier=slug.removeprefix("tier-"))
    status = next(status for status, known in SLUGS.items() if known == slug)
    return status_sign(status).word.capitalize()


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
    if one.expires_at <= at:
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
    if lag.kind == "none":
        return _("no recovery point"), Tone.FAIL.value
    target = next((drill.rpo_target for drill in one.past.drills if drill.rpo_target), None)
    span = span_of(int(lag.milliseconds))
    is_late = target is not None and span > target
    return span_text(span), Tone.FAIL.value if is_late else ""
