"""Records that are known are bounded by number and by what they hold."""

from __future__ import annotations

from drill.store.known import KnownRecords
from tests.builders import a_record, an_inventory


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
