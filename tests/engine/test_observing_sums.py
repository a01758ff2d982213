"""Every observation keeps the sums of its night, once a span, and never fails because of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drill.engine.memory_archive import MemoryArchive
from drill.engine.observing import Observed, keep_observing
from drill.errors import StoreError, StoreUnavailable
from drill.provider.memory_faults import Fault
from drill.recovery.facts import ExceptionNote, FleetSums, NightlySums, WorstLag
from drill.recovery.values import TimePoint
from tests.engine.scene import BYSTANDER_ID, NOON, SOURCE_ID, Scene, a_backup, a_plan

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)
OTHER = a_plan(name="billing", source={"cloud": "memory", "instance_id": BYSTANDER_ID})


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def archive(scene: Scene) -> MemoryArchive:
    return MemoryArchive(scene.journal)


def observe(scene: Scene, archive: MemoryArchive, *plans: object) -> Observed:
    """Look now, with these plans or the usual one."""
    return keep_observing(scene.parts, archive, plans or [a_plan()], now=scene.clock.now())  # type: ignore[arg-type]


def test_sums_are_kept_when_no_drill_ran(scene: Scene, archive: MemoryArchive):
    observe(scene, archive, a_plan(), OTHER)

    nothing_there = WorstLag(
        source=("memory", BYSTANDER_ID), milliseconds=float("inf"), target=None
    )
    assert archive.nightly_sums() == [
        NightlySums(
            cloud="memory",
            taken_at=NOON,
            sums=FleetSums(
                proven=0,
                advertised=(6 * 24 * HOUR - 2 * MINUTE) // MILLISECOND,
                with_window=1,
                measured=2,
                promised=0,
                late=0,
                worst=nothing_there,
            ),
        )
    ]


def test_what_a_drill_proved_and_its_target_are_in_the_sums(scene: Scene, archive: MemoryArchive):
    scene.provider.add_backup(a_backup("night", SOURCE_ID, NOON - 5 * HOUR, "night"))
    record = scene.run(a_plan())

    observe(scene, archive, a_plan(objectives={"proof_validity": "2d"}))
    scene.clock.move(2 * 24 * HOUR)
    observe(scene, archive, a_plan(objectives={"proof_validity": "2d"}))

    first, second = (one.sums for one in archive.nightly_sums())
    assert record.choice is not None
    assert isinstance(record.choice.point, TimePoint)
    proven = record.choice.point.restore_time - (NOON - 5 * HOUR)
    assert first.proven == proven // MILLISECOND > 0
    assert (first.promised, first.late) == (1, 0)
    assert second.proven == 0, "the proof has run out"
    assert second.late == 1
    assert second.worst is not None
    assert second.worst.target == 5 * MINUTE


def test_sums_are_kept_as_often_as_sources_are_looked_at(scene: Scene, archive: MemoryArchive):
    for _half_hour in range(48):
        observe(scene, archive)
        scene.clock.move(30 * MINUTE)

    assert [one.taken_at for one in archive.nightly_sums()] == [
        NOON, NOON + 12.5 * HOUR,
    ]  # fmt: skip


def test_a_cloud_that_could_not_be_asked_has_no_sums(scene: Scene, archive: MemoryArchive):
    observe(scene, archive)
    scene.clock.move(24 * HOUR)
    scene.provider.inject(Fault.UNAVAILABLE)

    observe(scene, archive)

    assert [one.taken_at for one in archive.nightly_sums()] == [NOON]


def test_a_cloud_that_lists_its_instances_and_no_window_has_no_sums(
    scene: Scene, archive: MemoryArchive, monkeypatch: pytest.MonkeyPatch
):
    observe(scene, archive)
    scene.clock.move(24 * HOUR)
    read = scene.provider.list_backups

    def broken(instance_id: str):
        scene.provider.inject(Fault.PERMISSION_MISSING)
        return read(instance_id)

    monkeypatch.setattr(scene.provider, "list_backups", broken)
    observe(scene, archive)

    assert len(archive.populations()) == 2
    assert [one.taken_at for one in archive.nightly_sums()] == [NOON]


def test_an_excluded_source_is_in_no_sum(scene: Scene, archive: MemoryArchive):
    archive.open_exception(
        ExceptionNote(
            id="E-1", kind="exclusion", cloud="memory", source_id=SOURCE_ID, reason="retired",
            owner="ada", approver="grace", opened_at=NOON, opened_by="ada",
            expires_at=NOON + 24 * HOUR,
        )
    )  # fmt: skip

    observe(scene, archive)

    (kept,) = archive.nightly_sums()
    assert kept.sums == FleetSums()


@pytest.mark.parametrize("method", ["nightly_sums", "keep_sums", "exceptions", "drill_facts"])
def test_a_store_that_takes_no_sums_costs_no_look_and_they_are_kept_the_next_time(
    scene: Scene, archive: MemoryArchive, monkeypatch: pytest.MonkeyPatch, method: str
):
    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(archive, method, refuse)
        first = observe(scene, archive)
    scene.clock.move(30 * MINUTE)
    second = observe(scene, archive)

    assert first.not_summed == "the disk is full"
    assert len(archive.observations_of(("memory", SOURCE_ID))) == len(first.observations) == 1
    assert (second.observations, second.not_summed) == ((), None)
    assert [one.taken_at for one in archive.nightly_sums()] == [NOON + 30 * MINUTE]


def test_the_looks_themselves_still_fail_loudly(
    scene: Scene, archive: MemoryArchive, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(archive, "observe", refuse)

    with pytest.raises(StoreError, match="disk is full"):
        observe(scene, archive)
    assert archive.nightly_sums() == []
