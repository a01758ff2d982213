"""Names on the command line that nothing has: told in one way, with one exit code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from drill.errors import UnknownName

if TYPE_CHECKING:
    from drill.engine.ports import Journal
    from drill.engine.record import DrillRecord


def no_such(what: str, names: Sequence[str], *, known: Iterable[str]) -> UnknownName:
    """Return the error for names that no plan, cloud, group or channel has."""
    there_are = ", ".join(sorted(known)) or "none"
    return UnknownName(f"no such {what}: {', '.join(names)}", hint=f"There are: {there_are}.")


def find_drill(journal: Journal, beginning: str) -> DrillRecord:
    """Return the drill whose id is this, or alone begins so. Raise UnknownName or IdAmbiguous."""
    record = journal.find(beginning)
    if record is None:
        raise UnknownName(f"no such drill: {beginning}", hint="List them: drill history.")
    return record
