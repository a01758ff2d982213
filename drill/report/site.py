"""Which pages a report has: one registry of kinds, and the plan of what has to be rendered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from drill.plan.model import Objectives
from drill.recovery.facts import DrillFacts
from drill.report.audit import Audit, audit_of
from drill.report.context import Context
from drill.report.environment import render
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that is to be rendered, the overview last."""

    past: Past
    context: Context
    """With the links that were planned."""
    standings: tuple[Standing, ...]
    """Worst first."""
    audit: Audit
    pages: tuple[Page, ...]


def plan_site(past: Past, context: Context, *, promises: Promises | None = None) -> Site:
    """Return the pages of a report, in the order in which they are written.

    Raise NumbersDisagree if what they would say does not add up.
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
    context = replace(context, links=links)
    seed = f"{SCHEMA}\0{context.fingerprint()}\0"
    pages = (
        *_drill_pages(past.drills, links, seed),
        *_source_pages(standings, context, links, seed),
        *_fleet_pages(standings, context),
        Page(name="trends.html", kind=TRENDS.name, data=past),
        *_audit_pages(AuditData(past=past, audit=audit)),
        Page(
            name=INDEX,
            kind=OVERVIEW.name,
            data=OverviewData(past=past, standings=tuple(standings)),
        ),
    )
    return Site(past=past, context=context, standings=tuple(standings), audit=audit, pages=pages)


def _audit_pages(data: AuditData) -> Iterator[Page]:
    yield Page(name="compliance.html", kind=COMPLIANCE.name, data=data)
    yield Page(name="exceptions.html", kind=EXCEPTIONS.name, data=data.past)
    yield Page(name="exec.html", kind=SUMMARY.name, data=data)
    yield Page(name="methodology.html", kind=METHODOLOGY.name, data=None)
    yield Page(name="verify.html", kind=VERIFY.name, data=data)


def _drill_pages(drills: Sequence[DrillFacts], links: Links, seed: str) -> Iterator[Page]:
    for drill in drills:
        name = links.drill(drill)
        if name is not None:
            digest = _digest(seed, repr(_fingerprint(drill, is_linked=True)))
            yield Page(name=f"d/{name}", kind=DRILL.name, data=drill, digest=digest)


def _source_pages(
    standings: Sequence[Standing], context: Context, links: Links, seed: str
) -> Iterator[Page]:
    for one in sorted(standings, key=lambda one: one.key):
        seen = one.past.observation
        parts = (
            one.key,
            [_fingerprint(drill, is_linked=links.has_page(drill)) for drill in one.past.drills],
            (seen.taken_at, seen.source_name, seen.fault) if seen else None,
            [(note, note.is_open(context.at)) for note in one.past.exceptions],
            (one.status, one.promise.retention, one.promise.proof_validity, one.expires_at),
            (one.proof.coats, one.proof.suspect, one.proof.direct, len(one.proof.images)),
        )
        yield Page(
            name=f"i/{source_page(one.key)}",
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


def fingerprint(drills: Iterable[tuple[DrillFacts, bool]]) -> str:
    """Return a digest of drills, each with whether it has a page."""
    parts = [_fingerprint(drill, is_linked=has_page) for drill, has_page in drills]
    return _digest(SCHEMA, repr(parts))


def _digest(seed: str, text: str) -> str:
    whole = f"{seed}{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16).hexdigest()
