"""Several processes share one store, and some of them die."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drill.engine.record import State
from drill.store import SqlJournal, open_journal
from tests.builders import a_record
from tests.store.workers import URL, work

PROCESSES = 4
DRILLS = 60
ROOT = Path(__file__).parents[2]


@dataclass
class Night:
    journal: SqlJournal
    enlisted: list[str]
    finished: list[str]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Let processes that start at the same moment make one store, enlist one night, finish it."""
    folder = tmp_path_factory.mktemp("night")
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(PROCESSES)
    workers = [f"w{number}" for number in range(PROCESSES)]
    processes = [
        spawn.Process(target=work, args=(str(folder), worker, DRILLS, start)) for worker in workers
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(90)
    exits = [process.exitcode for process in processes]
    for process in processes:
        process.close()
    assert exits == [0] * PROCESSES
    found = [json.loads((folder / f"{worker}.json").read_text()) for worker in workers]
    with open_journal(URL, folder=folder) as journal:
        yield Night(
            journal=journal,
            enlisted=[drill_id for one in found for drill_id in one["enlisted"]],
            finished=[drill_id for one in found for drill_id in one["finished"]],
        )


def test_every_slot_is_one_drill_whoever_enlists_it(night: Night):
    slots = [record.scheduled_for for record in night.journal.history(at_most=9999)]

    assert len(slots) == len(set(slots)) == DRILLS
    assert len(night.enlisted) == DRILLS


def test_every_drill_is_advanced_exactly_once(night: Night):
    records = night.journal.history(at_most=9999)

    assert sorted(night.finished) == sorted(record.id for record in records)
    assert {record.state for record in records} == {State.FINISHED}
    assert {record.epoch for record in records} == {1}
    assert {len(night.journal.events_of(record.id)) for record in records} == {2}


def test_a_process_killed_in_a_transaction_leaves_the_store_as_it_was(tmp_path: Path):
    with open_journal(URL, folder=tmp_path) as journal:
        (record,) = journal.enlist([a_record()])
    command = [sys.executable, "-m", "tests.store.workers", str(tmp_path)]
    child = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        told = json.loads(child.stdout.readline())
        os.kill(told["pid"], signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL

    with open_journal(URL, folder=tmp_path) as journal:
        assert journal.history() == [record]
        (claimed,) = journal.enlist([a_record()])
        assert journal.find(claimed.id) == claimed
    assert told["has_alembic"] is False  # opening a store that is up to date must stay fast
