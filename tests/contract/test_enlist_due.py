"""No slot is ever lost: on every journal, every slot is drilled, or recorded with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.engine.control import Control, Pause, Scope
from drill.engine.enlisting import Enlisted, enlist_due
from drill.engine.memory_control import MemoryControl
from drill.engine.ports import Journal
from drill.engine.record import DrillRecord, EventKind, Outcome, State, Teardown, Trigger
from drill.plan.blackouts import SiteBlackout
from drill.plan.loaded import LoadedPlan
from drill.store import SqlJournal
from tests.builders import NOW, a_plan, a_record

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SLOT = NOW + HOUR
"""The first slot of the plan, at 03:00; it is seen for the first time at 02:00."""


def loaded(name: str = "orders", *, digest: str = "d", **overrides: Any) -> LoadedPlan:
    schedule = overrides.pop("schedule", {"cron": "0 3 * * *", "start_window": "2h"})
    plan = a_plan(name=name, schedule=schedule, **overrides)
    return LoadedPlan(plan, Path(f"{name}.toml"), digest * 64, "")


class House:
    """A journal, a control, and plans that somebody looks at from time to time."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.control: Control = (
            journal.control if isinstance(journal, SqlJournal) else MemoryControl()
        )
        self.plans = [loaded()]

    def look(self, now: datetime, **more: Any) -> Enlisted:
        return enlist_due(self.journal, self.control, self.plans, now=now, **more)

    def drills(self, plan_name: str = "orders") -> Sequence[DrillRecord]:
        return list(reversed(self.journal.history(plan_name=plan_name)))

    def outcomes(self, plan_name: str = "orders") -> list[str]:
        return [one.outcome.value if one.outcome else "queued" for one in self.drills(plan_name)]

    def pause(self, since: datetime, until: datetime | None = None, **more: Any) -> None:
        values: dict[str, Any] = {"scope": Scope.ALL, "name": None, **more}
        self.control.pause(
            Pause(id=f"p-{since}", since=since, until=until, by="ops", reason="moving", **values)
        )


@pytest.fixture
def house(journal: Journal) -> House:
    house = House(journal)
    house.look(NOW)
    return house


class TestComing:
    def test_a_plan_counts_from_the_minute_in_which_it_is_first_seen(self, journal: Journal):
        house = House(journal)
        house.plans = [
            loaded("earlier", schedule={"cron": "59 1 * * *"}),
            loaded("now", schedule={"cron": "0 2 * * *"}),
            loaded("later", schedule={"cron": "1 2 * * *"}),
        ]

        found = house.look(NOW + timedelta(seconds=7))

        assert found.first_seen == ("earlier", "later", "now")
        assert [one.plan_name for one in journal.history()] == ["now"]

    def test_a_slot_that_has_come_becomes_one_queued_drill(self, house: House):
        assert house.look(SLOT - timedelta(seconds=1)).enlisted == ()

        found = house.look(SLOT)

        (record,) = house.drills()
        assert found.enlisted == (record.id,)
        assert (record.state, record.trigger) == (State.QUEUED, Trigger.SCHEDULE)
        assert (record.scheduled_for, record.next_at) == (SLOT, SLOT)
        assert record.plan == house.plans[0].plan

    def test_looking_again_changes_nothing(self, house: House):
        house.look(SLOT + DAY)
        before = house.drills()

        for _ in range(3):
            found = house.look(SLOT + DAY + MINUTE)
            assert (found.enlisted, found.missed, found.skipped) == ((), 0, 0)
        assert house.drills() == before

    def test_a_slot_waits_for_its_spread(self, house: House):
        spread = {"cron": "0 3 * * *", "spread": "1h", "start_window": "2h"}
        house.plans = [loaded("spread", schedule=spread)]
        house.look(NOW)

        found = house.look(SLOT)

        assert (found.enlisted, found.waiting) == ((), 1)
        assert len(house.look(SLOT + HOUR).enlisted) == 1

    def test_a_plan_without_a_schedule_never_comes_due(self, house: House):
        house.plans = [loaded("manual", schedule=None)]

        found = house.look(SLOT)

        assert found == Enlisted(enlisted=(), missed=0, skipped=0, waiting=0)

    def test_a_drill_on_command_takes_no_slot_away(self, house: House):
        house.journal.enlist(
            [a_record(plan=house.plans[0].plan, scheduled_for=SLOT + timedelta(seconds=1))]
        )

        assert len(house.look(SLOT + MINUTE).enlisted) == 1


