"""``drill pause``: nothing scheduled begins, for everything or for a part."""

from __future__ import annotations

from datetime import timedelta

import click

from drill.cli.orders import (
    Order,
    ensure_known,
    new_order_id,
    opened,
    said,
    scope_options,
    who,
)
from drill.cli.output import instant_text, output_option, print_json, say
from drill.cli.spans import SpanParam
from drill.errors import ExitCode


@click.command(
    "pause", epilog='Example: drill pause --cloud otc --reason "maintenance of the network"'
)
@scope_options
@click.option("--reason", required=True, metavar="TEXT", help="Why; missed slots will say it.")
@click.option("--for", "span", type=SpanParam(), metavar="SPAN", help="End by itself after this.")
@output_option
@click.pass_obj
def command(
    config_file: str, order: Order, reason: str, span: timedelta | None, output: str
) -> int:
    """Let nothing scheduled begin, for one PLAN, one group, one cloud or everything.

    Drills that have begun go on, and so do those that you start yourself. A slot that cannot be
    kept because of the pause is recorded as missed, with its reason.
    """
    from drill.clock import SystemClock
    from drill.engine.control import Pause

    now = SystemClock().now()
    with opened(config_file) as (journal, config, folder):
        ensure_known(order, config, folder)
        pause = Pause(
            id=new_order_id(),
            scope=order.scope,
            name=order.name,
            since=now,
            until=now + span if span else None,
            by=who(),
            reason=reason,
        )
        kept = journal.control.pause(pause)
    if output == "json":
        from drill.cli.status_shape import pause_shape

        print_json({"pause": pause_shape(kept), "new": kept.id == pause.id})
    elif kept.id == pause.id:
        until = f" until {instant_text(kept.until)}" if kept.until else ""
        say(f"paused: {order}{until}; end it with: drill resume {order.words}")
    else:
        say(f"paused already: {said(kept)}")
        say(f"  hint: To change it, end it first: drill resume {order.words}")
    return ExitCode.PASSED
