"""What people and programs read: tables and messages on the terminal, JSON on standard output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from drill.plan.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

    from drill.engine.record import DrillRecord

GLYPHS: Mapping[str, tuple[str, str]] = {
    "passed": ("✓", "green"),
    "passed_late": ("!", "yellow"),
    "failed_restore": ("✕", "red"),
    "failed_check": ("✕", "red"),
    "inconclusive": ("?", "yellow"),
    "refused": ("⊘", "magenta"),
    "missed": ("!", "yellow"),
    "skipped": ("-", "dim"),
    "aborted": ("-", "yellow"),
}

WITHOUT_TERMINAL = 200
"""Columns of a line where nobody looks at a terminal."""

output_option = click.option(
    "--output",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people, or one JSON document on standard output (docs/json-output.md).",
)


def console(*, stderr: bool = False) -> Console:
    """Return a terminal that honours NO_COLOR and width.

    What goes into a file or a mail is not wrapped: nobody's terminal is 80 columns wide there.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WITHOUT_TERMINAL
    return Console(stderr=stderr, highlight=False, soft_wrap=False, width=width)


def print_json(document: Mapping[str, Any]) -> None:
    """Write one JSON document to standard output."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def say(message: str) -> None:
    """Write one line for people to standard error, so that standard output stays clean."""
    click.echo(visible(message), err=True)


def span_text(span: timedelta | None) -> str:
    """Return a duration for a table: 31 ms, 1.8 s, 3 min 05 s, 2 h 10 min; "no data" for None."""
    if span is None:
        return "no data"
    sign = "-" if span < timedelta(0) else ""
    seconds = abs(span.total_seconds())
    if seconds < 1:
        return f"{sign}{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{sign}{seconds:.1f} s"
    if seconds < 60:
        return f"{sign}{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{sign}{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours} h {minutes:02d} min"


def rta_text(record: DrillRecord) -> str:
    """Return RTA for a table; with "at most" before it if nobody looked for a part of it."""
    text = span_text(record.rta)
    return f"≤ {text}" if record.rta is not None and record.unattended else text


def instant_text(instant: datetime | None) -> str:
    """Return an instant for a table, in UTC to the second; "no data" for None."""
    if instant is None:
        return "no data"
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def outcome_text(outcome: str | None, state: str, *, simulated: bool = False) -> str:
    """Return the outcome with its glyph as rich markup, or the state of an unfinished drill.

    A simulated drill says so in the same place: it is no proof, whatever else it is.
    """
    text = _outcome_text(outcome, state)
    return f"{text} (simulated)" if simulated else text


def _outcome_text(outcome: str | None, state: str) -> str:
    if outcome is None:
        return f"[cyan]… {state.replace('_', ' ')}[/cyan]"
    glyph, style = GLYPHS.get(outcome, ("?", "yellow"))
    return f"[{style}]{glyph} {outcome.replace('_', ' ')}[/{style}]"
