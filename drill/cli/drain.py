"""``drill drain``: nothing begins any more, and the daemon ends when all is finished."""

from __future__ import annotations

import click

from drill.cli.orders import new_order_id, opened, said, who
from drill.cli.output import output_option, print_json, say
from drill.errors import ExitCode


@click.command("drain", epilog='Example: drill drain --reason "upgrade to the next version"')
@click.option("--reason", default="drained", show_default=True, metavar="TEXT", help="Why.")
@output_option
@click.pass_obj
def command(config_file: str, reason: str, output: str) -> int:
    """Let nothing scheduled begin any more; the daemon ends once nothing is under way.

    It holds until drill resume --all. Slots that pass meanwhile are recorded as missed.
    """
    from drill.clock import SystemClock
    from drill.engine.control import Pause, Scope
    from drill.engine.record import State

    drain = Pause(
        id=new_order_id(),
        scope=Scope.ALL,
        is_drain=True,
        since=SystemClock().now(),
        by=who(),
        reason=reason,
    )
    with opened(config_file) as (journal, _, _):
        kept = journal.control.pause(drain)
        begun = [
            one for one in journal.in_hand() if one.state not in (State.QUEUED, State.FINISHED)
        ]
    if output == "json":
        from drill.cli.status_shape import pause_shape, summary_shape

        print_json(
            {
                "drain": pause_shape(kept),
                "new": kept.id == drain.id,
                "under_way": [summary_shape(one) for one in begun],
            }
        )
        return ExitCode.PASSED
    say("draining" if kept.id == drain.id else f"draining already: {said(kept)}")
    for one in begun:
        say(f"under way: drill {one.id} of plan {one.plan_name} ({one.state.value})")
    say("nothing scheduled begins until drill resume --all")
    return ExitCode.PASSED
