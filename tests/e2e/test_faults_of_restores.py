"""Drills whose recovery point cannot be restored, whose restore never ends, and whose way back is
barred (docs/sandbox-faults.md): the verdict says so, and nothing is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from drill.dispatch.local import LocalDispatcher
from drill.engine.record import DrillRecord, Outcome, State, Teardown
from drill.engine.sweeping import find_leaks, reopen_teardowns
from drill.plan.model import ExistingTarget
from tests.e2e.inside import BOTH, EXISTING, NEW, ORDER, Workshop, run, short

OF_BACKUP = {NEW: "orders-oldest-backup", EXISTING: "orders-newest-backup"}
REASON = "the storage pool of the zone is exhausted"


@BOTH
@pytest.mark.parametrize(
    ("kind", "members", "words"),
    [
        ("fail_next_job", {**ORDER, "reason": REASON}, REASON),
        ("disk_full", {}, "the disk of the target is full"),
    ],
)
def test_failed_job_is_failed_restore_with_its_reason(shop, name, kind, members, words):
    shop.admin.add_fault(kind, **members)

    record = run(shop, short(shop, name))

    assert record.outcome is Outcome.FAILED_RESTORE
    assert words in str(record.reason)
    assert record.teardown is Teardown.CLEAN


def renew_backup(shop: Workshop, source_id: str) -> None:
    """Take a new backup of a source whose older ones or whose log are damaged for good, and wait
    until every plan restores from it."""
    shop.admin.clear_faults()
    shop.admin.back_up(source_id)
    provider = shop.house.parts.clouds["sandbox"].provider
    ends = [each.ended_at for each in provider.list_backups(source_id)]
    wait_for_window(shop, source_id, max(end for end in ends if end is not None))


def wait_for_window(shop: Workshop, source_id: str, instant: datetime) -> None:
    """Wait until every plan restores to a later instant: the newest, less a margin of 2 s."""
    deadline = time.monotonic() + 30
    while newest_end(shop, source_id) < instant + timedelta(seconds=3):
        assert time.monotonic() < deadline, "the log of the source is not archived"
        time.sleep(0.1)


def newest_end(shop: Workshop, source_id: str) -> datetime:
    provider = shop.house.parts.clouds["sandbox"].provider
    now = shop.house.parts.clock.now()
    return max(each.ends_at for each in provider.list_windows(source_id, retention_days=1, now=now))


@BOTH
def test_missing_log_segment_is_failed_restore_and_its_name_is_told(shop, name):
    plan = short(shop, name)
    shop.admin.add_fault("lose_log_segment")

    record = run(shop, plan)

    renew_backup(shop, plan.source.instance_id)
    assert record.outcome is Outcome.FAILED_RESTORE
    assert "archive" in str(record.reason)
    assert run(shop, plan).outcome is Outcome.PASSED


@BOTH
def test_segment_that_is_lost_unnoticed_is_still_advertised_and_fails_the_drill(shop, name):
    plan = short(shop, name)
    source_id = plan.source.instance_id
    renew_backup(shop, source_id)
    whole = newest_end(shop, source_id)
    damaged = shop.admin.add_fault("lose_log_segment", instance=source_id, at_once=True)["damaged"]

    assert newest_end(shop, source_id) >= whole
    record = run(shop, plan)

    renew_backup(shop, source_id)
    assert record.outcome is Outcome.FAILED_RESTORE
    assert f"log segment {damaged} is missing" in str(record.reason)


def test_segment_that_somebody_deletes_by_hand_fails_the_drill_and_is_named(shop):
    plan = short(shop, NEW)
    source_id = plan.source.instance_id
    renew_backup(shop, source_id)
    archive = shop.world.folder / ".sandbox" / "servers" / source_id
    victim = max(archive.glob("eras/*/archive/" + "[0-9A-F]" * 24))
    victim.unlink()
    wait_for_window(shop, source_id, shop.house.parts.clock.now())

    record = run(shop, plan)

    renew_backup(shop, source_id)
    assert record.outcome is Outcome.FAILED_RESTORE
    assert f"log segment {victim.name} is missing" in str(record.reason)


@BOTH
def test_corrupted_backup_is_failed_restore_by_either_way_of_restoring(shop, name):
    for plan in (short(shop, name), short(shop, OF_BACKUP[name])):
        shop.admin.add_fault("corrupt_backup")

        record = run(shop, plan)

        renew_backup(shop, plan.source.instance_id)
        assert record.outcome is Outcome.FAILED_RESTORE
        assert "the base backup is damaged" in str(record.reason)


def heal_in_teardown(shop: Workshop) -> Callable[[str], None]:
    def heal(drill_id: str) -> None:
        shop.wait_for(drill_id, State.TEARING_DOWN, State.FINISHED)
        shop.admin.clear_faults()

    return heal


SOON = timedelta(seconds=6)


@BOTH
@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("hang_next_job", ORDER),
        ("stick_instance", {**ORDER, "status": "RESTORING"}),
        ("stick_instance", {**ORDER, "status": "BUILD"}),
    ],
)
def test_what_never_ends_is_given_up_and_torn_down_once_the_cloud_is_well(
    shop, name, kind, members
):
    shop.admin.add_fault(kind, **members)

    record = run(shop, short(shop, name, give_up_after=SOON), meanwhile=heal_in_teardown(shop))

    assert record.outcome is Outcome.INCONCLUSIVE
    assert "gave up after" in str(record.reason)
    assert record.teardown is Teardown.CLEAN


@BOTH
def test_copy_that_is_backed_up_for_ever_is_checked_and_torn_down_later(shop, name):
    shop.admin.add_fault("stick_instance", **ORDER, status="BACKING UP")

    record = run(shop, short(shop, name), meanwhile=heal_in_teardown(shop))

    assert record.outcome is Outcome.PASSED
    assert record.teardown is Teardown.CLEAN


def test_target_that_is_busy_for_ever_is_never_touched(shop):
    plan = short(shop, EXISTING)
    assert isinstance(plan.target, ExistingTarget)
    shop.admin.add_fault(
        "stick_instance", instance=plan.target.instance_id, status="BACKING UP", at_once=True
    )

    record = run(shop, plan, recoveries=0, start_patience=timedelta(seconds=1))

    assert record.outcome is Outcome.INCONCLUSIVE
    assert "stayed BACKING UP" in str(record.reason)
    assert record.teardown is Teardown.NOT_NEEDED


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("error_next", {"method": "DELETE", "status": 500, "times": 2}),
        ("lose_next_answer", {"method": "DELETE"}),
        ("throttle_next", {"method": "DELETE", "times": 2}),
        ("html_next", {"method": "DELETE"}),
    ],
)
def test_trouble_in_teardown_does_not_change_the_verdict_and_leaves_nothing(shop, kind, members):
    shop.admin.add_fault(kind, **members)

    record = run(shop, short(shop, NEW))

    assert record.outcome is Outcome.PASSED
    assert record.teardown is Teardown.CLEAN


def test_lost_answer_to_the_reset_is_found_again(shop):
    shop.admin.add_fault("lose_next_answer", path="/recovery$", after=1)

    record = run(shop, short(shop, EXISTING))

    assert record.outcome is Outcome.PASSED
    assert record.teardown is Teardown.CLEAN


def test_deletion_that_failed_is_ordered_again(shop):
    shop.admin.add_fault("fail_next_job", method="DELETE", reason="the volume is attached")
    before = shop.accepted()["delete"]

    record = shop.drill(short(shop, NEW))

    assert record.outcome is Outcome.PASSED
    assert record.teardown is Teardown.CLEAN, record.teardown_reason
    assert shop.accepted()["delete"] - before == 2
    assert shop.world.scratch_left() == []


def sweep(shop: Workshop, record: DrillRecord) -> DrillRecord:
    """Do what ``drill sweep`` does with the leak of a drill."""
    parts, now = shop.house.parts, shop.house.parts.clock.now()
    leaks = find_leaks(parts, now=now, lives_at_most=timedelta(hours=2)).leaks
    assert [leak.drill_id for leak in leaks] == [record.id]
    (drill_id,) = reopen_teardowns(parts, leaks, now=now)
    LocalDispatcher(parts, workers=1).work_until_finished([drill_id])
    assert find_leaks(parts, now=now, lives_at_most=timedelta(hours=2)).leaks == ()
    return shop.record(record.id)


@pytest.mark.parametrize(
    ("name", "kind", "members"),
    [
        (NEW, "error_next", {"method": "DELETE", "status": 500, "times": 1000}),
        (NEW, "hang_next_job", {"method": "DELETE"}),
        (EXISTING, "fail_next_job", {"path": "/recovery$", "after": 1, "reason": "no space"}),
        (EXISTING, "hang_next_job", {"path": "/recovery$", "after": 1}),
    ],
)
def test_way_back_that_stays_barred_is_told_as_a_leak_and_swept_later(shop, name, kind, members):
    shop.admin.add_fault(kind, **members)

    leaked = shop.drill(short(shop, name), teardown_patience=timedelta(seconds=2))

    assert leaked.outcome is Outcome.PASSED, leaked.reason
    assert leaked.teardown is Teardown.LEAKED
    assert leaked.teardown_reason
    shop.admin.clear_faults()
    swept = sweep(shop, leaked)
    assert (swept.outcome, swept.teardown) == (Outcome.PASSED, Teardown.CLEAN)
    assert shop.world.scratch_left() == []
