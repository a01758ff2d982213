"""Which pages a report has: one registry of kinds, and the plan of what has to be rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from drill.recovery.coverage.promises import Promises
from drill.recovery.facts import SourceKey
from drill.recovery.tick import Tick
from drill.report.audit import Audit, audit_of
from drill.report.context import Context
from drill.report.digests import SCHEMA, digest
from drill.report.environment import render
from drill.report.language import speaking
from drill.report.past import Past, notes_by_source
from drill.report.sources import KeptCard, Sources
from drill.report.view.card import Card, Fleet
from drill.report.view.compliance import AuditData, compliance_view
from drill.report.view.drill import drill_view
from drill.report.view.exceptions import exceptions_view
from drill.report.view.fleet_page import FleetData, fleet_pages, fleet_view
from drill.report.view.links import NO_LINKS, Links, links_for, source_page
from drill.report.view.methodology import methodology_view
from drill.report.view.names_page import names_pages, names_view
from drill.report.view.overview import overview_view
from drill.report.view.source import source_view
from drill.report.view.summary import summary_view
from drill.report.view.trends import trends_view
from drill.report.view.verify import verify_view

INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKind:
    """One kind of page: how its view is made of its data, and which template prints the view."""

    name: str
    template: str
    view: Callable[[Any, Context], object]
    sheets: tuple[str, ...] = ()
    """Style sheets beside the one of every page."""
    needs_everything: bool = False
    """Whether it is made of the whole past: then it is rendered where the past is."""

    def render(self, data: Any, context: Context) -> bytes:
        """Return the bytes of a page, in the language that holds now."""
        return render(self.template, self.view(data, context), *self.sheets)


OVERVIEW = PageKind(
    name="overview",
    template="overview.html.j2",
    view=overview_view,
    sheets=("fleet", "overview"),
    needs_everything=True,
)
FLEET = PageKind(name="fleet", template="fleet.html.j2", view=fleet_view, sheets=("fleet",))
NAMES = PageKind(name="names", template="names.html.j2", view=names_view, sheets=("fleet",))
TRENDS = PageKind(
    name="trends",
    template="trends.html.j2",
    view=trends_view,
    sheets=("fleet",),
    needs_everything=True,
)
SOURCE = PageKind(name="source", template="source.html.j2", view=source_view)
DRILL = PageKind(name="drill", template="drill.html.j2", view=drill_view, sheets=("drill",))
COMPLIANCE = PageKind(
    name="compliance",
    template="compliance.html.j2",
    view=compliance_view,
    sheets=("audit",),
    needs_everything=True,
)
EXCEPTIONS = PageKind(
    name="exceptions",
    template="exceptions.html.j2",
    view=exceptions_view,
    sheets=("audit",),
    needs_everything=True,
)
SUMMARY = PageKind(
    name="exec",
    template="exec.html.j2",
    view=summary_view,
    sheets=("overview", "exec"),
    needs_everything=True,
)
METHODOLOGY = PageKind(
    name="methodology", template="methodology.html.j2", view=methodology_view, sheets=("audit",)
)
VERIFY = PageKind(
    name="verify",
    template="verify.html.j2",
    view=verify_view,
    sheets=("audit",),
    needs_everything=True,
)

KINDS = {
    kind.name: kind
    for kind in (
        OVERVIEW, FLEET, NAMES, TRENDS, SOURCE, DRILL, COMPLIANCE, EXCEPTIONS, SUMMARY, METHODOLOGY,
        VERIFY,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page that the report has, and what it is made of."""

    name: str
    kind: str
    data: Any
    """What the view is made of; of a drill its id and of a source its key, because the record,
    the looks and where it stands are asked for when needed."""
    digest: str = ""
    """Of everything that the page is made of; empty for a page that is always rendered."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything that is to be rendered. What takes long is counted when it is asked for."""

    sources: Sources
    audit: Audit

    @cached_property
    def context(self) -> Context:
        """Return what all pages have in common, with the links that were planned."""
        context = self.sources.context
        links = NO_LINKS if context.is_redacted else links_for(self.fleet.ticks, at=context.at)
        chosen = frozenset(one.id for one in self.audit.sample.drawn)
        return replace(context, links=replace(links, chosen=chosen))

    @cached_property
    def with_page(self) -> tuple[Tick, ...]:
        """Return the drills that have a page."""
        return tuple(self.context.links.among(self.fleet.ticks))

    @property
    def cards(self) -> tuple[Card, ...]:
        """Return the cards of all sources, worst first."""
        return self.sources.cards

    @property
    def fleet(self) -> Fleet:
        """Return everything that the pages of the fleet are made of."""
        return self.sources.fleet

    @property
    def trends(self) -> Page:
        """Return the page of trends: it is made of cards alone, without an audit or links."""
        return Page(name="trends.html", kind=TRENDS.name, data=self.fleet)

    @cached_property
    def fleet_pages(self) -> tuple[Page, ...]:
        """Return the pages of the fleet, and those of its names, that are made so too."""
        with speaking(self.sources.context.language):
            return tuple(_fleet_pages(self.cards, self.sources.context))

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """Return all pages, the overview last."""
        return (self.trends, *self.fleet_pages, *self.later_pages)

    @cached_property
    def later_pages(self) -> tuple[Page, ...]:
        """Return the pages that are made of more than cards, the overview last."""
        context = self.context
        seed = f"{SCHEMA}\0{context.fingerprint()}"
        with speaking(context.language):
            return (
                *_drill_pages(self.with_page, context.links, seed),
                *_source_pages(self.sources, self.with_page, seed),
                *_audit_pages(AuditData(fleet=self.fleet, audit=self.audit)),
                Page(name=INDEX, kind=OVERVIEW.name, data=self.fleet),
            )

    def names(self) -> Iterator[str]:
        """Yield the names of the pages of drills and sources, which come from outside."""
        yield from (_drill_page(one, self.context.links) for one in self.with_page)
        yield from (_source_page(one.key) for one in self.cards)


