"""Render a report: plan its pages, skip those whose input is the same, write the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from drill.report.audit_data import audit_tables
from drill.report.collector import collector_resting
from drill.report.context import Context
from drill.report.data import data_tables
from drill.report.data_table import DataTable
from drill.report.folder import ReportFolder, ReportFolderUnusable
from drill.report.language import speaking
from drill.report.looks import LooksOf, no_looks
from drill.report.making import (
    DrillBook,
    Job,
    Made,
    Progress,
    helpers,
    made_by_all,
    make_table,
    put_page,
)
from drill.report.manifest import NAME as MANIFEST
from drill.report.manifest import Entry, Manifest, is_current, read_manifest
from drill.report.past import Past
from drill.report.site import INDEX, Page, plan_site
from drill.report.view.formats import moment
from drill.report.view.standing import Promises

MANY = 400
"""From so many pages on it is worth starting other processes."""
LONG = 20_000
"""From so many drills on other processes are started before the pages are planned: planning takes
longer than starting them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReport:
    """Where the report is, and what of it had to be written."""

    index: Path
    written: tuple[Path, ...]
    """Files that are new or changed."""
    unchanged: tuple[Path, ...]
    """Files that were rendered and had this very content already; they were not touched."""
    skipped: int
    """Pages that were not rendered at all, because what they are made of is the same."""


def render_report(
    past: Past,
    book: DrillBook,
    *,
    folder: Path,
    context: Context,
    promises: Promises | None = None,
    looks_of: LooksOf = no_looks,
    workers: int = 1,
    progress: Progress | None = None,
) -> RenderedReport:
    """Write the report below a folder; the overview comes last, and then the manifest.

    ``workers`` is how many processes render a big report, this one among them. The same past and
    context give the same bytes. Pages of what is no longer in the report stay where they are, and
    the manifest names them. Raise ReportFolderUnusable, and ValueError for a naive instant.
    """
    if context.at.utcoffset() is None:
        raise ValueError("a naive datetime is not an instant")
    with collector_resting():
        return _render_report(past, book, folder, context, promises, looks_of, workers, progress)


def _render_report(
    past: Past,
    book: DrillBook,
    folder: Path,
    context: Context,
    promises: Promises | None,
    looks_of: LooksOf,
    workers: int,
    progress: Progress | None,
) -> RenderedReport:
    output = ReportFolder(folder)
    before = read_manifest(folder)
    with ExitStack() as stack:
        pool = helpers(stack, workers) if len(past.drills) >= LONG else None
        with speaking(context.language):
            site = plan_site(past, context, promises=promises)
        _ensure_unique(site.names())
        entries: dict[str, Entry] = {}
        tables: list[DataTable] = []
        begun: list[Future[list[Made]]] = []
        for table in (*data_tables(site), *audit_tables(site)):
            found = {name: before.entries.get(name) for name in table.names}
            if all(
                one and _is_same(folder, name, table.digest, one, before)
                for name, one in found.items()
            ):
                entries |= {name: one for name, one in found.items() if one}
            elif pool is not None:
                begun.append(pool.submit(make_table, folder, table))
            else:
                tables.append(table)
        todo: list[Page] = []
        for page in site.pages:
            known = before.entries.get(page.name)
            if known and _is_same(folder, page.name, page.digest, known, before):
                entries[page.name] = known
            else:
                todo.append(page)
        skipped = len(site.pages) - len(todo)
        if pool is None and len(todo) >= MANY:
            pool = helpers(stack, workers)
        job = Job(
            folder=folder, context=site.context, book=book, looks_of=looks_of, pool=pool,
            workers=workers, progress=progress,
        )  # fmt: skip
        overview: list[tuple[Page, bytes]] = []
        for made in made_by_all(tables, todo, overview, job, begun):
            _note(made, output, entries)
    for page, content in overview:
        _note([put_page(ReportFolder(folder), page.name, content, page.digest)], output, entries)
    _write_manifest(output, before, entries, site.context)
    return RenderedReport(
        index=folder / INDEX,
        written=tuple(output.written),
        unchanged=tuple(output.unchanged),
        skipped=skipped,
    )


def _is_same(folder: Path, name: str, digest: str, known: Entry, before: Manifest) -> bool:
    """Tell whether a file need not be made: the same input, and still as it was written."""
    return known.input == digest != "" and is_current(folder, name, known, before)


def _note(made: Iterable[Made], output: ReportFolder, entries: dict[str, Entry]) -> None:
    for one in made:
        entries[one.name] = one.entry
        (output.written if one.was_written else output.unchanged).append(output.folder / one.name)


def _write_manifest(
    output: ReportFolder, before: Manifest, entries: Mapping[str, Entry], context: Context
) -> None:
    gone = {name: one.digest for name, one in before.entries.items() if name not in entries}
    gone |= {name: digest for name, digest in before.gone.items() if name not in entries}
    after = Manifest(entries=dict(entries), gone=gone)
    made_at = moment(context.at).machine
    output.touch(MANIFEST, after.to_bytes(tool_version=context.tool_version, made_at=made_at))


def _ensure_unique(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ReportFolderUnusable(f"two drills or sources would have the page {name}")
        seen.add(name)
