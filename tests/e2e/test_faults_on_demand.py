"""Drills under every fault that the sandbox can be told to have (docs/sandbox-faults.md).

Trouble of the infrastructure is waited for or ends as inconclusive; a recovery point that cannot be
restored is failed_restore with the reason. Whatever happens, nothing is ordered twice, nothing is
left, and the fault is told in plain words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.engine.record import DrillRecord, Outcome, State, Teardown
from drill.plan.model import Plan
from tests.e2e.inside import Workshop, sandbox_inside, workshop
from tests.e2e.world import World

NEW, EXISTING = "orders-before-latest", "orders-latest"
OF_BACKUP = {NEW: "orders-oldest-backup", EXISTING: "orders-newest-backup"}
BOTH = pytest.mark.parametrize("name", [NEW, EXISTING])
ORDER = {"method": "POST", "path": "/instances(/recovery)?$"}
"""The order of a restore, whatever the kind of its target."""
KEYS = """kind = "keys"
access_key = "file:.sandbox/access-key"
secret_key = "file:.sandbox/secret-key"
"""
PASSWORD = """kind = "password"
user = "file:.sandbox/user"
domain = "file:.sandbox/domain"
password = "file:.sandbox/password"
"""


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with sandbox_inside(tmp_path_factory.mktemp("inside")) as world:
        yield world


@pytest.fixture
def shop(inside: World, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(inside, tmp_path) as made:
        yield made
        made.admin.clear_faults()


def short(shop: Workshop, name: str, **changes: Any) -> Plan:
    """Return a plan with the quick ones of its checks."""
    plan = shop.plan(name)
    checks = tuple(each for each in plan.checks if each.kind in ("connects", "heartbeat"))
    return plan.model_copy(update={"checks": checks, **changes})


def run(
    shop: Workshop,
    plan: Plan,
    *,
    meanwhile: Callable[[str], None] | None = None,
    creations: int | None = None,
    recoveries: int | None = None,
    **parts: Any,
) -> DrillRecord:
    """Run a drill and hold it to what is true under every fault."""
    before = shop.accepted()
    record = shop.drill(plan, meanwhile=meanwhile, **parts)
    after = shop.accepted()
    assert record.state is State.FINISHED, record.reason
    is_new = plan.target.kind == "new"
    wanted = (
        (1 if is_new else 0) if creations is None else creations,
        (0 if is_new else 2) if recoveries is None else recoveries,  # the restore and the reset
    )
    assert (
        after["create"] - before["create"],
        after["recovery"] - before["recovery"],
    ) == wanted, (record.outcome, record.reason, record.teardown_reason)
    assert after["delete"] - before["delete"] == wanted[0]
    assert record.teardown in {Teardown.CLEAN, Teardown.NOT_NEEDED}, record.teardown_reason
    assert shop.world.scratch_left() == []
    told = shop.journal_text(record.id)
    assert "fault of the program" not in told
    assert "Traceback" not in told
    if record.outcome is not Outcome.PASSED:
        assert record.reason
    return record


PASSING_READS: list[tuple[str, dict[str, Any]]] = [
    ("delay", {"seconds": 0.3, "times": 5}),
    ("reset_body", {"method": "GET", "times": 2}),
    ("throttle_next", {"seconds": 1, "times": 2}),
    ("error_next", {"method": "GET", "status": 500, "times": 4}),
    ("error_next", {"method": "GET", "status": 503, "body": "empty", "times": 4}),
    ("html_next", {"method": "GET", "status": 502, "times": 4}),
    ("html_next", {"path": "/jobs$", "status": 200, "times": 2}),
    ("huge_answer", {"path": "/jobs$", "times": 2}),
    ("short_pages", {"times": 100}),
    ("repeat_items", {"method": "GET", "times": 2}),
    ("reorder_items", {"method": "GET", "times": 3}),
    ("odd_objects", {"path": "/(instances|backups|tasklist)$", "times": 100}),
    ("shrink_windows", {"seconds": 0.5, "times": 1}),
]
PASSING_ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("reset_body", ORDER),
    ("throttle_next", ORDER),
    ("error_next", {**ORDER, "status": 503, "body": "text", "accepted": True}),
    ("error_next", {**ORDER, "status": 409, "code": "DBS.201202"}),
    ("html_next", {**ORDER, "status": 200, "accepted": True}),
    ("huge_answer", ORDER),
]
WAYS = [
    *((fault, (NEW, EXISTING)[number % 2]) for number, fault in enumerate(PASSING_READS)),
    *((fault, name) for fault in PASSING_ORDERS for name in (NEW, EXISTING)),
    (("error_next", {**ORDER, "status": 413, "code": "DBS.200046"}), NEW),
]


def _id(value: object) -> str:
    if isinstance(value, str):
        return value
    kind, members = value  # type: ignore[misc]
    return "-".join([kind, *(str(each) for name, each in members.items() if name != "path")])


@pytest.mark.parametrize(("fault", "name"), WAYS, ids=_id)
def test_trouble_that_passes_is_waited_for_and_nothing_is_ordered_twice(shop, name, fault):
    kind, members = fault
    shop.admin.add_fault(kind, **members)

    record = run(shop, short(shop, name))

    assert record.outcome is Outcome.PASSED, (record.reason, record.hint)
    untouched = {"kind": kind, "times": members.get("times", 1)}
    assert untouched not in shop.admin.state()["faults"]


def test_pages_that_are_short_and_repeat_themselves_are_read_again(shop):
    shop.admin.add_fault("short_pages", times=100)
    shop.admin.add_fault("repeat_items", times=4, path="/instances$")

    record = run(shop, short(shop, NEW))

    assert record.outcome is Outcome.PASSED, record.reason


def test_lists_that_never_stand_still_are_inconclusive(shop):
    shop.admin.add_fault("short_pages", times=1000)
    shop.admin.add_fault("repeat_items", times=1000)

    record = run(shop, short(shop, NEW), creations=0)

    assert record.outcome is Outcome.INCONCLUSIVE
    assert "the list changed each time it was read" in str(record.reason)


@pytest.mark.parametrize(
    ("kind", "members", "words"),
    [
        ("html_next", {"times": 100}, "no JSON object"),
        ("huge_answer", {"times": 100}, "larger than"),
        ("error_next", {"times": 1000, "status": 503, "body": "empty"}, "HTTP 503"),
        ("error_next", {"times": 1000, "status": 403, "code": "DBS.280015"}, "DBS.280015"),
        ("hide_windows", {"times": 100}, "window"),
        ("shrink_windows", {"times": 100, "seconds": 86400}, "window"),
    ],
)
def test_trouble_that_stays_before_the_order_is_inconclusive_and_orders_nothing(
    shop, kind, members, words
):
    shop.admin.add_fault(kind, **members)

    record = run(shop, short(shop, NEW), creations=0, start_patience=timedelta(seconds=2))

    assert record.outcome is Outcome.INCONCLUSIVE
    assert words in str(record.reason)
    assert record.hint
    assert record.teardown is Teardown.NOT_NEEDED


def test_window_that_vanishes_between_choice_and_order_orders_nothing(shop):
    shop.admin.add_fault("hide_windows", after=1, times=100)

    record = run(shop, short(shop, NEW), creations=0)

    assert record.outcome in {Outcome.REFUSED, Outcome.INCONCLUSIVE}
    assert "window" in str(record.reason)


@BOTH
def test_order_that_a_balancer_swallowed_is_never_repeated(shop, name):
    shop.admin.add_fault("error_next", **ORDER, status=503, body="empty")

    record = run(shop, short(shop, name), creations=0, recoveries=0)

    assert record.outcome is Outcome.INCONCLUSIVE
    assert "was lost" in str(record.reason)


def test_tokens_that_expire_all_the_time_are_renewed(inside, tmp_path):
    with workshop(inside, tmp_path, [(KEYS, PASSWORD)]) as shop:
        shop.admin.add_fault("expire_tokens", path="/instances$", times=3)

        assert run(shop, short(shop, NEW)).outcome is Outcome.PASSED


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
    """Take a new backup of a source whose older ones or whose log are damaged for good."""
    shop.admin.clear_faults()
    shop.admin.back_up(source_id)


@BOTH
def test_missing_log_segment_is_failed_restore_and_its_name_is_told(shop, name):
    plan = short(shop, name)
    shop.admin.add_fault("lose_log_segment")

    record = run(shop, plan)

    renew_backup(shop, plan.source.instance_id)
    assert record.outcome is Outcome.FAILED_RESTORE
    assert "archive" in str(record.reason)
    assert run(shop, plan).outcome is Outcome.PASSED


def test_lost_segment_cuts_the_listed_windows_in_two(shop):
    plan = short(shop, NEW)
    source_id = plan.source.instance_id
    provider = shop.house.parts.clouds["sandbox"].provider
    renew_backup(shop, source_id)
    now = shop.house.parts.clock.now()

    def newest_end() -> Any:
        return provider.list_windows(source_id, retention_days=1, now=now)[-1].ends_at

    before = newest_end()
    while newest_end() - before < timedelta(seconds=6):
        now = shop.house.parts.clock.now()
    whole = newest_end()
    damaged = shop.admin.add_fault("lose_log_segment", instance=source_id, at_once=True)

    assert len(damaged["damaged"]) == 24
    assert newest_end() < whole
    renew_backup(shop, source_id)


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
