"""``drill history``: what was drilled, and how it ended."""

from __future__ import annotations

import click

from drill.cli.output import console, output_option, print_json, say


@click.command("history", epilog="Example: drill history --plan orders-pitr-latest --output json")
@click.option("--plan", "plan_name", metavar="PLAN", help="Only drills of this plan.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@output_option
@click.pass_obj
def command(config_file: str, plan_name: str | None, limit: int, output: str) -> int:
    """List drills, newest slot first."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config

    config, folder = read_config(config_file)
    records = open_store(config, folder).history(plan_name=plan_name, at_most=limit)
    if output == "json":
        from drill.cli.shapes import drill_shape

        print_json({"drills": [drill_shape(record) for record in records]})
    elif not records:
        say("no drill yet; start one with: drill run")
    else:
        from drill.cli.verdict import WIDE, drills_table

        terminal = console()
        terminal.print(drills_table(records, wide=terminal.width >= WIDE))
    return 0