class TestDowntime:
    def test_after_three_nights_the_newest_slot_begins_and_the_others_are_missed(
        self, house: House
    ):
        found = house.look(SLOT + 2 * DAY + MINUTE)

        assert house.outcomes() == ["missed", "missed", "queued"]
        assert (found.missed, len(found.enlisted)) == (2, 1)
        assert [one.scheduled_for for one in house.drills()] == [SLOT, SLOT + DAY, SLOT + 2 * DAY]

    def test_after_the_start_window_every_slot_is_missed(self, house: House):
        house.look(SLOT + 2 * DAY + 3 * HOUR)

        assert house.outcomes() == ["missed"] * 3

    def test_the_last_instant_of_the_start_window_is_inside(self, house: House):
        house.look(SLOT + 2 * HOUR)

        assert house.outcomes() == ["queued"]

    def test_a_missed_slot_is_a_finished_record_with_one_plain_reason(self, house: House):
        house.look(SLOT + 3 * HOUR)

        (record,) = house.drills()
        assert (record.state, record.outcome) == (State.FINISHED, Outcome.MISSED)
        assert (record.teardown, record.steps, record.started_at) == (Teardown.NOT_NEEDED, (), None)
        assert record.finished_at == SLOT + 3 * HOUR
        assert record.reason == (
            "nobody looked at the schedule from 2026-03-01 02:00:00Z to 2026-03-01 06:00:00Z: "
            "the daemon or its machine was down"
        )
        assert record.hint
        (event,) = house.journal.events_of(record.id)
        assert (event.kind, event.act) == (EventKind.STATE, "finished")
        assert event.facts["outcome"] == "missed"
        assert event.facts["reason"] == record.reason

    def test_a_missed_slot_never_changes_and_never_comes_due(self, house: House):
        house.look(SLOT + 3 * HOUR)
        (record,) = house.drills()

        assert house.journal.due(now=SLOT + DAY, at_most=9) == []
        assert house.journal.claim(record.id, worker="w", now=SLOT + DAY, lease=HOUR) is None

    def test_a_slot_missed_before_the_very_first_drill_is_found(self, house: House):
        assert house.drills() == []

        house.look(SLOT + 5 * DAY)

        assert house.outcomes() == ["missed"] * 5 + ["queued"]

    def test_slots_inside_one_window_are_drilled_once_and_the_older_one_is_missed(
        self, house: House
    ):
        house.plans = [loaded("hourly", schedule={"cron": "0 * * * *", "start_window": "3h"})]
        house.look(NOW)
        house.look(NOW + HOUR)

        house.look(NOW + 3 * HOUR + MINUTE)

        assert house.outcomes("hourly") == ["queued", "queued", "missed", "queued"]

    def test_a_plan_that_was_not_there_is_told_from_a_daemon_that_was_not(self, house: House):
        plans, house.plans = house.plans, []
        house.look(SLOT + MINUTE)
        house.plans = plans

        house.look(SLOT + 3 * HOUR)

        (record,) = house.drills()
        assert record.reason == "the plan was not among the valid ones until 2026-03-01 05:00:00Z"

    def test_months_are_written_in_parts_and_nothing_is_lost_between_them(self, house: House):
        night = SLOT + 40 * DAY
        counts = []
        for _ in range(10):
            found = house.look(night + MINUTE, past_at_most=7)
            counts.append(found.missed)
            if found.is_complete:
                break

        assert counts == [7, 7, 7, 7, 7, 5]
        assert house.outcomes() == ["missed"] * 40 + ["queued"]
        assert {(one.reason or "")[:17] for one in house.drills()[:-1]} == {"nobody looked at "}

    def test_tonight_begins_before_the_past_is_written(self, house: House):
        found = house.look(SLOT + 40 * DAY, past_at_most=1)

        assert len(found.enlisted) == 1
        assert not found.is_complete


