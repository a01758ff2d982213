"""Records that are known are bounded by number and by what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event

from drill.engine.ports import SeatLimits
from drill.engine.record import State
from drill.store import SqlJournal, open_journal
from drill.store.known import KnownRecords
from tests.builders import NOW, a_record, an_inventory

MINUTE = timedelta(minutes=1)
ROOM = SeatLimits(drills_at_once=9, drills_per_cloud=9, drills_per_source=9, new_per_cloud=9)


def a_record_of(names: int, name: str):
    ids = frozenset(f"{name}-{number}" for number in range(names))
    return a_record(id=name, inventory=an_inventory(instance_ids=ids, instance_names=frozenset()))


def test_the_record_used_longest_ago_makes_room(monkeypatch):
    monkeypatch.setattr("drill.store.known.RECORDS_AT_MOST", 2)
    known = KnownRecords()
    first, second, third = (a_record(id=name) for name in ("first", "second", "third"))
    for record in (first, second, first, third):
        known.keep(record)

    assert [known.find(one.id) for one in (first, second, third)] == [first, None, third]


def test_records_make_room_for_those_that_hold_much(monkeypatch):
    monkeypatch.setattr("drill.store.known.NAMES_AT_MOST", 10)
    known = KnownRecords()
    records = [a_record_of(4, name) for name in ("first", "second", "third")]
    for record in records:
        known.keep(record)

    assert [known.find(one.id) for one in records] == [None, *records[1:]]


def test_what_was_forgotten_or_kept_again_takes_no_room(monkeypatch):
    monkeypatch.setattr("drill.store.known.NAMES_AT_MOST", 10)
    known = KnownRecords()
    first, second = a_record_of(5, "first"), a_record_of(5, "second")
    for _ in range(3):
        known.keep(first)
        known.keep(second)
        known.forget(second.id)
    known.keep(second)

    assert [known.find(one.id) for one in (first, second)] == [first, second]


def test_a_record_that_holds_more_than_all_may_is_not_kept(monkeypatch):
    monkeypatch.setattr("drill.store.known.NAMES_AT_MOST", 10)
    known = KnownRecords()

    known.keep(a_record_of(11, "huge"))

    assert known.find("huge") is None


@contextmanager
def whole_reads(journal: SqlJournal) -> Iterator[list[str]]:
    """Collect the statements that read a drill with its plan, and with its inventory if any."""
    found: list[str] = []

    def note(_connection, _cursor, statement: str, *_more: object) -> None:
        if statement.startswith("SELECT") and "drill.plan," in statement:
            found.append(statement)

    engine = journal._database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_drill_that_just_sat_down_or_was_held_is_not_read_again(tmp_path: Path):
    journal = open_journal("sqlite:///drill.db", folder=tmp_path)
    (record,) = journal.enlist([a_record()])
    claimed = journal.claim(record.id, worker="host/1/1", now=NOW, lease=MINUTE)
    assert claimed is not None
    assert journal.seat(claimed, ROOM, target_id=None) is None

    with whole_reads(journal) as reads:
        begun = journal.save(replace(claimed, state=State.SELECTING, is_seated=True))
        assert journal.renew({begun.id: begun.epoch}, until=NOW + 2 * MINUTE) == 1
        saved = journal.save(replace(begun, look_failures=1))

    assert reads == []
    assert saved.leased_until == NOW + 2 * MINUTE
    assert journal.find(record.id) == saved
    journal.close()


def test_a_lease_that_another_process_ended_is_not_brought_back(tmp_path: Path):
    journal = open_journal("sqlite:///drill.db", folder=tmp_path)
    another = open_journal("sqlite:///drill.db", folder=tmp_path)
    (record,) = journal.enlist([a_record()])
    claimed = journal.claim(record.id, worker="host/1/1", now=NOW, lease=MINUTE)
    assert claimed is not None
    assert journal.renew({claimed.id: claimed.epoch}, until=NOW + 2 * MINUTE) == 1
    assert another.expire_leases(lambda _: True) == 1

    saved = journal.save(replace(claimed, look_failures=1))

    assert saved.leased_until is None
    for one in (journal, another):
        one.close()
