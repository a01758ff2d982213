"""``drill run``: drills of all plans, or of some, as one batch."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from drill.cli.due import due_plans, due_shape, enlist_slots
from drill.cli.output import console, output_option, print_json, say
from drill.errors import ExitCode

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.dispatch.local import LocalDispatcher
    from drill.engine.enlisting import Enlisted
    from drill.engine.record import DrillRecord
    from drill.plan.loaded import LoadedPlan
    from drill.plan.problems import Problem


@click.command(
    "run",
    epilog="Example: drill run orders-latest   or, for every plan: drill run   "
    "or, from cron: drill run --due",
)
@click.argument("plans", nargs=-1, metavar="[PLAN]...")
@click.option("--due", is_flag=True, help="Run what the schedule says is due, and nothing else.")
@click.option("--dry-run", is_flag=True, help="Show what would be restored; order nothing.")
@click.option("--no-report", is_flag=True, help="Do not render the reports afterwards.")
@click.option(
    "--junit",
    "junit_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the outcomes as JUnit XML, one case a drill.",
)
@output_option
@click.pass_obj
def command(
    config_file: str,
    plans: tuple[str, ...],
    due: bool,
    dry_run: bool,
    no_report: bool,
    junit_file: Path | None,
    output: str,
) -> int:
    """Run drills of the named plans (all plans without a name) as one batch, within the limits.

    Drills that an earlier run left unfinished are taken over first; a plan that has one is not
    started a second time. Ctrl-C takes every running drill to teardown; a second Ctrl-C leaves
    them for the next run or for drill sweep --apply.

    With --due every slot that has come since the last look is drilled, or recorded as missed or
    skipped; call it from cron or a CronJob, as often as you like. Nothing due is exit code 0. A
    plan that is invalid now stands as it was valid last; the others run, and it is exit code 3.
    """
    from drill.cli.telling import Telling, ensure_tellable

    if due and plans:
        raise click.UsageError("--due looks at the schedule of every plan: name none")
    house, chosen, problems = _standing(config_file) if due else _named(config_file, plans)
    ensure_tellable(house.config)
    if dry_run:
        from drill.cli.preview import show_previews

        return show_previews(house, due_plans(house, chosen) if due else chosen, output=output)
    telling = click.get_current_context().with_resource(Telling(house))
    found = None
    if due:
        found, drill_ids = enlist_slots(house, chosen)
    else:
        drill_ids = enlist(house, chosen)
    missed = found.missed if found else 0
    if not drill_ids:
        say("nothing is due" if due else "there is no plan to run")
    records = run_batch(house, drill_ids, quiet=output == "json") if drill_ids else []
    if not plans:
        _observe(house, records)
    index = _render(house) if (records or missed) and not no_report else None
    _show(records, found, problems, index, output=output)
    from drill.cli.verdict import exit_code_of

    code = exit_code_of(records)
    if missed and code is not ExitCode.LEAKED:
        code = ExitCode.NOT_PASSED
    if problems and code is ExitCode.PASSED:
        code = ExitCode.INVALID
    telling.ended(records, code)
    _write_junit(junit_file, records)
    return code


def _named(
    config_file: str, names: Sequence[str]
) -> tuple[House, list[LoadedPlan], Sequence[Problem]]:
    """Return the plans by these names; who asks for a drill now can mend what is invalid first."""
    from drill.cli.context import house_of, read_setting

    setting = read_setting(config_file)
    return house_of(setting), setting.named(names), ()


def _standing(config_file: str) -> tuple[House, list[LoadedPlan], Sequence[Problem]]:
    """Return every plan as it was valid last: one that is spoilt may not cost others their night.

    Raise PlanInvalid if there is none at all.
    """
    from drill.bootstrap import build_house, with_plans
    from drill.cli.context import read_config
    from drill.cli.last_valid import read_book

    config, folder = read_config(config_file)
    house = build_house(config, [], folder=folder)
    book = read_book(config, folder, house.control)
    house = with_plans(house, [loaded.plan for loaded in book.known])
    return house, list(book.plans), book.problems


def _write_junit(file: Path | None, records: Sequence[DrillRecord]) -> None:
    if file is not None:
        from drill.cli.junit import write_junit

        write_junit(file, records)


def _show(
    records: Sequence[DrillRecord],
    found: Enlisted | None,
    problems: Sequence[Problem],
    index: str | None,
    *,
    output: str,
) -> None:
    if output == "json":
        from drill.cli.shapes import drill_shape

        drills = {"drills": [drill_shape(record) for record in records]}
        print_json(drills | ({"due": due_shape(found, problems)} if found else {}))
    elif records:
        print_verdicts(records)
        if index:
            say(f"report: {index}")


def _observe(house: House, records: Sequence[DrillRecord]) -> None:
    """Look at what no drill has looked at: a batch of all plans is what a night is.

    Who stopped the batch does not want to wait for more. A fault of the store is said and changes
    no verdict; the looks are then missing, and ``drill observe`` says so.
    """
    from drill.cli.observe import say_not_summed
    from drill.engine.observing import keep_observing
    from drill.engine.record import Outcome
    from drill.errors import StoreError

    if any(record.outcome in (None, Outcome.ABORTED) for record in records):
        return
    try:
        seen = keep_observing(house.parts, house.archive, house.plans, now=house.parts.clock.now())
    except StoreError as error:
        say(f"no data: what was seen of the sources is not kept: {error.message}")
    else:
        say_not_summed(seen)


def enlist(house: House, plans: Sequence[LoadedPlan]) -> list[str]:
    """Take over abandoned drills, enlist one for every other plan; return all ids."""
    from drill.cli.person import user_name
    from drill.dispatch.worker import is_known_dead
    from drill.engine.enlisting import new_drill
    from drill.engine.record import Trigger
    from drill.engine.sweeping import abandoned_drills

    now = house.parts.clock.now()
    taken_over = abandoned_drills(house.parts, is_dead=is_known_dead, now=now)
    for record in taken_over:
        say(f"taking over drill {record.id} of plan {record.plan_name} ({record.state.value})")
    already = {record.plan_name for record in taken_over}
    new = [
        new_drill(
            loaded.plan,
            digest=loaded.digest,
            trigger=Trigger.COMMAND,
            scheduled_for=now,
            now=now,
            initiated_by=user_name(),
        )
        for loaded in plans
        if loaded.plan.name not in already
    ]
    enlisted = house.journal.enlist(new)
    return [record.id for record in (*taken_over, *enlisted)]


def run_batch(house: House, drill_ids: Sequence[str], *, quiet: bool) -> list[DrillRecord]:
    """Work until every drill is finished; show progress unless quiet; return them as they ended."""
    from drill.cli.progress import Progress
    from drill.dispatch.local import LocalDispatcher

    dispatcher = LocalDispatcher(house.parts, workers=house.config.limits.workers)
    work = threading.Thread(
        target=dispatcher.work_until_finished, args=(list(drill_ids),), name="dispatch"
    )
    restore_handlers = _on_interrupt(house, dispatcher, drill_ids)
    progress = Progress(house.journal, drill_ids, console(stderr=True), quiet=quiet)
    try:
        work.start()
        with progress:
            while work.is_alive():
                progress.refresh()
                work.join(0.25)
            progress.refresh()
    finally:
        restore_handlers()
    records = [house.journal.find(drill_id) for drill_id in drill_ids]
    return [record for record in records if record is not None]


def _on_interrupt(house: House, dispatcher: LocalDispatcher, drill_ids: Sequence[str]):  # type: ignore[no-untyped-def]
    """First signal: every drill goes to teardown. Second: stop, and leave them to others."""
    seen = 0

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            say("stopping: every running drill goes to teardown (again to leave them as they are)")
            threading.Thread(
                target=house.journal.request_abort, args=(list(drill_ids),), daemon=True
            ).start()
        else:
            say("leaving unfinished drills to the next drill run or drill sweep --apply")
            dispatcher.stop()

    earlier = {one: signal.signal(one, handle) for one in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for one, handler in earlier.items():
            signal.signal(one, handler)

    return restore


def print_verdicts(records: Sequence[DrillRecord]) -> None:
    """Print the table of verdicts, and under it why what did not pass did not."""
    from drill.cli.verdict import WIDE, drills_table
    from drill.engine.record import Outcome, Teardown

    terminal = console()
    terminal.print()
    terminal.print(drills_table(records, wide=terminal.width >= WIDE))
    terminal.print()
    for record in records:
        if record.outcome is not Outcome.PASSED and record.reason:
            say(f"{record.plan_name}: {record.reason}")
            if record.hint:
                say(f"  hint: {record.hint}")
        if record.teardown is Teardown.LEAKED:
            say(f"{record.plan_name}: leaked: {record.teardown_reason}")
            say("  hint: Run drill sweep --apply once the cause is mended.")


def _render(house: House) -> str:
    from drill.cli.report import render

    return str(render(house, now=house.parts.clock.now(), plans=house.plans))