class TestPause:
    def test_nothing_begins_while_paused_and_what_passes_is_missed_as_paused(self, house: House):
        house.pause(NOW + MINUTE)

        waiting = house.look(SLOT + MINUTE)
        house.look(SLOT + 3 * HOUR)

        assert (waiting.enlisted, waiting.waiting) == ((), 1)
        (record,) = house.drills()
        assert record.outcome is Outcome.MISSED
        assert record.reason == "paused by ops since 2026-03-01 02:01:00Z: moving"

    def test_a_pause_that_ends_inside_the_window_only_delays(self, house: House):
        house.pause(NOW + MINUTE, until=SLOT + HOUR)
        house.look(SLOT)

        found = house.look(SLOT + HOUR)

        assert len(found.enlisted) == 1

    def test_a_pause_that_was_over_when_somebody_looked_is_still_the_reason(self, house: House):
        house.pause(NOW + MINUTE, until=SLOT + 2 * HOUR + MINUTE)

        house.look(SLOT + 5 * HOUR)

        assert (house.drills()[0].reason or "").startswith("paused by ops")

    def test_another_plan_is_not_held_back(self, house: House):
        house.plans.append(loaded("other", source_id="source-2", group="bank"))
        house.look(NOW)
        house.pause(NOW, scope=Scope.PLAN, name="orders")

        house.look(SLOT)

        assert (house.outcomes(), house.outcomes("other")) == ([], ["queued"])


class TestBlackouts:
    def site(self, begin: timedelta, end: timedelta, **scope: Any) -> dict[str, Any]:
        one = SiteBlackout.model_validate(
            {"reason": "audit", "begins_at": NOW + begin, "ends_at": NOW + end, **scope}
        )
        return {"blackouts": [one]}

    def test_a_slot_whose_window_is_blacked_out_is_skipped_at_once(self, house: House):
        found = house.look(SLOT, **self.site(HOUR, 4 * HOUR))

        (record,) = house.drills()
        assert found.skipped == 1
        assert record.outcome is Outcome.SKIPPED
        assert record.reason == "the whole start window lies in a blackout: audit"

    def test_a_slot_that_is_partly_blacked_out_begins_afterwards(self, house: House):
        site = self.site(HOUR, 2 * HOUR)

        assert house.look(SLOT, **site).waiting == 1
        assert len(house.look(SLOT + HOUR, **site).enlisted) == 1

    @pytest.mark.parametrize(
        ("scope", "outcomes"),
        [
            ({"clouds": ["elsewhere"]}, ["queued"]),
            ({"groups": ["shop"]}, ["queued"]),
            ({"clouds": ["sandbox"]}, ["skipped"]),
            ({"clouds": ["elsewhere"], "groups": ["bank"]}, ["skipped"]),
        ],
    )
    def test_a_blackout_is_for_the_plans_of_its_scope(
        self, house: House, scope: dict[str, Any], outcomes: list[str]
    ):
        house.plans = [loaded("bank", group="bank")]
        house.look(NOW)

        house.look(SLOT, **self.site(HOUR, 4 * HOUR, **scope))

        assert house.outcomes("bank") == outcomes


