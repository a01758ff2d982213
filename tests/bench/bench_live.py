"""What 1,000 restores under way cost while each is looked at every 15 s: a tenth of a core, 100 MB.

The store is SQLite on disk, as it comes. The cloud is the one in memory, so that the figure is that
of drill and not of a server beside it; it leaves the HTTP client out, as docs/scale.md says.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from drill.clock import SystemClock
from drill.dispatch.local import LocalDispatcher
from drill.engine.enlisting import new_drill
from drill.engine.ports import Parts
from drill.engine.record import State, Trigger
from drill.provider.memory import Habits, MemoryProvider
from drill.recovery.values import Window
from drill.store import SqlJournal, open_journal
from tests.engine.scene import SOURCE_ID, Scene, a_plan

DRILLS = int(os.environ.get("DRILL_BENCH_DRILLS", "1000"))
POLL_EVERY = timedelta(seconds=float(os.environ.get("DRILL_BENCH_POLL_SECONDS", "15")))
MEASURED_SECONDS = float(os.environ.get("DRILL_BENCH_SECONDS", "120"))
CORE_SHARE_AT_MOST = 0.10
MEGABYTES_AT_MOST = 100.0


def main() -> int:
    """Print the share of a core, the memory and the looks; return 1 where a target is missed."""
    with tempfile.TemporaryDirectory() as folder:
        open_journal("sqlite:///drill.db", folder=Path(folder)).close()
        # In a process that has not made the schema: what that takes a daemon seldom has loaded.
        project = str(Path(__file__).resolve().parents[2])
        environment = {**os.environ, "PYTHONPATH": project}
        return subprocess.run(
            [sys.executable, __file__, folder], env=environment, check=False
        ).returncode


def measure(folder: Path) -> int:
    """Bring the drills under way, then measure this process while they stay so."""
    journal = open_journal("sqlite:///drill.db", folder=folder)
    parts, provider = _parts(journal)
    now = parts.clock.now()
    journal.enlist(
        [
            new_drill(
                a_plan(name=f"plan-{number:04}"),
                digest="0" * 64,
                trigger=Trigger.COMMAND,
                scheduled_for=now,
                now=now,
            )
            for number in range(DRILLS)
        ]
    )
    dispatcher = LocalDispatcher(parts, workers=8)
    work = threading.Thread(target=dispatcher.work_until_stopped)
    work.start()
    while sum(provider.creates.values()) < DRILLS:
        time.sleep(0.5)
    time.sleep(2 * POLL_EVERY.total_seconds())
    looks, cpu, began = provider.calls["find_job"], time.process_time(), time.monotonic()
    time.sleep(MEASURED_SECONDS)
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    looks = provider.calls["find_job"] - looks
    megabytes = _resident_megabytes()
    dispatcher.stop()
    work.join()
    live = [one for one in journal.unfinished() if one.state is State.RESTORING]
    wanted = DRILLS * MEASURED_SECONDS / POLL_EVERY.total_seconds()
    sys.stdout.write(
        f"{len(live)} restores under way, looked at every {POLL_EVERY.total_seconds():.0f} s for "
        f"{MEASURED_SECONDS:.0f} s: {share:.1%} of a core, {megabytes:.0f} MB, "
        f"{looks} of {wanted:.0f} looks, {share * MEASURED_SECONDS / looks * 1000:.2f} ms each\n"
    )
    is_whole = len(live) == DRILLS and looks >= 0.9 * wanted
    is_cheap = share <= CORE_SHARE_AT_MOST and megabytes <= MEGABYTES_AT_MOST
    return 0 if is_whole and is_cheap else 1


def _parts(journal: SqlJournal) -> tuple[Parts, MemoryProvider]:
    """Return parts whose cloud never finishes a restore and has room for every drill."""
    scene, clock = Scene(journal), SystemClock()
    habits = Habits(takes=timedelta(days=1), instances_at_most=DRILLS + 100)
    provider = MemoryProvider(clock, habits=habits)
    scene.provider, scene.clock = provider, clock  # type: ignore[assignment]
    scene._fill_cloud()
    now = clock.now()
    provider.set_windows(SOURCE_ID, [Window(now - timedelta(days=6), now - timedelta(minutes=2))])
    parts = scene.parts_with(journal, provider)
    cloud = parts.clouds["memory"]
    cloud = replace(
        cloud,
        poll_every=POLL_EVERY,
        drills_at_once=DRILLS,
        site=replace(cloud.site, new_instances_at_most=DRILLS),
    )
    return replace(
        parts,
        clouds={"memory": cloud},
        history=lambda source: tuple(journal.archive.drill_facts(source=source)),
        drills_at_once=DRILLS,
        drills_per_source=DRILLS,
    ), provider


def _resident_megabytes() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) == 1 else measure(Path(sys.argv[1])))
