"""How the status looks on a terminal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from drill.cli.output import instant_text, outcome_text
from drill.cli.status import Status, age_text
from drill.engine.standing import (
    PlanStanding,
    SourceProof,
    abandoned,
    counts_in_hand,
    daemons_at_work,
    last_sign_of_life,
)
from drill.plan.visible import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


ABANDONED_NAMED = 5
"""Abandoned drills that are told one by one."""


def print_status(status: Status, terminal: Console) -> None:
    """Print who keeps the schedule, what is paused, the plans and the proofs."""
    for line in _head(status):
        terminal.print(visible(line), markup=False, soft_wrap=True)
    terminal.print()
    terminal.print(_plans(status))
    terminal.print()
    terminal.print(_proofs(status))


def _head(status: Status) -> list[str]:
    known = status.known
    lines = [_who_keeps_it(status)]
    lines += [
        f"trouble: {one.worker}: {one.trouble}" for one in daemons_at_work(known) if one.trouble
    ]
    for pause in known.pauses:
        what = "drained" if pause.is_drain else "paused"
        of = f"{pause.scope.value} {pause.name}" if pause.name else pause.scope.value
        until = f" until {instant_text(pause.until)}" if pause.until else ""
        lines.append(f"{what}: {of}{until}, by {pause.by}: {pause.reason}")
    counts = counts_in_hand(known)
    late = sum(1 for one in status.plans if one.is_late)
    lines.append(
        f"now: {counts['running']} running, {counts['abandoned']} abandoned, "
        f"{counts['waiting']} waiting, {late} late, "
        f"{counts['leaked']} leaked; {status.missed} missed in the last 7 days"
    )
    left = abandoned(known)
    lines += [
        f"abandoned: drill {one.id} of plan {one.plan_name}, in state {one.state.value}: its "
        "process is gone"
        for one in left[:ABANDONED_NAMED]
    ]
    if len(left) > ABANDONED_NAMED:
        lines.append(f"abandoned: {len(left) - ABANDONED_NAMED} more")
    if left:
        lines.append(
            "  hint: Start drill serve: it goes on with them. drill sweep --apply tears them down."
        )
    return lines


def _who_keeps_it(status: Status) -> str:
    known = status.known
    alive_at = last_sign_of_life(known)
    if alive_at is None:
        return "schedule: nobody has kept it yet (drill serve, or drill run --due from cron)"
    ago = f"{age_text(known.now - alive_at)} ago"
    at_work = daemons_at_work(known)
    if at_work:
        names = ", ".join(one.worker for one in at_work)
        return f"schedule: kept by {names}, last sign of life {ago}"
    silent = next((one for one in known.daemons if one.stopped_at is None), None)
    if silent is not None and silent.beat_at == alive_at:
        return f"schedule: nobody keeps it now; last sign of life of {silent.worker} {ago}"
    return f"schedule: no daemon runs; it was looked at {ago}"


def _plans(status: Status) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("plan", "next", "last drill", "last passed"):
        table.add_column(name, no_wrap=name != "plan", overflow="fold", header_style="bold")
    for one in sorted(status.plans, key=_by_next):
        last = one.last
        said = "never"
        if last is not None:
            outcome = last.outcome.value if last.outcome else None
            said = outcome_text(outcome, last.state.value, simulated=last.is_simulated)
        table.add_row(Text(one.plan.name), _next(one), said, _passed(one, status.known.now))
    return table


def _by_next(one: PlanStanding) -> tuple[bool, datetime | str, str]:
    slot = one.next_slot
    return (slot is None, slot.starts_at if slot else "", one.plan.name)


def _next(one: PlanStanding) -> str:
    if one.next_slot is None:
        return "-"
    text = f"{one.next_slot.starts_at:%Y-%m-%d %H:%MZ}"
    if one.pause is not None:
        return f"{text} [yellow](paused)[/yellow]"
    return f"{text} [red](late)[/red]" if one.is_late else text


def _passed(one: PlanStanding, now: datetime) -> str:
    if one.passed is None:
        return "never"
    return f"{age_text(now - (one.passed.finished_at or one.passed.scheduled_for))} ago"


def _proofs(status: Status) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("source", "proven", "level", "proof counts for"):
        table.add_column(name, no_wrap=name != "source", overflow="fold", header_style="bold")
    for one in status.proofs:
        proof = one.proof
        table.add_row(
            Text(visible(f"{one.cloud} {one.source_id}")),
            instant_text(proof.finished_at) if proof else "never",
            f"L{proof.level}" if proof else "no data",
            _left(one),
        )
    return table


def _left(one: SourceProof) -> str:
    if one.left is None:
        return "[red]no proof[/red]"
    if one.left < timedelta(0):
        return f"[red]over since {age_text(-one.left)}[/red]"
    return f"{age_text(one.left)} of {age_text(one.validity)}"
