"""``drill report``: render the HTML reports from the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drill.cli.output import console, output_option, print_json, say
from drill.cli.report_parts import (
    DEFAULT_SAMPLE,
    cards_in,
    key_in,
    looks_in,
    narrowed,
    options_of,
    prices_in,
    promises_in,
    regions_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from drill.bootstrap import House
    from drill.plan.config import Config
    from drill.plan.model import Plan
    from drill.report.past import Past, Scope
    from drill.report.render import RenderedReport
    from drill.store.journal import SqlJournal

WORKERS = 2
"""Processes that render a big report, this one among them."""


class _Instant(click.ParamType[datetime]):
    """An instant: a date, or a date and a time; without an offset it is UTC."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{str(value)!r} is no instant such as 2026-03-08 or 2026-03-08T06:00Z")
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@click.command(
    "report", epilog="Example: drill report --group payments --since 2026-01-01 --lang zh"
)
@click.option("--since", type=_Instant(), help="Leave out drills whose slot is earlier.")
@click.option("--until", type=_Instant(), help="End of the period: the report is as of then.")
@click.option("--at", type=_Instant(), help="Report as it was at this instant. Default: now.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="PATTERN",
    help="Only plans, source ids or source names that match, such as 'orders-*'. Repeatable.",
)
@click.option("--cloud", "clouds", multiple=True, help="Only sources of this cloud. Repeatable.")
@click.option("--group", "groups", multiple=True, help="Only plans of this group. Repeatable.")
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Language of the pages.",
)
@click.option(
    "--single-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the overview, or with --source one source, into this file and nothing else.",
)
@click.option("--source", help="With --single-file: id or name of the source.")
@click.option(
    "--redact",
    is_flag=True,
    help="Replace names and ids by stable pseudonyms; pages of single drills are left out.",
)
@click.option(
    "--folder",
    "into",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write the pages here. Default: the folder 'reports' of config.toml.",
)
@click.option(
    "--page",
    type=click.Choice(["overview", "exec", "compliance", "exceptions", "methodology", "verify"]),
    help="With --single-file: which page. Default: the overview.",
)
@click.option(
    "--sample-seed",
    metavar="TEXT",
    help="Draw the sample of the audit pack with this text, which the auditor chooses.",
)
@click.option(
    "--sample-size",
    type=click.IntRange(1, 500),
    default=DEFAULT_SAMPLE,
    show_default=True,
    help="How many drills are drawn.",
)
@click.option(
    "--pdf", is_flag=True, help="Also write exec.pdf and compliance.pdf (needs the extra pdf)."
)
@output_option
@click.pass_obj
def command(
    config_file: str, *, since: datetime | None, until: datetime | None, at: datetime | None,
    scopes: tuple[str, ...], clouds: tuple[str, ...], groups: tuple[str, ...], lang: str,
    single_file: Path | None, source: str | None, redact: bool, into: Path | None,
    page: str | None, sample_seed: str | None, sample_size: int, pdf: bool, output: str,
) -> int:  # fmt: skip
    """Render the HTML reports of what is in the store: the overview, the fleet, a page a source."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config
    from drill.clock import SystemClock
    from drill.report.past import Scope

    _ensure_agreement(since, until, at, single_file, source, redact=redact, into=into)
    if page is not None and (single_file is None or source is not None):
        raise click.UsageError("--page needs --single-file, and not --source")
    if pdf:
        from drill.report.pdf import ensure_writer

        ensure_writer()
    config, folder = read_config(config_file)
    scope = Scope(
        since=since, clouds=frozenset(clouds), groups=frozenset(groups), patterns=tuple(scopes)
    )
    journal = open_store(config, folder)
    reports = into or folder / config.folders.reports
    made = _Making(
        journal=journal, config=config, folder=folder, language=lang, is_redacted=redact,
        at=until or at or SystemClock().now(), scope=scope,
        sample_seed=sample_seed, sample_size=sample_size,
    )  # fmt: skip
    if single_file is not None:
        made.write_single(single_file, source, page)
        _answer({"file": str(single_file)}, f"report: {single_file}", output)
        return 0
    with _shown_progress() as progress:
        report = made.write_site(reports, progress=progress)
    if pdf:
        made.write_pdf(reports)
    figures = {
        "index": str(report.index), "written": len(report.written),
        "unchanged": len(report.unchanged), "skipped": report.skipped,
    }  # fmt: skip
    _answer(figures, f"report: {report.index}", output)
    return 0


def _ensure_agreement(
    since: datetime | None, until: datetime | None, at: datetime | None,
    single_file: Path | None, source: str | None, *, redact: bool, into: Path | None,
) -> None:  # fmt: skip
    end = until or at
    if until is not None and at is not None and until != at:
        raise click.UsageError("--until and --at name two ends; give one of them")
    if since is not None and end is not None and since >= end:
        raise click.UsageError("the period is empty: --since is not before its end")
    if source is not None and single_file is None:
        raise click.UsageError("--source needs --single-file")
    if redact and into is None and single_file is None:
        raise click.UsageError(
            "--redact needs --folder or --single-file: it is not mixed with the full report"
        )


def _answer(document: Mapping[str, object], text: str, output: str) -> None:
    if output == "json":
        print_json(document)
    else:
        say(text)


def render(house: House, *, now: datetime, plans: Iterable[Plan]) -> Path:
    """Render the whole report in English, and return the path of the index."""
    return render_store(house.journal, house.config, house.folder, now=now, plans=plans)


def render_store(
    journal: SqlJournal, config: Config, folder: Path, *, now: datetime, plans: Iterable[Plan]
) -> Path:
    """Do so for a store, without a house around it."""
    from drill import __version__
    from drill.recovery.coverage.promises import promises_of
    from drill.report.context import Context
    from drill.report.past import read_past
    from drill.report.render import render_report

    context = Context(
        at=now, tool_version=__version__, regions=regions_in(config, folder),
        prices=prices_in(config),
        options=("--at", now.astimezone(UTC).isoformat()),
    )  # fmt: skip
    past = read_past(journal.archive, at=now)
    report = render_report(
        past, journal, folder=folder / config.folders.reports, context=context,
        promises=promises_of(plans), looks_of=looks_in(journal), workers=WORKERS,
        kept=cards_in(folder, context.language),
    )  # fmt: skip
    return report.index


class _Making:
    """One call of the command: what the report is about, and where it goes."""

    def __init__(
        self, *, journal: SqlJournal, config: Config, folder: Path, language: str,
        is_redacted: bool, at: datetime, scope: Scope, sample_seed: str | None, sample_size: int,
    ) -> None:  # fmt: skip
        from drill import __version__
        from drill.report.context import Context

        self._journal, self._config, self._folder, self._scope = journal, config, folder, scope
        self._promises = promises_in(config, folder)
        self._looks_of = looks_in(journal)
        self._is_redacted = is_redacted
        self._context = Context(
            at=at, tool_version=__version__, language=language, since=scope.since,
            narrowed=tuple(narrowed(scope)) if not is_redacted else (), is_redacted=is_redacted,
            sample_seed=sample_seed, sample_size=sample_size, regions=regions_in(config, folder),
            prices=prices_in(config),
        )  # fmt: skip
        self._context = replace(self._context, options=tuple(options_of(self._context, scope)))

    def write_site(
        self, reports: Path, *, progress: Callable[[int, int], None] | None
    ) -> RenderedReport:
        """Write the whole report."""
        from drill.report.render import render_report

        kept = None
        is_the_usual = reports == self._folder / self._config.folders.reports
        if is_the_usual and not self._is_redacted and not self._context.narrowed:
            kept = cards_in(self._folder, self._context.language)
        made = render_report(
            self._past(), self._journal, folder=reports, context=self._context,
            promises=self._promises, looks_of=self._looks_of, workers=WORKERS, progress=progress,
            kept=kept,
        )  # fmt: skip
        if made.not_kept:
            say(f"{made.not_kept}: the next report counts everything anew")
        return made

    def write_pdf(self, reports: Path) -> None:
        """Write the pages for managers and auditors as PDF beside them."""
        from drill.report.folder import put_file
        from drill.report.pdf import PAGES, pdf_of
        from drill.report.single import page_alone

        for name in PAGES:
            whole = page_alone(self._past(), self._context, name, promises=self._promises)
            put_file(reports / f"{name}.pdf", pdf_of(whole))

    def write_single(self, file: Path, source: str | None, page: str | None) -> None:
        """Write one page into one file."""
        from drill.report.folder import put_file
        from drill.report.single import page_alone, single_file

        past = self._past()
        if page is None or page == "overview":
            content = single_file(
                past, self._context, source=source, promises=self._promises,
                looks_of=self._looks_of,
            )  # fmt: skip
        else:
            content = page_alone(past, self._context, page, promises=self._promises)
        put_file(file, content)

    def _past(self) -> Past:
        from drill.report.past import read_past

        past = read_past(self._journal.archive, at=self._context.at, scope=self._scope)
        asked = " ".join(narrowed(self._scope))
        if asked and not past.drills:
            say(f"no drill matches {asked}: the report is empty")
        if not self._is_redacted:
            return past
        from drill.report.pseudonyms import Pseudonyms

        names = Pseudonyms(key_in(self._folder))
        self._promises = {names.source(key): one for key, one in self._promises.items()}
        self._context = replace(
            self._context,
            regions={
                names.of("cloud", cloud): names.of("region", region)
                for cloud, region in self._context.regions.items()
            },
            prices={names.of("cloud", cloud): one for cloud, one in self._context.prices.items()},
        )
        real = {names.source(key): key for key in past.sources}
        looks_of = looks_in(self._journal)
        self._looks_of = lambda key, since, until: looks_of(real[key], since, until)
        return names.past(past)


@contextmanager
def _shown_progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show how many pages are rendered, on a terminal alone."""
    terminal = console(stderr=True)
    if not terminal.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("rendering pages"), BarColumn(), MofNCompleteColumn())
    # No thread draws it: a process with threads cannot have a copy of itself help it.
    with Progress(*columns, console=terminal, transient=True, auto_refresh=False) as shown:
        task = shown.add_task("pages", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total, refresh=True)
