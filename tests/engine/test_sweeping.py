"""A sweep finds everything that was left, says what it costs, and touches nothing unless told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.engine.costs import Cost, cost_of, total_of
from drill.engine.ports import Parts
from drill.engine.record import Outcome, State, Teardown
from drill.engine.sweeping import Swept, sweep
from drill.guard.facts import DRILL_TAG
from drill.provider.memory import Habits, MemoryProvider
from drill.provider.memory_faults import Fault
from tests.engine.scene import NOON, TARGET_ID, Scene, a_backup, a_plan, an_instance

A_DAY = timedelta(days=1)
PRICES = {"rds.pg.n1.small": Decimal("0.12")}


def nobody_is_dead(worker: str) -> bool:
    return False


def swept(scene: Scene, *, apply: bool, parts: Parts | None = None) -> Swept:
    """Sweep, and work on what was sent to teardown."""
    done = sweep(parts or scene.parts, is_dead=nobody_is_dead, lives_at_most=A_DAY, apply=apply)
    if apply:
        for drill_id in done.drill_ids:
            scene.run_until_finished(drill_id)
    return done


def with_prices(scene: Scene) -> Parts:
    cloud = replace(scene.parts.clouds["memory"], prices=PRICES)
    return replace(scene.parts, clouds={"memory": cloud})


def a_leaked_copy(scene: Scene) -> str:
    """Let a drill leave its new instance; return the id of the drill."""
    scene.provider.inject(Fault.REJECT_DELETE, times=10_000)
    record = scene.run(a_plan())
    assert record.teardown is Teardown.LEAKED
    scene.provider.heal()
    return record.id


def test_a_sweep_by_hand_says_what_it_would_do_and_touches_nothing():
    scene = Scene()
    drill_id = a_leaked_copy(scene)
    before = (scene.record(drill_id), scene.journal.events_of(drill_id))
    scene.provider.calls.clear()

    found = swept(scene, apply=False)

    assert found.drill_ids == (drill_id,)
    assert not found.applied
    after = (scene.record(drill_id), scene.journal.events_of(drill_id))
    assert after == before
    assert set(scene.provider.calls) <= {"list_instances", "list_recycled", "list_backups"}


def test_a_sweep_that_is_applied_leaves_nothing():
    scene = Scene()
    drill_id = a_leaked_copy(scene)

    found = swept(scene, apply=True)

    assert found.drill_ids == (drill_id,)
    assert scene.record(drill_id).teardown is Teardown.CLEAN
    assert swept(scene, apply=False).search.leaks == ()
    scene.assert_nothing_left()


def test_a_leak_says_by_which_signs_it_was_found():
    scene = Scene()
    a_leaked_copy(scene)
    scene.clock.move(timedelta(days=2))

    (leak,) = swept(scene, apply=False).search.leaks

    assert leak.found_by == ("journal", "tag", "name", "age")


def test_an_instance_that_lost_name_and_tag_is_found_by_the_journal_and_never_deleted():
    scene = Scene()
    drill_id = a_leaked_copy(scene)
    (instance_id,) = scene.provider.leaks()
    instance = scene.provider.find_instance(instance_id)
    assert instance is not None
    scene.provider.change_instance(replace(instance, name="renamed", tags={}))
    scene.provider.calls.clear()

    (leak,) = swept(scene, apply=True).search.leaks

    assert (leak.instance_id, leak.found_by) == (instance_id, ("journal",))
    assert scene.record(drill_id).teardown is Teardown.LEAKED
    assert scene.provider.find_instance(instance_id) is not None
    assert scene.provider.calls["delete"] == 0


def test_a_leak_that_somebody_deleted_by_hand_is_cleared_up_in_the_journal():
    scene = Scene()
    drill_id = a_leaked_copy(scene)
    (instance_id,) = scene.provider.leaks()
    scene.provider.remove_instance(instance_id)

    (leak,) = swept(scene, apply=True).search.leaks

    assert "does not list it any more" in leak.reason
    assert scene.record(drill_id).teardown is Teardown.CLEAN
    assert scene.record(drill_id).outcome is Outcome.PASSED


def test_a_drill_of_another_store_is_listed_with_its_signs_and_left_alone():
    scene = Scene()
    drill_id = "20260101-000000-00000000"
    scene.provider.add_instance(
        an_instance(
            "stranger00000000000000000000000in03", "named-otherwise", tags={DRILL_TAG: drill_id}
        )
    )

    found = swept(scene, apply=True)

    (leak,) = found.search.leaks
    assert (leak.can_be_torn_down, leak.found_by) == (False, ("tag", "age"))
    assert found.drill_ids == ()
    assert scene.provider.calls["delete"] == 0


def test_an_abandoned_drill_is_named_first_and_aborted_only_when_told():
    scene = Scene()
    drill_id = scene.enlist(a_plan())
    scene.clock.move(timedelta(hours=1))

    assert swept(scene, apply=False).drill_ids == (drill_id,)
    assert not scene.record(drill_id).abort_requested
    swept(scene, apply=True)

    assert scene.record(drill_id).outcome is Outcome.ABORTED


def test_a_target_that_a_clean_drill_still_holds_is_given_free_only_when_told():
    scene = Scene()
    record = scene.run(a_plan(target="existing"))
    held = scene.journal
    held._holds["memory", TARGET_ID] = record.id  # type: ignore[attr-defined]

    swept(scene, apply=False)
    assert held.holder_of("memory", TARGET_ID) == record.id
    swept(scene, apply=True)

    assert held.holder_of("memory", TARGET_ID) is None


def test_the_recycle_bin_and_kept_backups_of_our_deleted_instance_are_listed():
    scene = Scene()
    record = scene.run(a_plan())
    assert record.target_id is not None
    scene.provider.add_backup(a_backup("kept-1", record.target_id, NOON, "by-hand"))

    (one,) = swept(scene, apply=True).bins.remains

    assert (one.instance_id, one.drill_id) == (record.target_id, record.id)
    assert one.is_known
    assert one.in_recycle_bin
    assert one.kept_until == one.deleted_at + timedelta(days=7)  # type: ignore[operator]
    assert [backup.id for backup in one.backups] == ["kept-1"]
    assert scene.provider.list_backups(record.target_id)


def test_the_bin_entry_of_a_drill_that_this_store_does_not_know_is_listed_as_such():
    mine, other = Scene(), Scene()
    mine.run(a_plan())

    (one,) = sweep(
        other.parts_with(other.journal, mine.provider),
        is_dead=nobody_is_dead,
        lives_at_most=A_DAY,
        apply=False,
    ).bins.remains

    assert not one.is_known
    assert one.backups == ()


def test_a_cloud_without_a_bin_is_still_asked_for_kept_backups():
    scene = Scene()
    scene.provider = MemoryProvider(scene.clock, habits=Habits(recycle_days=None))
    scene._fill_cloud()
    scene.parts = scene.parts_with(scene.journal, scene.provider)
    record = scene.run(a_plan())
    assert record.target_id is not None
    scene.provider.add_backup(a_backup("kept-1", record.target_id, NOON, "by-hand"))

    (one,) = swept(scene, apply=False).bins.remains

    assert not one.in_recycle_bin
    assert [backup.id for backup in one.backups] == ["kept-1"]


def test_a_cloud_that_cannot_be_asked_is_named_and_the_sweep_goes_on():
    scene = Scene()
    scene.provider.inject(Fault.UNAVAILABLE, times=10)

    found = swept(scene, apply=True)

    assert [name for name, _ in found.search.unasked] == ["memory"]
    assert [name for name, _ in found.bins.unasked] == ["memory"]


def test_a_leak_costs_the_hours_that_it_has_existed_at_the_price_of_its_flavor():
    scene = Scene()
    a_leaked_copy(scene)
    (instance_id,) = scene.provider.leaks()
    instance = scene.provider.find_instance(instance_id)
    assert instance is not None
    assert instance.created_at is not None
    scene.clock.move(instance.created_at + timedelta(hours=10) - scene.clock.now())

    (leak,) = swept(scene, apply=False, parts=with_prices(scene)).search.leaks

    assert leak.cost == Cost(existed=timedelta(hours=10), amount=Decimal("1.20"))


def test_without_a_price_the_cost_is_no_data_and_so_is_the_sum():
    scene = Scene()
    a_leaked_copy(scene)

    (leak,) = swept(scene, apply=False).search.leaks

    assert leak.cost.existed is not None
    assert leak.cost.amount is None
    assert total_of([leak.cost, Cost(amount=Decimal(1))]) is None


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)), st.integers(1, 10**6))
def test_a_known_cost_is_never_nothing_and_never_less_than_it_was(age, price):
    instance = an_instance("x", "x", created_at=NOON - age, flavor="f")
    prices = {"f": Decimal(price) / 10**4}

    now, later = (cost_of(instance, prices, now=NOON + timedelta(hours=more)) for more in (0, 5))

    assert now.amount is not None
    assert later.amount is not None
    assert Decimal("0.01") <= now.amount <= later.amount


@pytest.mark.parametrize("facts", [{"created_at": None}, {"flavor": None}, {"flavor": "other"}])
def test_what_is_not_known_has_no_cost(facts):
    instance = an_instance("x", "x", **{"flavor": "rds.pg.n1.small", **facts})

    assert cost_of(instance, PRICES, now=NOON).amount is None


def test_no_leak_has_no_sum():
    assert total_of([]) is None
    assert total_of([Cost(amount=Decimal("1.5")), Cost(amount=Decimal(2))]) == Decimal("3.5")


def test_the_daemon_can_sweep_on_its_beat_without_work_of_its_own():
    scene = Scene()
    drill_id = a_leaked_copy(scene)

    sweep(scene.parts, is_dead=nobody_is_dead, lives_at_most=A_DAY, apply=True)

    assert scene.record(drill_id).state is State.TEARING_DOWN
    assert scene.journal.due(now=scene.clock.now(), at_most=5) == [drill_id]
