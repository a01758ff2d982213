"""The command ``drill``. Commands are imported when they are called, so that help is instant."""

from __future__ import annotations

import contextlib
import errno
import importlib
import logging
import os
import sys
from collections.abc import Mapping
from typing import Literal

import click

from drill import __version__
from drill.errors import DrillError, ExitCode

COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("drill.cli.run", "Run drills now and report them."),
    "status": ("drill.cli.status", "Say what is due, running, late, missed and proven."),
    "pause": ("drill.cli.pause", "Let nothing scheduled begin, for everything or for a part."),
    "resume": ("drill.cli.resume", "End a pause or a drain."),
    "drain": ("drill.cli.drain", "Let nothing begin any more, and the daemon end."),
    "abort": ("drill.cli.abort", "Take drills to teardown."),
    "plan": ("drill.cli.plan", "List, check and show restore plans."),
    "serve": ("drill.cli.serve", "Run the drills of every plan by its schedule, for months."),
    "history": ("drill.cli.history", "List past drills."),
    "show": ("drill.cli.show", "Show one drill with its steps, checks and journal."),
    "report": ("drill.cli.report", "Render the HTML reports."),
    "observe": ("drill.cli.observe", "Look at every source; say which windows and backups worry."),
    "exception": ("drill.cli.exception", "Open, close and list exceptions: findings, exclusions."),
    "review": ("drill.cli.review", "Sign and list reviews of what was drilled."),
    "sweep": ("drill.cli.sweep", "Finish abandoned drills and tear down what they left."),
    "scratch": ("drill.cli.scratch", "List and prepare the instances that drills may overwrite."),
    "sandbox": ("drill.cli.sandbox", "Serve the local sandbox with real databases."),
    "notify": ("drill.cli.notify", "Test the channels of notices, and list what was told."),
    "demo": ("drill.cli.demo", "Watch a night of real restore drills on the sandbox."),
}

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What writing says on a disk that is full, or on which this user may have no more."""


class _Lazy(click.Group):
    """Knows the names and the help of its commands; imports one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]} holds no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: drill run orders-latest   Exit codes: docs/exit-codes.md",
)
@click.version_option(__version__, prog_name="drill")
@click.option(
    "--config",
    "config_file",
    default="config.toml",
    envvar="DRILL_CONFIG",
    show_default=True,
    show_envvar=True,
    metavar="FILE",
    help="Configuration; relative paths in it start at its folder.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say more on standard error.")
@click.option(
    "--log-format",
    type=click.Choice(["json", "text"]),
    envvar="DRILL_LOG_FORMAT",
    show_envvar=True,
    help="Form of log lines on standard error; text on a terminal, JSON elsewhere.",
)
@click.pass_context
def cli(
    ctx: click.Context,
    config_file: str,
    verbose: bool,
    log_format: Literal["json", "text"] | None,
) -> None:
    """Prove that databases can be recovered: restore real recovery points into scratch
    instances, check the copies, time everything, tear down and report."""
    ctx.obj = config_file
    from drill.cli.logs import configure_logs

    configure_logs(
        log_format=log_format,
        level=logging.INFO if verbose else logging.ERROR,
        structured=ctx.invoked_subcommand != "plan",
    )


def main() -> None:
    """Run the command line; every fault becomes one plain message, a hint and an exit code."""
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        sys.exit(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DrillError as error:
        click.echo(f"error: {error.message}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(ExitCode.PASSED)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _say_no_room(error)
        sys.exit(ExitCode.NOT_PASSED)
    sys.exit(code if isinstance(code, int) else ExitCode.PASSED)


def _say_no_room(error: OSError) -> None:
    """Say it where that is still possible; what is left to be written would only fail again."""
    with contextlib.suppress(OSError):
        said = (error.strerror or "no reason given").lower()
        click.echo(f"error: the output cannot be written: {said}", err=True)
        click.echo("hint: Free some space; what drills found out is in the store.", err=True)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
