"""Every source and every cloud is looked at; what could not be asked is no data."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drill.engine.alarming import current_alarms
from drill.engine.memory_archive import MemoryArchive
from drill.engine.observing import keep_observing, observe
from drill.provider.memory_faults import Fault
from drill.recovery.alarm import AlarmKind
from drill.recovery.facts import ExceptionNote
from drill.recovery.values import Window
from tests.engine.scene import (
    BYSTANDER_ID,
    NOON,
    SOURCE_ID,
    TARGET_ID,
    Scene,
    a_backup,
    a_plan,
    an_instance,
)

SOURCE = ("memory", SOURCE_ID)
HOUR = timedelta(hours=1)


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def archive(scene: Scene) -> MemoryArchive:
    return MemoryArchive(scene.journal)


def test_a_source_is_seen_with_windows_backups_and_instance(scene: Scene):
    seen = observe(scene.parts, [a_plan(), a_plan(name="twice")], now=NOON)

    (one,) = seen.observations
    assert (one.source, one.source_name, one.taken_at) == (SOURCE, "orders-prod", NOON)
    assert one.windows == (Window(NOON - timedelta(days=6), NOON - timedelta(minutes=2)),)
    assert [backup.id for backup in one.backups] == ["backup-1"]
    assert (one.retention_days, one.volume_gb, one.fault) == (7, 100, None)


def test_the_population_is_every_instance_but_scratch_of_ours(scene: Scene):
    made = an_instance("made0000000000000000000000000000in03", "x", tags={"drill-id": "20260301"})
    scene.provider.add_instance(made)
    named = an_instance("named", "drill-20260301-020000-0a1b2c3d")
    scene.provider.add_instance(named)
    scene.provider.add_instance(an_instance("tagged", "t", tags={"drill-scratch": "yes"}))

    (population,) = observe(scene.parts, [a_plan()], now=NOON).populations

    assert population.instances == tuple(
        sorted([(SOURCE_ID, "orders-prod"), (BYSTANDER_ID, "billing-prod")])
    )
    assert population.in_scope == (SOURCE_ID,)
    assert TARGET_ID not in dict(population.instances)


def test_a_cloud_without_a_plan_is_listed_as_well(scene: Scene):
    (population,) = observe(scene.parts, [], now=NOON).populations

    assert (len(population.instances), population.in_scope) == (2, ())


def test_a_cloud_that_cannot_be_asked_is_no_data_for_all_its_sources(scene: Scene):
    scene.provider.inject(Fault.UNAVAILABLE)

    seen = observe(scene.parts, [a_plan()], now=NOON)

    (one,), (population,) = seen.observations, seen.populations
    assert one.fault == population.fault == "injected: unavailable"
    assert (one.windows, one.backups, population.instances) == ((), (), ())
    assert one.retention_days is None


@pytest.mark.parametrize("method", ["list_windows", "list_backups"])
def test_a_fault_while_a_source_is_read_is_the_fault_of_that_source_alone(
    scene: Scene, method: str, monkeypatch: pytest.MonkeyPatch
):
    other = a_plan(name="billing", source={"cloud": "memory", "instance_id": BYSTANDER_ID})
    read = getattr(scene.provider, method)

    def once(instance_id: str, **more: object):
        if instance_id == BYSTANDER_ID:
            scene.provider.inject(Fault.PERMISSION_MISSING)
        return read(instance_id, **more)

    monkeypatch.setattr(scene.provider, method, once)

    by_id = {
        one.source_id: one for one in observe(scene.parts, [a_plan(), other], now=NOON).observations
    }

    assert by_id[BYSTANDER_ID].fault == "injected: permission_missing"
    assert by_id[SOURCE_ID].fault is None


def test_a_source_that_is_not_listed_is_a_fault(scene: Scene):
    scene.provider.remove_instance(SOURCE_ID)

    (one,) = observe(scene.parts, [a_plan()], now=NOON).observations

    assert "is not listed" in (one.fault or "")


def test_what_was_seen_is_kept_and_asked_for_once_in_a_span(scene: Scene, archive: MemoryArchive):
    said: list[object] = []
    first = keep_observing(scene.parts, archive, [a_plan()], now=NOON, said=said.append)
    scene.clock.move(HOUR)
    again = keep_observing(scene.parts, archive, [a_plan()], now=NOON + HOUR)
    scene.clock.move(12 * HOUR)
    later = keep_observing(scene.parts, archive, [a_plan()], now=NOON + 13 * HOUR)

    assert said == [*first.populations, *first.observations]
    assert (again.observations, again.populations) == ((), ())
    assert len(later.observations) == len(later.populations) == 1
    assert archive.observations_of(SOURCE) == [*first.observations, *later.observations]
    assert archive.populations() == [*first.populations, *later.populations]


def test_a_look_with_a_fault_counts_so_that_nobody_hammers_a_broken_cloud(
    scene: Scene, archive: MemoryArchive
):
    scene.provider.inject(Fault.UNAVAILABLE)
    keep_observing(scene.parts, archive, [a_plan()], now=NOON)
    calls = scene.provider.calls.total()

    keep_observing(scene.parts, archive, [a_plan()], now=NOON + HOUR)

    assert scene.provider.calls.total() == calls


def test_the_look_of_a_drill_counts_and_is_kept_once(scene: Scene, archive: MemoryArchive):
    record = scene.run(a_plan())
    assert record.inventory is not None

    seen = keep_observing(scene.parts, archive, [a_plan()], now=scene.clock.now())

    assert seen.observations == ()
    assert len(seen.populations) == 1
    (kept,) = archive.observations_of(SOURCE)
    assert kept.taken_at == record.inventory.taken_at


def test_alarms_are_about_what_the_archive_holds(scene: Scene, archive: MemoryArchive):
    plan = a_plan(objectives={"rpo": "5m", "retention": "5d"})
    keep_observing(scene.parts, archive, [plan], now=NOON)
    assert current_alarms(archive, [plan], now=NOON) == []
    day = timedelta(days=1)
    scene.clock.move(day)

    keep_observing(scene.parts, archive, [plan], now=NOON + day)

    kinds = [one.kind for one in current_alarms(archive, [plan], now=NOON + day)]
    assert kinds == [AlarmKind.LOG_LATE]


def test_a_source_that_vanished_is_an_alarm_until_it_is_excluded(
    scene: Scene, archive: MemoryArchive
):
    keep_observing(scene.parts, archive, [a_plan()], now=NOON)
    day = timedelta(days=1)
    scene.clock.move(day)
    scene.provider.remove_instance(SOURCE_ID)
    keep_observing(scene.parts, archive, [a_plan()], now=NOON + day)

    (alarm,) = current_alarms(archive, [a_plan()], now=NOON + day)
    assert (alarm.kind, alarm.source_name) == (AlarmKind.SOURCE_VANISHED, "orders-prod")

    note = ExceptionNote(
        id="E-1",
        kind="exclusion",
        cloud="memory",
        source_id=SOURCE_ID,
        reason="retired",
        owner="ada",
        approver="grace",
        opened_at=NOON,
        opened_by="ada",
        expires_at=NOON + 2 * day,
    )
    archive.open_exception(note)
    assert current_alarms(archive, [a_plan()], now=NOON + day) == []
    assert current_alarms(archive, [a_plan()], now=NOON + 2 * day) != []


def test_a_finding_hides_no_alarm(scene: Scene, archive: MemoryArchive):
    scene.provider.set_windows(SOURCE_ID, [])
    keep_observing(scene.parts, archive, [a_plan()], now=NOON)
    note = ExceptionNote(
        id="E-1",
        kind="finding",
        cloud="memory",
        source_id=SOURCE_ID,
        reason="is worked on",
        owner="ada",
        opened_at=NOON,
        opened_by="ada",
    )
    archive.open_exception(note)

    (alarm,) = current_alarms(archive, [a_plan()], now=NOON)

    assert alarm.kind is AlarmKind.LOG_LATE


def test_what_another_instance_backed_up_is_not_a_backup_of_the_source(scene: Scene):
    foreign = replace(a_backup("foreign", SOURCE_ID, NOON - HOUR, "f"), instance_id="another")
    scene.provider._backups[SOURCE_ID]["foreign"] = foreign

    (one,) = observe(scene.parts, [a_plan()], now=NOON).observations

    assert [backup.id for backup in one.backups] == ["backup-1"]
