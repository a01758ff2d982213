"""``drill status``: what it says of a store, and the exit codes that a monitoring system reads."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from drill.dispatch.worker import worker_name
from drill.engine.control import PlanSeen
from drill.engine.record import Outcome, State, Teardown, Trigger
from tests.builders import a_record
from tests.cli.folders import NIGHTLY, Folder, now

DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    folder = Folder(tmp_path, monkeypatch)
    folder.write_plan("orders", rest=NIGHTLY)
    folder.write_plan("manual", source="source-2")
    return folder


def keep(folder: Folder, *, age: timedelta, plan: str = "orders", **overrides: Any) -> str:
    """Put a finished drill of this age into the store."""
    at = now() - age
    values: dict[str, Any] = {
        "plan": folder.plan(plan),
        "scheduled_for": at,
        "enlisted_at": at,
        "trigger": Trigger.SCHEDULE,
        "state": State.FINISHED,
        "outcome": Outcome.PASSED,
        "teardown": Teardown.CLEAN,
        "finished_at": at,
        "level": 4,
    }
    with folder.store() as journal:
        (record,) = journal.enlist([a_record(**values | overrides)])
    return record.id


def look(folder: Folder, ago: timedelta = timedelta(0)) -> None:
    with folder.store() as journal:
        journal.control.note_look(now=now() - ago)


def test_an_empty_store_is_no_fault_without_a_limit(folder: Folder):
    said = folder.drill("status")

    assert said.code == 0
    assert "nobody has kept it yet" in said.out
    assert "never" in said.out


@pytest.mark.parametrize(
    ("age", "overrides", "looked", "code"),
    [
        (DAY / 2, {}, DAY / 2, 0),
        (2 * DAY, {}, DAY / 2, 1),
        (DAY / 2, {"outcome": Outcome.PASSED_LATE}, DAY / 2, 0),
        (DAY / 2, {"outcome": Outcome.FAILED_CHECK}, DAY / 2, 1),
        (DAY / 2, {"is_simulated": True}, DAY / 2, 1),
        (DAY / 2, {}, 2 * DAY, 8),
        (2 * DAY, {}, 2 * DAY, 1),
    ],
    ids=["fresh", "old", "late", "failed", "simulated", "silent", "old and silent"],
)
def test_the_exit_code_with_a_limit_says_what_is_wrong(folder, age, overrides, looked, code):
    keep(folder, age=age, **overrides)
    look(folder, looked)

    said = folder.drill("status", "--max-age", "1d")

    assert said.code == code
    assert ("too old: plan orders" in said.err) is (code == 1)
    assert folder.drill("status").code == 0


def test_a_plan_without_a_schedule_never_grows_too_old(folder: Folder):
    keep(folder, age=DAY / 2)
    look(folder)

    assert folder.drill("status", "manual", "--max-age", "1d").code == 0


def test_a_store_where_nobody_ever_looked_is_silent(folder: Folder):
    keep(folder, age=DAY / 2)

    assert folder.drill("status", "--max-age", "1d").code == 8


def test_a_daemon_s_beat_is_a_sign_of_life(folder: Folder):
    keep(folder, age=DAY / 2)
    with folder.store() as journal:
        journal.control.daemon_started("host/1/1", now=now())

    said = folder.drill("status", "--max-age", "1d")

    assert said.code == 0
    assert "kept by host/1/1" in said.out


def test_every_daemon_at_work_is_named_with_its_trouble(folder: Folder):
    with folder.store() as journal:
        control = journal.control
        for name in ("host/1/1", "host/2/2", "host/3/3"):
            control.daemon_started(name, now=now())
        control.daemon_beat("host/2/2", now=now(), trouble="metrics are not served at :1: taken")
        control.daemon_stopped("host/3/3", now=now(), how="clean")

    said = folder.drill("status")

    assert "kept by host/2/2, host/1/1, last sign of life" in said.out
    assert "trouble: host/2/2: metrics are not served at :1: taken" in said.out
    daemons = folder.drill("status", "--output", "json").json()["daemons"]
    assert {one["worker"]: bool(one["trouble"]) for one in daemons} == {
        "host/1/1": False,
        "host/2/2": True,
        "host/3/3": False,
    }


def test_a_daemon_that_has_not_beaten_for_long_is_not_said_to_keep_the_schedule(folder: Folder):
    with folder.store() as journal:
        journal.control.daemon_started("host/1/1", now=now() - timedelta(hours=3))

    said = folder.drill("status")

    assert "nobody keeps it now; last sign of life of host/1/1 3 h" in said.out
    assert "kept by" not in said.out


def test_the_document_says_what_is_known_and_null_for_the_rest(folder: Folder):
    proof = keep(folder, age=10 * DAY)
    keep(folder, age=2 * DAY, outcome=Outcome.MISSED, level=0)
    leaked = keep(folder, age=DAY, outcome=Outcome.FAILED_CHECK, teardown=Teardown.LEAKED)
    keep(folder, age=DAY / 2, plan="manual", level=2)

    found = folder.drill("status", "--output", "json").json()

    manual, orders = found["plans"]
    assert orders["last"]["drill"] == leaked
    assert orders["last_passed"]["drill"] == proof
    assert orders["next"]["scheduled_for"].endswith("T02:00:00.000Z")
    assert manual["next"] is None
    assert manual["last_passed"]["level"] == 2
    assert found["counts"] == {
        "waiting": 0,
        "running": 0,
        "abandoned": 0,
        "leaked": 1,
        "late": 0,
        "missed_in_7_days": 1,
    }
    first, second = found["sources"]
    assert (first["source_id"], first["days_left"], first["proof"]["drill"]) == (
        "source-1",
        19,
        proof,
    )
    assert (second["source_id"], second["days_left"], second["left_ms"]) == ("source-2", None, None)
    assert found["alive_at"] is None


@pytest.mark.parametrize(
    ("objectives", "days"),
    [
        ("", 29),
        ('cadence = "7d"', 6),
        ('cadence = "7d"\nproof_validity = "14d"', 13),
        ('cadence = "12h"', -1),
    ],
)
def test_a_proof_counts_as_long_as_the_plan_says(folder: Folder, objectives: str, days: int):
    folder.write_plan("orders", rest=f"{NIGHTLY}\n[objectives]\n{objectives}")
    keep(folder, age=DAY / 2 + timedelta(minutes=1))

    found = folder.drill("status", "--output", "json").json()

    assert found["sources"][0]["days_left"] == days


def test_a_slot_that_should_have_begun_is_late(folder: Folder):
    yesterday = now() - DAY - timedelta(hours=1)
    seen = PlanSeen(
        plan_name="orders", digest="d", first_seen_at=yesterday, settled_until=yesterday
    )
    with folder.store() as journal:
        journal.control.remember_plans([(seen, folder.plan("orders"))])

    said = folder.drill("status")

    assert "1 late" in said.out
    assert "(late)" in said.out


def test_a_limit_that_is_no_span_is_a_mistake_of_usage(folder: Folder):
    with pytest.raises(click.BadParameter, match="36h"):
        folder.drill("status", "--max-age", "36")


def test_a_plan_that_is_invalid_now_stands_as_it_was_and_makes_exit_code_3(folder: Folder):
    keep(folder, age=DAY / 2)
    folder.drill("run", "--due")
    folder.write_plan("orders", top='give_up_after = "2 parsecs"', rest=NIGHTLY)

    said = folder.drill("status")

    assert said.code == 3
    assert "plan invalid" in said.err
    assert "parsecs" in said.err
    found = folder.drill("status", "--output", "json").json()
    assert [one["plan"] for one in found["plans"]] == ["manual", "orders"]
    assert "2 parsecs" in found["problems"][0]["message"]


def begun(folder: Folder, *, ago: timedelta, worker: str | None, **overrides: Any) -> str:
    """Put a drill into the store that waits for its restore, and was due so long ago."""
    at = now() - ago
    values: dict[str, Any] = {
        "plan": folder.plan("orders"),
        "scheduled_for": at - DAY,
        "enlisted_at": at - timedelta(hours=1),
        "state": State.RESTORING,
        "next_at": at,
        "leased_by": worker,
    }
    with folder.store() as journal:
        (record,) = journal.enlist([a_record(**values | overrides)])
    return record.id


def a_dead_worker() -> str:
    """Return the name that this process would have had if it had started at another time."""
    return worker_name().rpartition("/")[0] + "/1"


SOON, LONG = timedelta(seconds=-10), timedelta(minutes=6)


@pytest.mark.parametrize(
    ("ago", "is_dead", "has_daemon", "is_abandoned"),
    [
        (SOON, False, False, False),
        (SOON, True, False, True),
        (SOON, True, True, False),
        (LONG, False, True, True),
    ],
    ids=["its process lives", "its process died", "a daemon takes it over", "nobody came"],
)
def test_a_drill_that_nobody_goes_on_with_is_not_said_to_run(
    folder: Folder, ago: timedelta, is_dead: bool, has_daemon: bool, is_abandoned: bool
):
    drill_id = begun(folder, ago=ago, worker=a_dead_worker() if is_dead else worker_name())
    if has_daemon:
        with folder.store() as journal:
            journal.control.daemon_started("other/1/1", now=now())

    said = folder.drill("status")
    found = folder.drill("status", "--output", "json").json()

    assert f"{int(not is_abandoned)} running, {int(is_abandoned)} abandoned" in said.out
    assert (f"abandoned: drill {drill_id} of plan orders" in said.out) is is_abandoned
    assert ("drill sweep --apply" in said.out) is is_abandoned
    assert [one["abandoned"] for one in found["in_hand"]] == [is_abandoned]
    assert found["counts"]["running"] == int(not is_abandoned)
    assert said.code == 0


def test_a_drill_whose_step_lasts_long_is_running_as_long_as_its_lease_is_renewed(folder: Folder):
    begun(folder, ago=LONG, worker="other/1/1", leased_until=now() + timedelta(minutes=1))

    assert "1 running, 0 abandoned" in folder.drill("status").out


def test_of_many_abandoned_drills_some_are_named_and_the_rest_is_counted(folder: Folder):
    for hours in range(7):
        begun(folder, ago=LONG + timedelta(hours=hours), worker=None)

    said = folder.drill("status")

    assert said.out.count("abandoned: drill ") == 5
    assert "abandoned: 2 more" in said.out
