"""``drill show``: everything that is known about one drill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from drill.cli.names import find_drill
from drill.cli.output import (
    console,
    instant_text,
    outcome_text,
    output_option,
    print_json,
    rta_text,
    span_text,
)
from drill.plan.visible import visible

if TYPE_CHECKING:
    from drill.engine.record import DrillRecord, Event


@click.command("show", epilog="Example: drill show 20261122-0530   (a unique beginning will do)")
@click.argument("drill")
@output_option
@click.pass_obj
def command(config_file: str, drill: str, output: str) -> int:
    """Show one drill: what was chosen and why, its steps, checks and journal."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config

    config, folder = read_config(config_file)
    journal = open_store(config, folder)
    record = find_drill(journal, drill)
    events = journal.events_of(record.id)
    if output == "json":
        from drill.cli.shapes import detail_shape

        print_json(detail_shape(record, events))
    else:
        _print(record, events)
    return 0


def _print(record: DrillRecord, events: list[Event]) -> None:
    from rich.table import Table
    from rich.text import Text

    terminal = console()
    outcome = outcome_text(
        record.outcome.value if record.outcome else None,
        record.state.value,
        simulated=record.is_simulated,
    )
    terminal.print(f"[bold]{record.plan_name}[/bold]  {outcome}  L{record.level}  ({record.id})")
    for label, text in _facts(record):
        terminal.print(Text(f"  {label:<16}{visible(text)}"))
    steps = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("step", "began", "lasted", "result"):
        steps.add_column(name, justify="right" if name == "lasted" else "left")
    for step in record.steps:
        lasted = step.ended_at - step.began_at if step.ended_at else None
        steps.add_row(
            step.name.value,
            instant_text(step.began_at),
            span_text(lasted) if lasted is not None else "…",
            step.result or "…",
        )
    checks = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("check", "answer", "expected", "observed", "reason"):
        checks.add_column(name)
    for result in record.checks:
        cells = (result.name, result.answer.value.replace("_", " "), result.expected or "")
        rest = (result.observed or "", result.reason)
        checks.add_row(*(Text(visible(cell)) for cell in (*cells, *rest)))
    journal = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("at", "kind", "act", "facts"):
        journal.add_column(name)
    for event in events:
        facts = ", ".join(f"{key}={value}" for key, value in event.facts.items() if value)
        journal.add_row(
            f"{event.at:%H:%M:%S.%f}"[:-3], event.kind.value, event.act, Text(visible(facts))
        )
    for table in (steps, checks, journal):
        if table.row_count:
            terminal.print()
            terminal.print(table)


def _facts(record: DrillRecord) -> list[tuple[str, str]]:
    choice = record.choice
    objectives = record.plan.objectives
    facts = [
        ("reason", record.reason or ""),
        ("hint", record.hint or ""),
        ("source", f"{record.plan.source.cloud} {record.plan.source.instance_id}"),
        ("target", f"{record.plan.target.kind} {record.target_id or 'no data'}"),
        ("recovery point", instant_text(choice.point.at) if choice else "no data"),
        ("chosen", choice.reason if choice else ""),
        (
            "RTA",
            f"{rta_text(record)}  (target {span_text(objectives.rto)}{_unattended_text(record)})",
        ),
        ("RPA proven", f"{span_text(record.rpa)}  (target {span_text(objectives.rpo)})"),
        ("RPA claimed", span_text(record.rpa_claimed)),
        ("teardown", f"{record.teardown.value} {record.teardown_reason or ''}"),
    ]
    facts += [
        ("refused", f"{one['rule']}: {one['message']}. {one['hint']}") for one in record.refusals
    ]
    return [(label, text) for label, text in facts if text]


def _unattended_text(record: DrillRecord) -> str:
    if record.rta is None or not record.unattended:
        return ""
    return f"; nobody looked for {span_text(record.unattended)} of it"
