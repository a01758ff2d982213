"""One list of the account for many drills that wait: who waits on, who is due, what is not lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drill.engine.listing import Listed, look_by_list
from drill.engine.ports import CloudSettings
from drill.engine.record import DrillRecord, EventKind, Outcome, State
from drill.engine.runner import advance
from drill.engine.waiting import (
    OWN_LOOK_AFTER,
    OWN_LOOKS_A_MINUTE,
    Circumstances,
    Waiter,
    is_worth_a_list,
    sort_by_sightings,
    sort_unseen,
    waiter_of,
)
from drill.errors import (
    AnswerUnreadable,
    CircuitOpen,
    CredentialsRejected,
    PermissionMissing,
    ProviderThrottled,
    ProviderUnavailable,
)
from drill.provider.memory import Fault, Habits
from drill.provider.port import Sighting
from drill.store import open_journal
from tests.engine.scene import NOON, Scene, a_plan

POLL = timedelta(seconds=10)
GIVEN = Circumstances(now=NOON, poll_every=POLL, tags_in_create=True)


class Ward:
    """A scene with drills whose restores the cloud is working on, and the lists that are read."""

    def __init__(self, scene: Scene, *, drills: int = 3) -> None:
        self.scene = scene
        scene.provider._habits = replace(scene.provider._habits, takes=timedelta(days=1))
        self.ids = [scene.enlist(a_plan(name=f"orders-{number}")) for number in range(drills)]
        while len(waiters := [self.waiter(one) for one in self.ids if self.waiter(one)]) < drills:
            self.let_pass(POLL)
            self.step_those_due()
        self.waiters: Sequence[Waiter] = [one for one in waiters if one is not None]
        self.failures = 0

    @property
    def cloud(self) -> CloudSettings:
        return self.scene.parts.clouds["memory"]

    def waiter(self, drill_id: str) -> Waiter | None:
        return waiter_of(self.scene.record(drill_id), now=self.scene.clock.now())

    def let_pass(self, span: timedelta) -> None:
        self.scene.clock.move(span)

    def read_list(self) -> Listed:
        listed = look_by_list(self.waiters, self.scene.parts, self.cloud, failures=self.failures)
        self.waiters = listed.waiting
        self.failures = self.failures + 1 if listed.error else 0
        return listed

    def step_those_due(self) -> None:
        now = self.scene.clock.now()
        for drill_id in self.scene.journal.due(now=now, at_most=99):
            advance(drill_id, self.scene.parts, held=lambda record: None)

    def due(self) -> set[str]:
        return set(self.scene.journal.due(now=self.scene.clock.now(), at_most=99))

    def records(self) -> list[DrillRecord]:
        return [self.scene.record(one) for one in self.ids]

    def come_up(self, drill_id: str) -> None:
        """Let the copy of a drill be ready, whatever is asked about it."""
        provider = self.scene.provider
        job_id = self.scene.record(drill_id).restore_job_id
        operation = provider._operations[job_id or ""]
        operation.polls_left, operation.began_at = 0, NOON - timedelta(days=9)

    def fail_behind_a_building_instance(self, drill_id: str) -> None:
        """Let the job of a drill fail while its instance goes on being listed as BUILD."""
        record, provider = self.scene.record(drill_id), self.scene.provider
        operation = provider._operations[record.restore_job_id or ""]
        operation.fails, operation.ended_at = True, self.scene.clock.now()


@pytest.fixture(params=["memory", "sqlite"])
def ward(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "memory":
        yield Ward(Scene())
        return
    with open_journal("sqlite:///drill.db", folder=tmp_path) as journal:
        yield Ward(Scene(journal))


def test_drills_whose_instances_are_being_built_wait_on_for_one_poll(ward):
    ward.let_pass(POLL)
    before = ward.records()
    asked = ward.scene.provider.calls.copy()

    listed = ward.read_list()

    assert [one.id for one in listed.waiting] == ward.ids
    assert listed.to_look_at == []
    assert ward.due() == set()
    assert ward.scene.provider.calls - asked == {"list_sightings": 1}
    now = ward.scene.clock.now()
    for was, record, waiter in zip(before, ward.records(), listed.waiting, strict=True):
        assert record == replace(was, next_at=record.next_at, looked_at=now)
        assert now + POLL <= record.next_at <= now + 1.5 * POLL
        assert waiter.look_at == now + POLL
        assert (waiter.stand.next_at, waiter.seen_at) == (record.next_at, now)


def test_a_drill_that_lists_have_shown_at_work_was_not_left_alone(ward):
    for _ in range(OWN_LOOK_AFTER - 2):
        ward.let_pass(POLL)
        ward.read_list()
    ward.come_up(ward.ids[1])
    ward.let_pass(POLL)
    ward.read_list()

    ward.step_those_due()

    record = ward.records()[1]
    assert record.ready_at is not None
    assert record.unattended == timedelta(0)
    acts = [event.act for event in ward.scene.journal.events_of(record.id)]
    assert "unattended" not in acts


def test_a_list_that_could_not_be_read_has_seen_nobody(ward):
    before = ward.records()
    ward.scene.provider.inject(Fault.UNAVAILABLE)
    ward.let_pass(POLL)

    assert ward.read_list().error is not None

    assert [one.looked_at for one in ward.records()] == [one.looked_at for one in before]


def test_a_copy_that_is_ready_is_noticed_by_the_next_list_and_checked_at_once(ward):
    ward.let_pass(POLL)
    ward.read_list()
    ward.come_up(ward.ids[1])
    ward.let_pass(POLL)

    listed = ward.read_list()

    assert [one.id for one in listed.to_look_at] == [ward.ids[1]]
    assert ward.due() == {ward.ids[1]}
    ward.step_those_due()
    states = [record.state for record in ward.records()]
    assert states[0] is states[2] is State.RESTORING
    assert states[1] not in {State.RESTORING, State.FINISHED}


def test_a_job_that_fails_while_its_instance_is_being_built_is_noticed_by_its_turn(ward):
    ward.fail_behind_a_building_instance(ward.ids[2])

    for _ in range(OWN_LOOK_AFTER):
        ward.let_pass(POLL)
        ward.read_list()
        ward.step_those_due()

    states = [record.state for record in ward.records()]
    assert states == [State.RESTORING, State.RESTORING, State.TEARING_DOWN]
    assert ward.records()[2].finding is Outcome.FAILED_RESTORE


def test_an_abort_that_is_ordered_between_list_and_write_is_not_lost(ward, monkeypatch):
    provider = ward.scene.provider
    read: Callable[[], Sequence[Sighting]] = provider.list_sightings

    def read_then_abort() -> Sequence[Sighting]:
        found = read()
        ward.scene.journal.request_abort([ward.ids[0]])
        return found

    monkeypatch.setattr(provider, "list_sightings", read_then_abort)
    ward.let_pass(POLL)

    listed = ward.read_list()

    assert [one.id for one in listed.waiting] == ward.ids[1:]
    assert ward.due() == {ward.ids[0]}
    ward.step_those_due()
    assert ward.records()[0].finding is Outcome.ABORTED


def test_a_drill_that_another_process_claims_between_list_and_write_is_left_alone(
    ward, monkeypatch
):
    scene = ward.scene
    read: Callable[[], Sequence[Sighting]] = scene.provider.list_sightings

    def read_then_claim() -> Sequence[Sighting]:
        found = read()
        now = scene.clock.now()
        scene.journal.claim(ward.ids[0], worker="host/2/2", now=now, lease=scene.parts.lease)
        return found

    monkeypatch.setattr(scene.provider, "list_sightings", read_then_claim)
    ward.let_pass(POLL)
    before = scene.record(ward.ids[0])

    listed = ward.read_list()

    assert ward.ids[0] not in [one.id for one in (*listed.waiting, *listed.to_look_at)]
    record = scene.record(ward.ids[0])
    assert (record.leased_by, record.next_at) == ("host/2/2", before.next_at)


def test_what_was_seen_by_another_process_since_is_not_written_over(ward):
    stale = ward.waiters
    ward.let_pass(POLL)
    ward.step_those_due()
    before = ward.records()

    listed = ward.read_list()

    assert stale
    assert listed.waiting == []
    assert ward.records() == before


def test_an_instance_that_is_not_listed_says_nothing_and_its_drill_takes_its_step(ward):
    ward.scene.provider.remove_instance(ward.scene.record(ward.ids[0]).target_id or "")
    ward.let_pass(POLL)

    ward.read_list()

    assert ward.due() == {ward.ids[0]}


def test_a_drill_whose_deadline_is_over_takes_its_step(ward):
    ward.let_pass(ward.records()[0].deadline_at - ward.scene.clock.now())
    ward.read_list()

    assert ward.due() == set(ward.ids)
    ward.step_those_due()
    assert {record.finding for record in ward.records()} == {Outcome.INCONCLUSIVE}


PASSING = [ProviderThrottled, ProviderUnavailable, CircuitOpen]
LASTING = [PermissionMissing, CredentialsRejected, AnswerUnreadable, RuntimeError]


def break_lists(ward: Ward, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def broken() -> Sequence[Sighting]:
        raise error("broken by the test")

    monkeypatch.setattr(ward.scene.provider, "list_sightings", broken)


@pytest.mark.parametrize("error", PASSING)
def test_a_list_that_fails_in_passing_counts_against_no_drill_and_is_tried_less_often(
    ward, monkeypatch, error
):
    break_lists(ward, monkeypatch, error)
    ward.let_pass(POLL)
    before = ward.records()

    first = ward.read_list()
    second_after = first.rests_until - ward.scene.clock.now()
    ward.let_pass(second_after)
    second = ward.read_list()

    assert [one.id for one in second.waiting] == ward.ids
    assert second.rests_until - ward.scene.clock.now() > second_after
    for was, record in zip(before, ward.records(), strict=True):
        assert record == replace(was, next_at=record.next_at)
        faults = [
            one for one in ward.scene.journal.events_of(record.id) if one.kind is EventKind.FAULT
        ]
        assert faults == []


@pytest.mark.parametrize("error", PASSING)
def test_lists_that_keep_failing_never_leave_a_drill_unseen_for_long(ward, monkeypatch, error):
    break_lists(ward, monkeypatch, error)
    began_at = ward.scene.clock.now()

    ward.let_pass(POLL)
    listed = ward.read_list()
    while listed.waiting:
        ward.let_pass(listed.rests_until - ward.scene.clock.now())
        listed = ward.read_list()

    assert ward.due() == set(ward.ids)
    assert ward.scene.clock.now() - began_at < OWN_LOOK_AFTER * POLL
    ward.step_those_due()
    assert all(ward.waiter(one) for one in ward.ids)  # they were seen by themselves


@pytest.mark.parametrize("error", LASTING)
def test_a_list_that_fails_for_good_lets_every_drill_take_its_own_step(ward, monkeypatch, error):
    break_lists(ward, monkeypatch, error)
    ward.let_pass(POLL)

    listed = ward.read_list()

    assert listed.waiting == []
    assert ward.due() == set(ward.ids)
    assert listed.rests_until > ward.scene.clock.now()


def test_a_drill_without_its_tag_takes_its_step_where_the_cloud_takes_none_on_creation():
    ward = Ward(Scene(tags_in_create=False))
    provider = ward.scene.provider
    copy = provider.find_instance(ward.records()[0].target_id or "")
    assert copy is not None
    provider.change_instance(replace(copy, tags={}))
    ward.let_pass(POLL)

    ward.read_list()

    assert ward.due() == {ward.ids[0]}
    ward.step_those_due()
    tagged = provider.find_instance(copy.id)
    assert tagged is not None
    assert tagged.tags == {"drill-id": ward.ids[0]}


def test_an_existing_target_that_is_being_restored_waits_on_too():
    scene = Scene()
    scene.provider._habits = Habits(takes=timedelta(days=1))
    drill_id = scene.enlist(a_plan(target="existing"))
    while waiter_of(scene.record(drill_id), now=scene.clock.now()) is None:
        scene.clock.move(POLL)
        advance(drill_id, scene.parts, held=lambda record: None)
    waiter = waiter_of(scene.record(drill_id), now=scene.clock.now())
    assert waiter is not None
    scene.clock.move(POLL)

    listed = look_by_list([waiter], scene.parts, scene.parts.clouds["memory"], failures=0)

    assert [one.id for one in listed.waiting] == [drill_id]


@pytest.mark.parametrize(
    ("tags", "tags_in_create", "waits"),
    [
        (None, False, True),
        ({}, False, False),
        ({"drill-id": "another"}, False, False),
        ({"drill-id": "drill-000"}, False, True),
        ({}, True, True),
    ],
)
def test_a_tag_is_missed_only_where_the_list_shows_tags_and_the_drill_has_to_put_it_on(
    tags, tags_in_create, waits
):
    (waiter,) = some_waiters(1)
    seen = Sighting(id=waiter.instance_id, status="BUILD", tags=tags)
    given = replace(GIVEN, tags_in_create=tags_in_create)

    assert (sort_by_sightings([waiter], [seen], given).can_wait == [waiter]) is waits


NOT_WAITING: dict[str, Callable[[DrillRecord], DrillRecord]] = {
    "checking": lambda one: replace(one, state=State.CHECKING),
    "tearing down": lambda one: replace(one, state=State.TEARING_DOWN),
    "not accepted yet": lambda one: replace(one, restore_accepted_at=None),
    "not seen running yet": lambda one: replace(one, restore_seen_running=False),
    "the last look failed": lambda one: replace(one, look_failures=1),
    "to be aborted": lambda one: replace(one, abort_requested=True),
    "in somebody's hand": lambda one: replace(one, leased_by="a", leased_until=NOON),
    "no known instance": lambda one: replace(one, target_id=None),
}


@pytest.mark.parametrize("change", NOT_WAITING.values(), ids=NOT_WAITING)
def test_only_a_drill_with_nothing_else_to_do_waits(change):
    ward = Ward(Scene(), drills=1)

    assert waiter_of(change(ward.records()[0]), now=NOON) is None


def some_waiters(count: int, **changes: object) -> list[Waiter]:
    first = Ward(Scene(), drills=1).waiters[0]
    return [
        replace(
            first,
            stand=replace(first.stand, id=f"drill-{number:03}"),
            instance_id=f"copy-{number:03}",
            **{"own_look_at": NOON, "seen_at": NOON, **changes},  # type: ignore[arg-type]
        )
        for number in range(count)
    ]


def built(waiters: Sequence[Waiter]) -> list[Sighting]:
    return [Sighting(id=one.instance_id, status="BUILD") for one in waiters]


def test_looks_of_their_own_go_by_turns_to_those_who_had_theirs_longest_ago():
    turns = int(OWN_LOOKS_A_MINUTE * (POLL / timedelta(minutes=1)))
    waiters = some_waiters(4 * turns)
    given = replace(GIVEN, now=NOON + OWN_LOOK_AFTER * POLL)
    older = [replace(one, own_look_at=NOON - POLL) for one in waiters[-turns:]]
    waiters = [*waiters[:-turns], *older]

    found = sort_by_sightings(waiters, built(waiters), given)

    assert [one.id for one in found.to_look_at] == [one.id for one in older]
    assert len(found.can_wait) == 3 * turns


def test_nobody_has_a_turn_before_its_time():
    waiters = some_waiters(3)
    given = replace(GIVEN, now=NOON + OWN_LOOK_AFTER * POLL - timedelta(microseconds=1))

    assert sort_by_sightings(waiters, built(waiters), given).to_look_at == []


def test_a_drill_that_was_looked_at_in_the_future_does_not_wait_for_that():
    (waiter,) = some_waiters(1, own_look_at=NOON + timedelta(hours=1))

    assert sort_by_sightings([waiter], built([waiter]), GIVEN).to_look_at == [waiter]


@pytest.mark.parametrize("status", ["ACTIVE", "BACKING UP", "FAILED", "CREATE FAIL", "SHUTDOWN"])
def test_any_other_status_is_for_the_drill_itself(status):
    (waiter,) = some_waiters(1)
    seen = Sighting(id=waiter.instance_id, status=status)

    assert sort_by_sightings([waiter], [seen], GIVEN).to_look_at == [waiter]
    assert sort_by_sightings([waiter], [seen, *built([waiter])], GIVEN).to_look_at == [waiter]
    assert sort_by_sightings([waiter], [*built([waiter]), seen], GIVEN).to_look_at == [waiter]


def test_an_unread_list_lets_those_wait_that_were_seen_lately():
    seen, unseen = some_waiters(2)
    unseen = replace(unseen, seen_at=NOON - (OWN_LOOK_AFTER - 1) * POLL)

    found = sort_unseen([seen, unseen], GIVEN, until=NOON + POLL)

    assert (found.can_wait, found.to_look_at) == ([seen], [unseen])
    assert sort_unseen([seen, unseen], GIVEN, until=None).can_wait == []


def test_a_list_is_read_where_it_asks_less_than_the_looks_it_saves():
    assert not is_worth_a_list(7, account_size=10)
    assert is_worth_a_list(8, account_size=10)
    assert not is_worth_a_list(8, account_size=1000)
    assert is_worth_a_list(1000, account_size=5000)


def test_a_cloud_that_fails_reads_counts_against_drills_no_more_than_before():
    ward = Ward(Scene())
    ward.scene.provider.inject(Fault.FAIL_READ)
    ward.let_pass(POLL)

    ward.read_list()

    assert {record.look_failures for record in ward.records()} == {0}
    assert {record.failing_since for record in ward.records()} == {None}
