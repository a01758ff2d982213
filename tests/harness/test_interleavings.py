"""Several workers, sweeps, faults, kills and clocks that jump or are wrong, in any order that
Hypothesis thinks of.

A few hundred schedules here; ``make soak`` plays at least 10,000. ``DRILL_TEST_SCHEDULES`` says how
many, ``DRILL_TEST_HARNESS_SEED`` which ones, ``DRILL_TEST_HARNESS_DELAY`` (seconds) how long the
longest pause between two steps is, ``DRILL_TEST_HARNESS_SKEW`` how wrong a clock may be.
"""

from __future__ import annotations

import os
from datetime import timedelta

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from drill.engine.listing import look_by_list
from drill.engine.record import Outcome, State, Teardown
from drill.engine.runner import advance
from drill.engine.sweeping import find_leaks, reopen_teardowns, sweep
from drill.engine.waiting import Waiter, waiter_of
from drill.errors import (
    AnswerLost,
    DrillError,
    PermissionMissing,
    ProviderBusy,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
    StoreUnavailable,
)
from drill.provider.memory import Fault
from tests.engine.scene import Scene, a_plan
from tests.harness.stage import LONGEST_DELAY, SEED
from tests.harness.workers import Ledger, SteppedWorker

SCHEDULES = int(os.environ.get("DRILL_TEST_SCHEDULES", "200"))

DRILLS_AT_MOST = 5
WORKERS = 3
ENDINGS = {
    *(Outcome.PASSED, Outcome.PASSED_LATE, Outcome.INCONCLUSIVE, Outcome.ABORTED),
    Outcome.REFUSED,  # a target that an earlier drill left unclean
}

ERRORS = (
    *(ProviderUnavailable, ProviderThrottled, ProviderBusy, QuotaExceeded),
    *(PermissionMissing, AnswerLost, StoreUnavailable),
)

FAULTS = (
    *(Fault.UNAVAILABLE, Fault.THROTTLE_TWICE, Fault.FAIL_READ, Fault.BUSY, Fault.QUOTA),
    *(Fault.LOSE_ANSWER_OF_RESTORE, Fault.LOSE_ANSWER_OF_RESET, Fault.LOSE_ANSWER_OF_CREATE),
    *(Fault.LOSE_ANSWER_OF_DELETE, Fault.LOSE_REQUEST_OF_RESTORE, Fault.LOSE_REQUEST_OF_RESET),
    *(Fault.LOSE_REQUEST_OF_CREATE, Fault.LOSE_REQUEST_OF_DELETE, Fault.FORGET_JOB),
    *(Fault.RESET_HANGS, Fault.DELETE_HANGS, Fault.FAIL_RESET, Fault.FAIL_DELETE),
)
"""None of them says anything about the backup."""

LONGEST_PAUSE = max(1500, int(LONGEST_DELAY.total_seconds()))
WRONG_AT_MOST = int(os.environ.get("DRILL_TEST_HARNESS_SKEW", "5"))
"""Seconds by which the clocks of hosts may differ (docs/deploy.md)."""
LIVES_AT_MOST = timedelta(hours=12)

who = st.integers(0, WORKERS - 1)


