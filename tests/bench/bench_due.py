"""How long it takes to enlist 10,000 plans that come due in the same minute, and after a downtime.

    python -m tests.bench.bench_due [PLANS]

Every slot is looked for afterwards, so that a figure is only printed if none was lost.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drill.engine.enlisting import Enlisted, enlist_due
from drill.engine.ports import Journal
from drill.plan.loaded import LoadedPlan
from drill.store import SqlJournal, open_journal
from tests.builders import a_plan

BEFORE = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
SLOT = BEFORE + timedelta(minutes=30)
A_DAY = timedelta(days=1)


def many_plans(count: int) -> list[LoadedPlan]:
    """Return plans that all come due at 02:30."""
    schedule = {"cron": "30 2 * * *", "start_window": "4h"}
    return [
        LoadedPlan(
            a_plan(name=f"plan-{number:05d}", source_id=f"source-{number:05d}", schedule=schedule),
            Path(f"plan-{number:05d}.toml"),
            f"{number:064x}",
            "",
        )
        for number in range(count)
    ]


def outcomes(journal: SqlJournal) -> Counter[tuple[datetime, str]]:
    """Return how many drills each slot has, by outcome; read without making records of them."""
    with journal._database.reading() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT scheduled_for, coalesce(outcome, state), count(*) FROM drill GROUP BY 1, 2"
        )
        return Counter(
            {
                (datetime.fromisoformat(slot).replace(tzinfo=UTC), word): count
                for slot, word, count in rows
            }
        )


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took, and the most memory that was ever used."""
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {seconds:.2f} s, at most {megabytes:.0f} MB so far")  # noqa: T201


def look(journal: SqlJournal, plans: Sequence[LoadedPlan], now: datetime) -> Enlisted:
    """Look until everything is written."""
    found = enlist_due(journal, journal.control, plans, now=now)
    while not found.is_complete:
        found = enlist_due(journal, journal.control, plans, now=now)
    return found


def measure(journal: SqlJournal, plans: Sequence[LoadedPlan]) -> None:
    """Measure a first look, a look at nothing, one night, and three nights of downtime."""
    with timed("first look"):
        look(journal, plans, BEFORE)
    with timed("look at nothing"):
        look(journal, plans, BEFORE + timedelta(minutes=1))
    with timed("all due in one minute"):
        look(journal, plans, SLOT)
    with timed("all due after three nights of downtime"):
        look(journal, plans, SLOT + 3 * A_DAY)
    expected = {
        (SLOT, "queued"): len(plans),
        (SLOT + A_DAY, "missed"): len(plans),
        (SLOT + 2 * A_DAY, "missed"): len(plans),
        (SLOT + 3 * A_DAY, "queued"): len(plans),
    }
    if outcomes(journal) != expected:
        raise SystemExit(f"slots were lost or doubled: {outcomes(journal)}")
    with timed("everything that drill status reads"):
        read_status(journal)
    print(f"every one of {4 * len(plans)} slots is in the store once")  # noqa: T201


def read_status(journal: Journal) -> None:
    """Read what ``drill status`` reads of the journal."""
    journal.newest(of="plan")
    journal.newest(of="plan", passed=True)
    journal.newest(of="source", passed=True, at_least=3)
    journal.in_hand()


def main() -> None:
    """Measure with as many plans as the command line says."""
    plans = many_plans(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_journal("sqlite:///drill.db", folder=Path(folder)) as journal,
    ):
        measure(journal, plans)


if __name__ == "__main__":
    main()
