"""What every journal says about the line: who could begin now, and who has begun."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drill.engine.ports import Journal, SeatLimits
from drill.engine.record import DrillRecord, State
from tests.builders import CLOUD, NOW, TARGET_ID, a_plan
from tests.contract.acts import LEASE, SECOND, claim, enlist


def limits(at_once: int = 9, **changes: Any) -> dict[str, SeatLimits]:
    all_nine = SeatLimits(
        drills_at_once=at_once, drills_per_cloud=9, drills_per_source=9, new_per_cloud=9
    )
    return {CLOUD: replace(all_nine, **changes)}


def line(journal: Journal, allowed: dict[str, SeatLimits], only: list[str] | None = None):
    return journal.next_in_line(allowed, now=NOW, at_most=99, only=only)


def sit(journal: Journal, record: DrillRecord, allowed: dict[str, SeatLimits]) -> DrillRecord:
    """Seat a drill and let it begin, as its step does."""
    claimed = claim(journal, record)
    target = record.plan.target
    target_id = target.instance_id if target.kind == "existing" else None
    assert journal.seat(claimed, allowed[CLOUD], target_id=target_id) is None
    begun = replace(claimed, state=State.SELECTING, is_seated=True, leased_until=None)
    return journal.save(begun)


class TestLine:
    def test_as_many_as_there_are_seats_in_the_order_they_were_enlisted(self, journal: Journal):
        late = enlist(journal, enlisted_at=NOW + SECOND)
        first, second = enlist(journal), enlist(journal)

        assert line(journal, limits(2)) == [first.id, second.id]
        assert line(journal, limits(3)) == [first.id, second.id, late.id]

    def test_nobody_while_every_seat_is_taken(self, journal: Journal):
        sit(journal, enlist(journal), limits(1))
        enlist(journal)

        assert line(journal, limits(1)) == []

    @pytest.mark.parametrize("limit", ["drills_per_cloud", "drills_per_source", "new_per_cloud"])
    def test_every_limit_counts(self, journal: Journal, limit: str):
        allowed = limits(**{limit: 1})
        sit(journal, enlist(journal), allowed)
        enlist(journal)

        assert line(journal, allowed) == []

    def test_one_target_is_for_one_drill_and_others_pass_by(self, journal: Journal):
        onto = a_plan(target_id=TARGET_ID)
        first, second, free = (enlist(journal, plan=plan) for plan in (onto, onto, a_plan()))

        assert line(journal, limits()) == [first.id, free.id]
        sit(journal, first, limits())
        assert line(journal, limits()) == [free.id]
        assert second.id not in line(journal, limits())

    def test_what_it_says_is_what_seat_does(self, journal: Journal):
        allowed = limits(2)
        records = [enlist(journal) for _ in range(4)]
        said = line(journal, allowed)

        seated = [
            record.id
            for record in records
            if journal.seat(claim(journal, record), allowed[CLOUD], target_id=None) is None
        ]

        assert seated == said

    def test_who_has_nothing_to_wait_for_is_named_although_no_seat_is_left(self, journal: Journal):
        allowed = limits(1)
        sit(journal, enlist(journal), allowed)
        aborted, other = enlist(journal), enlist(journal, plan=a_plan(cloud="gone"))
        journal.request_abort([aborted.id])

        assert set(line(journal, allowed)) == {aborted.id, other.id}

    def test_who_is_leased_or_not_due_is_not_named_but_keeps_its_place(self, journal: Journal):
        leased = enlist(journal)
        claim(journal, leased)
        enlist(journal, next_at=NOW + SECOND)
        third = enlist(journal)

        assert line(journal, limits(2)) == []
        assert line(journal, limits(3)) == [third.id]

    def test_who_may_not_begin_for_long_and_who_is_forsaken_lose_their_place(
        self, journal: Journal
    ):
        enlist(journal, next_at=NOW + 6 * LEASE)
        forsaken = enlist(journal, next_at=NOW - 6 * LEASE)
        ours = enlist(journal)

        assert line(journal, limits(1), [ours.id]) == [ours.id]
        assert line(journal, limits(1)) == [forsaken.id]


class TestBegun:
    def test_the_begun_and_the_queued_are_told_apart(self, journal: Journal):
        begun, queued = sit(journal, enlist(journal), limits()), enlist(journal, next_at=NOW)

        assert journal.due(now=NOW, at_most=9, queued=False) == [begun.id]
        assert journal.due(now=NOW, at_most=9, queued=True) == [queued.id]
        assert journal.earliest_next_at(queued=False) == begun.next_at

    def test_nothing_has_begun(self, journal: Journal):
        enlist(journal)

        assert journal.earliest_next_at(queued=False) is None
