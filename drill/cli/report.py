"""``drill report``: render the HTML reports from the store."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drill.cli.output import output_option, print_json, say

if TYPE_CHECKING:
    from drill.engine.ports import Journal

DRILLS_SHOWN = 2000
"""How many drills, newest first, the pages are made of."""


@click.command("report", epilog="Example: drill report   then open reports/index.html")
@output_option
@click.pass_obj
def command(config_file: str, output: str) -> int:
    """Render the HTML reports of everything in the store: an index, and one page a drill."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config
    from drill.clock import SystemClock

    config, folder = read_config(config_file)
    reports = folder / config.folders.reports
    index = render(open_store(config, folder), reports, now=SystemClock().now())
    if output == "json":
        print_json({"index": str(index)})
    else:
        say(f"report: {index}")
    return 0


def render(journal: Journal, folder: Path, *, now: datetime) -> Path:
    """Render the reports from the store alone, and return the path of the index."""
    from drill import __version__
    from drill.report.render import render_reports

    records = journal.history(at_most=DRILLS_SHOWN)
    events = {record.id: journal.events_of(record.id) for record in records}
    rendered = render_reports(records, events, folder=folder, now=now, tool_version=__version__)
    return rendered.index
