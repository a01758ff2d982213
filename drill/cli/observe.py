"""``drill observe``: look at every source, keep what was seen, and say what is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from drill.cli.entries import span_entry
from drill.cli.output import console, instant_text, output_option, print_json, say
from drill.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drill.bootstrap import House
    from drill.engine.observing import Observed
    from drill.recovery.alarm import Alarm, Limits
    from drill.recovery.facts import Observation, Population


@click.command("observe", epilog="Example: drill observe --output json")
@click.option("--no-look", is_flag=True, help="Ask no cloud; judge what was seen before.")
@click.option(
    "--no-backup-for",
    type=span_entry,
    metavar="SPAN",
    help="How old the newest restorable backup may be, such as 36h (the default).",
)
@output_option
@click.pass_obj
def command(config_file: str, no_look: bool, no_backup_for: timedelta | None, output: str) -> int:
    """Read windows, backups and instances of every source of every plan, also without a drill;
    keep what was seen in the store, compare it with the looks before, and list the alarms.

    Orders nothing: it only reads. Ends with 1 if there is an alarm, and with 4 if the only alarms
    are about sources that could not be asked.
    """
    from drill.cli.context import house_of, read_setting
    from drill.engine.alarming import current_alarms

    house = house_of(read_setting(config_file))
    observed = None if no_look else _look(house, quiet=output == "json")
    if observed is not None:
        say_not_summed(observed)
    now = house.parts.clock.now()
    alarms = current_alarms(house.archive, house.plans, now=now, limits=_limits(no_backup_for))
    if output == "json":
        _print_json(observed, alarms, now)
    else:
        _say(house, observed, alarms)
    return exit_code_of(alarms)


def _limits(no_backup_for: timedelta | None) -> Limits:
    from drill.recovery.alarm import Limits

    return Limits() if no_backup_for is None else Limits(no_backup_for=no_backup_for)


def exit_code_of(alarms: Sequence[Alarm]) -> int:
    """Return 1 for an alarm about data, 4 where nothing is known, 0 without any alarm."""
    from drill.recovery.alarm import AlarmKind

    if any(alarm.kind is not AlarmKind.NO_DATA for alarm in alarms):
        return ExitCode.NOT_PASSED
    return ExitCode.PROVIDER if alarms else ExitCode.PASSED


def _look(house: House, *, quiet: bool) -> Observed:
    from drill.engine.observing import keep_observing, sources_by_cloud

    total = sum(len(ids) for ids in sources_by_cloud(house.parts, house.plans).values())
    done = 0
    terminal = console(stderr=True)

    def said(one: Observation | Population) -> None:
        nonlocal done
        done += hasattr(one, "source_id")
        if not quiet and terminal.is_terminal:
            click.echo(f"\rlooked at {done} of {_count(total, 'source')}", nl=False, err=True)

    try:
        return keep_observing(
            house.parts,
            house.archive,
            house.plans,
            now=house.parts.clock.now(),
            not_again_for=timedelta(0),
            said=said,
        )
    finally:
        if not quiet and terminal.is_terminal:
            click.echo(err=True)


def _print_json(observed: Observed | None, alarms: Sequence[Alarm], now: datetime) -> None:
    from drill.cli.shapes import alarm_shape, instant, observation_shape, population_shape

    observations = observed.observations if observed else ()
    populations = observed.populations if observed else ()
    print_json(
        {
            "as_of": instant(now),
            "observations": [observation_shape(one) for one in observations],
            "populations": [population_shape(one) for one in populations],
            "alarms": [alarm_shape(alarm) for alarm in alarms],
        }
    )


def _say(house: House, observed: Observed | None, alarms: Sequence[Alarm]) -> None:
    from drill.recovery.windows import newest_instant

    for one in observed.observations if observed else ():
        if one.fault is not None:
            say(f"no data: {one.source_id} on {one.cloud}: {one.fault}")
            continue
        newest = "no restore window"
        if one.windows:
            newest = f"can be restored up to {instant_text(newest_instant(one.windows))}"
        backups = _count(len(one.backups), "backup")
        say(f"{one.source_name} ({one.source_id}): {newest}, {backups}")
    for cloud in observed.populations if observed else ():
        if cloud.fault is not None:
            say(f"no data: cloud {cloud.cloud} could not be asked: {cloud.fault}")
            continue
        ids = {one_id for one_id, _ in cloud.instances}
        in_scope = ids & set(cloud.in_scope)
        instances = _count(len(ids), "instance")
        say(f"cloud {cloud.cloud}: {instances}, {len(in_scope)} with a plan")
    for alarm in alarms:
        say(
            f"alarm: {alarm.source_name or alarm.source_id} on {alarm.cloud}: {alarm.message} "
            f"({alarm.kind.value}, since {instant_text(alarm.since)})"
        )
        say(f"  hint: {alarm.hint}")
    if not alarms:
        say("no alarm" if house.plans else "no alarm: there is no plan, so there is no source")


def say_not_summed(observed: Observed) -> None:
    """Say why the sums of the night are not kept, if they could not be; all else is as it is."""
    if observed.not_summed is not None:
        say(f"no data: the sums of this night are not kept: {observed.not_summed}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
