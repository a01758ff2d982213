"""``drill sweep``: finish abandoned drills, and tear down what outlived its drill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from drill.cli.output import output_option, print_json, say
from drill.errors import ExitCode

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.engine.record import DrillRecord
    from drill.engine.sweeping import Leak, Search


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
    found = _search(house)
    left = found
    if not dry_run:
        _act(house, abandoned, found.leaks, quiet=output == "json")
        left = _search(house)
    if output == "json":
        _print_json(house, abandoned, found, left, dry_run=dry_run)
    else:
        _say(abandoned, found, left, dry_run=dry_run)
    if left.unasked:
        return ExitCode.PROVIDER
    return ExitCode.LEAKED if left.leaks else ExitCode.PASSED


def _search(house: House) -> Search:
    from drill.engine.sweeping import find_leaks

    return find_leaks(
        house.parts,
        now=house.parts.clock.now(),
        lives_at_most=house.config.limits.scratch_lives_at_most,
    )


def _print_json(
    house: House, abandoned: Sequence[DrillRecord], found: Search, left: Search, *, dry_run: bool
) -> None:
    from drill.cli.shapes import drill_shape, leak_shape

    records = [house.journal.find(record.id) for record in abandoned]
    print_json(
        {
            "dry_run": dry_run,
            "abandoned": [drill_shape(record) for record in records if record],
            "found": [leak_shape(leak) for leak in found.leaks],
            "left": [leak_shape(leak) for leak in left.leaks],
            "unasked": [{"cloud": name, "reason": error.message} for name, error in left.unasked],
        }
    )


def _act(
    house: House, abandoned: Sequence[DrillRecord], leaks: Sequence[Leak], *, quiet: bool
) -> None:
    from drill.cli.run import run_batch
    from drill.engine.sweeping import reopen_teardowns

    house.journal.request_abort([record.id for record in abandoned])
    reopened = reopen_teardowns(house.parts, leaks, now=house.parts.clock.now())
    drill_ids = [record.id for record in abandoned] + reopened
    if drill_ids:
        run_batch(house, drill_ids, quiet=quiet)


def _say(abandoned: Sequence[DrillRecord], found: Search, left: Search, *, dry_run: bool) -> None:
    verb = "would take" if dry_run else "took"
    for record in abandoned:
        say(f"{verb} to teardown: drill {record.id} of plan {record.plan_name}")
    for leak in found.leaks:
        say(f"found: {leak.instance_name} ({leak.instance_id}) on {leak.cloud}: {leak.reason}")
    for leak in left.leaks if not dry_run else ():
        say(f"left: {leak.instance_name} ({leak.instance_id}) on {leak.cloud}: {leak.reason}")
    for name, error in left.unasked:
        say(f"no data: cloud {name} could not be asked: {error.message}")
        if error.hint:
            say(f"  hint: {error.hint}")
    if not (abandoned or found.leaks or left.unasked):
        say("nothing to sweep: no abandoned drill, and no scratch instance outlived its drill")
