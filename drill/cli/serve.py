"""``drill serve``: the daemon that drills every plan by its schedule."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drill.cli.unneeded import left_out
from drill.errors import ExitCode

# Three megabytes each, for months: to colour what a daemon never writes to a terminal, and to guess
# the encoding of texts, where clouds answer in JSON alone.
with left_out("rich"):
    import structlog
with left_out("charset_normalizer", "chardet"):
    import requests  # noqa: F401  here first, for those that need it

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.notify.beats import Attached
    from drill.plan.config import Config
    from drill.scheduler.daemon import Daemon

STORE_PAUSE_SECONDS = 2.0

LAST_WORDS = timedelta(seconds=5)
"""How long what is being told, or rendered, may still last at the end."""


@click.command("serve", epilog="Example: drill serve   or, as a service: docs/deploy.md")
@click.option(
    "--drain-timeout",
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0, 86400),
    help="How long drills under way may go on after SIGTERM before they are left as they are.",
)
@click.option(
    "--sweep-every",
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(1, 86400),
    help="How often to look for leaks of this store's own drills, and to tear them down.",
)
@click.pass_obj
def command(config_file: str, drain_timeout: float, sweep_every: float) -> int:
    """Run the drills of every plan by its schedule, for months.

    Slots that came while nobody served are recorded as missed. Drills that another process left
    unfinished are taken over. Plans are read again when their files change: an invalid one is
    reported, and stands as it was valid last. More than one daemon on a store does no harm.

    SIGTERM begins no drill any more and ends soon; what is under way stands in the store, and the
    next process goes on with it. SIGINT (Ctrl-C) takes every running drill to teardown and waits.
    A second one of either leaves at once. SIGHUP reads the plans again.
    """
    from drill.cli.context import read_config
    from drill.cli.telling import ensure_tellable
    from drill.scheduler.heap import share_heap
    from drill.scheduler.signals import signals_to

    share_heap()
    logging.getLogger().setLevel(logging.INFO)
    for chatty in ("alembic", "apscheduler"):  # a line for each alarm, and one when it rings
        logging.getLogger(chatty).setLevel(logging.WARNING)
    config, folder = read_config(config_file)
    ensure_tellable(config)
    house = _house_when_store_is_there(config, folder)
    daemon, attached = _daemon(
        house,
        drain_timeout=timedelta(seconds=drain_timeout),
        sweep_every=timedelta(seconds=sweep_every),
    )
    failures: list[BaseException] = []

    def failed(error: BaseException) -> None:
        failures.append(error)
        daemon.leave()

    with signals_to(daemon, structlog.get_logger("drill.serve").warning, failed):
        try:
            daemon.run()
        except Exception as error:  # noqa: BLE001  it ends as one line and an exit code
            failures.append(error)
    for failure in failures:
        _say_failure(failure)
    attached.close(at_most=LAST_WORDS)
    _end(ExitCode.NOT_PASSED if failures else ExitCode.PASSED, house)
    return ExitCode.NOT_PASSED if failures else ExitCode.PASSED


def _daemon(
    house: House, *, drain_timeout: timedelta, sweep_every: timedelta
) -> tuple[Daemon, Attached]:
    from drill.bootstrap import with_plans
    from drill.cli.beats import attach_beats
    from drill.cli.last_valid import book_of
    from drill.scheduler.daemon import Daemon, Means
    from drill.scheduler.heap import give_back
    from drill.scheduler.service_manager import ServiceManager

    config, control = house.config, house.journal.control
    book = book_of(config, house.folder, control)
    on_beat: list[Callable[[datetime], None]] = []
    daemon = Daemon(
        Means(
            parts=house.parts,
            control=control,
            book=book,
            refurnished=lambda plans: with_plans(house, [one.plan for one in plans]).parts,
            workers=config.limits.workers,
            blackouts=config.blackouts,
            manager=ServiceManager.of_environment(os.environ),
            drain_timeout=drain_timeout,
            sweep_every=sweep_every,
            scratch_lives_at_most=config.limits.scratch_lives_at_most,
            trouble=lambda: attached.trouble,
            on_beat=on_beat,
        )
    )
    attached = attach_beats(
        house,
        plans=lambda: [one.plan for one in book.plans],
        parts=lambda: daemon.parts,
        is_healthy=lambda: daemon.is_healthy,
    )
    on_beat += [attached.beat, lambda now: give_back()]
    return daemon, attached


def _house_when_store_is_there(config: Config, folder: Path) -> House:
    """Build the house; wait for a store that cannot be used yet, and say so once."""
    from drill.bootstrap import build_house
    from drill.errors import SecretUnavailable, StoreUnavailable

    said = False
    while True:
        try:
            return build_house(config, [], folder=folder, lasting=True)
        except (StoreUnavailable, SecretUnavailable) as error:
            if not said:
                log = structlog.get_logger("drill.serve")
                log.error("waiting", reason=error.message, hint=error.hint)
            said = True
            time.sleep(STORE_PAUSE_SECONDS)


def _say_failure(error: BaseException) -> None:
    structlog.get_logger("drill.serve").error(
        "the daemon failed",
        error=f"{type(error).__name__}: {str(error)[:500]}",
        hint="A service manager starts it again; every drill goes on where it was.",
    )


def _end(code: ExitCode, house: House) -> None:
    """End the process although a step may still wait for the cloud: nothing is lost by that."""
    busy = [one for one in threading.enumerate() if one is not threading.main_thread()]
    if any(not one.daemon for one in busy):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    house.close()
