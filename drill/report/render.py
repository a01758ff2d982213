"""Render a report: plan its pages, skip those whose input is the same, write the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from drill.engine.record import DrillRecord, Event
from drill.recovery.facts import DrillFacts
from drill.report.audit_data import audit_tables
from drill.report.collector import collector_resting
from drill.report.context import Context
from drill.report.data import data_tables
from drill.report.data_table import DataTable
from drill.report.environment import environment
from drill.report.folder import ReportFolder, ReportFolderUnusable
from drill.report.language import speaking
from drill.report.manifest import NAME as MANIFEST
from drill.report.manifest import Entry, Manifest, is_current, read_manifest
from drill.report.past import Past
from drill.report.site import DRILL, FLEET, INDEX, KINDS, SOURCE, Page, plan_site
from drill.report.view.drill import DrillData
from drill.report.view.formats import moment
from drill.report.view.standing import Promises

MANY = 400
"""From so many pages on it is worth starting other processes."""
LONG = 20_000
"""From so many drills on other processes are started before the pages are planned: planning takes
longer than starting them."""
CHUNK = 20
"""Pages that a worker gets at once."""
QUEUED = 10
"""Chunks that wait or are rendered, for each helper: each is in memory, and a helper must not run
out of them while this process makes a page of its own."""

Progress = Callable[[int, int], None]
"""Told how many pages are done, of how many."""


class DrillBook(Protocol):
    """Where whole drills are read from, one at a time."""

    def find(self, drill_id: str) -> DrillRecord | None:
        """Return one drill, or None."""
        ...

    def events_of(self, drill_id: str) -> Sequence[Event]:
        """Return the journal of one drill, in order."""
        ...


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
    workers: int = 1,
    progress: Progress | None = None,
) -> RenderedReport:
    """Write the report below a folder; the overview comes last, and then the manifest.

    The same past and context give the same bytes. Pages of what is no longer in the report stay
    where they are, and the manifest names them. Raise ReportFolderUnusable, and ValueError for a
    naive instant.
    """
    if context.at.utcoffset() is None:
        raise ValueError("a naive datetime is not an instant")
    with collector_resting():
        return _render_report(past, book, folder, context, promises, workers, progress)


def _render_report(
    past: Past,
    book: DrillBook,
    folder: Path,
    context: Context,
    promises: Promises | None,
    workers: int,
    progress: Progress | None,
) -> RenderedReport:
    output = ReportFolder(folder)
    before = read_manifest(folder)
    with ExitStack() as stack:
        pool = _helpers(stack, workers) if len(past.drills) >= LONG else None
        with speaking(context.language):
            site = plan_site(past, context, promises=promises)
        _ensure_unique(site.pages)
        entries: dict[str, Entry] = {}
        todo: list[Page] = []
        for page in site.pages:
            known = before.entries.get(page.name)
            if known and _is_same(folder, page.name, page.digest, known, before):
                entries[page.name] = known
            else:
                todo.append(page)
        skipped = len(entries)
        if pool is None and len(todo) >= MANY:
            pool = _helpers(stack, workers)
        job = _Job(
            folder=folder, context=site.context, book=book, pool=pool, workers=workers,
            progress=progress,
        )  # fmt: skip
        tables: list[DataTable] = []
        for table in (*data_tables(site), *audit_tables(site)):
            found = {name: before.entries.get(name) for name in table.names}
            if all(
                one and _is_same(folder, name, table.digest, one, before)
                for name, one in found.items()
            ):
                entries |= {name: one for name, one in found.items() if one}
            else:
                tables.append(table)
        overview: list[tuple[Page, bytes]] = []
        for made in _rendered(tables, todo, overview, job):
            _note(made, output, entries)
    for page, content in overview:
        _note([_put(ReportFolder(folder), page.name, content, page.digest)], output, entries)
    _write_manifest(output, before, entries, site.context)
    return RenderedReport(
        index=folder / INDEX,
        written=tuple(output.written),
        unchanged=tuple(output.unchanged),
        skipped=skipped,
    )


def _helpers(stack: ExitStack, workers: int) -> Executor | None:
    """Start the processes that help this one, the first at once: it is ready when there is something
    to render. New ones, because the caller may have threads."""
    if workers < 2:
        return None
    pool = stack.enter_context(ProcessPoolExecutor(workers - 1, mp_context=get_context("spawn")))
    pool.submit(get_ready)
    return pool


def _is_same(folder: Path, name: str, digest: str, known: Entry, before: Manifest) -> bool:
    """Tell whether a file need not be made: the same input, and still as it was written."""
    return known.input == digest != "" and is_current(folder, name, known, before)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """One file as it was written, or found to be so already."""

    name: str
    entry: Entry
    was_written: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What every page of one report is rendered with."""

    folder: Path
    context: Context
    book: DrillBook
    pool: Executor | None
    """Other processes that render; None if this one does everything."""
    workers: int
    progress: Progress | None


