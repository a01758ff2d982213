"""What 1,000 restores under way cost a real daemon: ``drill serve`` beside a sandbox, over HTTP.

The sources are simulated SQL Server instances, so that no server of a database limits the figure.
The sandbox works on eight operations at a time, and the first eight hang: so every copy stays BUILD
for as long as the benchmark lasts. What the sandbox itself takes is not in the figure.

A drill counts as looked at when the store says to look at it later than before, as it does after
each look and after each list; a list that failed is told by the log, and fails the benchmark. Some
drills may not get so far: while others create instances, the list that an order reads may change
each time it is read.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from drill.store import open_journal
from tests.bench.bench_night import PLAN, make_sources
from tests.bench.process import resident_megabytes
from tests.e2e.serving import Serving
from tests.e2e.world import World, environment

DRILLS = int(os.environ.get("DRILL_BENCH_DRILLS", "1000"))
POLL_SECONDS = 15.0
MEASURED_SECONDS = float(os.environ.get("DRILL_BENCH_SECONDS", "120"))
SOURCES = 20
HANG = 8
"""Operations that the sandbox works on at the same time."""
CORE_SHARE_AT_MOST = 0.10
MEGABYTES_AT_MOST = 100.0
GIVE_UP_AFTER_SECONDS = float(os.environ.get("DRILL_BENCH_GIVE_UP_SECONDS", "3600"))
SAY_EVERY_SECONDS = 10

SERVE = """\
import sys
from pathlib import Path
from drill.sandbox.serve import serve
from drill.sandbox.settings import Settings
serve(Path(sys.argv[1]), settings=Settings(instance_quota=int(sys.argv[2])))
"""


class RoomyWorld(World):
    """A world whose sandbox has room for every copy."""

    def start_sandbox(self, **more: object) -> None:
        """Start it without its demo world, and wait until it is ready."""
        with (self.folder / "sandbox.log").open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-c", SERVE, str(self.state), str(DRILLS + SOURCES + 10)],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        while not (self.state / "ready").exists():
            if self._server.poll() is not None:
                raise SystemExit((self.folder / "sandbox.log").read_text()[-4000:])
            time.sleep(0.05)


def main() -> int:
    """Print the share of a core, the memory and the looks; return 1 where a target is missed."""
    with tempfile.TemporaryDirectory() as folder:
        world = RoomyWorld(Path(folder))
        world.furnish()
        for old, new in {
            'poll_every = "500ms"': f'poll_every = "{POLL_SECONDS:.0f}s"',
            "drills_at_once = 6\nnew_instances_at_most = 6": f"drills_at_once = {DRILLS}\n"
            f"new_instances_at_most = {DRILLS}",
            "drills_at_once = 6\ndrills_per_source = 5": f"drills_at_once = {DRILLS}\n"
            f"drills_per_source = {DRILLS}",
        }.items():
            world.change_config(old, new)
        # Here, and not in the daemon: what making the schema takes it seldom has loaded.
        open_journal("sqlite:///drill.db", folder=world.folder).close()
        world.start_sandbox()
        try:
            return _measure(world)
        finally:
            world.kill_sandbox()


def _measure(world: World) -> int:
    sources = make_sources(world, SOURCES, backups=1)
    world.admin().add_fault("hang_next_job", times=HANG)
    _write_plans(world, sources)
    daemon = Serving(world, world.folder / "serve.log")
    try:
        began = time.monotonic()
        live = _wait_until_under_way(world, daemon)
        took = time.monotonic() - began
        threading.Event().wait(2 * POLL_SECONDS)
        looks = _Looks()
        cpu, began = _cpu_seconds(daemon.process.pid), time.monotonic()
        while time.monotonic() - began < MEASURED_SECONDS:
            looks.read(world)
            threading.Event().wait(1)
        lasted = time.monotonic() - began
        spent = _cpu_seconds(daemon.process.pid) - cpu
        megabytes = resident_megabytes(daemon.process.pid)
        left = live - len(_next_looks(world))
    finally:
        daemon.kill()
    wanted = int(live * MEASURED_SECONDS / POLL_SECONDS)
    failed = len(re.findall("instances not listed", daemon.log))
    sys.stdout.write(
        f"{live} restores under way over HTTP ({took:.0f} s to get there), for {lasted:.0f} s: "
        f"{spent / lasted:.1%} of a core, {megabytes:.0f} MB, {looks.count} of {wanted} looks, "
        f"{failed} lists failed\n"
    )
    is_whole = live >= 0.9 * DRILLS and not left and looks.count >= 0.9 * wanted and not failed
    is_cheap = spent / lasted <= CORE_SHARE_AT_MOST and megabytes <= MEGABYTES_AT_MOST
    return 0 if is_whole and is_cheap else 1


class _Looks:
    """Counts how often the store was told to look at a drill later."""

    def __init__(self) -> None:
        self.count = 0
        self._last: defaultdict[str, str] = defaultdict(str)

    def read(self, world: World) -> None:
        found = _next_looks(world)
        later = [one for one, at in found.items() if self._last[one] and at > self._last[one]]
        self.count += len(later)
        self._last.update(found)


def _next_looks(world: World) -> dict[str, str]:
    """Return drill -> when to look at it, of those that wait for their restores."""
    address = f"file:{world.folder / 'drill.db'}?mode=ro"
    waits = "state = 'restoring' AND restore_seen_running"
    with closing(sqlite3.connect(address, uri=True)) as store:
        return dict(store.execute(f"SELECT id, next_at FROM drill WHERE {waits}"))


def _wait_until_under_way(world: World, daemon: Serving) -> int:
    """Return how many restores are under way, once no drill has still to order its own.

    Say on stderr how many are meanwhile; SystemExit if that takes too long.
    """
    began = said_at = time.monotonic()
    while (now := time.monotonic()) - began < GIVE_UP_AFTER_SECONDS:
        threading.Event().wait(1)
        if not daemon.is_running:
            raise SystemExit(daemon.log[-4000:])
        live = len(_next_looks(world))
        if live and not _on_their_way(world):
            return live
        if now - said_at >= SAY_EVERY_SECONDS:
            said_at = now
            sys.stderr.write(f"{live} of {DRILLS} under way after {now - began:.0f} s\n")
    raise SystemExit(
        f"{daemon.log[-4000:]}\ngiven up: {len(_next_looks(world))} of {DRILLS} restores under way "
        f"after {GIVE_UP_AFTER_SECONDS:.0f} s; nothing was measured"
    )


def _on_their_way(world: World) -> int:
    address = f"file:{world.folder / 'drill.db'}?mode=ro"
    waits = "state IN ('queued', 'selecting', 'admitting', 'restoring')"
    with closing(sqlite3.connect(address, uri=True)) as store:
        every = store.execute(f"SELECT count(*) FROM drill WHERE {waits}").fetchone()[0]
    return int(every) - len(_next_looks(world))


def _write_plans(world: World, sources: list[str]) -> None:
    """Write plans whose only slot is in the next minute but one."""
    folder = world.folder / "plans"
    for file in folder.glob("*.toml"):
        file.unlink()
    at = time.gmtime((int(time.time()) // 60 + 2) * 60)
    for number in range(DRILLS):
        name = f"plan-{number:04}"
        text = PLAN.format(
            name=name,
            source=sources[number % len(sources)],
            start_window="2h",
            cron=f"{at.tm_min} {at.tm_hour} {at.tm_mday} {at.tm_mon} *",
        )
        (folder / f"{name}.toml").write_text(text)


def _cpu_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
