"""``drill plan``: list, check and show restore plans, and print their JSON Schema."""

from __future__ import annotations

import time

import click

from drill.cli.output import console, output_option, print_json, say
from drill.errors import ExitCode

WIDE_ENOUGH_FOR_DESCRIPTIONS = 110
"""Columns of a terminal below which a description would be a tower of single words."""


@click.group("plan")
def command() -> None:
    """List, check and show restore plans."""


@command.command("list", epilog="Example: drill plan list --output json")
@output_option
@click.pass_obj
def list_plans(config_file: str, output: str) -> int:
    """List the plans of the plans folder."""
    from drill.cli.context import read_setting

    plans = [loaded.plan for loaded in read_setting(config_file).plans]
    if output == "json":
        rows = [
            {
                "plan": plan.name,
                "description": plan.description,
                "cloud": plan.source.cloud,
                "source_id": plan.source.instance_id,
                "mode": plan.restore.mode,
                "policy": plan.restore.selection.policy,
                "target_kind": plan.target.kind,
                "schedule": plan.schedule.cron if plan.schedule else None,
                "time_zone": plan.schedule.time_zone if plan.schedule else None,
            }
            for plan in plans
        ]
        print_json({"plans": rows})
        return ExitCode.PASSED
    from rich.table import Table
    from rich.text import Text

    terminal = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("plan", "restores", "into", "schedule"):
        table.add_column(name, no_wrap=True)
    if terminal.width >= WIDE_ENOUGH_FOR_DESCRIPTIONS:
        table.add_column("description", ratio=1)
    for plan in plans:
        schedule = f"{plan.schedule.cron} {plan.schedule.time_zone}" if plan.schedule else "-"
        table.add_row(
            Text(plan.name),
            f"{plan.restore.mode} {plan.restore.selection.policy}",
            plan.target.kind,
            schedule,
            *([Text(plan.description)] if len(table.columns) > 4 else []),
        )
    terminal.print(table)
    return ExitCode.PASSED


@command.command("check", epilog="Example: drill plan check   (exit code 3 if anything is wrong)")
@output_option
@click.pass_obj
def check_plans(config_file: str, output: str) -> int:
    """Check the configuration and every plan; say all that is wrong, each with its place."""
    from pathlib import Path

    from drill.cli.context import problems_text
    from drill.cli.shapes import problem_shape
    from drill.plan.agreement import check_plans_against
    from drill.plan.loaded import LoadedPlan
    from drill.plan.loader import load_config, load_plans

    began = time.monotonic()
    config, problems = load_config(Path(config_file))
    plans: list[LoadedPlan] = []
    if config is not None:
        plans, more = load_plans(Path(config_file).resolve().parent / config.folders.plans)
        problems = [*problems, *more, *check_plans_against(config, plans)]
    if output == "json":
        print_json(
            {
                "valid": not problems,
                "plans": len(plans),
                "problems": [problem_shape(problem) for problem in problems],
            }
        )
    elif problems:
        click.echo(problems_text(problems), err=True)
    else:
        say(f"{len(plans)} plans are valid ({time.monotonic() - began:.1f} s)")
    return ExitCode.INVALID if problems else ExitCode.PASSED


@command.command("show", epilog="Example: drill plan show orders-latest")
@click.argument("plans", nargs=-1, required=True, metavar="PLAN...")
@output_option
@click.pass_obj
def show_plans(config_file: str, plans: tuple[str, ...], output: str) -> int:
    """Dry run: what would be restored, why, and whether the guard would let it; orders nothing."""
    from drill.cli.context import house_of, read_setting
    from drill.cli.preview import show_previews

    setting = read_setting(config_file)
    chosen = setting.named(plans)
    return show_previews(house_of(setting), chosen, output=output)


@command.command("schema", epilog="Example: drill plan schema > plan.schema.json")
def print_schema() -> int:
    """Print the JSON Schema of a plan, for editors (#:schema in the first line of a plan)."""
    from drill.plan.schema import plan_schema_text

    click.echo(plan_schema_text(), nl=False)
    return ExitCode.PASSED