def _rendered(
    tables: Sequence[DataTable], todo: Sequence[Page], held: list[tuple[Page, bytes]], job: _Job
) -> Iterator[list[_Made]]:
    """Yield what was made, piece by piece, here or in other processes."""
    whole = [page for page in todo if KINDS[page.kind].needs_everything]
    pages = [page for page in todo if not KINDS[page.kind].needs_everything]
    done, counted = 0, {page.name for page in pages}
    own = _made_here(whole, held, job)
    for made in (
        _in_processes(job.pool, tables, pages, job, own)
        if job.pool
        else _in_turn(tables, pages, job, own)
    ):
        done += sum(1 for one in made if one.name in counted)
        if job.progress is not None and made:
            job.progress(done, len(pages))
        yield made


def _made_here(
    pages: Sequence[Page], held: list[tuple[Page, bytes]], job: _Job
) -> Iterator[list[_Made]]:
    """Make what needs the whole past, a page a step; it is not sent to other processes.

    The overview is rendered and held back: it leads to every other page, and is written last.
    """
    for page in pages:
        with speaking(job.context.language):
            content = render_page(page, job.context)
        if page.name == INDEX:
            held.append((page, content))
            yield []
        else:
            yield [_put(ReportFolder(job.folder), page.name, content, page.digest)]


def _in_turn(
    tables: Sequence[DataTable], pages: Sequence[Page], job: _Job, own: Iterator[list[_Made]]
) -> Iterator[list[_Made]]:
    for chunk in _chunks(pages):
        yield _make_pages(job.folder, job.context, _loaded(chunk, job.book))
    for table in tables:
        yield _make_table(job.folder, table)
    yield from own


def _in_processes(
    pool: Executor,
    tables: Sequence[DataTable],
    pages: Sequence[Page],
    job: _Job,
    own: Iterator[list[_Made]],
) -> Iterator[list[_Made]]:
    """Yield pieces as they are done. While the helpers have enough to do, this process makes what
    is its own, a step at a time; and when that is done, it makes what they would."""
    running: set[Future[list[_Made]]] = set()
    chunks = _chunks(pages)
    for table in tables:
        running.add(pool.submit(_make_table, job.folder, table))
    for chunk in chunks:
        running.add(pool.submit(_make_pages, job.folder, job.context, _loaded(chunk, job.book)))
        while len(running) >= QUEUED * (job.workers - 1):
            made = next(own, None)
            if made is None and (mine := next(chunks, None)) is not None:
                made = _make_pages(job.folder, job.context, _loaded(mine, job.book))
            yield made or []
            finished, running = wait(
                running, timeout=None if made is None else 0, return_when=FIRST_COMPLETED
            )
            for one in finished:
                yield one.result()
    yield from own
    for one in running:
        yield one.result()


def _chunks(pages: Sequence[Page]) -> Iterator[Sequence[Page]]:
    return (pages[place : place + CHUNK] for place in range(0, len(pages), CHUNK))


def _loaded(pages: Sequence[Page], book: DrillBook) -> list[Page]:
    """Return the pages with their data; of a drill that is its whole record with its journal."""
    return [
        Page(name=page.name, kind=page.kind, data=_drill_data(page.data, book), digest=page.digest)
        if page.kind == DRILL.name
        else page
        for page in pages
    ]


def _drill_data(facts: DrillFacts, book: DrillBook) -> DrillData:
    record = book.find(facts.id)
    if record is None:
        raise ReportFolderUnusable(
            f"drill {facts.id[:80]!r} is in the archive and not in the store"
        )
    return DrillData(record=record, events=tuple(book.events_of(facts.id)))


def _make_table(folder: Path, table: DataTable) -> list[_Made]:
    """Write the files of a table. May run in a worker; they are in English, whatever pages are."""
    output = ReportFolder(folder)
    return [_put(output, name, content, table.digest) for name, content in table.files()]


def _make_pages(folder: Path, context: Context, pages: Sequence[Page]) -> list[_Made]:
    """Render and write pages. Runs in a worker: everything it needs comes in as arguments."""
    output = ReportFolder(folder)
    with speaking(context.language):
        return [_put(output, page.name, render_page(page, context), page.digest) for page in pages]


def get_ready() -> None:
    """Compile the templates that a worker needs most, while nothing is to be rendered yet."""
    for kind in (FLEET, SOURCE, DRILL):
        environment().get_template(kind.template)


def render_page(page: Page, context: Context) -> bytes:
    """Return the bytes of a page whose data is loaded, in the language that holds now."""
    return KINDS[page.kind].render(page.data, context)


def _put(output: ReportFolder, name: str, content: bytes, digest: str) -> _Made:
    count = len(output.written)
    output.put(name, content)
    return _Made(
        name=name,
        entry=Entry(input=digest, size=len(content), digest=hashlib.sha256(content).hexdigest()),
        was_written=len(output.written) > count,
    )


def _note(made: Iterable[_Made], output: ReportFolder, entries: dict[str, Entry]) -> None:
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


def _ensure_unique(pages: Sequence[Page]) -> None:
    seen: set[str] = set()
    for page in pages:
        if page.name in seen:
            raise ReportFolderUnusable(f"two drills or sources would have the page {page.name}")
        seen.add(page.name)
