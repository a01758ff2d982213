"""The exit code of several drills, and the table that says how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drill.cli.output import instant_text, outcome_text, rta_text, span_text
from drill.engine.record import DrillRecord, Outcome, Teardown
from drill.errors import ExitCode
from drill.plan.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def exit_code_of(records: Sequence[DrillRecord]) -> ExitCode:
    """Return the exit code that says most: leaked, not passed, provider, refused, passed.

    ``inconclusive`` counts as a fault of the provider where nothing was ever accepted, and as not
    passed where a copy existed.
    """
    codes = {_code(record) for record in records}
    for code in (ExitCode.LEAKED, ExitCode.NOT_PASSED, ExitCode.PROVIDER, ExitCode.REFUSED):
        if code in codes:
            return code
    return ExitCode.PASSED


def _code(record: DrillRecord) -> ExitCode:
    if record.teardown is Teardown.LEAKED:
        return ExitCode.LEAKED
    if record.outcome is Outcome.PASSED:
        return ExitCode.PASSED
    if record.outcome is Outcome.REFUSED:
        return ExitCode.REFUSED
    if record.outcome is Outcome.INCONCLUSIVE and record.restore_accepted_at is None:
        return ExitCode.PROVIDER
    return ExitCode.NOT_PASSED


def drills_table(records: Sequence[DrillRecord], *, wide: bool, title: str | None = None) -> Table:
    """Return the table of drills: outcome, level, times and what became of the copy."""
    return _table(
        records, [one for one in _COLUMNS if wide or one[0] not in _WIDE_COLUMNS], title=title
    )


def history_table(records: Sequence[DrillRecord]) -> Table:
    """Return the table of past drills for 80 columns: the id first, which every command takes."""
    columns = dict(_COLUMNS)
    return _table(records, [(name, columns[name]) for name in _NARROW_HISTORY], title=None)


def _table(
    records: Sequence[DrillRecord], columns: Sequence[tuple[str, str]], *, title: str | None
) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name, justify in columns:
        table.add_column(
            name,
            justify="right" if justify == "right" else "left",
            no_wrap=name != "plan",
            overflow="fold",
            header_style="bold",
        )
    for record in records:
        cells = _cells(record)
        table.add_row(*(cells[str(column.header)] for column in table.columns))
    return table


_COLUMNS = (
    ("plan", "left"),
    ("outcome", "left"),
    ("level", "left"),
    ("recovery point", "left"),
    ("target", "left"),
    ("RTA", "right"),
    ("RPA", "right"),
    ("teardown", "left"),
    ("drill", "left"),
)
_WIDE_COLUMNS = frozenset({"recovery point", "drill"})
_NARROW_HISTORY = ("drill", "plan", "outcome", "teardown")
WIDE = 140
"""Columns of a terminal from which every column of the table has its place."""


def _cells(record: DrillRecord) -> dict[str, RenderableType]:
    from rich.text import Text

    teardown = record.teardown.value.replace("_", " ")
    return {
        "plan": Text(record.plan_name),
        "outcome": outcome_text(
            record.outcome.value if record.outcome else None,
            record.state.value,
            simulated=record.is_simulated,
        ),
        "level": f"L{record.level}",
        "recovery point": Text(_point(record)),
        "target": Text(record.plan.target.kind),
        "RTA": rta_text(record),
        "RPA": span_text(record.rpa),
        "teardown": f"[red]{teardown}[/red]" if record.teardown is Teardown.LEAKED else teardown,
        "drill": Text(record.id),
    }


def _point(record: DrillRecord) -> str:
    if record.choice is None:
        return "no data"
    kind = "backup" if record.plan.restore.mode == "backup" else "instant"
    return visible(f"{kind} {instant_text(record.choice.point.at)}")
