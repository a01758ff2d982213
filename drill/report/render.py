"""Render a report: plan its pages, skip those whose input is the same, write the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drill.recovery.coverage.promises import Promises
from drill.report.aside import Aside, may_be_copied
from drill.report.audit_data import audit_tables
from drill.report.collector import collector_resting
from drill.report.context import Context
from drill.report.data import data_tables, first_tables
from drill.report.data_table import DataTable
from drill.report.environment import Compiled, compiled
from drill.report.environment import use as use_templates
from drill.report.folder import ReportFolder, ReportFolderUnusable
from drill.report.kept import read_kept, write_kept
from drill.report.language import speaking
from drill.report.looks import LooksOf, no_looks
from drill.report.making import (
    DrillBook,
    Job,
    Made,
    Progress,
    Running,
    first_tasks,
    hand_over,
    helpers,
    made_by_all,
    made_by_two,
    make_table,
    put_page,
)
from drill.report.manifest import NAME as MANIFEST
from drill.report.manifest import Entry, Manifest, is_current, read_manifest
from drill.report.past import Past
from drill.report.site import INDEX, Page, Site, plan_site
from drill.report.view.formats import moment

MANY = 400
"""From so many pages on it is worth starting other processes."""
LONG = 2000
"""From so many sources on other processes are started before the pages are planned: planning takes
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
    not_kept: str = ""
    """Why the cards could not be kept for the next report, or empty."""


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
    kept: Path | None = None,
) -> RenderedReport:
    """Write the report below a folder; the overview comes last, and then the manifest.

    ``kept`` is a file for the cards of the sources: those of the last report are read from it, and
    count where nothing has changed, and those of this one are written to it.

    ``workers`` is how many processes render a big report, this one among them. The same past and
    context give the same bytes. Pages of what is no longer in the report stay where they are, and
    the manifest names them. Raise ReportFolderUnusable, and ValueError for a naive instant.
    """
    if context.at.utcoffset() is None:
        raise ValueError("a naive datetime is not an instant")
    with collector_resting():
        return _render_report(
            past, book, folder, context, promises, looks_of, workers, progress, kept
        )


def _render_report(
    past: Past,
    book: DrillBook,
    folder: Path,
    context: Context,
    promises: Promises | None,
    looks_of: LooksOf,
    workers: int,
    progress: Progress | None,
    kept: Path | None,
) -> RenderedReport:
    output = ReportFolder(folder)
    before = read_manifest(folder)
    is_big = len(past.sources) >= LONG and workers > 1
    with ExitStack() as stack:
        compiling = _compiling(stack, kept) if is_big else None
        with speaking(context.language):
            cards = read_kept(kept, context) if kept is not None else {}
            pool = helpers(stack, workers) if is_big and not cards else None
            site = plan_site(past, context, promises=promises, kept=cards)
            has_copy = is_big and site.sources.are_mostly_known and may_be_copied()
            if compiling is not None:
                use_templates(*compiling.finished())
            aside = stack.enter_context(Aside(first_tasks(folder, site))) if has_copy else None
            _ensure_unique(site.names())
        if is_big and pool is None and aside is None:
            pool = helpers(stack, workers)
        entries: dict[str, Entry] = {}
        begun: Running = {}
        others = (*data_tables(site), *audit_tables(site))
        tables = others if aside else (*first_tables(site), *others)
        pages = site.later_pages if aside else site.pages
        missing = _tables_to_make(tables, folder, before, entries, pool, begun)
        todo = _pages_to_make(pages, folder, before, entries)
        if pool is None and aside is None and len(todo) >= MANY:
            pool = helpers(stack, workers)
        job = Job(
            folder=folder, context=site.context, book=book, looks_of=looks_of,
            standing_of=site.sources.taken, pool=pool, workers=workers, progress=progress,
        )  # fmt: skip
        skipped = len(entries.keys() & {page.name for page in pages})
        overview: list[tuple[Page, bytes]] = []
        if aside is not None:
            not_kept = _keep(kept, site, context)  # while the copy has enough to do
            making = made_by_two(missing, todo, overview, job, aside)
        else:
            making = made_by_all(missing, todo, overview, job, begun)
        for made in making:
            _note(made, output, entries)
    if aside is None:
        not_kept = _keep(kept, site, context)
    for page, content in overview:
        _note([put_page(ReportFolder(folder), page.name, content, page.digest)], output, entries)
    _write_manifest(output, before, entries, site.context)
    return RenderedReport(
        index=folder / INDEX,
        written=tuple(output.written),
        unchanged=tuple(output.unchanged),
        skipped=skipped,
        not_kept=not_kept,
    )


def _compiling(stack: ExitStack, kept: Path | None) -> Aside[Compiled] | None:
    """Have templates compiled while cards are read, if there are some."""
    if kept is None or not kept.is_file() or not may_be_copied():
        return None
    return stack.enter_context(Aside([compiled]))


def _tables_to_make(
    tables: Iterable[DataTable],
    folder: Path,
    before: Manifest,
    entries: dict[str, Entry],
    pool: Executor | None,
    begun: Running,
) -> list[DataTable]:
    """Hand tables over to the helpers, or return them, but for those that are as they were: their
    files go into the entries. Big ones are returned: they wait until there is room in memory."""
    found = []
    for table in tables:
        known = {name: before.entries.get(name) for name in table.names}
        if all(
            one and _is_same(folder, name, table.digest, one, before) for name, one in known.items()
        ):
            entries |= {name: one for name, one in known.items() if one}
        elif pool is not None and not table.reads_drills:
            hand_over(pool, partial(make_table, folder, table.loaded()), begun)
        else:
            found.append(table)
    return found


def _pages_to_make(
    pages: Iterable[Page], folder: Path, before: Manifest, entries: dict[str, Entry]
) -> list[Page]:
    """Return the pages to make, without those that are as they were: they go into the entries."""
    todo = []
    for page in pages:
        known = before.entries.get(page.name)
        if known and _is_same(folder, page.name, page.digest, known, before):
            entries[page.name] = known
        else:
            todo.append(page)
    return todo


def _keep(kept: Path | None, site: Site, context: Context) -> str:
    """Keep the cards for the next report. Return why that was not possible: the pages are written,
    and nobody misses more than time."""
    if kept is None:
        return ""
    try:
        write_kept(kept, site.sources.to_keep.values(), context)
    except ReportFolderUnusable as error:
        return error.message
    return ""


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
