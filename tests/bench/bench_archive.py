"""How long a hundred thousand drills take to read as facts, and how big years of looks get.

Targets: 100,000 drills in 10 s of one core with less than 100 MB more; 10,000 sources, every night
of a year, in less than 4 GB (measured on fewer and multiplied: every source costs the same).
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from drill.engine.record import DrillRecord, Outcome, State
from drill.plan.model import Plan
from drill.recovery.facts import Observation
from drill.recovery.values import Backup, Window
from drill.store import open_journal
from tests.builders import NOW, a_backup, a_check_result, a_choice, a_plan, a_record, an_inventory

DRILLS = 100_000
WRITTEN = 5_000
"""The other drills are copies made by the database, under other names."""
SOURCES = 10
NIGHTS = 365
FLEET = 10_000
SECONDS = 10.0
MEGABYTES = 100.0
GIGABYTES = 4.0
DAY = timedelta(days=1)


def main() -> int:
    """Print what was measured; return 1 where a target is missed."""
    with tempfile.TemporaryDirectory() as folder:
        slow = _drills(Path(folder))
        big = sum(_observations(Path(folder), days) for days in (7, 35))
    return 1 if slow or big else 0


def _drills(folder: Path) -> bool:
    began = time.perf_counter()
    with open_journal("sqlite:///drills.db", folder=folder) as journal:
        journal.enlist([_a_finished_drill(number) for number in range(WRITTEN)])
        _say(f"{WRITTEN} drills written in {time.perf_counter() - began:.0f} s")
        _copy(folder / "drills.db", DRILLS // WRITTEN)
        size = (folder / "drills.db").stat().st_size / 1e6
        _say(f"{DRILLS} drills are {size:.0f} MB")
        began = time.perf_counter()
        found = len(journal.archive.newest_observations())
        _say(f"newest looks at {found} sources in {time.perf_counter() - began:.1f} s")
    return _read(folder)


def _copy(store: Path, times: int) -> None:
    """Multiply the drills and their lines; a drill and its copies differ in id and plan."""
    with closing(sqlite3.connect(store)) as connection:
        for table, key in (("drill", "id"), ("drill_line", "drill_id")):
            columns = [
                f'"{name}"' for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")
            ]
            for number in range(1, times):
                changed = [
                    f"{name} || '-{number}'" if name in (f'"{key}"', '"plan_name"') else name
                    for name in columns
                ]
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(changed)} "
                    f"FROM {table} WHERE length({key}) = ?",
                    [len(_a_finished_drill(0).id)],
                )
        connection.commit()


def _read(folder: Path) -> bool:
    """Read in a process of its own: memory that writing took does not hide what reading takes."""
    done = subprocess.run(
        [sys.executable, __file__, str(folder)], check=True, capture_output=True, text=True
    )
    seconds, megabytes, count = map(float, done.stdout.split())
    _say(
        f"{count:.0f} drills read as facts in {seconds:.1f} s of one core, "
        f"with {megabytes:.0f} MB more"
    )
    return seconds > SECONDS or megabytes > MEGABYTES


def read(folder: Path) -> None:
    """Print the seconds, the megabytes beyond those of an open store, and the number of drills."""
    with open_journal("sqlite:///drills.db", folder=folder) as journal:
        next(journal.archive.drill_facts(plan_name="plan-0"))
        before, began = _peak(), time.process_time()
        count = sum(1 for _ in journal.archive.drill_facts())
        seconds = time.process_time() - began
    _say(f"{seconds} {_peak() - before} {count}")


def _a_finished_drill(number: int) -> DrillRecord:
    source_id = f"{number % 500:032x}in03"
    plan = _PLANS.setdefault(
        source_id, a_plan(name=f"plan-{number % 500}", source_id=source_id, tier=1 + number % 3)
    )
    inventory = an_inventory(taken_at=NOW + number * timedelta(minutes=5), backups=_BACKUPS)
    return a_record(
        plan=plan,
        scheduled_for=NOW + number * timedelta(minutes=5),
        state=State.FINISHED,
        outcome=Outcome.PASSED,
        inventory=replace(inventory, source=replace(inventory.source, id=source_id)),
        choice=a_choice(),
        rta=timedelta(minutes=7),
        level=4,
        checks=tuple(a_check_result(name=f"check-{place}") for place in range(5)),
        initiated_by="schedule",
    )


_PLANS: dict[str, Plan] = {}
_RANDOM = random.Random(1)
"""Makes ids that do not compress, the same every time."""


def _an_id() -> str:
    return f"{_RANDOM.getrandbits(128):032x}br01"


_BACKUPS = tuple(
    a_backup(id=_an_id(), began_at=NOW - day * DAY, ended_at=NOW - day * DAY) for day in range(8)
)


def _observations(folder: Path, retention_days: int) -> bool:
    name = f"looks-{retention_days}.db"
    with open_journal(f"sqlite:///{name}", folder=folder) as journal:
        empty = (folder / name).stat().st_size
        began = time.perf_counter()
        for number in range(SOURCES):
            for look in _a_year(f"{number:032x}in03", retention_days):
                journal.archive.observe(look)
        kept = SOURCES * NIGHTS
        each = (time.perf_counter() - began) / kept * 1000
        with closing(sqlite3.connect(folder / name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        source = ("sandbox", f"{0:032x}in03")
        began = time.perf_counter()
        read = len(journal.archive.observations_of(source))
        seconds = time.perf_counter() - began
    grown = (folder / name).stat().st_size - empty
    gigabytes = grown / kept * FLEET * NIGHTS / 1e9
    _say(
        f"looks at {retention_days} days of backups: {grown / kept:.0f} bytes, {each:.1f} ms each; "
        f"{FLEET} sources x {NIGHTS} nights are {gigabytes:.1f} GB; {read} read in {seconds:.2f} s"
    )
    return gigabytes > GIGABYTES


def _a_year(source_id: str, retention_days: int) -> Sequence[Observation]:
    backups: list[Backup] = []
    looks = []
    for night in range(-retention_days, NIGHTS):
        ended_at = NOW + night * DAY - timedelta(hours=1, seconds=_RANDOM.randrange(1800))
        new = a_backup(
            id=_an_id(),
            instance_id=source_id,
            name=f"orders-prod-{ended_at:%Y%m%d%H%M%S}",
            began_at=ended_at - timedelta(seconds=_RANDOM.randrange(60, 900)),
            ended_at=ended_at,
            size_bytes=_RANDOM.randrange(1 << 36, 1 << 37),
        )
        backups = [*backups, new][-retention_days - 1 :]
        taken_at = NOW + night * DAY + timedelta(microseconds=_RANDOM.randrange(10**6))
        if night >= 0:
            looks.append(
                Observation(
                    cloud="sandbox",
                    source_id=source_id,
                    taken_at=taken_at,
                    source_name="orders-prod",
                    engine="PostgreSQL",
                    version="18",
                    status="ACTIVE",
                    created_at=NOW - 400 * DAY,
                    volume_gb=40,
                    volume_type="CLOUDSSD",
                    flavor="rds.pg.n1.small",
                    retention_days=retention_days,
                    windows=(Window(backups[0].ended_at or NOW, taken_at - timedelta(minutes=3)),),
                    backups=tuple(backups),
                )
            )
    return looks


def _peak() -> float:
    """Return megabytes; ``ru_maxrss`` would begin with those of the parent."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        read(Path(sys.argv[1]))
    else:
        sys.exit(main())
