"""Every fault has its row, and a drill does what the row says."""

from __future__ import annotations

import inspect
from datetime import timedelta
from pathlib import Path

import pytest

from drill import errors
from drill.engine.enlisting import new_drill
from drill.engine.record import Outcome, Teardown, Trigger
from drill.engine.taxonomy import (
    NOT_THE_BACKUP,
    TAXONOMY,
    OnceOrdered,
    Passing,
    Trouble,
    counts_against_the_backup,
    trouble_of,
)
from drill.errors import PermissionMissing, ProviderError, ProviderUnavailable, StoreError
from drill.provider.memory_faults import Fault
from drill.provider.rds.reasons import cause_of
from tests.engine.scene import NOON, Scene, a_plan

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
WINDOW = timedelta(minutes=5)
"""The start window of the scene."""


def families() -> list[type[ProviderError]]:
    """Return every family of errors of the provider, by walking the tree."""
    every = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    return [one for one in every if issubclass(one, ProviderError) and one is not ProviderError]


@pytest.mark.parametrize("family", families())
def test_every_family_of_errors_of_the_cloud_has_a_row_of_its_own_kind(family):
    trouble = trouble_of(family("said"))

    assert trouble in TAXONOMY
    assert trouble is not Trouble.OWN_FAULT


def test_every_trouble_has_a_row_and_a_whole_sentence_of_advice():
    assert set(TAXONOMY) == set(Trouble)
    for row in TAXONOMY.values():
        assert row.advice[0].isupper()
        assert row.advice.endswith(".")


def test_a_status_tells_a_failing_cloud_from_a_network_that_is_down():
    assert trouble_of(ProviderUnavailable("no route")) is Trouble.NETWORK
    assert trouble_of(ProviderUnavailable("broken", status=503)) is Trouble.CLOUD_FAILING
    assert trouble_of(ZeroDivisionError()) is Trouble.OWN_FAULT


def table_row(trouble: Trouble) -> str:
    """Return the row of the operator's table that belongs to a trouble."""
    row = TAXONOMY[trouble]
    before = "tried again" if row.retried else "ends at once"
    cells = (trouble.value, row.passes.value, before, row.once_ordered.value, row.advice)
    return "| " + " | ".join(cells) + " |"


def test_the_table_of_the_operator_is_the_one_of_the_program():
    lines = OPERATIONS.read_text("utf-8").splitlines()
    start = lines.index(
        "| fault | passes by itself | before the order | once ordered | what to do |"
    )
    rows = lines[start + 2 : start + 2 + len(TAXONOMY)]

    assert rows == [table_row(trouble) for trouble in Trouble]
    assert lines[start + 2 + len(TAXONOMY)] == ""


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.THROTTLE, Fault.PERMISSION_MISSING])
@pytest.mark.parametrize("target", ["new", "existing"])
def test_what_is_retried_ends_within_the_start_window_and_orders_nothing(target, fault):
    scene = Scene()
    scene.provider.inject(fault, times=10_000)

    record = scene.run(a_plan(target=target))

    assert (record.outcome, record.teardown) == (Outcome.INCONCLUSIVE, Teardown.NOT_NEEDED)
    assert record.finished_at == NOON + WINDOW
    assert "stayed so for 5m" in str(record.reason)
    assert record.hint
    assert scene.restores_accepted() == 0


@pytest.mark.parametrize("target", ["new", "existing"])
def test_a_permission_that_comes_within_the_window_is_waited_for(target):
    scene = Scene()
    scene.provider.inject(Fault.PERMISSION_MISSING, times=3)

    record = scene.run(a_plan(target=target, objectives={"rpo": "1h", "rto": "30m"}))

    assert record.outcome is Outcome.PASSED
    scene.assert_nothing_left()


def test_a_missing_permission_is_asked_for_once_a_minute_at_most():
    scene = Scene()
    scene.provider.inject(Fault.PERMISSION_MISSING, times=10_000)

    scene.run(a_plan())

    assert sum(scene.provider.calls.values()) == 1 + WINDOW // timedelta(minutes=1)


@pytest.mark.parametrize(
    "fault", [Fault.QUOTA, Fault.BUSY, Fault.PERMISSION_MISSING], ids=lambda one: one.value
)
def test_an_order_that_meets_what_may_pass_is_given_again_and_only_once_accepted(fault):
    scene = Scene()
    drill_id = scene.enlist(a_plan())
    real = scene.provider.create

    def fail_first(admitted, *, password):
        scene.provider.create = real  # type: ignore[method-assign]
        scene.provider.inject(fault)
        return real(admitted, password=password)

    scene.provider.create = fail_first  # type: ignore[method-assign]

    record = scene.run_until_finished(drill_id)

    assert record.outcome is Outcome.PASSED
    assert scene.restores_accepted() == 1
    scene.assert_nothing_left()


def test_a_quota_that_stays_is_inconclusive_and_needs_no_teardown():
    scene = Scene()
    scene.provider.inject(Fault.QUOTA, times=10_000)

    record = scene.run(a_plan())

    assert (record.outcome, record.teardown) == (Outcome.INCONCLUSIVE, Teardown.NOT_NEEDED)
    assert "no quota left" in str(record.reason)
    assert scene.restores_accepted() == 0


