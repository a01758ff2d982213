"""``drill demo``: start a sandbox, let it fill, and drill every plan against it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from drill.cli.output import console, say
from drill.errors import DrillError, ExitCode

STATE_FOLDER = ".sandbox"
READY_WITHIN_SECONDS = 120.0
STOP_WITHIN_SECONDS = 30.0


@click.command("demo", epilog="Example: drill demo   then open reports/index.html")
@click.option("--keep", is_flag=True, help="Leave the sandbox running afterwards.")
@click.pass_obj
def command(config_file: str, keep: bool) -> int:
    """Watch a night of real restore drills, on real PostgreSQL servers, through the real API.

    Starts a fresh sandbox on a free loopback port, waits until its sources have data, backups and
    archived log, drills every plan as one batch, renders the reports, and stops the sandbox.
    """
    from drill.cli.context import read_config

    _, folder = read_config(config_file)  # before the minute that the sandbox takes
    began = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop the sandbox then, too
    server = _start_sandbox(folder)
    try:
        _wait_until_ready(server, folder)
        say(f"sandbox ready after {time.monotonic() - began:.0f} s")
        code = _drill_every_plan(config_file)
    finally:
        if keep:
            say(f"the sandbox keeps running; stop it with: kill {server.pid}")
        else:
            _stop(server)
    say(f"demo over after {time.monotonic() - began:.0f} s")
    return code


def _start_sandbox(folder: Path) -> subprocess.Popen[bytes]:
    """Start the service in a process of its own, as production would have it: far away."""
    state = folder / STATE_FOLDER
    _remove_old_state(state)
    say("starting the sandbox: real PostgreSQL servers behind the RDS v3 API")
    log = folder / f"{STATE_FOLDER}.log"
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "drill", "sandbox", "serve", "--seed", "--state", str(state)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _remove_old_state(state: Path) -> None:
    """Begin afresh: a window that spans the time between two demos has no heartbeats in it."""
    if not state.exists():
        return
    if not (state / "admin-token").is_file():
        raise DrillError(
            f"{state} exists and is no sandbox of ours",
            hint="Move it away; the demo makes its sandbox there.",
        )
    from drill.sandbox.serve import is_served

    if is_served(state):
        raise DrillError(
            "a sandbox is running already",
            hint="Stop it first (or use it: drill run); the demo starts one of its own.",
        )
    shutil.rmtree(state)


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    ready = folder / STATE_FOLDER / "ready"
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    terminal = console(stderr=True)
    with terminal.status("filling the sources with orders, backups and log …"):
        while not ready.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise DrillError(
                    "the sandbox did not get ready",
                    hint=f"Read {folder / STATE_FOLDER}.log.",
                )
            time.sleep(0.1)


def _drill_every_plan(config_file: str) -> int:
    from drill.cli.context import house_of, read_setting
    from drill.cli.report import render
    from drill.cli.run import enlist, print_verdicts, run_batch
    from drill.cli.verdict import exit_code_of
    from drill.engine.sweeping import find_leaks

    setting = read_setting(config_file)
    house = house_of(setting)
    records = run_batch(house, enlist(house, setting.plans), quiet=False)
    index = render(house, now=house.parts.clock.now(), plans=house.plans)
    print_verdicts(records)
    search = find_leaks(
        house.parts,
        now=house.parts.clock.now(),
        lives_at_most=house.config.limits.scratch_lives_at_most,
    )
    left = "no data" if search.unasked else len(search.leaks) or "none"
    say(f"scratch instances left in the sandbox: {left}")
    say(f"report: {index}")
    house.close()
    return ExitCode.LEAKED if search.leaks else exit_code_of(records)


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(STOP_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
