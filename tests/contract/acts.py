"""What the tests of the contract do again and again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drill.engine.ports import Journal
from drill.engine.record import DrillRecord, Outcome, State, Teardown
from tests.builders import NOW, a_record

LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
FINISHED: dict[str, Any] = {
    "state": State.FINISHED,
    "outcome": Outcome.PASSED,
    "finding": Outcome.PASSED,
    "teardown": Teardown.CLEAN,
    "finished_at": NOW + timedelta(minutes=30),
}


def enlist(journal: Journal, **overrides: Any) -> DrillRecord:
    (record,) = journal.enlist([a_record(**overrides)])
    return record


def claim(journal: Journal, record: DrillRecord, *, worker: str = "one") -> DrillRecord:
    claimed = journal.claim(record.id, worker=worker, now=NOW, lease=LEASE)
    assert claimed is not None
    return claimed
