"""``drill notify``: try the channels of notices, and look at what was told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from drill.cli.names import no_such
from drill.cli.output import console, instant_text, output_option, print_json, say
from drill.errors import ConfigInvalid, ExitCode

if TYPE_CHECKING:
    from drill.engine.notices import Telling
    from drill.notify.channel import Channel


@click.group("notify", epilog="Example: drill notify test")
def command() -> None:
    """Try the channels of notices, and look at what was told."""


@command.command("test", epilog="Example: drill notify test on-call --output json")
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@output_option
@click.pass_obj
def test(config_file: str, channels: tuple[str, ...], output: str) -> int:
    """Send a test message to the named channels (all without a name), and say how it went.

    Ends with 1 if a channel did not take it. Nothing is entered into the store.
    """
    from drill.cli.context import read_config
    from drill.clock import SystemClock
    from drill.notify.apprise_sender import ensure_apprise
    from drill.notify.build import channels_of
    from drill.notify.channel import ChannelTrouble
    from drill.notify.words import message_of_test

    config, folder = read_config(config_file)
    ensure_apprise(config)
    results = []
    for channel in _named(channels_of(config, folder=folder), channels):
        if output == "text":
            say(f"{channel.name}: sending a test message")
        try:
            channel.sender().send(message_of_test(channel.name, now=SystemClock().now()))
        except ChannelTrouble as trouble:
            results.append({"channel": channel.name, "sent": False, "fault": str(trouble)})
        else:
            results.append({"channel": channel.name, "sent": True, "fault": None})
    if output == "json":
        print_json({"channels": results})
    else:
        for one in results:
            say(f"{one['channel']}: " + ("sent" if one["sent"] else f"not sent: {one['fault']}"))
    return ExitCode.PASSED if all(one["sent"] for one in results) else ExitCode.NOT_PASSED


def _named(known: Sequence[Channel], names: Sequence[str]) -> list[Channel]:
    """Return the channels by these names, or all. Raise ConfigInvalid or UnknownName."""
    if not known:
        raise ConfigInvalid(
            "no channel is configured",
            hint='Add [[notify]] with name and url = "env:..." to config.toml (docs/notices.md).',
        )
    by_name = {channel.name: channel for channel in known}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise no_such("channel", unknown, known=by_name)
    return [by_name[name] for name in dict.fromkeys(names)] if names else list(known)


@command.command("list", epilog="Example: drill notify list --limit 20")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@output_option
@click.pass_obj
def list_(config_file: str, limit: int, output: str) -> int:
    """List what was told, newest first: when, where, and how it went."""
    from drill.bootstrap import open_store
    from drill.cli.context import read_config

    config, folder = read_config(config_file)
    with open_store(config, folder) as journal:
        tellings = journal.notices().newest(at_most=limit)
    if output == "json":
        from drill.cli.shapes import notice_shape

        print_json({"notices": [notice_shape(one) for one in tellings]})
    elif not tellings:
        say("nothing was told yet")
    else:
        _print(tellings)
    return ExitCode.PASSED


def _print(tellings: Sequence[Telling]) -> None:
    from rich.table import Table
    from rich.text import Text

    from drill.plan.visible import visible

    table = Table(box=None, pad_edge=False)
    for name in ("told at", "channel", "notice", "how it went"):
        table.add_column(name, header_style="bold", overflow="fold")
    for one in tellings:
        went = one.state.value.replace("_", " ")
        if one.fault is not None:
            tries = "1 try" if one.attempts == 1 else f"{one.attempts} tries"
            went += f", {tries}: {one.fault}"
        table.add_row(
            instant_text(one.last_at),
            Text(one.channel),
            Text(visible(one.title.removeprefix("[drill] "))),
            Text(visible(went)),
        )
    console().print(table)