class TestChanges:
    def test_a_new_schedule_counts_from_now_and_the_old_one_until_now(self, house: House):
        house.look(SLOT)
        house.plans = [
            loaded(digest="e", schedule={"cron": "0 * * * *", "start_window": "30m"}),
        ]

        house.look(SLOT + DAY + 3 * HOUR + 40 * MINUTE)
        house.look(SLOT + DAY + 4 * HOUR)

        assert [one.scheduled_for - SLOT for one in house.drills()] == [
            timedelta(0),
            DAY,
            DAY + 4 * HOUR,
        ]
        assert house.outcomes() == ["queued", "missed", "queued"]

    def test_another_change_of_the_plan_keeps_its_slots(self, house: House):
        house.plans = [loaded(digest="e", group="shop")]

        house.look(SLOT + DAY)

        assert house.outcomes() == ["missed", "queued"]
        assert house.drills()[-1].plan.group == "shop"
        assert house.control.last_valid("orders") == house.plans[0].plan

    def test_a_schedule_that_was_taken_away_and_given_back_misses_nothing_between(
        self, house: House
    ):
        with_schedule = house.plans
        house.plans = [loaded(digest="e", schedule=None)]
        house.look(NOW + MINUTE)
        house.plans = with_schedule
        house.look(SLOT + 3 * DAY + HOUR)

        house.look(SLOT + 4 * DAY)

        assert [one.scheduled_for for one in house.drills()] == [SLOT + 4 * DAY]


class TestTwoAtOnce:
    def test_a_second_daemon_that_saw_the_same_moment_adds_nothing(self, house: House):
        other = House(house.journal)
        other.control = _Stale(house.control)

        house.look(SLOT + 2 * DAY)
        found = other.look(SLOT + 2 * DAY)

        assert (found.enlisted, found.missed) == ((), 0)
        assert house.outcomes() == ["missed", "missed", "queued"]

    @pytest.mark.parametrize("crash_at", ["settle", "note_look"])
    def test_a_crash_between_two_writes_loses_nothing_and_doubles_nothing(
        self, house: House, crash_at: str
    ):
        control, house.control = house.control, _Crashing(house.control, crash_at)
        with pytest.raises(RuntimeError):
            house.look(SLOT + 2 * DAY)
        house.control = control

        house.look(SLOT + 2 * DAY + MINUTE)

        assert house.outcomes() == ["missed", "missed", "queued"]

    def test_a_crash_before_the_past_was_written_loses_nothing(self, house: House):
        house.journal, journal = _DiesAfter(house.journal, writes=1), house.journal  # type: ignore[assignment]
        with pytest.raises(RuntimeError):
            house.look(SLOT + 2 * DAY)
        house.journal = journal

        assert house.outcomes() == ["queued"]
        house.look(SLOT + 2 * DAY + MINUTE)
        assert house.outcomes() == ["missed", "missed", "queued"]


class _Stale:
    """The control as it was before: what another daemon has read already."""

    def __init__(self, control: Control) -> None:
        self._control, self._seen = control, control.plans_seen()
        self._look = control.last_look()

    def plans_seen(self) -> Any:
        return self._seen

    def last_look(self) -> Any:
        return self._look

    def __getattr__(self, name: str) -> Any:
        return getattr(self._control, name)


class _Crashing:
    def __init__(self, control: Control, at: str) -> None:
        self._control, self._at = control, at

    def __getattr__(self, name: str) -> Any:
        if name == self._at:
            raise RuntimeError("killed")
        return getattr(self._control, name)


class _DiesAfter:
    def __init__(self, journal: Journal, *, writes: int) -> None:
        self._journal, self._left = journal, writes

    def enlist(self, records: Sequence[DrillRecord]) -> list[DrillRecord]:
        if self._left == 0:
            raise RuntimeError("killed")
        self._left -= 1
        return self._journal.enlist(records)


def test_an_id_that_the_store_has_already_is_drawn_again(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    tokens = iter(["aaaaaaaa", "bbbbbbbb"])
    monkeypatch.setattr("drill.engine.enlisting.secrets.token_hex", lambda size: next(tokens))
    taken = f"{SLOT:%Y%m%d-%H%M%S}-aaaaaaaa"
    house.journal.enlist([replace(a_record(), id=taken)])

    (drill_id,) = house.look(SLOT).enlisted

    assert drill_id.endswith("bbbbbbbb")
