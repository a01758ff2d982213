"""``drill abort``: take drills to teardown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from drill.cli.names import find_drill
from drill.cli.output import output_option, print_json, say
from drill.errors import DrillError, ExitCode

if TYPE_CHECKING:
    from drill.engine.ports import Journal
    from drill.engine.record import DrillRecord


@click.command("abort", epilog="Example: drill abort 20260301-020000-0a1b --wait")
@click.argument("drills", nargs=-1, required=True, metavar="DRILL...")
@click.option("--dry-run", is_flag=True, help="Only say which drills it would be.")
@click.option("--wait", is_flag=True, help="Wait until they are finished, and help them end.")
@output_option
@click.pass_obj
def command(
    config_file: str, drills: tuple[str, ...], dry_run: bool, wait: bool, output: str
) -> int:
    """Ask drills to stop: what was created is deleted, what was overwritten is reset.

    A unique beginning of the id is enough. Whoever works on a drill takes it to teardown; with
    --wait this command does it itself where nobody else does, and ends with 7 if one leaked.
    """
    from drill.cli.orders import opened

    with opened(config_file) as (journal, _, _):
        chosen = _chosen(journal, drills)
        if not dry_run:
            journal.request_abort([record.id for record in chosen])
    quiet = output == "json"
    if not quiet:
        _say(chosen, dry_run=dry_run)
    if wait and not dry_run and chosen:
        return _wait(config_file, [record.id for record in chosen], quiet=quiet)
    if quiet:
        from drill.cli.shapes import drill_shape

        print_json({"dry_run": dry_run, "drills": [drill_shape(record) for record in chosen]})
    return ExitCode.PASSED


def _chosen(journal: Journal, beginnings: Sequence[str]) -> list[DrillRecord]:
    """Return the unfinished drills that are meant. Raise DrillError if one is over, UnknownName."""
    from drill.engine.record import State

    found = []
    for beginning in dict.fromkeys(beginnings):
        record = find_drill(journal, beginning)
        if record.state is State.FINISHED:
            raise DrillError(
                f"drill {record.id} is finished ({record.outcome})",
                hint="Nothing was aborted. Run drill sweep --apply for what a finished drill left.",
            )
        found.append(record)
    return found


def _say(chosen: Sequence[DrillRecord], *, dry_run: bool) -> None:
    verb = "would abort" if dry_run else "aborting"
    for record in chosen:
        say(f"{verb}: drill {record.id} of plan {record.plan_name} ({record.state.value})")


def _wait(config_file: str, drill_ids: Sequence[str], *, quiet: bool) -> int:
    from drill.cli.context import house_of, read_setting
    from drill.cli.run import print_verdicts, run_batch
    from drill.cli.shapes import drill_shape
    from drill.dispatch.worker import is_known_dead
    from drill.engine.record import Teardown

    house = house_of(read_setting(config_file))
    house.journal.expire_leases(is_known_dead)
    records = run_batch(house, drill_ids, quiet=quiet)
    if quiet:
        print_json({"dry_run": False, "drills": [drill_shape(record) for record in records]})
    else:
        print_verdicts(records)
    leaked = any(record.teardown is Teardown.LEAKED for record in records)
    return ExitCode.LEAKED if leaked else ExitCode.PASSED
