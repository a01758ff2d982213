"""``drill observe`` says what it saw and what is wrong, and orders nothing."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from drill.cli.beats import attach_beats
from drill.cli.context import house_of, read_setting
from drill.cli.person import user_name
from drill.errors import ExitCode, StoreUnavailable
from drill.store import SqlArchive
from tests.cli.conftest import Desk


def make_healthy(desk: Desk) -> None:
    desk.sandbox.admin.back_up(desk.source_id, name="nightly", type="manual")
    desk.servers.open_window(desk.source_id)


def test_a_healthy_source_is_seen_without_an_alarm(desk: Desk):
    make_healthy(desk)

    said = desk.drill("observe", "--output", "json")

    document = said.json()
    assert (said.code, document["alarms"]) == (ExitCode.PASSED, [])
    (one,) = document["observations"]
    assert (one["source_id"], one["source_name"]) == (desk.source_id, "orders-prod")
    assert one["windows"]
    assert [backup["name"] for backup in one["backups"]] == ["nightly"]
    (population,) = document["populations"]
    assert population["instances"] == [
        {"instance_id": desk.source_id, "name": "orders-prod", "in_scope": True}
    ]


def test_a_source_without_any_recovery_point_ends_with_one(desk: Desk):
    said = desk.drill("observe", "--output", "json")

    (alarm,) = said.json()["alarms"]
    assert (said.code, alarm["alarm"]) == (ExitCode.NOT_PASSED, "no_recovery_point")


def test_a_cloud_that_cannot_be_asked_ends_with_four_and_says_no_data(desk: Desk):
    desk.sandbox.admin.add_fault("error_next", method="GET", status=403, times=50)

    said = desk.drill("observe")

    assert said.code == ExitCode.PROVIDER
    assert "no data: cloud sandbox could not be asked" in said.err
    assert "no restore window" not in said.err


def test_text_names_source_alarm_and_hint(desk: Desk):
    said = desk.drill("observe")

    assert "orders-prod" in said.err
    assert "alarm: orders-prod on sandbox: there is neither" in said.err
    assert "hint: " in said.err


def test_without_a_look_earlier_ones_are_judged_and_the_cloud_is_not_asked(desk: Desk):
    make_healthy(desk)
    desk.drill("observe")
    desk.sandbox.admin.add_fault("error_next", method="GET", status=503, times=50)

    said = desk.drill("observe", "--no-look", "--output", "json")

    assert (said.code, said.json()["observations"], said.json()["alarms"]) == (0, [], [])


def test_how_old_a_backup_may_be_can_be_said(desk: Desk):
    make_healthy(desk)

    said = desk.drill("observe", "--no-backup-for", "1ms", "--output", "json")

    assert [one["alarm"] for one in said.json()["alarms"]] == ["backup_late"]
    assert desk.drill("observe", "--no-backup-for", "36").code == ExitCode.USAGE


def test_every_look_is_kept(desk: Desk):
    make_healthy(desk)
    desk.drill("observe")
    desk.drill("observe")

    with desk.journal() as journal:
        kept = journal.archive.observations_of(("sandbox", desk.source_id))
        assert [one.fault for one in kept] == [None, None]
        assert len(journal.archive.populations()) == 2


@pytest.mark.parametrize("words", [("observe",), ("run", "--no-report")])
def test_every_look_at_all_plans_keeps_the_sums_of_its_night(desk: Desk, words: tuple[str, ...]):
    desk.drill(*words, "--output", "json")

    with desk.journal() as journal:
        (kept,) = journal.archive.nightly_sums()
        (seen,) = journal.archive.newest_observations().values()
    assert kept.cloud == "sandbox"
    assert kept.taken_at >= seen.taken_at
    assert (kept.sums.with_window, kept.sums.measured) == (0, 1)
    assert kept.sums.worst is not None
    assert kept.sums.worst.source == ("sandbox", desk.source_id)
    assert kept.sums.worst.milliseconds == math.inf, "nothing was backed up yet"


@pytest.mark.parametrize("words", [("observe",), ("run", "--no-report")])
def test_sums_that_cannot_be_kept_are_said_and_change_nothing_else(
    desk: Desk, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    usual = desk.drill(*words)

    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("its disk is full")

    monkeypatch.setattr(SqlArchive, "nightly_sums", refuse)
    said = desk.drill(*words)

    assert said.code == usual.code
    assert "not kept" not in usual.err
    assert "no data: the sums of this night are not kept: its disk is full" in said.err
    with desk.journal() as journal:
        assert journal.archive.newest_observations()


@pytest.mark.parametrize("is_full", [False, True])
def test_the_daemon_keeps_the_sums_too_and_logs_it_when_it_cannot(
    desk: Desk, is_full: bool, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("its disk is full")

    if is_full:
        monkeypatch.setattr(SqlArchive, "keep_sums", refuse)
    house = house_of(read_setting(str(desk.folder / "config.toml")))
    attached = attach_beats(
        house, plans=lambda: house.plans, parts=lambda: house.parts, is_healthy=lambda: True
    )
    with capture_logs() as logged:
        attached.beat(house.parts.clock.now())
        attached.close(at_most=timedelta(minutes=1))

    with desk.journal() as journal:
        assert journal.archive.newest_observations()
        assert bool(journal.archive.nightly_sums()) is not is_full
    faults = [one["fault"] for one in logged if "sums of this night" in one["event"]]
    assert faults == ["its disk is full"] * is_full


def test_a_night_of_all_plans_looks_at_what_no_drill_has_looked_at(desk: Desk):
    desk.drill("run", "--no-report", "--output", "json")

    with desk.journal() as journal:
        (population,) = journal.archive.populations()
        (record,) = journal.history()
        (seen,) = journal.archive.observations_of(("sandbox", desk.source_id))
    assert population.in_scope == (desk.source_id,)
    assert record.initiated_by == user_name()
    assert record.inventory is not None
    assert seen.taken_at == record.inventory.taken_at


def test_a_run_of_one_plan_asks_for_nothing_more(desk: Desk):
    desk.drill("run", "orders", "--no-report", "--output", "json")

    with desk.journal() as journal:
        assert journal.archive.populations() == []
        assert journal.archive.nightly_sums() == []
