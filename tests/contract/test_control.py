"""What every control promises, in memory and on disk alike: orders, signs of life, plans seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drill.engine.control import Control, Pause, PlanSeen, Scope, pause_of
from drill.engine.memory import MemoryJournal
from drill.engine.memory_control import MemoryControl
from drill.engine.ports import Journal
from drill.store import SqlJournal
from tests.builders import NOW, a_plan

HOUR = timedelta(hours=1)


@pytest.fixture
def control(journal: Journal) -> Control:
    if isinstance(journal, MemoryJournal):
        return MemoryControl()
    assert isinstance(journal, SqlJournal)
    return journal.control


def a_pause(**overrides: Any) -> Pause:
    values: dict[str, Any] = {
        "id": "p1",
        "scope": Scope.PLAN,
        "name": "orders-nightly",
        "since": NOW,
        "by": "ops",
        "reason": "the network is rebuilt",
    }
    return Pause(**values | overrides)


def seen(**overrides: Any) -> PlanSeen:
    values: dict[str, Any] = {
        "plan_name": "orders-nightly",
        "digest": "d" * 64,
        "first_seen_at": NOW,
        "settled_until": NOW,
    }
    return PlanSeen(**values | overrides)


class TestPauses:
    def test_a_pause_is_in_force_from_its_beginning_to_its_end(self, control: Control):
        given = control.pause(a_pause(until=NOW + HOUR))

        assert control.pauses(now=NOW - HOUR) == []
        assert control.pauses(now=NOW) == [given]
        assert control.pauses(now=NOW + HOUR) == []

    def test_resume_ends_exactly_this_scope_and_name(self, control: Control):
        one = control.pause(a_pause())
        other = control.pause(a_pause(id="p2", name="other"))
        everything = control.pause(a_pause(id="p3", scope=Scope.ALL, name=None))

        ended = control.resume(Scope.PLAN, "orders-nightly", by="me", now=NOW + HOUR)

        assert ended == [replace(one, ended_at=NOW + HOUR, ended_by="me")]
        assert control.pauses(now=NOW + HOUR) == [other, everything]
        assert control.resume(Scope.PLAN, "orders-nightly", by="me", now=NOW + HOUR) == []

    def test_the_same_order_twice_is_one_and_keeps_its_beginning(self, control: Control):
        first = control.pause(a_pause())

        again = control.pause(a_pause(id="p2", since=NOW + HOUR, reason="again"))

        assert again == first
        assert control.pauses(now=NOW + HOUR) == [first]

    def test_a_drain_is_another_order_than_a_pause_of_everything(self, control: Control):
        pause = control.pause(a_pause(scope=Scope.ALL, name=None))
        drain = control.pause(a_pause(id="p2", scope=Scope.ALL, name=None, is_drain=True))

        assert control.resume(Scope.ALL, None, by="me", now=NOW + HOUR) == [
            replace(pause, ended_at=NOW + HOUR, ended_by="me")
        ]
        assert control.pauses(now=NOW + HOUR) == [drain]
        assert control.resume(Scope.ALL, None, by="me", now=NOW + HOUR, drains=True)
        assert control.pauses(now=NOW + HOUR) == []

    def test_a_pause_that_has_ended_is_remembered_for_slots_that_passed_in_it(
        self, control: Control
    ):
        control.pause(a_pause())
        control.resume(Scope.PLAN, "orders-nightly", by="me", now=NOW + HOUR)

        (found,) = control.pauses_since(NOW)

        assert found.holds_at(NOW + HOUR / 2)
        assert not found.holds_at(NOW + HOUR)
        assert control.pauses_since(NOW + HOUR) == []

    @pytest.mark.parametrize(
        ("scope", "name", "covers"),
        [
            (Scope.ALL, None, True),
            (Scope.PLAN, "orders-nightly", True),
            (Scope.PLAN, "other", False),
            (Scope.GROUP, "shop", True),
            (Scope.GROUP, "bank", False),
            (Scope.CLOUD, "sandbox", True),
            (Scope.CLOUD, "elsewhere", False),
        ],
    )
    def test_a_pause_covers_the_plans_of_its_scope(self, scope, name, covers):
        plan = a_plan(group="shop")

        assert (pause_of(plan, [a_pause(scope=scope, name=name)], at=NOW) is not None) is covers

    def test_a_pause_of_a_group_is_not_for_a_plan_without_one(self):
        assert pause_of(a_plan(), [a_pause(scope=Scope.GROUP, name="shop")], at=NOW) is None


class TestDaemons:
    def test_the_last_sign_of_life_and_the_end_are_kept(self, control: Control):
        control.daemon_started("host/1/1", now=NOW)
        control.daemon_started("host/2/2", now=NOW + HOUR)
        control.daemon_beat("host/1/1", now=NOW + HOUR)
        control.daemon_stopped("host/1/1", now=NOW + 2 * HOUR, how="crash")
        control.daemon_stopped("host/1/1", now=NOW + 3 * HOUR, how="clean")

        second, first = control.daemons()

        assert (second.worker, second.stopped_at, second.how) == ("host/2/2", None, None)
        assert (first.beat_at, first.stopped_at, first.how) == (
            NOW + HOUR,
            NOW + 2 * HOUR,
            "crash",
        )
        assert control.daemons(at_most=1) == [second]

    def test_trouble_is_noted_with_a_beat_and_is_over_with_the_next_one_without(
        self, control: Control
    ):
        control.daemon_started("host/1/1", now=NOW)
        control.daemon_beat("host/1/1", now=NOW + HOUR, trouble="metrics are not served")
        (troubled,) = control.daemons()
        control.daemon_beat("host/1/1", now=NOW + 2 * HOUR)
        (well,) = control.daemons()

        assert (troubled.trouble, well.trouble) == ("metrics are not served", None)

    def test_nobody_has_looked_until_somebody_does_and_looks_never_go_back(self, control: Control):
        assert control.last_look() is None
        control.note_look(now=NOW + HOUR)
        control.note_look(now=NOW)

        assert control.last_look() == NOW + HOUR


class TestPlansSeen:
    def test_a_plan_is_remembered_as_it_was_when_it_was_valid_last(self, control: Control):
        plan = a_plan(schedule={"cron": "0 2 * * *", "spread": "10m"}, group="shop")
        changed = a_plan(schedule={"cron": "0 3 * * *"})

        control.remember_plans([(seen(), plan), (seen(plan_name="other"), plan)])
        control.remember_plans([(seen(digest="e" * 64), changed)])

        assert control.plans_seen() == {
            "orders-nightly": seen(digest="e" * 64),
            "other": seen(plan_name="other"),
        }
        assert control.last_valid("orders-nightly") == changed
        assert control.last_valid("other") == plan
        assert control.last_valid("unknown") is None

    def test_what_is_settled_never_goes_back(self, control: Control):
        control.remember_plans([(seen(), a_plan())])

        control.settle({"orders-nightly": NOW + HOUR, "unknown": NOW})
        control.settle({"orders-nightly": NOW})
        control.settle({})

        assert control.plans_seen()["orders-nightly"].settled_until == NOW + HOUR

    def test_a_plan_that_was_forgotten_is_not_known(self, control: Control):
        control.remember_plans([(seen(), a_plan())])

        control.forget_plans(["orders-nightly", "unknown"])

        assert control.plans_seen() == {}
        assert control.last_valid("orders-nightly") is None
