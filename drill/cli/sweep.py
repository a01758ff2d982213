"""``drill sweep``: finish abandoned drills, and tear down what outlived its drill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from drill.cli.output import instant_text, output_option, print_json, say, span_text
from drill.errors import ExitCode

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.engine.remains import Bins, Remains
    from drill.engine.sweeping import Leak, Search, Swept
    from drill.errors import ProviderError


@click.command("sweep", epilog="Example: drill sweep   and then: drill sweep --apply")
@click.option("--apply", "apply", is_flag=True, help="Do it; without this it is only said.")
@output_option
@click.pass_obj
def command(config_file: str, apply: bool, output: str) -> int:
    """Say what was left behind on every cloud of the configuration; with --apply tear it down.

    Abandoned drills go to teardown, and so do scratch instances that outlived their drill. An
    instance is deleted only if the journal and its tag both say that a drill of this store
    created it; whatever else looks like one of ours is listed and left alone. What a recycle bin
    still holds, and backups that outlived their instance, are listed and never deleted.
    """
    from drill.bootstrap import build_house, with_plans
    from drill.cli.context import read_config
    from drill.cli.last_valid import read_book
    from drill.dispatch.worker import is_known_dead
    from drill.engine.remains import find_remains
    from drill.engine.sweeping import sweep

    config, folder = read_config(config_file)
    house = build_house(config, [], folder=folder)
    book = read_book(config, folder, house.control)
    house = with_plans(house, [loaded.plan for loaded in book.known])
    swept = sweep(
        house.parts,
        is_dead=is_known_dead,
        lives_at_most=house.config.limits.scratch_lives_at_most,
        apply=apply,
    )
    left, is_over = swept.search, not swept.abandoned
    if apply and swept.drill_ids:
        from drill.cli.run import run_batch

        records = run_batch(house, swept.drill_ids, quiet=output == "json")
        is_over = all(record.outcome is not None for record in records)
        left = _search(house)
        swept = replace(swept, bins=find_remains(house.parts))
    if output == "json":
        _print_json(house, swept, left)
    else:
        _say(swept, left)
    house.close()
    if left.leaks or not is_over:
        return ExitCode.LEAKED
    return ExitCode.PROVIDER if _unasked(left, swept.bins) else ExitCode.PASSED


def _search(house: House) -> Search:
    from drill.engine.sweeping import find_leaks

    return find_leaks(
        house.parts,
        now=house.parts.clock.now(),
        lives_at_most=house.config.limits.scratch_lives_at_most,
    )


def _print_json(house: House, swept: Swept, left: Search) -> None:
    from drill.cli.shapes import drill_shape, leak_shape, remains_shape
    from drill.engine.costs import total_of

    records = [house.journal.find(record.id) for record in swept.abandoned]
    total = total_of(leak.cost for leak in left.leaks)
    print_json(
        {
            "dry_run": not swept.applied,
            "abandoned": [drill_shape(record) for record in records if record],
            "found": [leak_shape(leak) for leak in swept.search.leaks],
            "left": [leak_shape(leak) for leak in left.leaks],
            "cost_left": None if total is None else float(total),
            "remains": [remains_shape(one) for one in swept.bins.remains],
            "unasked": [
                {"cloud": name, "reason": error.message}
                for name, error in _unasked(left, swept.bins)
            ],
        }
    )


def _unasked(left: Search, bins: Bins) -> Sequence[tuple[str, ProviderError]]:
    """Return each cloud that could not be asked, once."""
    return list({name: (name, error) for name, error in (*bins.unasked, *left.unasked)}.values())


def _say(swept: Swept, left: Search) -> None:
    _say_found(swept, left)
    for one in swept.bins.remains:
        _say_remains(one)
    unasked = _unasked(left, swept.bins)
    for name, error in unasked:
        say(f"no data: cloud {name} could not be asked: {error.message}")
        if error.hint:
            say(f"  hint: {error.hint}")
    if not (swept.abandoned or swept.search.leaks or unasked):
        say("nothing to sweep: no abandoned drill, and no scratch instance outlived its drill")
    elif swept.drill_ids and not swept.applied:
        say("this was a dry run; do it with: drill sweep --apply")


def _say_found(swept: Swept, left: Search) -> None:
    verb = "took" if swept.applied else "would take"
    for record in swept.abandoned:
        say(f"{verb} to teardown: drill {record.id} of plan {record.plan_name}")
    for leak in swept.search.leaks:
        say(f"{_verb(leak, applied=swept.applied)}: {_leak_text(leak)}")
    for leak in left.leaks if swept.applied else ():
        say(f"left: {_leak_text(leak)}")
    if left.leaks:
        _say_cost(left)


def _verb(leak: Leak, *, applied: bool) -> str:
    if not leak.can_be_torn_down:
        return "left alone"
    return "sent to teardown" if applied else "would tear down"


def _leak_text(leak: Leak) -> str:
    cost = "no data" if leak.cost.amount is None else f"{leak.cost.amount}"
    return (
        f"{leak.instance_name} ({leak.instance_id}) on {leak.cloud}: {leak.reason}; "
        f"found by {', '.join(leak.found_by)}; exists for {span_text(leak.cost.existed)}, "
        f"cost so far: {cost}"
    )


def _say_cost(left: Search) -> None:
    from drill.engine.costs import total_of

    total = total_of(leak.cost for leak in left.leaks)
    known = "no data" if total is None else str(total)
    say(f"cost of what is left, in the money of the price list: {known}")
    if total is None:
        say("  hint: Give the price of every flavor per hour in [clouds.NAME.prices].")


def _say_remains(one: Remains) -> None:
    where = f"{one.instance_name} ({one.instance_id}) on {one.cloud}"
    if one.in_recycle_bin:
        whose = "" if one.is_known else "; its drill is not in this store"
        say(
            f"in the recycle bin: {where} until {instant_text(one.kept_until)}{whose}; "
            "cost: no data, whether the cloud bills it is not published"
        )
    for backup in one.backups:
        say(
            f"kept backup: {backup.name} ({backup.id}) of {where}; cost: no data. It stays until "
            "somebody deletes it in the console"
        )
