"""Render a report: plan its pages, skip those whose input is the same, write the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from drill.engine.record import DrillRecord, Event
from drill.recovery.facts import DrillFacts
from drill.report.audit_data import audit_files
from drill.report.collector import collector_resting
from drill.report.context import Context
from drill.report.data import DataFile, data_files
from drill.report.folder import ReportFolder, ReportFolderUnusable
from drill.report.language import speaking
from drill.report.looks import LooksOf, no_looks, source_data
from drill.report.manifest import NAME as MANIFEST
from drill.report.manifest import Entry, Manifest, is_current, read_manifest
from drill.report.past import Past
from drill.report.site import DRILL, INDEX, KINDS, SOURCE, Page, plan_site
from drill.report.view.drill import DrillData
from drill.report.view.formats import moment
from drill.report.view.standing import Promises

MANY = 400
"""From so many pages on it is worth starting other processes."""
CHUNK = 20
"""Pages that a worker gets at once."""
QUEUED = 3
"""Chunks that wait or are rendered, for each worker: each is in memory."""

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
    looks_of: LooksOf = no_looks,
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
    with speaking(context.language):
        site = plan_site(past, context, promises=promises)
    context = site.context
    _ensure_unique(site.pages)
    output = ReportFolder(folder)
    before = read_manifest(folder)
    entries: dict[str, Entry] = {}
    todo: list[Page] = []
    for page in site.pages:
        known = before.entries.get(page.name)
        if known and _is_same(folder, page.name, page.digest, known, before):
            entries[page.name] = known
        else:
            todo.append(page)
    skipped = len(entries)
    whole = [page for page in todo if KINDS[page.kind].needs_everything]
    rest = [page for page in todo if not KINDS[page.kind].needs_everything]
    job = _Job(
        folder=folder, context=context, book=book, looks_of=looks_of, workers=workers,
        progress=progress,
    )  # fmt: skip
    files: list[DataFile] = []
    for file in (*data_files(site), *audit_files(site)):
        known = before.entries.get(file.name)
        if known and _is_same(folder, file.name, file.digest, known, before):
            entries[file.name] = known
        else:
            files.append(file)
    overview: list[tuple[Page, bytes]] = []
    for made in _rendered(rest, job, _made_here(files, whole, overview, job)):
        _note(made, output, entries)
    for page, content in overview:
        _note([_put(ReportFolder(folder), page.name, content, page.digest)], output, entries)
    _write_manifest(output, before, entries, context)
    return RenderedReport(
        index=folder / INDEX,
        written=tuple(output.written),
        unchanged=tuple(output.unchanged),
        skipped=skipped,
    )


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
    looks_of: LooksOf
    workers: int
    progress: Progress | None


def _made_here(
    files: Sequence[DataFile], pages: Sequence[Page], held: list[tuple[Page, bytes]], job: _Job
) -> Iterator[list[_Made]]:
    """Make what needs the whole past, a file a step; it is not sent to other processes.

    The overview is rendered and held back: it leads to every other page, and is written last.
    """
    for file in files:
        yield [_put(ReportFolder(job.folder), file.name, file.make(), file.digest)]
    for page in pages:
        with speaking(job.context.language):
            content = render_page(page, job.context)
        if page.name == INDEX:
            held.append((page, content))
            yield []
        else:
            yield [_put(ReportFolder(job.folder), page.name, content, page.digest)]


def _rendered(
    pages: Sequence[Page], job: _Job, own: Iterator[list[_Made]]
) -> Iterator[list[_Made]]:
    """Yield what was made, chunk by chunk, here or in other processes; ``own`` is made here."""
    done, counted = 0, {page.name for page in pages}
    chunks = (pages[place : place + CHUNK] for place in range(0, len(pages), CHUNK))
    if job.workers > 1 and len(pages) >= MANY:
        found = _in_processes(chunks, job, own)
    else:
        found = (_make_pages(job.folder, job.context, _loaded(one, job)) for one in chunks)
    for made in found:
        done += sum(1 for one in made if one.name in counted)
        if job.progress is not None and made:
            job.progress(done, len(pages))
        yield made
    yield from own


def _in_processes(
    chunks: Iterable[Sequence[Page]], job: _Job, own: Iterator[list[_Made]]
) -> Iterator[list[_Made]]:
    """Yield chunks as they are done. New processes, because the caller may have threads.

    While all of them are busy, this process makes what is its own, a step at a time.
    """
    with ProcessPoolExecutor(job.workers, mp_context=get_context("spawn")) as pool:
        running: set[Future[list[_Made]]] = set()
        for chunk in chunks:
            running.add(pool.submit(_make_pages, job.folder, job.context, _loaded(chunk, job)))
            while len(running) >= QUEUED * job.workers:
                finished, running = wait(running, timeout=0, return_when=FIRST_COMPLETED)
                made = None if finished else next(own, None)
                if made is not None:
                    yield made
                elif not finished:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                for one in finished:
                    yield one.result()
        yield from own
        for one in running:
            yield one.result()


def _loaded(pages: Sequence[Page], job: _Job) -> list[Page]:
    """Return the pages with what is read for them alone: of a drill its whole record with its
    journal, of a source the looks at it."""
    return [replace(page, data=_data_of(page, job)) for page in pages]


def _data_of(page: Page, job: _Job) -> object:
    if page.kind == DRILL.name:
        return _drill_data(page.data, job.book)
    if page.kind == SOURCE.name:
        return source_data(page.data, job.looks_of)
    return page.data


def _drill_data(facts: DrillFacts, book: DrillBook) -> DrillData:
    record = book.find(facts.id)
    if record is None:
        raise ReportFolderUnusable(
            f"drill {facts.id[:80]!r} is in the archive and not in the store"
        )
    return DrillData(record=record, events=tuple(book.events_of(facts.id)))


def _make_pages(folder: Path, context: Context, pages: Sequence[Page]) -> list[_Made]:
    """Render and write pages. Runs in a worker: everything it needs comes in as arguments."""
    output = ReportFolder(folder)
    with speaking(context.language):
        return [_put(output, page.name, render_page(page, context), page.digest) for page in pages]


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