@seed(SEED)
class Interleavings(RuleBasedStateMachine):
    """A cloud, a store, three processes, and whatever goes wrong."""

    @initialize()
    def set_the_scene(self) -> None:
        self.scene = Scene()
        self.ledger = Ledger(self.scene.provider)
        self.born = 0
        self.dead: set[str] = set()
        self.workers = [self.a_worker() for _ in range(WORKERS)]
        self.drills: list[str] = []
        self.waiters: dict[str, Waiter] = {}

    def a_worker(self, ahead: timedelta = timedelta(0)) -> SteppedWorker:
        self.born += 1
        return SteppedWorker(self.scene, f"host/{self.born}/1", self.ledger, ahead=ahead)

    @precondition(lambda self: len(self.drills) < DRILLS_AT_MOST)
    @rule(kind=st.sampled_from(("new", "existing")), mode=st.sampled_from(("pitr", "backup")))
    def enlist(self, kind: str, mode: str) -> None:
        number = len(self.drills)
        plan = a_plan(target=kind, mode=mode, name=f"orders-{number}")
        self.drills.append(self.scene.enlist(plan, drill_id=f"20260301-120000-{number:08x}"))

    @rule(number=who, steps=st.integers(0, 60))
    def work(self, number: int, steps: int) -> None:
        worker = self.workers[number]
        if not worker.is_busy:
            due = self.scene.journal.due(now=self.scene.clock.now(), at_most=1)
            if not due:
                return
            worker.begin(due[0])
        worker.step(steps)

    @rule(number=who)
    def wait_and_work(self, number: int) -> None:
        """Move the clock to the next drill that can be looked at, and take it to its next wait."""
        next_at = self.scene.journal.earliest_next_at()
        if next_at is not None:
            self.scene.clock.move(max(next_at - self.scene.clock.now(), timedelta(0)))
        self.work(number, 500)

    @rule()
    def remember_who_waits(self) -> None:
        """What some process knows of the drills that wait, and that others may change since."""
        now = self.scene.clock.now()
        found = [waiter_of(one, now=now) for one in self.scene.journal.unfinished()]
        self.waiters |= {one.id: one for one in found if one is not None}

    @precondition(lambda self: self.waiters)
    @rule(fault=st.none() | st.sampled_from(FAULTS))
    def look_by_list(self, fault: Fault | None) -> None:
        if fault is not None:
            self.scene.provider.inject(fault)
        parts = self.scene.parts_with(self.scene.journal, self.scene.provider)
        waiters = list(self.waiters.values())
        listed = look_by_list(waiters, parts, parts.clouds["memory"], failures=0)
        self.waiters |= {one.id: one for one in listed.waiting}

    @rule(number=who, ahead=st.integers(-WRONG_AT_MOST, WRONG_AT_MOST))
    def kill(self, number: int, ahead: int) -> None:
        """Kill it; the process that comes after it may be on a machine whose clock is wrong."""
        self.workers[number].kill()
        self.dead.add(self.workers[number].name)
        self.workers[number] = self.a_worker(timedelta(seconds=ahead))

    @rule()
    def notice_the_dead(self) -> None:
        self.scene.journal.expire_leases(lambda worker: worker in self.dead)

    @rule(number=who, error=st.sampled_from(ERRORS))
    def break_a_call(self, number: int, error: type[DrillError]) -> None:
        self.workers[number].fault = error("broken by the test")

    @rule(fault=st.sampled_from(FAULTS))
    def let_the_cloud_fail(self, fault: Fault) -> None:
        self.scene.provider.inject(fault)

    @rule(seconds=st.integers(1, LONGEST_PAUSE))
    def let_time_pass(self, seconds: int) -> None:
        self.scene.clock.move(timedelta(seconds=seconds))

    @rule(seconds=st.integers(1, 300))
    def set_the_clock_back(self, seconds: int) -> None:
        self.scene.clock.move(timedelta(seconds=-seconds))

    @precondition(lambda self: self.drills)
    @rule(data=st.data())
    def abort(self, data: st.DataObject) -> None:
        self.scene.journal.request_abort([data.draw(st.sampled_from(self.drills))])

    @rule(number=who, steps=st.integers(0, 20))
    def begin_to_sweep(self, number: int, steps: int) -> None:
        """Sweep, or be killed or overtaken in the middle of it: by another sweep, by a drill."""
        worker = self.workers[number]
        if not worker.is_busy:
            worker.begin_to(lambda: self.sweep_by(worker))
            worker.step(steps)

    def sweep_by(self, worker: SteppedWorker) -> None:
        is_dead = self.dead.__contains__
        sweep(worker.parts, is_dead=is_dead, lives_at_most=LIVES_AT_MOST, apply=True)

    def sweep_at_the_end(self) -> None:
        parts = self.scene.parts_with(self.scene.journal, self.scene.provider)
        now = self.scene.clock.now()
        search = find_leaks(parts, now=now, lives_at_most=LIVES_AT_MOST)
        reopen_teardowns(parts, search.leaks, now=now)

    @invariant()
    def no_drill_has_two_restores(self) -> None:
        if hasattr(self, "ledger"):
            assert max(self.ledger.accepted.values(), default=0) <= 1, self.ledger.accepted

    @invariant()
    def nothing_but_scratch_was_touched(self) -> None:
        if hasattr(self, "scene"):
            self.scene.assert_only_scratch_touched()

    @invariant()
    def no_step_raised_what_it_should_not(self) -> None:
        surprises = [one.surprise for one in getattr(self, "workers", []) if one.surprise]
        assert surprises == []

    def teardown(self) -> None:
        if not hasattr(self, "scene"):
            return
        for worker in self.workers:
            worker.kill()
        self.scene.provider.heal()
        self.scene.journal.expire_leases(lambda worker: True)
        self.scene.worker = "host/last/1"
        for _ in range(3):
            self.finish_everything()
            self.sweep_at_the_end()
        self.finish_everything()
        for drill_id in self.drills:
            record = self.scene.record(drill_id)
            assert record.outcome in ENDINGS, (record.outcome, record.reason)
            assert record.teardown in {Teardown.CLEAN, Teardown.NOT_NEEDED}, record
            if record.outcome in {Outcome.PASSED, Outcome.PASSED_LATE}:
                assert self.ledger.accepted[drill_id] == 1
        assert len(self.scene.journal.history(at_most=1000)) == len(self.drills)
        self.scene.assert_nothing_left()

    def finish_everything(self) -> None:
        parts = self.scene.parts_with(self.scene.journal, self.scene.provider)
        for _ in range(3000):
            next_at = self.scene.journal.earliest_next_at()
            if next_at is None:
                return
            self.scene.clock.move(max(next_at - self.scene.clock.now(), timedelta(0)))
            for drill_id in self.scene.journal.due(now=self.scene.clock.now(), at_most=10):
                self.ledger.current = drill_id
                advance(drill_id, parts, held=lambda record: None)
        left = [one for one in self.scene.journal.unfinished() if one.state is not State.FINISHED]
        raise AssertionError(f"never finished: {left}")


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=SCHEDULES,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