@pytest.mark.parametrize(
    ("target", "fault", "word"),
    [
        ("existing", Fault.FAIL_RESTORE_FOR_QUOTA, "quota"),
        ("new", Fault.FAIL_CREATE_FOR_CAPACITY, "capacity"),
    ],
)
def test_a_job_that_fails_for_want_of_room_in_the_cloud_is_not_the_backups_fault(
    target, fault, word
):
    scene = Scene()
    scene.provider.inject(fault)

    record = scene.run(a_plan(target=target))

    assert record.outcome is Outcome.INCONCLUSIVE
    assert word in str(record.reason)
    assert "says nothing about the backup" in str(record.reason)
    assert record.hint
    scene.assert_nothing_left()


def test_a_fault_of_the_program_before_the_order_is_tried_again():
    scene = Scene()
    real = scene.provider.list_windows
    calls = []

    def fails_twice(*arguments, **named):
        calls.append(1)
        if len(calls) <= 2:
            raise ZeroDivisionError("a slip")
        return real(*arguments, **named)

    scene.provider.list_windows = fails_twice  # type: ignore[method-assign]

    record = scene.run(a_plan())

    assert record.outcome is Outcome.PASSED


def test_a_fault_of_the_program_that_stays_is_inconclusive_with_its_name():
    scene = Scene()

    def fails(*arguments, **named):
        raise ZeroDivisionError("a slip")

    scene.provider.list_windows = fails  # type: ignore[method-assign]

    record = scene.run(a_plan())

    assert record.outcome is Outcome.INCONCLUSIVE
    assert "fault of the program: ZeroDivisionError" in str(record.reason)
    assert record.finished_at == NOON + WINDOW


def test_store_trouble_is_waited_for_too():
    scene = Scene()
    real = scene.journal.holder_of
    calls = []

    def fails_once(cloud, target_id):
        calls.append(1)
        if len(calls) == 1:
            raise StoreError("the store is locked")
        return real(cloud, target_id)

    scene.journal.holder_of = fails_once  # type: ignore[method-assign]

    assert scene.run(a_plan(target="existing")).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("DBS.200046: the number of instances is at its limit", Trouble.QUOTA),
        ("The quota of instances has been exceeded", Trouble.QUOTA),
        ("no instance quota left", Trouble.QUOTA),
        ("insufficient resources in az1", Trouble.CAPACITY),
        ("Not enough memory on any host", Trouble.CAPACITY),
        ("createVM failed: No valid host was found", Trouble.CAPACITY),
        ("the flavor is sold out", Trouble.CAPACITY),
        ("the key cannot be used: not authorized", Trouble.PERMISSION),
        ("cancelled by user anna", Trouble.CANCELLED),
    ],
)
def test_a_reason_that_is_plain_is_understood(text, trouble):
    cause = cause_of(text)

    assert cause is not None
    assert trouble_of(cause) is trouble
    assert not counts_against_the_backup(cause)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "createVM failed.",
        "requested recovery stop point is before consistent recovery point",
        'relation "quota" could not be restored: invalid page in block 7',
        "could not open file pg_wal/000000010000000000000042: No such file or directory",
        "insufficient log to reach consistency",
        "the disk of the target is full",
        "out of order log record",
        "DBS.200005: internal error",
    ],
)
def test_a_reason_that_is_not_plain_counts_against_the_backup(text):
    assert counts_against_the_backup(cause_of(text))


@pytest.mark.parametrize("status", ["Unauthorized", "Canceled", "cancelled"])
def test_the_status_of_a_job_can_be_the_reason(status):
    assert not counts_against_the_backup(cause_of("stopped", status=status))


def test_only_trouble_that_no_backup_can_cause_is_left_out_of_the_verdict():
    assert Trouble.CLOUD_FAILING not in NOT_THE_BACKUP
    assert Trouble.REJECTED not in NOT_THE_BACKUP
    assert all(TAXONOMY[one].once_ordered is not OnceOrdered.TEAR_DOWN for one in NOT_THE_BACKUP)
    assert TAXONOMY[Trouble.CREDENTIALS].passes is Passing.NO
    assert trouble_of(PermissionMissing) in NOT_THE_BACKUP


def a_scheduled(scene: Scene, **schedule: str) -> str:
    """Enlist a drill of the schedule, due now."""
    plan = a_plan(schedule={"cron": "0 12 * * *", "time_zone": "UTC", **schedule})
    now = scene.clock.now()
    record = new_drill(plan, digest="d" * 64, trigger=Trigger.SCHEDULE, scheduled_for=now, now=now)
    (enlisted,) = scene.journal.enlist([record])
    return enlisted.id


def test_a_drill_of_the_schedule_tries_until_its_slot_can_no_longer_begin():
    scene = Scene()
    drill_id = a_scheduled(scene, start_window="2h")
    scene.provider.inject(Fault.UNAVAILABLE, times=10_000)

    record = scene.run_until_finished(drill_id)

    assert record.outcome is Outcome.INCONCLUSIVE
    assert record.finished_at == NOON + timedelta(hours=2)
    assert "stayed so for 2h" in str(record.reason)


def test_a_fault_is_told_before_the_deadline_would_only_say_that_it_gave_up():
    scene = Scene()
    drill_id = a_scheduled(scene, start_window="12h")
    scene.provider.inject(Fault.PERMISSION_MISSING, times=10_000)

    record = scene.run_until_finished(drill_id)

    assert record.deadline_at is not None
    assert record.finished_at is not None
    assert record.finished_at < record.deadline_at
    assert "permission" in str(record.reason)
