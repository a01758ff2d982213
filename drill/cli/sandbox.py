"""``drill sandbox``: the local service that speaks RDS v3 with real databases behind it."""

from __future__ import annotations

from pathlib import Path

import click

from drill.cli.output import say
from drill.errors import DrillError, ExitCode


@click.group("sandbox")
def command() -> None:
    """Serve the local sandbox with real databases."""


@command.command("serve", epilog="Example: drill sandbox serve --seed   then, elsewhere: drill run")
@click.option(
    "--state",
    default=".sandbox",
    show_default=True,
    metavar="FOLDER",
    help="Where instances, backups and credentials are kept; they survive a restart.",
)
@click.option("--port", default=0, show_default="a free one", type=click.IntRange(0, 65535))
@click.option("--seed", is_flag=True, help="Make the demo's sources and scratch instances.")
@click.option(
    "--calls-per-minute",
    type=click.IntRange(1, 1000000),
    show_default="no limit",
    help="Answer 429 where a user calls one API more often; the cloud allows 60.",
)
@click.option(
    "--personality",
    metavar="CLOUD",
    show_default="that of the state folder, or sandbox",
    help="The cloud to imitate: huawei, otc or sandbox (docs/sandbox.md knows some older ones).",
)
def serve_sandbox(
    state: str, port: int, seed: bool, calls_per_minute: int | None, personality: str | None
) -> int:
    """Serve the RDS v3 API on the loopback interface until it is interrupted.

    Endpoint and credentials are written into the state folder, where config.toml of this
    project finds them.
    """
    try:
        from drill.sandbox.folder import FolderInUse
        from drill.sandbox.personalities import PERSONALITIES
        from drill.sandbox.serve import ServeRefused, serve
        from drill.sandbox.servers import ServerFault
        from drill.sandbox.settings import Settings
        from drill.sandbox.web import WebFault
    except ModuleNotFoundError as error:
        raise DrillError(
            f"the sandbox needs a package that is not installed: {error.name}",
            hint="Install it with: pip install 'drill[sandbox]'.",
        ) from error
    if personality is not None and personality not in PERSONALITIES:
        raise click.BadParameter(
            f"{personality!r} is none of {', '.join(sorted(PERSONALITIES))}",
            param_hint="--personality",
        )
    try:
        serve(
            Path(state),
            port=port,
            seed=seed,
            settings=Settings(calls_per_minute=calls_per_minute),
            personality=personality,
            ready=lambda info: say(f"sandbox ready at {info.endpoint}"),
        )
    except (FolderInUse, ServeRefused, ServerFault, WebFault, OSError) as error:
        raise DrillError(
            f"the sandbox cannot serve: {error}",
            hint="Use another --state folder or --port, or stop the sandbox that has it.",
        ) from error
    return ExitCode.PASSED
