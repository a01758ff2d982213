"""``drill scratch``: list what is set aside for drills, and set an empty instance aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from drill.cli.names import no_such
from drill.cli.output import console, instant_text, output_option, print_json, say
from drill.errors import ExitCode, UnknownName

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.engine.ports import CloudSettings
    from drill.engine.preparing import Aside
    from drill.guard.facts import Role


@click.group("scratch")
def command() -> None:
    """List the instances that are set aside for drills, and prepare new ones."""


@command.command("list", epilog="Example: drill scratch list --output json")
@output_option
@click.pass_obj
def list_scratch(config_file: str, output: str) -> int:
    """Say of every instance of [[scratch]] and [[blank]] whether drills can use it now.

    Reads the clouds and logs in nowhere. Ends with 1 if one of them is not ready, and with 4 if a
    cloud could not be asked. A plan that is invalid now is said, stands as it was valid last, and
    makes exit code 3 if nothing else is wrong.
    """
    from drill.bootstrap import build_house, with_plans
    from drill.cli.context import read_config
    from drill.cli.last_valid import book_of, say_problems
    from drill.cli.shapes import problem_shape
    from drill.engine.preparing import look_at
    from drill.errors import ProviderError
    from drill.guard.facts import Role

    config, folder = read_config(config_file)
    house = build_house(config, [], folder=folder)
    book = book_of(config, folder, house.control)
    book.read(anyway=True)
    say_problems(book)
    house = with_plans(house, [loaded.plan for loaded in book.known])
    found: list[Aside] = []
    unasked: dict[str, ProviderError] = {}
    for name, cloud in house.parts.clouds.items():
        listed = [*((one, Role.TARGET) for one in cloud.scratch)]
        listed += [(one, Role.BLANK) for one in cloud.blanks]
        try:
            found += [look_at(house.parts, cloud, one, role, inside=False) for one, role in listed]
        except ProviderError as error:
            unasked[name] = error
    house.close()
    if output == "json":
        told = [{"cloud": name, "reason": one.message} for name, one in unasked.items()]
        print_json(
            {
                "instances": [aside_shape(one) for one in found],
                "unasked": told,
                "problems": [problem_shape(one) for one in book.problems],
            }
        )
    else:
        if found:
            _print_table(found)
        elif not unasked:
            say("nothing is set aside: there is no [[scratch]] and no [[blank]] in config.toml")
        for name, reason in unasked.items():
            say(f"no data: cloud {name} could not be asked: {reason.message}")
            if reason.hint:
                say(f"  hint: {reason.hint}")
    if unasked:
        return ExitCode.PROVIDER
    if not all(one.is_ready for one in found):
        return ExitCode.NOT_PASSED
    return ExitCode.INVALID if book.problems else ExitCode.PASSED


@command.command(
    "prepare",
    epilog="Example: drill scratch prepare 5828ecb9f7ee11a378407331aee62fd3in03 --cloud otc",
)
@click.argument("instance_id", metavar="INSTANCE")
@click.option("--cloud", "cloud_name", metavar="NAME", required=True, help="Cloud of config.toml.")
@click.option("--apply", "apply", is_flag=True, help="Do it; without this it is only said.")
@output_option
@click.pass_obj
def prepare_scratch(
    config_file: str, instance_id: str, cloud_name: str, apply: bool, output: str
) -> int:
    """Set an empty instance of [[scratch]] or [[blank]] aside: its tag, and its baseline backup.

    Logs in with the account of its entry and looks whether it is empty; the guard refuses anything
    else, and what is a plan's source, protected or in use. Puts on the tag drill-scratch=yes (a
    blank: drill-blank=yes) if it is missing, and makes the manual backup that baseline names if
    there is none. A target with baseline_instance_id needs no backup of its own.
    """
    from drill.cli.context import house_of, read_setting
    from drill.engine.preparing import look_at, prepare

    house = house_of(read_setting(config_file))
    cloud, role = _entry(house, cloud_name, instance_id)
    tell = say if output != "json" else _say_nothing
    if apply:
        aside = prepare(house.parts, cloud, instance_id, role, say=tell)
    else:
        aside = look_at(house.parts, cloud, instance_id, role, inside=True)
    house.close()
    if output == "json":
        print_json({"dry_run": not apply, **aside_shape(aside)})
    else:
        _say_aside(aside, applied=apply)
    if aside.refusals:
        return ExitCode.REFUSED
    return ExitCode.PASSED if aside.is_ready or not apply else ExitCode.NOT_PASSED


def _say_nothing(message: str) -> None:
    """Keep standard error free for programs."""


def _entry(house: House, cloud_name: str, instance_id: str) -> tuple[CloudSettings, Role]:
    """Return the cloud and what the instance is for. Raise UnknownName if nothing says so."""
    from drill.engine.preparing import role_of

    cloud = house.parts.clouds.get(cloud_name)
    if cloud is None:
        raise no_such("cloud", [cloud_name], known=house.parts.clouds)
    role = role_of(cloud, instance_id)
    if role is None:
        raise UnknownName(
            f"instance {instance_id} is listed neither under [[scratch]] nor under [[blank]] for "
            f"cloud {cloud_name}",
            hint=_hint_for_unlisted(cloud, (cloud_name, instance_id)),
        )
    return cloud, role


def _hint_for_unlisted(cloud: CloudSettings, instance: tuple[str, str]) -> str:
    """Return what to do; nobody is advised to hand over what has to be kept."""
    if instance in cloud.site.protected:
        return "It is protected: no drill may ever touch it. Choose another instance."
    if instance in cloud.site.plan_sources:
        return "It is the source of a plan: no drill may ever touch it. Choose another instance."
    return "If drills may overwrite it at any time, add it to [[scratch]] in config.toml."


def aside_shape(aside: Aside) -> dict[str, Any]:
    """Return one instance that is set aside, as JSON (docs/json-output.md)."""
    from drill.cli.shapes import instant

    baseline = aside.baseline
    return {
        "cloud": aside.cloud,
        "instance_id": aside.instance_id,
        "instance_name": aside.instance.name if aside.instance else None,
        "role": aside.role.value,
        "engine": aside.instance.engine.value if aside.instance else None,
        "version": aside.instance.version if aside.instance else None,
        "status": aside.instance.status if aside.instance else None,
        "tagged": aside.has_tag,
        "baseline": aside.baseline_name,
        "baseline_of": aside.blank.configured_id if aside.blank else aside.instance_id,
        "baseline_id": baseline.id if baseline else None,
        "baseline_ended_at": instant(baseline.ended_at) if baseline else None,
        "held_by": aside.held_by,
        "empty": aside.seen.is_empty if aside.seen else None,
        "ready": aside.is_ready,
        "refusals": [_refusal(one) for one in aside.refusals],
        "lacks": [_refusal(one) for one in aside.lacks],
    }


def _refusal(one: Any) -> dict[str, str]:
    return {"rule": one.rule, "message": one.message, "hint": one.hint}


def _say_aside(aside: Aside, *, applied: bool) -> None:
    from drill.guard.preparing import TAG_OF

    say(f"{_name(aside)} on {aside.cloud}: {_what(aside)}, set aside as a {aside.role.value}")
    if aside.seen is not None:
        empty = {True: "yes", False: "no", None: "no data"}[aside.seen.is_empty]
        say(f"  empty: {empty} ({aside.seen.reason})")
    say(f"  tag {TAG_OF[aside.role]}=yes: {_state(aside.has_tag, applied)}")
    say(f"  baseline {aside.baseline_name}: {_baseline_text(aside, applied=applied)}")
    for refusal in aside.refusals:
        say(f"  refused: {refusal.message}")
        say(f"    hint: {refusal.hint}")
    if aside.refusals:
        return  # it may have tag and baseline, and is not said to be ready all the same
    if aside.is_ready:
        say("  ready: drills can use it")
    elif applied:
        for lack in aside.lacks:
            say(f"  not ready: {lack.message}")
            say(f"    hint: {lack.hint}")
    if not applied and not (aside.has_tag and not aside.needs_baseline):
        say("this was a dry run; do it by adding --apply")


def _name(aside: Aside) -> str:
    name = aside.instance.name if aside.instance else "unknown to the cloud"
    return f"{name} ({aside.instance_id})"


def _what(aside: Aside) -> str:
    if aside.instance is None:
        return "no data"
    return f"{aside.instance.engine.value} {aside.instance.version}, {aside.instance.status}"


def _state(is_there: bool, applied: bool) -> str:
    if is_there:
        return "there"
    return "missing" if applied else "would be put on"


def _baseline_text(aside: Aside, *, applied: bool) -> str:
    owner = f" of the blank instance {aside.blank.configured_id}" if aside.blank else ""
    baseline = aside.baseline
    if baseline is not None:
        return f"{baseline.id}{owner}, {baseline.status}, of {instant_text(baseline.ended_at)}"
    if aside.needs_baseline:
        return "missing" if applied else "would be made"
    return f"not one{owner}"


def _print_table(found: list[Aside]) -> None:
    from rich.table import Table
    from rich.text import Text

    from drill.plan.visible import visible

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("instance", "cloud", "for", "engine", "status", "tag", "baseline", "ready"):
        table.add_column(name, overflow="fold")
    for one in found:
        engine = f"{one.instance.engine.value} {one.instance.version}" if one.instance else "-"
        table.add_row(
            Text(visible(_name(one))),
            one.cloud,
            one.role.value,
            engine,
            Text(visible(one.instance.status)) if one.instance else "no data",
            "yes" if one.has_tag else "no",
            "yes" if one.baseline is not None else "no",
            "yes" if one.is_ready else "no",
        )
    console().print(table)
    for one in found:
        for lack in one.lacks[:1]:
            say(f"{one.instance_id}: {lack.message}")
            say(f"  hint: {lack.hint}")
