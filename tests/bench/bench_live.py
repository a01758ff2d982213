"""What 1,000 restores under way cost while each is looked at every 15 s: a tenth of a core, 100 MB.

The store is SQLite on disk, as it comes. The cloud is the one in memory, so that the figure is that
of drill and not of a server beside it; bench_live_http.py has a real daemon and a server.

A drill counts as looked at in a span of 15 s if the status of its instance was read in it: by a
look of its own, or by a list of the account.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog

from drill.clock import SystemClock
from drill.dispatch.local import LocalDispatcher
from drill.engine.enlisting import RECORDS_AT_ONCE, new_drill
from drill.engine.ports import Parts
from drill.engine.record import State, Trigger
from drill.provider.memory import Habits, MemoryProvider
from drill.provider.port import Sighting
from drill.recovery.values import Instance, Window
from drill.scheduler.heap import give_back, share_heap
from drill.store import SqlJournal, open_journal
from tests.bench.process import resident_megabytes
from tests.engine.scene import SOURCE_ID, Scene, a_plan

DRILLS = int(os.environ.get("DRILL_BENCH_DRILLS", "1000"))
POLL_EVERY = timedelta(seconds=float(os.environ.get("DRILL_BENCH_POLL_SECONDS", "15")))
MEASURED_SECONDS = float(os.environ.get("DRILL_BENCH_SECONDS", "120"))
GIVE_UP_AFTER_SECONDS = float(os.environ.get("DRILL_BENCH_GIVE_UP_SECONDS", "900"))
SAY_EVERY_SECONDS = 10
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
    share_heap()  # as drill serve does
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(
        wrapper_class=quiet, logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    journal = open_journal("sqlite:///drill.db", folder=folder)
    parts, provider = _parts(journal)
    now = parts.clock.now()
    for start in range(0, DRILLS, RECORDS_AT_ONCE):  # as drill serve does
        journal.enlist(
            [
                new_drill(
                    a_plan(name=f"plan-{number:04}"),
                    digest="0" * 64,
                    trigger=Trigger.COMMAND,
                    scheduled_for=now,
                    now=now,
                )
                for number in range(start, min(start + RECORDS_AT_ONCE, DRILLS))
            ]
        )
    dispatcher = LocalDispatcher(parts, workers=8)
    work = threading.Thread(target=dispatcher.work_until_stopped)
    work.start()
    if not wait_until_under_way(lambda: sum(provider.creates.values()), DRILLS):
        dispatcher.stop()
        work.join()
        return 1
    time.sleep(2 * POLL_EVERY.total_seconds())
    calls, cpu, began = provider.calls.copy(), time.process_time(), time.monotonic()
    provider.watched_since = began
    time.sleep(MEASURED_SECONDS)
    spent, lasted = time.process_time() - cpu, time.monotonic() - began
    provider.watched_since = None
    give_back()  # as each beat of drill serve does
    megabytes = resident_megabytes()
    calls = provider.calls - calls
    dispatcher.stop()
    work.join()
    live = [one for one in journal.unfinished() if one.state is State.RESTORING]
    spans = DRILLS * int(MEASURED_SECONDS / POLL_EVERY.total_seconds())
    seen = sum(len(provider.seen[one.target_id or ""]) for one in live)
    minutes = lasted / 60
    sys.stdout.write(
        f"{len(live)} restores under way, looked at every {POLL_EVERY.total_seconds():.0f} s for "
        f"{lasted:.0f} s: {spent / lasted:.1%} of a core, {megabytes:.0f} MB "
        f"(the cloud among them), {seen} of {spans} looks in their time, a minute: "
        f"{calls['list_sightings'] / minutes:.0f} lists of the account, "
        f"{calls['find_job'] / minutes:.0f} jobs, {calls['find_instance'] / minutes:.0f} instances"
        "\n"
    )
    is_whole = len(live) == DRILLS and seen >= 0.9 * spans
    is_cheap = spent / lasted <= CORE_SHARE_AT_MOST and megabytes <= MEGABYTES_AT_MOST
    return 0 if is_whole and is_cheap else 1


def wait_until_under_way(count: Callable[[], int], wanted: int) -> bool:
    """Say on stderr how many are under way until all are; False if that takes too long."""
    began = said_at = time.monotonic()
    while (now := time.monotonic()) - began < GIVE_UP_AFTER_SECONDS:
        if count() >= wanted:
            return True
        if now - said_at >= SAY_EVERY_SECONDS:
            said_at = now
            sys.stderr.write(f"{count()} of {wanted} under way after {now - began:.0f} s\n")
        time.sleep(0.5)
    sys.stderr.write(
        f"given up: {count()} of {wanted} restores under way after {GIVE_UP_AFTER_SECONDS:.0f} s; "
        "nothing was measured. DRILL_BENCH_DRILLS asks for fewer, DRILL_BENCH_GIVE_UP_SECONDS for "
        "more patience.\n"
    )
    return False


class WatchedProvider(MemoryProvider):
    """Notes in which span of the measurement the status of each instance was read."""

    watched_since: float | None = None

    def __init__(self, clock: SystemClock, habits: Habits) -> None:
        super().__init__(clock, habits=habits)
        self.seen: defaultdict[str, set[int]] = defaultdict(set)

    def find_instance(self, instance_id: str) -> Instance | None:
        """Return the instance, and note it."""
        self._note([instance_id])
        return super().find_instance(instance_id)

    def list_sightings(self) -> Sequence[Sighting]:
        """Return the status of all instances, and note them all."""
        found = super().list_sightings()
        self._note([one.id for one in found])
        return found

    def _note(self, ids: Sequence[str]) -> None:
        if self.watched_since is None:
            return
        span = int((time.monotonic() - self.watched_since) / POLL_EVERY.total_seconds())
        if span < int(MEASURED_SECONDS / POLL_EVERY.total_seconds()):
            for instance_id in ids:
                self.seen[instance_id].add(span)


def _parts(journal: SqlJournal) -> tuple[Parts, WatchedProvider]:
    """Return parts whose cloud never finishes a restore and has room for every drill."""
    scene, clock = Scene(journal), SystemClock()
    habits = Habits(takes=timedelta(days=1), instances_at_most=DRILLS + 100)
    provider = WatchedProvider(clock, habits)
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
        history=lambda source: tuple(journal.archive.drill_facts(source=source, finished=True)),
        drills_at_once=DRILLS,
        drills_per_source=DRILLS,
    ), provider


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) == 1 else measure(Path(sys.argv[1])))
