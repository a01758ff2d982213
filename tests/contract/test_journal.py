"""What every journal promises, in memory and on disk alike: drills are enlisted and found."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from drill.engine.ports import Journal
from drill.engine.record import (
    EventKind,
    Outcome,
    State,
    StepName,
    Trigger,
)
from drill.errors import StoreError
from tests.builders import (
    NOW,
    TARGET_ID,
    a_check_result,
    a_choice,
    a_plan,
    a_record,
    a_step,
    an_instance,
    an_inventory,
)
from tests.contract.acts import FINISHED, LEASE, SECOND, claim, enlist


class TestEnlist:
    def test_a_drill_is_found_again_exactly_as_it_was_enlisted(self, journal: Journal):
        record = a_record(
            trigger=Trigger.SCHEDULE,
            inventory=an_inventory(target=an_instance(id=TARGET_ID, tags={"drill-scratch": "yes"})),
            choice=a_choice(seed="günstig 恢复"),
            copy=an_instance(id="copy-1"),
            request_ids=("r-1", "r-2"),
            refusals=({"rule": "a-rule", "message": "no", "hint": "Do it."},),
            steps=(a_step(ended_at=NOW + SECOND, result="done"), a_step(name=StepName.SELECT)),
            checks=(a_check_result(), a_check_result(name="other", row_count=None)),
            rta=timedelta(minutes=3, microseconds=1),
            rpa=timedelta(microseconds=-1),
        )

        added = journal.enlist([record])

        assert added == [record]
        assert journal.find(record.id) == record

    def test_a_taken_slot_is_left_out_and_the_other_drills_are_added(self, journal: Journal):
        first = enlist(journal)
        same_slot = a_record(scheduled_for=first.scheduled_for)
        other_slot = a_record()

        added = journal.enlist([same_slot, other_slot])

        assert added == [other_slot]
        assert journal.find(same_slot.id) is None

    def test_the_same_slot_twice_in_one_call_is_one_drill(self, journal: Journal):
        first, second = a_record(scheduled_for=NOW), a_record(scheduled_for=NOW)

        assert journal.enlist([first, second]) == [first]

    def test_the_same_slot_in_another_zone_is_the_same_slot(self, journal: Journal):
        enlist(journal, scheduled_for=NOW)
        shanghai = NOW.astimezone(timezone(timedelta(hours=8)))

        assert journal.enlist([a_record(scheduled_for=shanghai)]) == []

    def test_another_plan_may_have_the_same_slot(self, journal: Journal):
        enlist(journal, scheduled_for=NOW)

        assert journal.enlist([a_record(scheduled_for=NOW, plan=a_plan(name="other"))])

    def test_a_known_id_in_another_slot_is_refused(self, journal: Journal):
        record = enlist(journal)

        with pytest.raises(StoreError, match="already"):
            journal.enlist([a_record(), a_record(id=record.id)])
        assert len(journal.history()) == 1

    def test_the_first_event_tells_the_slot_and_the_plan(self, journal: Journal):
        record = enlist(journal)

        (event,) = journal.events_of(record.id)

        assert (event.sequence, event.kind, event.act) == (1, EventKind.STATE, "queued")
        assert event.at == record.enlisted_at
        assert event.facts["scheduled_for"] == record.scheduled_for.isoformat()
        assert event.facts["plan_name"] == "orders-nightly"

    @pytest.mark.parametrize(
        "overrides",
        [
            {"state": State.FINISHED, "finished_at": NOW},
            {"state": State.FINISHED, "outcome": Outcome.PASSED, "finished_at": None},
            {"outcome": Outcome.PASSED},
            {"next_at": datetime(2026, 3, 1, 2)},  # noqa: DTZ001
            {"steps": (a_step(began_at=datetime(2026, 3, 1, 2)),)},  # noqa: DTZ001
            {"leased_until": NOW},
            {"level": 7},
            {"id": ""},
        ],
    )
    def test_what_can_be_no_drill_is_refused(self, journal: Journal, overrides: dict[str, Any]):
        record = a_record(**overrides)

        with pytest.raises(StoreError):
            journal.enlist([a_record(), record])
        assert journal.history() == []


class TestFind:
    def test_a_unique_beginning_is_enough(self, journal: Journal):
        record = enlist(journal, id="abc-1")
        enlist(journal, id="abd-2")

        assert journal.find("abc") == record

    def test_an_ambiguous_beginning_is_a_fault_with_a_hint(self, journal: Journal):
        enlist(journal, id="abc-1")
        enlist(journal, id="abd-2")

        with pytest.raises(StoreError, match="2 drills begin with 'ab'") as caught:
            journal.find("ab")
        assert caught.value.hint

    def test_the_whole_id_wins_over_a_longer_one(self, journal: Journal):
        record = enlist(journal, id="abc")
        enlist(journal, id="abcd")

        assert journal.find("abc") == record

    @pytest.mark.parametrize("beginning", ["", "zz", "ABC", "a%", "a_c"])
    def test_nothing_else_is_a_beginning(self, journal: Journal, beginning: str):
        enlist(journal, id="abc-1")

        assert journal.find(beginning) is None


class TestLists:
    def test_unfinished_drills_are_listed_by_their_place_in_the_queue(self, journal: Journal):
        second = enlist(journal, enlisted_at=NOW + SECOND)
        first = enlist(journal, enlisted_at=NOW)
        enlist(journal, **FINISHED)
        other = enlist(journal, plan=a_plan(name="other"), enlisted_at=NOW + 2 * SECOND)

        assert journal.unfinished() == [first, second, other]
        assert journal.unfinished(plan_names=["other", "unknown"]) == [other]
        assert journal.unfinished(plan_names=[]) == []

    def test_history_begins_with_the_newest_slot(self, journal: Journal):
        old = enlist(journal, scheduled_for=NOW - SECOND, **FINISHED)
        new = enlist(journal, scheduled_for=NOW + SECOND)
        other = enlist(journal, plan=a_plan(name="other"), scheduled_for=NOW)

        assert journal.history() == [new, other, old]
        assert journal.history(at_most=1) == [new]
        assert journal.history(plan_name="orders-nightly") == [new, old]

    def test_the_earliest_look_is_that_of_an_unfinished_drill(self, journal: Journal):
        assert journal.earliest_next_at() is None
        enlist(journal, next_at=NOW - LEASE, **FINISHED)
        later = enlist(journal, next_at=NOW + 2 * SECOND)
        enlist(journal, next_at=NOW + SECOND)

        assert journal.earliest_next_at() == NOW + SECOND
        assert journal.earliest_next_at(only=[later.id]) == NOW + 2 * SECOND
        assert journal.earliest_next_at(only=[]) is None

    def test_a_leased_drill_can_be_looked_at_when_its_lease_ends(self, journal: Journal):
        record = claim(journal, enlist(journal, next_at=NOW - LEASE))

        assert journal.earliest_next_at() == NOW + LEASE
        journal.save(replace(record, leased_until=None))
        assert journal.earliest_next_at() == NOW - LEASE


class TestRecordedCounts:
    def test_they_come_from_the_newest_slot_that_passed(self, journal: Journal):
        def drill(age: int, count: int | None, **overrides: Any) -> None:
            checks = (
                a_check_result(row_count=count),
                a_check_result(name="connects", kind="connects", row_count=None),
            )
            at = NOW - timedelta(days=age)
            enlist(journal, scheduled_for=at, checks=checks, **FINISHED | overrides)

        drill(4, 400)
        drill(3, 300, outcome=Outcome.PASSED_LATE)
        drill(2, 200, outcome=Outcome.FAILED_CHECK)
        drill(1, 100, plan=a_plan(name="other"))

        assert journal.recorded_counts("orders-nightly") == {"row-count": 300}
        assert journal.recorded_counts("unknown") == {}

    def test_a_passed_drill_without_counts_leaves_no_data(self, journal: Journal):
        enlist(journal, scheduled_for=NOW - LEASE, checks=(a_check_result(),), **FINISHED)
        enlist(journal, scheduled_for=NOW, **FINISHED)

        assert journal.recorded_counts("orders-nightly") == {}
