"""What every journal promises about who works on a drill, and when."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from drill.engine.ports import Journal, Stand
from drill.engine.record import DrillRecord, State
from tests.builders import NOW
from tests.contract.acts import FINISHED, LEASE, SECOND, claim, enlist


class TestDue:
    def test_drills_are_ordered_by_next_at_then_enlisted_at_then_id(self, journal: Journal):
        late = enlist(journal, next_at=NOW)
        second = enlist(journal, next_at=NOW - 2 * SECOND, id="b")
        first = enlist(journal, next_at=NOW - 2 * SECOND, id="a")
        earliest = enlist(journal, next_at=NOW - 2 * SECOND, enlisted_at=NOW - SECOND, id="c")

        assert journal.due(now=NOW, at_most=9) == [earliest.id, first.id, second.id, late.id]
        assert journal.due(now=NOW, at_most=2) == [earliest.id, first.id]

    def test_only_unfinished_free_drills_whose_time_has_come_are_due(self, journal: Journal):
        enlist(journal, next_at=NOW + SECOND)
        enlist(journal, **FINISHED)
        claim(journal, enlist(journal))

        assert journal.due(now=NOW, at_most=9) == []

    def test_a_drill_is_due_again_when_its_lease_is_over(self, journal: Journal):
        record = claim(journal, enlist(journal))

        assert journal.due(now=NOW + LEASE - SECOND, at_most=9) == []
        assert journal.due(now=NOW + LEASE, at_most=9) == [record.id]

    def test_only_limits_the_answer_to_these_ids(self, journal: Journal):
        enlist(journal)
        mine = enlist(journal)

        assert journal.due(now=NOW, at_most=9, only=[mine.id, "unknown"]) == [mine.id]
        assert journal.due(now=NOW, at_most=9, only=[]) == []


class TestClaim:
    def test_a_claim_raises_the_epoch_and_leases(self, journal: Journal):
        record = enlist(journal)

        claimed = journal.claim(record.id, worker="one", now=NOW, lease=LEASE)

        expected = replace(record, epoch=1, leased_by="one", leased_until=NOW + LEASE)
        assert claimed == expected
        assert journal.find(record.id) == expected

    @pytest.mark.parametrize("worker", ["one", "two"])
    def test_a_live_lease_shuts_out_everybody_even_its_own_worker(
        self, journal: Journal, worker: str
    ):
        record = claim(journal, enlist(journal), worker="one")

        assert journal.claim(record.id, worker=worker, now=NOW + SECOND, lease=LEASE) is None

    def test_an_expired_lease_is_taken_over(self, journal: Journal):
        record = claim(journal, enlist(journal))

        taken = journal.claim(record.id, worker="two", now=NOW + LEASE, lease=LEASE)

        assert taken is not None
        assert (taken.epoch, taken.leased_by) == (2, "two")

    def test_a_finished_or_unknown_drill_cannot_be_claimed(self, journal: Journal):
        finished = enlist(journal, **FINISHED)

        assert journal.claim(finished.id, worker="one", now=NOW, lease=LEASE) is None
        assert journal.claim("unknown", worker="one", now=NOW, lease=LEASE) is None

    def test_of_many_threads_one_gets_the_drill(self, journal: Journal):
        record = enlist(journal)
        start = threading.Barrier(8)
        got: list[DrillRecord | None] = []

        def try_it(number: int) -> None:
            start.wait()
            got.append(journal.claim(record.id, worker=f"w{number}", now=NOW, lease=LEASE))

        threads = [threading.Thread(target=try_it, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 8
        assert len([one for one in got if one is not None]) == 1


class TestLease:
    def test_a_renewed_lease_lasts_longer_and_is_never_shortened(self, journal: Journal):
        record = claim(journal, enlist(journal))

        journal.renew({record.id: record.epoch}, until=NOW + 3 * LEASE)
        journal.renew({record.id: record.epoch}, until=NOW + 2 * LEASE)

        found = journal.find(record.id)
        assert found is not None
        assert found.leased_until == NOW + 3 * LEASE

    def test_an_older_epoch_cannot_renew(self, journal: Journal):
        record = claim(journal, enlist(journal))
        journal.claim(record.id, worker="two", now=NOW + LEASE, lease=LEASE)

        assert journal.renew({record.id: record.epoch}, until=NOW + 9 * LEASE) == 0

    def test_a_lease_that_was_given_back_cannot_be_renewed(self, journal: Journal):
        record = claim(journal, enlist(journal))
        journal.save(replace(record, leased_until=None))

        assert journal.renew({record.id: record.epoch}, until=NOW + LEASE) == 0
        assert journal.due(now=NOW, at_most=1) == [record.id]

    def test_the_lease_of_a_finished_drill_cannot_be_renewed(self, journal: Journal):
        record = journal.save(replace(claim(journal, enlist(journal)), **FINISHED))

        assert journal.renew({record.id: record.epoch}, until=NOW + 9 * LEASE) == 0

    def test_a_save_does_not_shorten_a_lease_that_was_renewed_meanwhile(self, journal: Journal):
        record = claim(journal, enlist(journal))
        journal.renew({record.id: record.epoch}, until=NOW + 2 * LEASE)

        saved = journal.save(replace(record, reason="waits"))

        assert saved.leased_until == NOW + 2 * LEASE

    def test_a_save_gives_a_lease_back_and_never_takes_one(self, journal: Journal):
        record = claim(journal, enlist(journal))
        freed = journal.save(replace(record, leased_until=None))

        assert (freed.leased_by, freed.leased_until) == ("one", None)
        assert journal.save(record).leased_until is None

    def test_the_leases_of_dead_workers_end(self, journal: Journal):
        dead = [claim(journal, enlist(journal), worker="dead") for _ in range(2)]
        claim(journal, enlist(journal), worker="alive")
        journal.save(replace(claim(journal, enlist(journal), worker="dead"), **FINISHED))
        journal.save(replace(claim(journal, enlist(journal), worker="dead"), leased_until=None))
        due_before = journal.due(now=NOW, at_most=9)

        ended = journal.expire_leases(lambda worker: worker == "dead")

        assert ended == 2
        due = journal.due(now=NOW, at_most=9)
        assert set(due) - set(due_before) == {record.id for record in dead}
        found = journal.find(dead[0].id)
        assert found is not None
        assert found.leased_by == "dead"
        assert journal.expire_leases(lambda worker: worker == "dead") == 0


class TestAbort:
    def test_the_drill_is_due_at_once(self, journal: Journal):
        record = enlist(journal, next_at=NOW + LEASE)
        other = enlist(journal, next_at=NOW + LEASE)

        journal.request_abort([record.id, "unknown"])

        assert journal.due(now=NOW, at_most=9) == [record.id]
        assert journal.find(other.id) == other

    def test_a_finished_drill_is_left_alone(self, journal: Journal):
        record = enlist(journal, **FINISHED)

        journal.request_abort([record.id])

        assert journal.find(record.id) == record


WAITING: dict[str, Any] = {"state": State.RESTORING, "next_at": NOW}
LATER = NOW + 15 * SECOND


def stand_of(record: DrillRecord) -> Stand:
    return Stand(id=record.id, epoch=record.epoch, next_at=record.next_at)


def left_waiting(journal: Journal, **overrides: Any) -> DrillRecord:
    """Return a drill that somebody has looked at and that waits for its restore."""
    record = claim(journal, enlist(journal, **{**WAITING, **overrides}))
    return journal.save(replace(record, leased_until=None))


class TestMoveLooks:
    def test_all_that_wait_are_moved_and_nothing_else_about_them(self, journal: Journal):
        records = [left_waiting(journal) for _ in range(3)]

        moved = journal.move_looks([stand_of(one) for one in records], next_at=LATER)

        assert moved == {one.id for one in records}
        for one in records:
            assert journal.find(one.id) == replace(one, next_at=LATER)
        assert journal.due(now=NOW, at_most=9) == []

    def test_a_look_can_be_brought_forward(self, journal: Journal):
        record = left_waiting(journal, next_at=LATER)

        journal.move_looks([stand_of(record)], next_at=NOW)

        assert journal.due(now=NOW, at_most=9) == [record.id]

    def test_a_look_that_has_seen_something_says_when_and_one_that_has_not_leaves_that(
        self, journal: Journal
    ):
        record = left_waiting(journal)

        journal.move_looks([stand_of(record)], next_at=LATER, looked_at=NOW)
        seen = replace(record, next_at=LATER, looked_at=NOW)
        assert journal.find(record.id) == seen

        journal.move_looks([stand_of(seen)], next_at=LATER + SECOND)
        assert journal.find(record.id) == replace(seen, next_at=LATER + SECOND)

    def test_nothing_is_moved_where_nothing_is_given(self, journal: Journal):
        record = left_waiting(journal)

        assert journal.move_looks([], next_at=LATER) == set()
        assert journal.find(record.id) == record

    def test_a_drill_that_is_to_be_aborted_stays_due(self, journal: Journal):
        record, other = left_waiting(journal), left_waiting(journal)
        journal.request_abort([record.id])

        moved = journal.move_looks([stand_of(record), stand_of(other)], next_at=LATER)

        assert moved == {other.id}
        assert journal.due(now=NOW, at_most=9) == [record.id]

    def test_a_drill_that_is_to_be_aborted_stays_due_although_its_time_is_the_same(
        self, journal: Journal
    ):
        record = left_waiting(journal, next_at=NOW - SECOND, enlisted_at=NOW - SECOND)
        journal.request_abort([record.id])

        assert journal.move_looks([stand_of(record)], next_at=LATER) == set()

    def test_a_drill_that_somebody_claims_or_has_claimed_meanwhile_is_left_alone(
        self, journal: Journal
    ):
        held, seen = left_waiting(journal), left_waiting(journal)
        claimed = claim(journal, held, worker="two")
        after = journal.save(replace(claim(journal, seen, worker="two"), leased_until=None))

        moved = journal.move_looks([stand_of(held), stand_of(seen)], next_at=LATER)

        assert moved == set()
        assert journal.find(held.id) == claimed
        assert journal.find(seen.id) == after

    def test_a_drill_whose_lease_ran_out_is_left_to_whoever_takes_it_over(self, journal: Journal):
        record = claim(journal, enlist(journal, **WAITING))

        assert journal.move_looks([stand_of(record)], next_at=LATER) == set()
        assert journal.due(now=NOW + LEASE, at_most=9) == [record.id]

    def test_a_drill_that_was_moved_by_somebody_else_is_not_moved_again(self, journal: Journal):
        record = left_waiting(journal)
        journal.move_looks([stand_of(record)], next_at=LATER)

        assert journal.move_looks([stand_of(record)], next_at=LATER + SECOND) == set()

    @pytest.mark.parametrize("state", [one for one in State if one is not State.RESTORING])
    def test_a_drill_in_another_state_is_left_alone(self, journal: Journal, state: State):
        changes = FINISHED if state is State.FINISHED else {"state": state}
        record = enlist(journal, **{**WAITING, **changes})

        assert journal.move_looks([stand_of(record)], next_at=LATER) == set()
        assert journal.find(record.id) == record

    def test_a_drill_that_was_moved_can_be_claimed_and_saved(self, journal: Journal):
        record = left_waiting(journal)
        journal.move_looks([stand_of(record)], next_at=LATER)

        claimed = journal.claim(record.id, worker="two", now=LATER, lease=LEASE)

        assert claimed is not None
        assert claimed.next_at == LATER
        assert journal.save(replace(claimed, reason="seen")).reason == "seen"

    def test_more_than_one_statement_can_take_are_all_moved(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("drill.store.fences._AT_ONCE", 2)
        records = [left_waiting(journal) for _ in range(5)]

        moved = journal.move_looks([stand_of(one) for one in records], next_at=LATER)

        assert moved == {one.id for one in records}
