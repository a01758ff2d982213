"""``drill history``: what was drilled, and how it ended."""

from __future__ import annotations

import click

from drill.cli.output import console, output_option, print_json, say


@click.command("history", epilog="Example: drill history --plan orders-latest --output json")
@click.option("--plan", "plan_name", metavar="PLAN", help="Only drills of this plan.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@output_option
@click.pass_obj
def command(config_file: str, plan_name: str | None, limit: int, output: str) -> int:
    """List drills, newest slot first."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config
    from drill.cli.orders import Order, ensure_known
    from drill.engine.control import Scope

    config, folder = read_config(config_file)
    records = open_store(config, folder).history(plan_name=plan_name, at_most=limit)
    if plan_name is not None and not records:
        ensure_known(Order(scope=Scope.PLAN, name=plan_name), config, folder)
    if output == "json":
        from drill.cli.shapes import drill_shape

        print_json({"drills": [drill_shape(record) for record in records]})
    elif not records:
        say(f"no drill yet; start one with: drill run {plan_name or ''}".rstrip())
    else:
        from drill.cli.verdict import WIDE, drills_table, history_table

        terminal = console()
        is_wide = terminal.width >= WIDE
        terminal.print(drills_table(records, wide=True) if is_wide else history_table(records))
    return 0
