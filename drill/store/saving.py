"""Writes one drill as a save leaves it: its row, its steps, its checks, its line and its events.

Every function works inside the transaction whose connection it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import cast

from sqlalchemy import Connection, Table, Update, bindparam, func, insert, select, update
from sqlmodel import col

from drill.engine.keeping import ensure_legal, merged
from drill.engine.record import DrillRecord, Event
from drill.store import fences
from drill.store.lines import IN_NO_LINE, changing_line
from drill.store.mapping import changed_values, check_values, journal_values, step_values
from drill.store.tables import CheckResultRow, DrillLineRow, JournalRow, StepRow


def is_short(before: DrillRecord, record: DrillRecord, events: Sequence[Event]) -> bool:
    """Tell whether ``write`` has one row to write and nothing else: most looks find nothing new."""
    if events or record.steps is not before.steps or record.checks is not before.checks:
        return False
    return not changed_values(before, record).keys() - IN_NO_LINE


def write(
    connection: Connection, before: DrillRecord, record: DrillRecord, events: Sequence[Event]
) -> DrillRecord | None:
    """Return the drill as it now stands; None, with nothing written, if it did not stand as
    ``before``. Raise DrillMoved and StoreError for what no worker may write."""
    ensure_legal(before, record)
    after = merged(before, record)
    values = changed_values(before, after)
    if not fences.change(connection, before, values):
        return None
    _keep_steps(connection, before, after)
    added = after.checks[len(before.checks) :]
    for position, check in enumerate(added, start=len(before.checks) + 1):
        connection.execute(insert(CheckResultRow), check_values(after.id, position, check))
    append(connection, after.id, events)
    if added or values.keys() - IN_NO_LINE:
        keep_line(connection, after)
    return after


def keep_line(connection: Connection, after: DrillRecord) -> None:
    """Write what a save may change of the line of a drill."""
    values = changing_line(after)
    connection.execute(_line_of(tuple(values)), {**values, "_drill_id": after.id})


def append(connection: Connection, drill_id: str, events: Sequence[Event]) -> None:
    """Add lines to the journal of a drill, after those that are there."""
    if not events:
        return
    last = select(func.max(col(JournalRow.sequence))).where(col(JournalRow.drill_id) == drill_id)
    first = (connection.execute(last).scalar() or 0) + 1
    lines = [journal_values(drill_id, first + place, event) for place, event in enumerate(events)]
    connection.execute(insert(JournalRow), lines)


@cache
def _line_of(columns: tuple[str, ...]) -> Update:
    """Return the statement that writes these columns of a line: made once, for it has many."""
    lines = cast("Table", DrillLineRow.__table__)  # type: ignore[attr-defined]
    line = update(lines).where(lines.c.drill_id == bindparam("_drill_id"))
    return line.values({name: bindparam(name) for name in columns})


def _keep_steps(connection: Connection, before: DrillRecord, after: DrillRecord) -> None:
    if after.steps is before.steps:
        return
    for position, step in enumerate(after.steps, start=1):
        values = step_values(after.id, position, step)
        if position > len(before.steps):
            connection.execute(insert(StepRow), values)
            continue
        known = step_values(after.id, position, before.steps[position - 1])
        changed = {name: value for name, value in values.items() if value != known[name]}
        if changed:  # no others: what is fixed may not even be written as it is
            is_it = (col(StepRow.drill_id) == after.id, col(StepRow.position) == position)
            connection.execute(update(StepRow).where(*is_it).values(**changed))
