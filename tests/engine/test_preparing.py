"""Setting an instance aside: nothing is written unless told, and nothing that holds anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drill.check.port import Emptiness, Endpoint
from drill.engine.ports import Parts, ScratchLogin
from drill.engine.preparing import Aside, look_at, prepare, role_of
from drill.engine.record import Outcome, Teardown
from drill.errors import ProviderUnavailable
from drill.guard.facts import BLANK_TAG, SCRATCH_TAG, Role
from drill.provider.memory import Habits, MemoryProvider
from drill.provider.memory_faults import Fault
from drill.recovery.values import BackupKind
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

BLANK_ID = "blank00000000000000000000000000ain03"
WRITES = {"tag", "backup", "restore", "reset", "create", "delete"}


def a_login(scene: Scene, *, blank_id: str | None = None) -> ScratchLogin:
    known = scene.parts.clouds["memory"].scratch[TARGET_ID]
    return replace(known, blank_id=blank_id)


class Yard(Scene):
    """A scene whose target comes back by a blank instance, on a cloud that cannot do it itself."""

    def __init__(self, *, by_blank: bool = True, fresh: bool = True) -> None:
        super().__init__()
        self.by_blank = by_blank
        habits = Habits(restores_to_current=not by_blank)
        self.provider = MemoryProvider(self.clock, habits=habits)
        self.prober._provider = self.provider
        self._fill_cloud()
        self.provider.add_instance(an_instance(BLANK_ID, "blank", vpc_id="vpc-prod"))
        if fresh:
            self._strip(TARGET_ID)
        self.parts = self._parts()

    def _strip(self, instance_id: str) -> None:
        """Take tag and baseline away."""
        instance = self.provider.find_instance(instance_id)
        assert instance is not None
        self.provider.change_instance(replace(instance, tags={"team": "dba"}))
        self.provider._backups[instance_id] = {}

    def _parts(self) -> Parts:
        parts = self.parts_with(self.journal, self.provider)
        cloud = parts.clouds["memory"]
        blank_id = BLANK_ID if self.by_blank else None
        current = cloud.rules.restore_to_current if not self.by_blank else frozenset()
        changed = replace(
            cloud,
            rules=replace(cloud.rules, restore_to_current=current),
            site=replace(cloud.site, blanks=frozenset({("memory", BLANK_ID)})),
            scratch={TARGET_ID: replace(cloud.scratch[TARGET_ID], blank_id=blank_id)},
            blanks={BLANK_ID: cloud.scratch[TARGET_ID]},
        )
        return replace(parts, clouds={"memory": changed})

    def look(self, instance_id: str, role: Role) -> Aside:
        return look_at(self.parts, self.parts.clouds["memory"], instance_id, role, inside=True)

    def prepare(self, instance_id: str, role: Role) -> Aside:
        said: list[str] = []
        cloud = self.parts.clouds["memory"]
        return prepare(self.parts, cloud, instance_id, role, say=said.append)

    def written(self) -> set[str]:
        return WRITES & {name for name, count in self.provider.calls.items() if count}


def test_a_look_writes_nothing_and_says_what_is_missing():
    yard = Yard(by_blank=False)

    aside = yard.look(TARGET_ID, Role.TARGET)

    assert (aside.has_tag, aside.needs_baseline, aside.is_ready) == (False, True, False)
    assert aside.refusals == ()
    assert {one.rule for one in aside.lacks} == {
        "target-carries-the-scratch-tag",
        "baseline-exists-once",
    }
    assert yard.written() == set()


def test_a_target_gets_its_tag_and_its_baseline_and_is_then_ready():
    yard = Yard(by_blank=False)

    aside = yard.prepare(TARGET_ID, Role.TARGET)

    assert aside.is_ready, aside.lacks
    target = yard.provider.find_instance(TARGET_ID)
    assert target is not None
    assert target.tags == {"team": "dba", SCRATCH_TAG: "yes"}
    (backup,) = yard.provider.list_backups(TARGET_ID)
    assert (backup.name, backup.kind) == ("drill-baseline", BackupKind.MANUAL)
    assert backup.is_complete
    assert yard.run(a_plan(target="existing")).teardown is Teardown.CLEAN
    yard.assert_nothing_left()


def test_preparing_twice_writes_nothing_more():
    yard = Yard(by_blank=False)
    yard.prepare(TARGET_ID, Role.TARGET)
    yard.provider.calls.clear()

    assert yard.prepare(TARGET_ID, Role.TARGET).is_ready
    assert yard.written() == set()


def _is_held(yard: Yard) -> None:
    yard.journal._holds["memory", TARGET_ID] = "another-drill"  # type: ignore[attr-defined]


def _holds_something(yard: Yard) -> None:
    yard.prober.emptiness = Emptiness(is_empty=False, reason="database shop is there")


def _cannot_be_looked_into(yard: Yard) -> None:
    yard.prober.emptiness = Emptiness(is_empty=None, reason="the password is wrong")


def _changed(**facts: object):
    def change(yard: Yard) -> None:
        target = yard.provider.find_instance(TARGET_ID)
        assert target is not None
        yard.provider.change_instance(replace(target, **facts))  # type: ignore[arg-type]

    return change


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (_is_held, "instance-is-held-by-nobody"),
        (_holds_something, "instance-was-just-seen-empty"),
        (_cannot_be_looked_into, "instance-was-just-seen-empty"),
        (_changed(status="RESTORING"), "target-is-active"),
        (_changed(replica_of="x"), "target-is-no-replica"),
        (_changed(tags={"drill-id": "x"}), "instance-was-not-made-by-a-drill"),
        (_changed(tags={BLANK_TAG: "yes"}), "instance-has-one-role"),
    ],
)
def test_one_wrong_fact_is_refused_and_no_call_is_made(spoil, rule):
    yard = Yard(by_blank=False)
    spoil(yard)

    aside = yard.prepare(TARGET_ID, Role.TARGET)

    assert rule in {one.rule for one in aside.refusals}
    assert yard.written() == set()


@pytest.mark.parametrize("instance_id", [SOURCE_ID, BYSTANDER_ID, "unknown"])
def test_what_the_configuration_does_not_set_aside_has_no_role(instance_id):
    yard = Yard()

    assert role_of(yard.parts.clouds["memory"], instance_id) is None


def test_a_plans_source_that_somebody_lists_is_refused():
    yard = Yard(by_blank=False)
    cloud = yard.parts.clouds["memory"]
    cloud = replace(
        cloud,
        site=replace(cloud.site, allow_list=frozenset({("memory", SOURCE_ID)})),
        scratch={SOURCE_ID: a_login(yard)},
    )

    def never(endpoint: Endpoint) -> Emptiness:
        raise AssertionError("nobody may log in to a source")

    yard.prober.see_emptiness = never  # type: ignore[method-assign]

    aside = prepare(yard.parts, cloud, SOURCE_ID, Role.TARGET, say=print)

    assert {"target-is-not-a-source", "target-is-not-protected"} <= {
        one.rule for one in aside.refusals
    }
    assert yard.written() == set()


def test_a_second_backup_of_that_name_is_never_made():
    yard = Yard(by_blank=False)
    automatic = replace(a_backup("b-1", TARGET_ID, NOON, "drill-baseline"), kind=BackupKind.AUTO)
    yard.provider.add_backup(automatic)

    aside = yard.prepare(TARGET_ID, Role.TARGET)

    assert not aside.is_ready
    assert "baseline-is-manual" in {one.rule for one in aside.lacks}
    assert yard.provider.calls["backup"] == 0


@pytest.mark.parametrize(
    ("fault", "ready"),
    [
        (Fault.LOSE_ANSWER_OF_BACKUP, True),
        (Fault.LOSE_REQUEST_OF_BACKUP, False),
        (Fault.LOSE_ANSWER_OF_TAG, True),
        (Fault.LOSE_REQUEST_OF_TAG, False),
    ],
)
def test_a_lost_answer_is_resolved_by_looking_and_nothing_is_ordered_twice(fault, ready):
    yard = Yard(by_blank=False)
    yard.provider.inject(fault)

    aside = yard.prepare(TARGET_ID, Role.TARGET)

    assert aside.is_ready is ready
    assert yard.provider.calls["backup"] <= 1
    assert yard.provider.calls["tag"] == 1
    assert len(yard.provider.list_backups(TARGET_ID)) <= 1


def test_a_cloud_that_does_not_answer_is_told_and_nothing_is_written():
    yard = Yard(by_blank=False)
    yard.provider.inject(Fault.UNAVAILABLE)

    with pytest.raises(ProviderUnavailable):
        yard.prepare(TARGET_ID, Role.TARGET)
    assert yard.written() == set()


def test_a_target_without_a_way_back_gets_no_useless_backup_and_is_never_called_ready():
    yard = Yard()
    cloud = yard.parts.clouds["memory"]
    cloud = replace(cloud, scratch={TARGET_ID: replace(cloud.scratch[TARGET_ID], blank_id=None)})

    aside = prepare(yard.parts, cloud, TARGET_ID, Role.TARGET, say=print)

    assert "baseline-is-of-use" in {one.rule for one in aside.refusals}
    assert "cloud-restores-to-current" in {one.rule for one in aside.lacks}
    assert yard.provider.calls["backup"] == 0


def test_a_blank_and_its_target_are_prepared_one_after_the_other():
    yard = Yard()

    assert not yard.prepare(TARGET_ID, Role.TARGET).is_ready
    blank = yard.prepare(BLANK_ID, Role.BLANK)
    target = yard.look(TARGET_ID, Role.TARGET)

    assert blank.is_ready
    assert target.is_ready, target.lacks
    assert yard.provider.list_backups(TARGET_ID) == []
    assert [one.name for one in yard.provider.list_backups(BLANK_ID)] == ["drill-baseline"]
    instance = yard.provider.find_instance(BLANK_ID)
    assert instance is not None
    assert instance.tags == {BLANK_TAG: "yes"}


def a_ready_yard() -> Yard:
    yard = Yard()
    yard.prepare(TARGET_ID, Role.TARGET)
    yard.prepare(BLANK_ID, Role.BLANK)
    return yard


@pytest.mark.parametrize("mode", ["pitr", "backup"])
def test_a_drill_comes_back_by_the_backup_of_the_blank_and_touches_the_blank_never(mode):
    yard = a_ready_yard()

    record = yard.run(a_plan(target="existing", mode=mode))

    assert record.outcome is Outcome.PASSED, record.reason
    assert record.teardown is Teardown.CLEAN
    assert yard.provider.resets == {TARGET_ID: 1}
    assert yard.provider.restores == {TARGET_ID: 1}
    intents = [one for one in yard.journal.events_of(record.id) if one.act == "reset"]
    assert intents[0].facts["baseline_of"] == BLANK_ID
    yard.assert_nothing_left()


@pytest.mark.parametrize(
    "facts",
    [
        {"tags": {}},
        {"tags": {BLANK_TAG: "yes", SCRATCH_TAG: "yes"}},
        {"version": "15"},
        {"volume_gb": 1000},
    ],
)
def test_a_drill_does_not_begin_if_its_blank_is_not_what_it_was(facts):
    yard = a_ready_yard()
    blank = yard.provider.find_instance(BLANK_ID)
    assert blank is not None
    yard.provider.change_instance(replace(blank, **facts))

    record = yard.run(a_plan(target="existing"))

    assert record.outcome is Outcome.REFUSED
    assert record.teardown is Teardown.NOT_NEEDED
    assert not yard.provider.restores
    assert not yard.provider.resets


def test_a_blank_that_vanishes_under_way_leaves_a_leak_that_nobody_uses_until_it_is_back():
    yard = a_ready_yard()
    drill_id = yard.enlist(a_plan(target="existing"))
    blank = yard.provider.find_instance(BLANK_ID)
    assert blank is not None
    real = yard.provider.restore

    def restore_and_lose_the_blank(admitted):
        yard.provider.remove_instance(BLANK_ID)
        return real(admitted)

    yard.provider.restore = restore_and_lose_the_blank  # type: ignore[method-assign]

    record = yard.run_until_finished(drill_id)

    assert record.teardown is Teardown.LEAKED
    assert "blank" in str(record.teardown_reason)
    yard.clock.move(timedelta(minutes=1))
    assert yard.run(a_plan(target="existing")).outcome is Outcome.REFUSED
    yard.provider.restore = real  # type: ignore[method-assign]
    yard.provider.add_instance(blank)
    yard.journal.reopen_teardown(record.id, now=yard.clock.now())
    assert yard.run_until_finished(record.id).teardown is Teardown.CLEAN
    yard.assert_nothing_left()


def test_an_emptiness_that_cannot_be_seen_after_the_blank_is_restored_is_a_leak():
    yard = a_ready_yard()
    yard.prober.emptiness = Emptiness(is_empty=None, reason="no login")

    record = yard.run(a_plan(target="existing"))

    assert record.teardown is Teardown.LEAKED
    assert yard.journal.holder_of("memory", TARGET_ID) == record.id