def plan_site(
    past: Past,
    context: Context,
    *,
    promises: Promises | None = None,
    kept: Mapping[SourceKey, KeptCard] | None = None,
) -> Site:
    """Return what a report says, counted and added up.

    ``kept`` are the cards of an earlier report. Raise NumbersDisagree if what its pages would say
    does not add up.
    """
    sources = Sources(past=past, context=context, promises=promises or {}, kept=kept or {})
    return Site(sources=sources, audit=audit_of(sources.fleet, context))


def _drill_page(tick: Tick, links: Links) -> str:
    return f"d/{links.of(tick)}"


def _source_page(key: SourceKey) -> str:
    return f"i/{source_page(key)}"


def _audit_pages(data: AuditData) -> Iterator[Page]:
    yield Page(name="compliance.html", kind=COMPLIANCE.name, data=data)
    yield Page(name="exceptions.html", kind=EXCEPTIONS.name, data=data.fleet)
    yield Page(name="exec.html", kind=SUMMARY.name, data=data)
    yield Page(name="methodology.html", kind=METHODOLOGY.name, data=None)
    yield Page(name="verify.html", kind=VERIFY.name, data=data)


def _drill_pages(ticks: Iterable[Tick], links: Links, seed: str) -> Iterator[Page]:
    for tick in ticks:
        name = _drill_page(tick, links)
        yield Page(name=name, kind=DRILL.name, data=tick.id, digest=digest(seed, tick.state))


def _source_pages(sources: Sources, with_page: Iterable[Tick], seed: str) -> Iterator[Page]:
    linked: dict[SourceKey, list[str]] = {}
    for tick in with_page:
        linked.setdefault(tick.source, []).append(tick.id)
    at, notes = sources.context.at, notes_by_source(sources.fleet.exceptions)
    for key, one in sources.to_keep.items():
        open_or_not = [(note, note.is_open(at)) for note in notes.get(key, ())]
        parts = (one.card.page_digest, linked.get(key), open_or_not or None)
        made_of = digest(seed, repr(parts))
        yield Page(name=_source_page(key), kind=SOURCE.name, data=key, digest=made_of)


def _fleet_pages(cards: Sequence[Card], context: Context) -> Iterator[Page]:
    planned = fleet_pages(cards, context)
    views = tuple(page.view for page in planned if page.number == 1)
    names = names_pages(cards, context)
    for page in planned:
        data = FleetData(page=page, all=views, has_names=bool(names))
        yield Page(name=page.name, kind=FLEET.name, data=data)
    for one in names:
        yield Page(name=one.name, kind=NAMES.name, data=one)
