"""``kill -9`` in the middle of a migration: the next process finds the old schema or the new one,
and every drill.

``DRILL_TEST_HARNESS_SEED`` gives other places, ``DRILL_TEST_KILLS`` more of them.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drill.engine.summary import facts_of
from drill.store import open_journal
from tests.e2e.world import PROJECT, environment
from tests.store.test_migration_0003 import as_kept_by_0001, older_drills

SEED = os.environ.get("DRILL_TEST_HARNESS_SEED", "1")
KILLS = int(os.environ.get("DRILL_TEST_KILLS", "2"))
"""How many places are tried; 0 is every statement."""
NEVER = 1_000_000


def migrate_and_die(folder: Path, file: str, at: int) -> tuple[int, str]:
    """Return the exit code, and how many statements there were if it lived."""
    finished = subprocess.run(
        [sys.executable, "-m", "tests.store.dying_migration", str(folder), file, str(at)],
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.returncode, finished.stdout.strip()


@pytest.mark.parametrize("is_old", [True, False], ids=["from 0001", "from nothing"])
def test_a_migration_that_is_killed_anywhere_is_done_by_the_next_process(tmp_path, is_old):
    records = older_drills() if is_old else []
    if is_old:
        as_kept_by_0001(tmp_path, records)
        shutil.copy(tmp_path / "old.db", tmp_path / "whole.db")
    code, count = migrate_and_die(tmp_path, "whole.db", NEVER)
    assert code == 0
    places = list(range(int(count)))
    assert len(places) > 20
    if KILLS:
        places = random.Random(f"{SEED}/{is_old}").sample(places, min(KILLS, len(places)))

    for at in sorted(places):
        if is_old:
            shutil.copy(tmp_path / "old.db", tmp_path / f"{at}.db")
        code, _ = migrate_and_die(tmp_path, f"{at}.db", at)
        assert code == -signal.SIGKILL, at

        with open_journal(f"sqlite:///{at}.db", folder=tmp_path) as journal:
            kept = list(journal.archive.drill_facts())
        ordered = sorted(records, key=lambda record: record.scheduled_for)
        assert kept == [facts_of(record) for record in ordered], at
