"""Which pages a report has: one registry of kinds, and the plan of what has to be rendered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from drill.plan.model import Objectives
from drill.recovery.facts import DrillFacts
from drill.report.audit import Audit, audit_of
from drill.report.context import Context
from drill.report.environment import render
from drill.report.language import speaking
from drill.report.past import Past
from drill.report.view.compliance import AuditData, compliance_view
from drill.report.view.drill import drill_view
from drill.report.view.exceptions import exceptions_view
from drill.report.view.fleet_page import FleetData, fleet_pages, fleet_view
from drill.report.view.links import NO_LINKS, Links, links_for, source_page
from drill.report.view.methodology import methodology_view
from drill.report.view.names_page import names_pages, names_view
from drill.report.view.overview import OverviewData, overview_view
from drill.report.view.source import source_view
from drill.report.view.standing import Promises, Standing, standing_of, worst_first
from drill.report.view.summary import summary_view
from drill.report.view.trends import trends_view
from drill.report.view.verify import verify_view

SCHEMA = "2"
"""Rises when the digest of a page is made of something else."""

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
    """What the view is made of; of a drill its facts and of a source its standing, because the
    record and the looks are read when needed."""
    digest: str = ""
    """Of everything that the page is made of; empty for a page that is always rendered."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything that is to be rendered."""

    past: Past
    context: Context
    """With the links that were planned."""
    standings: tuple[Standing, ...]
    """Worst first."""
    audit: Audit
    with_page: tuple[DrillFacts, ...]
    """The drills that have a page."""

    @cached_property
    def ids_with_page(self) -> frozenset[str]:
        """Return the ids of the drills that have a page."""
        return frozenset(one.id for one in self.with_page)

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """Return the pages, the overview last; they are planned when they are asked for."""
        context = self.context
        seed = f"{SCHEMA}\0{context.fingerprint()}\0"
        with speaking(context.language):
            return (
                *_drill_pages(self.with_page, context.links, seed),
                *_source_pages(self.standings, context, self.ids_with_page, seed),
                *_fleet_pages(self.standings, context),
                Page(name="trends.html", kind=TRENDS.name, data=self.past),
                *_audit_pages(AuditData(past=self.past, audit=self.audit)),
                Page(
                    name=INDEX,
                    kind=OVERVIEW.name,
                    data=OverviewData(past=self.past, standings=self.standings),
                ),
            )

    def names(self) -> Iterator[str]:
        """Yield the names of the pages of drills and sources, which come from outside."""
        yield from (_drill_page(one, self.context.links) for one in self.with_page)
        yield from (_source_page(one) for one in self.standings)


def plan_site(past: Past, context: Context, *, promises: Promises | None = None) -> Site:
    """Return what a report says, counted and added up.

    Raise NumbersDisagree if what its pages would say does not add up.
    """
    known = promises or {}
    default = Objectives()
    standings = worst_first(
        standing_of(one, known.get(key, default), at=context.at)
        for key, one in past.sources.items()
    )
    audit = audit_of(past, standings, context)
    links = NO_LINKS if context.is_redacted else links_for(past.drills, at=context.at)
    links = replace(links, chosen=frozenset(one.id for one in audit.sample.drawn))
    return Site(
        past=past,
        context=replace(context, links=links),
        standings=tuple(standings),
        audit=audit,
        with_page=tuple(one for one in past.drills if links.has_page(one)),
    )


def _drill_page(drill: DrillFacts, links: Links) -> str:
    return f"d/{links.drill(drill)}"


def _source_page(one: Standing) -> str:
    return f"i/{source_page(one.key)}"


def _audit_pages(data: AuditData) -> Iterator[Page]:
    yield Page(name="compliance.html", kind=COMPLIANCE.name, data=data)
    yield Page(name="exceptions.html", kind=EXCEPTIONS.name, data=data.past)
    yield Page(name="exec.html", kind=SUMMARY.name, data=data)
    yield Page(name="methodology.html", kind=METHODOLOGY.name, data=None)
    yield Page(name="verify.html", kind=VERIFY.name, data=data)


def _drill_pages(drills: Iterable[DrillFacts], links: Links, seed: str) -> Iterator[Page]:
    for drill in drills:
        digest = _digest(seed, repr(_fingerprint(drill, is_linked=True)))
        yield Page(name=_drill_page(drill, links), kind=DRILL.name, data=drill, digest=digest)


def _source_pages(
    standings: Sequence[Standing], context: Context, with_page: Container[str], seed: str
) -> Iterator[Page]:
    for one in sorted(standings, key=lambda one: one.key):
        seen = one.past.observation
        parts = (
            one.key,
            [_fingerprint(drill, is_linked=drill.id in with_page) for drill in one.past.drills],
            (seen.taken_at, seen.source_name, seen.fault) if seen else None,
            [(note, note.is_open(context.at)) for note in one.past.exceptions],
            (one.status, one.promise.retention, one.promise.proof_validity, one.expires_at),
            (one.proof.coats, one.proof.suspect, one.proof.direct, len(one.proof.images)),
        )
        yield Page(
            name=_source_page(one),
            kind=SOURCE.name,
            data=one,
            digest=_digest(seed, repr(parts)),
        )


def _fleet_pages(standings: Sequence[Standing], context: Context) -> Iterator[Page]:
    planned = fleet_pages(standings, context)
    views = tuple(page.view for page in planned if page.number == 1)
    names = names_pages(standings, context)
    for page in planned:
        data = FleetData(page=page, all=views, has_names=bool(names))
        yield Page(name=page.name, kind=FLEET.name, data=data)
    for one in names:
        yield Page(name=one.name, kind=NAMES.name, data=one)


def _fingerprint(drill: DrillFacts, *, is_linked: bool) -> tuple[object, ...]:
    """Return what tells a drill from every other state of it.

    A finished drill never changes again but for its teardown (``drill.engine.ports``); of one that
    is under way everything counts.
    """
    if drill.finished_at is None or drill.outcome is None:
        return drill, is_linked
    return (
        drill.id, str(drill.outcome), drill.finished_at.timestamp(),
        drill.teardown, drill.teardown_reason, drill.level, is_linked,
    )  # fmt: skip


def fingerprint(drills: Iterable[DrillFacts], with_page: Container[str]) -> str:
    """Return a digest of drills, each with whether it has a page."""
    parts = [_fingerprint(drill, is_linked=drill.id in with_page) for drill in drills]
    return _digest(SCHEMA, repr(parts))


def _digest(seed: str, text: str) -> str:
    whole = f"{seed}{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16).hexdigest()
