"""Who makes the files of a report: this process, and others that help it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from drill.engine.record import DrillRecord, Event
from drill.recovery.facts import SourceKey
from drill.report.aside import Aside
from drill.report.context import Context
from drill.report.data import first_tables
from drill.report.data_table import DataTable
from drill.report.environment import environment
from drill.report.folder import ReportFolder, ReportFolderUnusable
from drill.report.language import speaking
from drill.report.looks import LooksOf, source_data
from drill.report.manifest import Entry
from drill.report.site import DRILL, FLEET, INDEX, KINDS, SOURCE, Page, Site
from drill.report.view.drill import DrillData
from drill.report.view.standing import Standing

CHUNK = 20
"""Pages that a helper gets at once."""
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


def helpers(stack: ExitStack, workers: int) -> Executor | None:
    """Start the processes that help this one, so that many render in all; None for nobody.

    The first one starts at once, to be ready when there is something to render. They are new ones,
    because the caller may have threads.
    """
    if workers < 2:
        return None
    pool = stack.enter_context(ProcessPoolExecutor(workers - 1, mp_context=get_context("spawn")))
    pool.submit(get_ready)
    return pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One file as it was written, or found to be so already."""

    name: str
    entry: Entry
    was_written: bool


Task = Callable[[], list[Made]]
Running = dict[Future[list[Made]], Task]
"""What other processes were given, and how to do it here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every page of one report is rendered with, and by whom."""

    folder: Path
    context: Context
    book: DrillBook
    looks_of: LooksOf
    standing_of: Callable[[SourceKey], Standing]
    pool: Executor | None
    """Other processes that render; None if this one does everything."""
    workers: int
    progress: Progress | None


def made_by_all(
    tables: Sequence[DataTable],
    todo: Sequence[Page],
    held: list[tuple[Page, bytes]],
    job: Job,
    begun: Running | None = None,
) -> Iterator[list[Made]]:
    """Yield what was made, piece by piece, here or in other processes.

    ``begun`` is what other processes were given already. The overview is put into ``held``.
    """
    whole, pages = _parted(todo)
    done, counted = 0, {page.name for page in pages}
    own = _made_here(whole, held, job)
    for made in (
        _in_processes(job.pool, tables, pages, job, own, begun or {})
        if job.pool
        else _in_turn(tables, pages, job, own)
    ):
        done += sum(1 for one in made if one.name in counted)
        if job.progress is not None and made:
            job.progress(done, len(pages))
        yield made


def _made_here(
    pages: Sequence[Page], held: list[tuple[Page, bytes]], job: Job
) -> Iterator[list[Made]]:
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
            yield [put_page(ReportFolder(job.folder), page.name, content, page.digest)]


def _in_turn(
    tables: Sequence[DataTable], pages: Sequence[Page], job: Job, own: Iterator[list[Made]]
) -> Iterator[list[Made]]:
    for chunk in _chunks(pages):
        yield _make_pages(job.folder, job.context, _loaded(chunk, job))
    for table in tables:
        yield make_table(job.folder, table)
    yield from own


def _in_processes(
    pool: Executor,
    tables: Sequence[DataTable],
    pages: Sequence[Page],
    job: Job,
    own: Iterator[list[Made]],
    begun: Running,
) -> Iterator[list[Made]]:
    """Yield pieces as they are done. While the helpers have enough to do, this process makes what
    is its own, a step at a time; and when that is done, it makes what they would."""
    running = dict(begun)
    # The biggest table goes out while there is still room in memory, and the many months come last.
    for table in [table for table in tables if not table.digest]:
        hand_over(pool, partial(make_table, job.folder, table.loaded()), running)
    for chunk in _chunks(pages):
        task = partial(_make_pages, job.folder, job.context, _loaded(chunk, job))
        hand_over(pool, task, running)
        while len(running) >= QUEUED * (job.workers - 1):
            made = next(own, None)
            yield made if made is not None else _taken_back(running)
            yield from _finished(running)
    for table in [table for table in tables if table.digest]:
        hand_over(pool, partial(make_table, job.folder, table.loaded()), running)
    yield from own
    while running:
        yield _taken_back(running)
        yield from _finished(running)


def first_tasks(folder: Path, site: Site) -> list[Task]:
    """Return what is made of cards alone: another process can begin while this one still counts,
    and plans for itself what it makes."""
    context = site.sources.context
    return [
        lambda: _make_pages(folder, context, site.fleet_pages),
        lambda: _make_pages(folder, context, [site.trends]),
        lambda: [one for table in first_tables(site) for one in make_table(folder, table)],
    ]


