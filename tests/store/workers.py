"""What the child processes of the tests do. Each is started afresh and opens the store itself."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlmodel import select

from drill.engine.record import DrillRecord, Outcome, State
from drill.store import open_journal
from drill.store.mapping import new_values
from drill.store.tables import DrillRow
from tests.builders import NOW, a_record, an_event

URL = "sqlite:///drill.db"
LEASE = timedelta(hours=1)


def the_night(worker: str, drills: int) -> list[DrillRecord]:
    """Return the drills of one night: the same slots for every worker, ids of its own."""
    return [
        a_record(id=f"{worker}-{slot}", scheduled_for=NOW + timedelta(seconds=slot))
        for slot in range(drills)
    ]


def work(folder: str, worker: str, drills: int, start: Barrier) -> None:
    """Open the store together with the others, enlist the same night, and finish what is due."""
    start.wait(60)
    finished = []
    with open_journal(URL, folder=Path(folder)) as journal:
        enlisted = journal.enlist(the_night(worker, drills))
        while drill_ids := journal.due(now=NOW, at_most=5):
            for drill_id in drill_ids:
                record = journal.claim(drill_id, worker=worker, now=NOW, lease=LEASE)
                if record is None:
                    continue
                ended = replace(
                    record,
                    state=State.FINISHED,
                    outcome=Outcome.PASSED,
                    finished_at=NOW,
                    reason=worker,
                )
                journal.save(ended, [an_event(act="finished")])
                finished.append(drill_id)
    found = {"enlisted": [record.id for record in enlisted], "finished": finished}
    (Path(folder) / f"{worker}.json").write_text(json.dumps(found))


def die_in_a_transaction(folder: str) -> None:
    """Write into an open transaction, say so, and wait for the end."""
    with open_journal(URL, folder=Path(folder)) as journal:
        has_alembic = "alembic" in sys.modules
        with journal._database.writing() as session:
            session.add(DrillRow(**new_values(a_record(id="half-written", scheduled_for=NOW))))
            for row in session.exec(select(DrillRow)):
                row.reason = "half written"
            session.flush()
            print(json.dumps({"pid": os.getpid(), "has_alembic": has_alembic}), flush=True)  # noqa: T201
            sys.stdin.read()


if __name__ == "__main__":
    die_in_a_transaction(sys.argv[1])
