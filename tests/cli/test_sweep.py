"""What ``drill sweep`` says to a monitoring system: whether anything is left to do."""

from __future__ import annotations

from datetime import timedelta

from drill.engine.record import Outcome
from drill.plan.loader import load_plans
from tests.builders import a_record
from tests.cli.conftest import Desk
from tests.cli.folders import Folder, now

A_DAY = timedelta(days=1)


def abandon(desk: Desk) -> str:
    """Leave a drill that was due a day ago and that nobody holds."""
    plans, _ = load_plans(desk.folder / "plans")
    at = now() - A_DAY
    record = a_record(plan=plans[0].plan, scheduled_for=at, enlisted_at=at, next_at=at)
    with desk.journal() as journal:
        journal.enlist([record])
    return record.id


def test_a_dry_run_is_7_while_an_abandoned_drill_is_left_and_0_once_it_is_finished(desk: Desk):
    drill_id = abandon(desk)

    dry_run = desk.drill("sweep")
    applied = desk.drill("sweep", "--apply")

    assert (dry_run.code, applied.code) == (7, 0), dry_run.err + applied.err
    assert f"would take to teardown: drill {drill_id}" in dry_run.err
    assert "drill sweep --apply" in dry_run.err
    with desk.journal() as journal:
        found = journal.find(drill_id)
    assert found is not None
    assert found.outcome is Outcome.ABORTED
    assert desk.drill("sweep").code == 0


def test_what_is_known_to_be_left_says_more_than_a_cloud_that_is_away(tmp_path, monkeypatch):
    folder = Folder(tmp_path, monkeypatch)
    folder.write_plan("orders")
    nothing_known = folder.drill("sweep")
    at = now() - A_DAY
    with folder.store() as journal:
        plan = folder.plan("orders")
        journal.enlist([a_record(plan=plan, scheduled_for=at, enlisted_at=at, next_at=at)])

    abandoned = folder.drill("sweep")

    assert (nothing_known.code, abandoned.code) == (4, 7)
    assert "no data: cloud main could not be asked" in abandoned.err
