"""``drill resume``: end a pause or a drain."""

from __future__ import annotations

import click

from drill.cli.orders import Order, ensure_known, opened, said, scope_options, who
from drill.cli.output import output_option, print_json, say
from drill.errors import ExitCode


@click.command("resume", epilog="Example: drill resume --cloud otc")
@scope_options
@output_option
@click.pass_obj
def command(config_file: str, order: Order, output: str) -> int:
    """End the pause of exactly this PLAN, group or cloud, or of everything (and a drain).

    Other pauses stay: resuming everything does not end the pause of one plan. Slots whose start
    window is still open begin now.
    """
    from drill.clock import SystemClock

    now, by = SystemClock().now(), who()
    with opened(config_file) as (journal, config, folder):
        control = journal.control
        ended = control.resume(order.scope, order.name, by=by, now=now)
        if order.name is None:
            ended += control.resume(order.scope, None, by=by, now=now, drains=True)
        if not ended:  # a pause of a plan that is gone can be ended, too
            ensure_known(order, config, folder)
        left = control.pauses(now=now)
    if output == "json":
        from drill.cli.status_shape import pause_shape

        print_json(
            {
                "ended": [pause_shape(one) for one in ended],
                "left": [pause_shape(one) for one in left],
            }
        )
        return ExitCode.PASSED
    for one in ended:
        say(f"ended: {said(one)}")
    if not ended:
        say(f"nothing to end: there is no pause of {order}")
    for one in left:
        say(f"still in force: {said(one)}")
    return ExitCode.PASSED