def made_by_two(
    tables: Sequence[DataTable],
    todo: Sequence[Page],
    held: list[tuple[Page, bytes]],
    job: Job,
    begun: Aside[list[Made]],
) -> Iterator[list[Made]]:
    """Yield what was made, piece by piece, here or by a copy of this process.

    ``begun`` is what another copy was given already. A copy reads nothing from the store, and what
    it counts over all drills it counts for itself alone: that is done here.
    """
    whole, pages = _parted(todo)
    large = [table.loaded() for table in tables if table.reads_drills]
    small = [table for table in tables if not table.reads_drills]
    tasks: list[Task] = [partial(make_table, job.folder, table) for table in large]
    tasks += [
        partial(_make_pages, job.folder, job.context, chunk)
        for chunk in _chunks(_loaded(pages, job))
    ]
    with Aside(tasks) as shared:
        yield from (make_table(job.folder, table) for table in small)
        yield from _made_here(whole, held, job)
        done, counted = 0, {page.name for page in pages}
        for some in (shared, begun):
            for made in some.finished():
                done += sum(1 for one in made if one.name in counted)
                if job.progress is not None:
                    job.progress(done, len(pages))
                yield made


def _parted(todo: Sequence[Page]) -> tuple[list[Page], list[Page]]:
    """Return the pages that are made of the whole past, and the others."""
    whole = [page for page in todo if KINDS[page.kind].needs_everything]
    return whole, [page for page in todo if not KINDS[page.kind].needs_everything]


def hand_over(pool: Executor, task: Task, running: Running) -> None:
    """Have a helper do something, and remember what it was."""
    running[pool.submit(task)] = task


def _taken_back(running: Running) -> list[Made]:
    """Do the newest thing that no helper has begun with; if there is none, wait for one."""
    for one in reversed(running):
        if one.cancel():
            return running.pop(one)()
    wait(running, return_when=FIRST_COMPLETED)
    return []


def _finished(running: Running) -> Iterator[list[Made]]:
    """Yield what the helpers have made meanwhile."""
    for one in wait(running, timeout=0).done:
        del running[one]
        yield one.result()


def _chunks(pages: Sequence[Page]) -> Iterator[Sequence[Page]]:
    """Yield what is made together. The pages of the fleet are: they have the same rows, which are
    sent to a helper, and made into text, once."""
    of_fleet = [page for page in pages if page.kind == FLEET.name]
    if of_fleet:
        yield of_fleet
    others = [page for page in pages if page.kind != FLEET.name]
    yield from (others[place : place + CHUNK] for place in range(0, len(others), CHUNK))


def _loaded(pages: Sequence[Page], job: Job) -> list[Page]:
    """Return the pages with what is read for them alone: of a drill its whole record with its
    journal, of a source the looks at it."""
    return [replace(page, data=_data_of(page, job)) for page in pages]


def _data_of(page: Page, job: Job) -> object:
    if page.kind == DRILL.name:
        return _drill_data(page.data, job.book)
    if page.kind == SOURCE.name:
        return source_data(job.standing_of(page.data), job.looks_of)
    return page.data


def _drill_data(drill_id: str, book: DrillBook) -> DrillData:
    record = book.find(drill_id)
    if record is None:
        raise ReportFolderUnusable(
            f"drill {drill_id[:80]!r} is in the archive and not in the store"
        )
    return DrillData(record=record, events=tuple(book.events_of(drill_id)))


def make_table(folder: Path, table: DataTable) -> list[Made]:
    """Write the files of a table. May run in a helper; they are in English, whatever pages are."""
    output = ReportFolder(folder)
    return [put_page(output, name, content, table.digest) for name, content in table.files()]


def _make_pages(folder: Path, context: Context, pages: Sequence[Page]) -> list[Made]:
    """Render and write pages. May run in a helper: everything it needs comes in as arguments."""
    output = ReportFolder(folder)
    with speaking(context.language):
        return [
            put_page(output, page.name, render_page(page, context), page.digest) for page in pages
        ]


def get_ready() -> None:
    """Compile the templates that a helper needs most, while nothing is to be rendered yet."""
    for kind in (FLEET, SOURCE, DRILL):
        environment().get_template(kind.template)


def render_page(page: Page, context: Context) -> bytes:
    """Return the bytes of a page whose data is loaded, in the language that holds now."""
    return KINDS[page.kind].render(page.data, context)


def put_page(output: ReportFolder, name: str, content: bytes, digest: str) -> Made:
    """Write a file unless it has this very content already. ``digest`` is that of its input."""
    count = len(output.written)
    output.put(name, content)
    return Made(
        name=name,
        entry=Entry(input=digest, size=len(content), digest=hashlib.sha256(content).hexdigest()),
        was_written=len(output.written) > count,
    )
