"""What every journal promises about seats and targets: never too many, and in turn."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drill.engine.ports import Journal, SeatLimits
from drill.engine.record import (
    DrillRecord,
    State,
)
from drill.errors import DrillMoved
from tests.builders import (
    NOW,
    TARGET_ID,
    a_plan,
)
from tests.contract.acts import FINISHED, LEASE, SECOND, claim, enlist


def limits(
    at_once: int = 9, per_cloud: int = 9, per_source: int = 9, new_per_cloud: int = 9
) -> SeatLimits:
    return SeatLimits(
        drills_at_once=at_once,
        drills_per_cloud=per_cloud,
        drills_per_source=per_source,
        new_per_cloud=new_per_cloud,
    )


def seat(journal: Journal, record: DrillRecord, allowed: SeatLimits | None = None) -> str | None:
    target = record.plan.target
    target_id = target.instance_id if target.kind == "existing" else None
    return journal.seat(record, allowed or limits(), target_id=target_id)


class TestSeats:
    def test_new_targets_stay_within_their_limit_and_existing_ones_pass_by(self, journal: Journal):
        first = claim(journal, enlist(journal))
        second = claim(journal, enlist(journal))
        existing = claim(journal, enlist(journal, plan=a_plan(target_id=TARGET_ID)))

        assert seat(journal, first, limits(new_per_cloud=1)) is None
        assert "new target" in (seat(journal, second, limits(new_per_cloud=1)) or "")
        assert seat(journal, existing, limits(new_per_cloud=1)) is None

    def test_a_seated_drill_counts_until_it_is_finished(self, journal: Journal):
        first, second = claim(journal, enlist(journal)), claim(journal, enlist(journal))

        assert seat(journal, first, limits(at_once=1)) is None
        assert seat(journal, first, limits(at_once=1)) is None  # again: it has its seat already
        assert "at most 1" in (seat(journal, second, limits(at_once=1)) or "")
        found = journal.find(first.id)
        assert found is not None
        assert found.is_seated

        journal.save(replace(found, **FINISHED))
        assert seat(journal, second, limits(at_once=1)) is None

    def test_a_seat_is_given_up_by_a_save(self, journal: Journal):
        first, second = claim(journal, enlist(journal)), claim(journal, enlist(journal))
        seat(journal, first)

        journal.save(replace(first, is_seated=False, state=State.TEARING_DOWN))

        assert seat(journal, second, limits(at_once=1)) is None

    def test_the_limit_of_a_cloud_and_that_of_a_source_count_their_own(self, journal: Journal):
        plans = {
            "same source": a_plan(),
            "same cloud": a_plan(source_id="source-2"),
            "other cloud": a_plan(cloud="elsewhere"),
        }
        seat(journal, claim(journal, enlist(journal)))
        waiting = {name: claim(journal, enlist(journal, plan=plan)) for name, plan in plans.items()}

        of_source = {
            name: seat(journal, one, limits(per_source=1)) for name, one in waiting.items()
        }
        for one in waiting.values():
            journal.save(replace(one, is_seated=False))
        in_cloud = {name: seat(journal, one, limits(per_cloud=1)) for name, one in waiting.items()}

        assert [name for name, reason in of_source.items() if reason] == ["same source"]
        assert [name for name, reason in in_cloud.items() if reason] == [
            "same source",
            "same cloud",
        ]

    def test_the_limit_of_a_group_counts_that_group_alone(self, journal: Journal):
        shop, bank, none = (a_plan(group=group) for group in ("shop", "bank", None))
        allowed = replace(limits(), drills_per_group=1, groups={"bank": 2})
        for plan in (shop, bank, none):
            assert seat(journal, claim(journal, enlist(journal, plan=plan)), allowed) is None

        again = {
            plan.group: seat(journal, claim(journal, enlist(journal, plan=plan)), allowed)
            for plan in (shop, bank, none)
        }

        assert again == {
            "shop": "waits for a seat: at most 1 drills at once of group shop",
            "bank": None,
            None: None,
        }

    def test_who_waits_for_its_group_does_not_block_the_others(self, journal: Journal):
        allowed = replace(limits(at_once=2), drills_per_group=1)
        seat(journal, claim(journal, enlist(journal, plan=a_plan(group="shop"))), allowed)
        enlist(journal, plan=a_plan(group="shop"))
        other = claim(journal, enlist(journal))

        assert seat(journal, other, allowed) is None

    def test_one_drill_holds_a_target_until_it_is_released(self, journal: Journal):
        plan = a_plan(target_id=TARGET_ID)
        first = claim(journal, enlist(journal, plan=plan))
        second = claim(journal, enlist(journal, plan=plan))

        assert seat(journal, first) is None
        assert journal.holder_of("sandbox", TARGET_ID) == first.id
        assert f"held by drill {first.id}" in (seat(journal, second) or "")

        journal.save(replace(first, is_seated=False, **FINISHED))
        assert seat(journal, second) is not None  # finished, but not seen to be empty
        journal.release_target("sandbox", TARGET_ID, drill_id=second.id)
        assert journal.holder_of("sandbox", TARGET_ID) == first.id
        journal.release_target("sandbox", TARGET_ID, drill_id=first.id)
        assert journal.holder_of("sandbox", TARGET_ID) is None
        assert seat(journal, second) is None
        assert journal.holder_of("sandbox", TARGET_ID) == second.id

    def test_targets_of_the_same_name_in_two_clouds_are_two_targets(self, journal: Journal):
        first = claim(journal, enlist(journal, plan=a_plan(target_id=TARGET_ID)))
        second = claim(journal, enlist(journal, plan=a_plan(target_id=TARGET_ID, cloud="other")))

        assert seat(journal, first) is None
        assert seat(journal, second) is None

    def test_who_waits_for_a_target_is_served_in_the_order_of_enlisting(self, journal: Journal):
        plan = a_plan(target_id=TARGET_ID)
        late = claim(journal, enlist(journal, plan=plan, enlisted_at=NOW + SECOND))
        twin = claim(journal, enlist(journal, plan=plan, id="b", enlisted_at=NOW))
        early = claim(journal, enlist(journal, plan=plan, id="a", enlisted_at=NOW))

        assert f"promised to drill {early.id}" in (seat(journal, late) or "")
        assert f"promised to drill {early.id}" in (seat(journal, twin) or "")
        assert seat(journal, early) is None

    def test_who_waits_for_a_seat_is_served_in_the_order_of_enlisting(self, journal: Journal):
        late = claim(journal, enlist(journal, enlisted_at=NOW + SECOND))
        early = claim(journal, enlist(journal, enlisted_at=NOW))

        assert seat(journal, late, limits(at_once=1)) is not None
        assert seat(journal, late, limits(at_once=2)) is None
        assert seat(journal, early, limits(at_once=2)) is None

    def test_a_drill_that_waits_for_its_target_does_not_block_the_others(self, journal: Journal):
        held = a_plan(target_id=TARGET_ID)
        seat(journal, claim(journal, enlist(journal, plan=held)))
        enlist(journal, plan=held)
        other = claim(journal, enlist(journal, plan=a_plan(target_id="scratch-2")))
        new = claim(journal, enlist(journal))

        assert seat(journal, other, limits(at_once=2)) is None
        assert seat(journal, new, limits(at_once=3)) is None

    def test_a_drill_that_waits_for_its_source_does_not_block_the_others(self, journal: Journal):
        seat(journal, claim(journal, enlist(journal)))
        enlist(journal)
        other = claim(journal, enlist(journal, plan=a_plan(source_id="source-2")))

        assert seat(journal, other, limits(at_once=2, per_source=1)) is None

    @pytest.mark.parametrize(
        "overrides",
        [
            {"next_at": NOW - timedelta(minutes=6)},
            {"held_until": NOW + LEASE},
            {"state": State.SELECTING},
            {"plan": a_plan(target_id=TARGET_ID, cloud="elsewhere")},
            FINISHED,
        ],
        ids=["forsaken", "held back", "under way", "elsewhere", "finished"],
    )
    def test_who_does_not_wait_here_has_no_turn_to_lose(
        self, journal: Journal, overrides: dict[str, Any]
    ):
        plan = a_plan(target_id=TARGET_ID)
        enlist(journal, **{"plan": plan, "enlisted_at": NOW - LEASE} | overrides)
        one = claim(journal, enlist(journal, plan=plan))

        assert seat(journal, one, limits(at_once=1)) is None

    def test_who_was_asked_to_abort_has_no_turn(self, journal: Journal):
        plan = a_plan(target_id=TARGET_ID)
        first = enlist(journal, plan=plan)
        journal.request_abort([first.id])

        assert seat(journal, claim(journal, enlist(journal, plan=plan))) is None

    def test_an_older_epoch_gets_no_seat(self, journal: Journal):
        zombie = claim(journal, enlist(journal, plan=a_plan(target_id=TARGET_ID)))
        journal.claim(zombie.id, worker="two", now=NOW + LEASE, lease=LEASE)

        with pytest.raises(DrillMoved):
            seat(journal, zombie)
        assert journal.holder_of("sandbox", TARGET_ID) is None

    def test_many_threads_never_take_more_seats_than_there_are(self, journal: Journal):
        records = [claim(journal, enlist(journal)) for _ in range(8)]
        start = threading.Barrier(8)
        reasons: list[str | None] = []

        def try_it(record: DrillRecord) -> None:
            start.wait()
            reasons.extend(seat(journal, record, limits(at_once=3)) for _ in range(3))

        threads = [threading.Thread(target=try_it, args=(record,)) for record in records]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seated = [record for record in journal.unfinished() if record.is_seated]
        assert len(reasons) == 24
        assert [record.id for record in seated] == [record.id for record in records[:3]]
