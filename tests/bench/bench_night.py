"""A night in which 10,000 plans come due in the same minute: none may be lost.

The sources are simulated SQL Server instances of a sandbox of its own: every drill orders what any
drill orders, over HTTP, and no server of a database limits the figure. What does not get its turn
within its start window must be recorded as missed. The memory of the daemon is bounded.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from drill.engine.record import State
from tests.bench.process import resident_megabytes
from tests.e2e.serving import Serving
from tests.e2e.world import World

PLANS = int(os.environ.get("DRILL_BENCH_PLANS", "10000"))
START_WINDOW = os.environ.get("DRILL_BENCH_START_WINDOW", "15m")
SOURCES = 20
AT_ONCE = 100
LOADS_WITHIN_MINUTES = int(os.environ.get("DRILL_BENCH_LEAD_MINUTES", "3"))
MEGABYTES_AT_MOST = 512.0
GIVE_UP_AFTER_SECONDS = 3600

PLAN = """\
name = "{name}"

[source]
cloud = "sandbox"
instance_id = "{source}"

[restore]
mode = "backup"
selection = {{ policy = "newest" }}

[target]
kind = "new"
flavor = "rds.mssql.n1.medium"
volume = {{ type = "CLOUDSSD" }}
availability_zone = "sandbox-1a"
vpc_id = "vpc-drill"
subnet_id = "subnet-drill"

[login]
user = "reader"
password = "file:.sandbox/check-password"
database = "shop"

[[checks]]
kind = "connects"

[schedule]
cron = "{cron}"
start_window = "{start_window}"
"""


def main() -> int:
    """Print how long it took, what became of the slots, and the memory; return 1 on a loss."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.furnish()
        for old, new in {
            "drills_at_once = 6\ndrills_per_source": f"drills_at_once = {AT_ONCE}\n"
            "drills_per_source",
            "drills_at_once = 6\nnew_instances_at_most = 6": f"drills_at_once = {AT_ONCE}\n"
            f"new_instances_at_most = {AT_ONCE}",
            "drills_per_source = 5": f"drills_per_source = {AT_ONCE}",
        }.items():
            world.change_config(old, new)
        world.start_sandbox(seed=False)
        try:
            return _night(world)
        finally:
            world.stop_sandbox()


def make_sources(world: World, count: int, *, backups: int) -> list[str]:
    """Make simulated sources: no server of a database limits the figure. Return their ids."""
    return [
        world.admin().create_instance(
            f"source-{number}",
            simulated=True,
            engine="SQLServer",
            version="2019_SE",
            databases=["shop"],
            backups=backups,
        )["id"]
        for number in range(count)
    ]


def _night(world: World) -> int:
    sources = make_sources(world, SOURCES, backups=3)
    slot = (int(time.time()) // 60 + LOADS_WITHIN_MINUTES) * 60
    _write_plans(world, sources, slot)
    daemon = Serving(world, world.folder / "serve.log")
    try:
        megabytes, recorded, over = _watch(world, daemon, slot)
        code = daemon.end(signal.SIGTERM)
    finally:
        daemon.kill()
    outcomes = _count(world, "outcome")
    said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    left = world.scratch_left()
    sys.stdout.write(
        f"{PLANS} plans due in one minute: all recorded {recorded:.0f} s after it, all final after "
        f"{over:.0f} s ({said}), peak {megabytes:.0f} MB, exit code {code}, {len(left)} left\n"
    )
    is_whole = sum(outcomes.values()) == PLANS and code == 0 and not left
    return 0 if is_whole and megabytes <= MEGABYTES_AT_MOST else 1


def _write_plans(world: World, sources: Sequence[str], slot: int) -> None:
    """Write plans that all have their slot in one minute, which is yet to come."""
    folder = world.folder / "plans"
    for file in folder.glob("*.toml"):
        file.unlink()
    at = time.gmtime(slot)
    for number in range(PLANS):
        name = f"plan-{number:05}"
        text = PLAN.format(
            name=name,
            source=sources[number % len(sources)],
            start_window=START_WINDOW,
            cron=f"{at.tm_min} {at.tm_hour} {at.tm_mday} {at.tm_mon} *",
        )
        (folder / f"{name}.toml").write_text(text)


def _watch(world: World, daemon: Serving, slot: int) -> tuple[float, float, float]:
    """Wait until every slot is final; return the most memory, and the seconds from the slot to
    every record, and to every final one."""
    most = recorded = 0.0
    pause = threading.Event()
    while time.time() - slot < GIVE_UP_AFTER_SECONDS:
        pause.wait(2)
        if not daemon.is_running:
            raise SystemExit(daemon.log[-4000:])
        most = max(most, resident_megabytes(daemon.process.pid))
        counts = _count(world, "state")
        since = time.time() - slot
        if not recorded and sum(counts.values()) >= PLANS:
            recorded = since
        if counts[State.FINISHED.value] >= PLANS:
            return most, recorded, since
    raise SystemExit(f"not over after {GIVE_UP_AFTER_SECONDS} s: {_count(world, 'state')}")


def _count(world: World, column: str) -> Counter[str]:
    """Return how many drills have which value, read beside the daemon."""
    address = f"file:{world.folder / 'drill.db'}?mode=ro"
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(address, uri=True)) as store:
        rows = store.execute(f"SELECT {column}, count(*) FROM drill GROUP BY 1")
        return Counter({str(value): count for value, count in rows})
    return Counter()


if __name__ == "__main__":
    sys.exit(main())
