"""``drill sweep``: finish abandoned drills, and tear down what outlived its drill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from drill.cli.output import output_option, print_json, say
from drill.errors import ExitCode

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.engine.record import DrillRecord
    from drill.engine.sweeping import Leak


@click.command("sweep", epilog="Example: drill sweep --dry-run")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@output_option
@click.pass_obj
def command(config_file: str, dry_run: bool, output: str) -> int:
    """Take abandoned drills to teardown, and tear down scratch instances that outlived theirs.

    An instance is deleted only if the journal and its tag both say that a drill of this store
    created it; whatever else looks like one of ours is listed and left alone.
    """
    from drill.cli.context import house_of, read_setting
    from drill.dispatch.worker import is_known_dead
    from drill.engine.sweeping import abandoned_drills

    house = house_of(read_setting(config_file))
    abandoned = abandoned_drills(house.parts, is_dead=is_known_dead, now=house.parts.clock.now())
    leaks = _leaks(house)
    if not dry_run:
        _act(house, abandoned, leaks, quiet=output == "json")
        finished = [house.journal.find(record.id) for record in abandoned]
        left = _leaks(house)
    else:
        finished = list(abandoned)
        left = leaks
    if output == "json":
        from drill.cli.shapes import drill_shape, leak_shape

        print_json(
            {
                "dry_run": dry_run,
                "abandoned": [drill_shape(record) for record in finished if record],
                "found": [leak_shape(leak) for leak in leaks],
                "left": [leak_shape(leak) for leak in left],
            }
        )
    else:
        _say(abandoned, leaks, left, dry_run=dry_run)
    return ExitCode.LEAKED if left else ExitCode.PASSED


def _leaks(house: House) -> list[Leak]:
    from drill.engine.sweeping import find_leaks

    return find_leaks(
        house.parts,
        now=house.parts.clock.now(),
        lives_at_most=house.config.limits.scratch_lives_at_most,
    )


def _act(house: House, abandoned: list[DrillRecord], leaks: list[Leak], *, quiet: bool) -> None:
    from drill.cli.run import run_batch
    from drill.engine.sweeping import reopen_teardowns

    house.journal.request_abort([record.id for record in abandoned])
    reopened = reopen_teardowns(house.parts, leaks, now=house.parts.clock.now())
    drill_ids = [record.id for record in abandoned] + reopened
    if drill_ids:
        run_batch(house, drill_ids, quiet=quiet)


def _say(
    abandoned: list[DrillRecord], leaks: list[Leak], left: list[Leak], *, dry_run: bool
) -> None:
    verb = "would take" if dry_run else "took"
    for record in abandoned:
        say(f"{verb} to teardown: drill {record.id} of plan {record.plan_name}")
    for leak in leaks:
        say(f"found: {leak.instance_name} ({leak.instance_id}) on {leak.cloud}: {leak.reason}")
    for leak in left if not dry_run else []:
        say(f"left: {leak.instance_name} ({leak.instance_id}) on {leak.cloud}: {leak.reason}")
    if not abandoned and not leaks:
        say("nothing to sweep: no abandoned drill, and no scratch instance outlived its drill")
