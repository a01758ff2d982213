"""``drill serve`` beside a sandbox, as a service manager would run it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drill.engine.record import DrillRecord, State
from drill.store import SqlJournal, open_journal
from tests.e2e.world import World, environment

PATIENCE_SECONDS = 180
EVERY_MINUTE = '[schedule]\ncron = "* * * * *"\nstart_window = "3m"\n'


class Serving:
    """One ``drill serve``, with its log."""

    def __init__(self, world: World, log: Path, *options: str) -> None:
        self.log_file = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "drill", "serve", *options],
                cwd=world.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGTERM, *, within: float = PATIENCE_SECONDS) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        self.send(number)
        return self.process.wait(within)

    def kill(self) -> None:
        if self.is_running:
            self.process.kill()
        self.process.wait(30)


@contextmanager
def serving(world: World, *options: str, name: str = "serve") -> Iterator[Serving]:
    """Run a daemon while the block runs; it never outlives it."""
    daemon = Serving(world, world.folder / f"{name}.log", *options)
    try:
        yield daemon
    finally:
        daemon.kill()


def schedule(world: World, name: str, text: str = EVERY_MINUTE) -> None:
    """Give a plan this schedule, or none with an empty text; written at once, as editors do."""
    file = world.folder / "plans" / f"{name}.toml"
    without = re.sub(r"\[schedule\]\n(?:\w+ = .*\n)*", "", file.read_text())
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{without.rstrip()}\n\n{text}")
    fresh.replace(file)


def only_plans(world: World, *names: str) -> None:
    """Leave these plans alone, each with a slot every minute."""
    for file in (world.folder / "plans").glob("*.toml"):
        if file.stem not in names:
            file.unlink()
    for name in names:
        schedule(world, name)


@contextmanager
def journal_of(world: World) -> Iterator[SqlJournal]:
    with open_journal("sqlite:///drill.db", folder=world.folder) as journal:
        yield journal


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something holds. Raise AssertionError with what it was."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"never: {what}")
        pause.wait(0.05)


def records(world: World) -> list[DrillRecord]:
    with journal_of(world) as journal:
        return journal.history(at_most=100_000)


def in_state(world: World, *states: State) -> list[DrillRecord]:
    return [record for record in records(world) if record.state in states]
