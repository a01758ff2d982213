"""Live progress of a batch: a table on a terminal, one line a change elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drill.cli.output import outcome_text, span_text
from drill.engine.ports import Journal
from drill.engine.record import DrillRecord, State
from drill.errors import StoreUnavailable
from drill.plan.visible import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table


class Progress:
    """Shows where every drill is now; reads the store, so that it shows what really is."""

    def __init__(
        self, journal: Journal, drill_ids: Sequence[str], terminal: Console, *, quiet: bool
    ) -> None:
        self._journal = journal
        self._drill_ids = drill_ids
        self._terminal = terminal
        self._quiet = quiet
        self._live: Live | None = None
        self._said: dict[str, str] = {}

    def __enter__(self) -> Progress:
        if not self._quiet and self._terminal.is_terminal:
            from rich.live import Live

            self._live = Live(console=self._terminal, transient=True, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._live.stop()

    def refresh(self) -> None:
        """Show the drills as the store has them now.

        Nobody has to see this: while the store is away nothing is shown, and where nothing can be
        written any more, as on a full disk, nothing is shown from then on. The drills go on.
        """
        if self._quiet:
            return
        try:
            self._show()
        except StoreUnavailable:
            return
        except OSError:
            self._quiet = True

    def _show(self) -> None:
        found = [self._journal.find(drill_id) for drill_id in self._drill_ids]
        records = [record for record in found if record is not None]
        if self._live is not None:
            self._live.update(_table(records), refresh=True)
        else:
            for record in records:
                self._say_if_changed(record)

    def _say_if_changed(self, record: DrillRecord) -> None:
        now = record.outcome.value if record.outcome else record.state.value
        if self._said.get(record.id) == now:
            return
        self._said[record.id] = now
        word = "finished" if record.outcome else "is"
        text = f"{record.plan_name}: {word} {now.replace('_', ' ')}"
        if record.is_simulated:
            text += " (simulated)"
        self._terminal.print(visible(text), markup=False, soft_wrap=True)


def _table(records: Sequence[DrillRecord]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("plan", "where", "since", ""):
        table.add_column(name, no_wrap=True, header_style="bold")
    for record in records:
        last = record.steps[-1] if record.steps else None
        lasted = None
        if record.state is State.FINISHED and record.finished_at and record.started_at:
            lasted = record.finished_at - record.started_at
        remark = record.reason or ""
        if record.choice is not None and not remark:
            remark = record.choice.reason
        table.add_row(
            Text(record.plan_name),
            outcome_text(
                record.outcome.value if record.outcome else None,
                record.state.value,
                simulated=record.is_simulated,
            ),
            span_text(lasted) if lasted else (f"{last.began_at:%H:%M:%S}" if last else ""),
            Text(visible(remark)[:60], overflow="ellipsis"),
        )
    return table
