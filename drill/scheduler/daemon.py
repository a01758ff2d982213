"""The daemon: rings, looks at the schedule, works on every drill of the store, and ends well.

What it decides is in other rooms: which slots have come (``engine/enlisting``), what a drill does
next (``engine/runner``). Two of them on one store do no harm: slots are unique, drills are leased.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from drill.dispatch.local import LocalDispatcher
from drill.dispatch.worker import is_known_dead
from drill.engine.control import Control, Scope
from drill.engine.enlisting import enlist_due
from drill.engine.ports import Parts
from drill.engine.record import State
from drill.errors import StoreUnavailable
from drill.plan.blackouts import SiteBlackout
from drill.plan.loaded import LoadedPlan
from drill.scheduler.alarm import AlarmClock
from drill.scheduler.clockwatch import ClockWatch
from drill.scheduler.ending import Ending
from drill.scheduler.planbook import PlanBook
from drill.scheduler.service_manager import ServiceManager
from drill.scheduler.sweeper import Sweeper

LOOK_AT_CLOCK_EVERY = timedelta(seconds=5)

STUCK_AFTER = timedelta(minutes=5)
"""A dispatcher that does not go round for so long hangs; waiting for a lock takes less."""

ABORT_AGAIN_AFTER = timedelta(seconds=1)
"""How long an order to abort is put off that a store did not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a daemon works with."""

    parts: Parts
    control: Control
    book: PlanBook
    refurnished: Callable[[Sequence[LoadedPlan]], Parts]
    """Returns the parts for other plans: the source of any plan is never a target."""
    workers: int
    blackouts: Sequence[SiteBlackout] = ()
    manager: ServiceManager = field(default_factory=lambda: ServiceManager(None))
    beat_every: timedelta = timedelta(seconds=30)
    drain_timeout: timedelta = timedelta(seconds=30)
    sweep_every: timedelta = timedelta(minutes=10)
    scratch_lives_at_most: timedelta = timedelta(hours=12)
    trouble: Callable[[], str | None] = lambda: None
    """Returns what cannot be done beside the drills; it is noted with the sign of life."""
    on_beat: Sequence[Callable[[datetime], None]] = ()
    """Called with the time at every beat: notices, metrics. They should return at once; what they
    raise is logged and changes nothing."""


class Daemon:
    """Runs until it is told to stop, or until something that must not fail has failed."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._journal = means.parts.journal
        self._clock = means.parts.clock
        self._worker = means.parts.worker
        self._log = structlog.get_logger()
        self._dispatcher = LocalDispatcher(means.parts, workers=means.workers)
        every = means.beat_every
        if means.manager.watchdog is not None:
            every = min(every, means.manager.watchdog / 3)
        self._alarm = AlarmClock(ring=self._ring, beat=self.beat, every=every)
        self._ending = Ending()
        self._beating = threading.Lock()
        self._looking = threading.Lock()
        self._questions = itertools.count(1)
        self._answered = 0
        """Questions up to here were asked before the last look began."""
        self._has_said = False
        self._is_healthy = False
        self._store_is_away = False

    @property
    def parts(self) -> Parts:
        """Return what drills work with now: clouds and plans change while it serves."""
        return self._dispatcher.parts

    @property
    def is_healthy(self) -> bool:
        """Tell whether the last beat could look at everything."""
        return self._is_healthy

    def run(self) -> bool:
        """Work until told to stop; tell whether everything came to its end in time.

        Raise whatever failed that must not fail.
        """
        call = self._dispatcher.work_until_stopped
        work = threading.Thread(target=self._watched, args=(call,), name="dispatch", daemon=True)
        others = [
            threading.Thread(target=self._watched, args=(call,), name=name, daemon=True)
            for name, call in (("clock", self._guard_clock), ("sweep", self._sweep))
        ]
        try:
            self.beat(anyway=True)
            work.start()
            for other in others:
                other.start()
            self._means.manager.ready(self._status())
            self._log.info("ready", plans=len(self._means.book.plans), worker=self._worker)
            self._warn_without_plans()
            if not self._ending.is_asked:
                self._alarm.run()
        finally:
            self._ending.ask()
            is_clean = self._finish(work)
        return is_clean

    def stop(self, *, abort: bool = False) -> None:
        """End: begin no drill; ``abort`` takes those under way to teardown and waits for it.

        Without it they go on for ``drain_timeout`` and are then left as they are: everything they
        need is in the store, and the next process goes on with them.
        """
        self._ending.ask(waits=abort)
        self._dispatcher.drain()
        if abort:
            self._abort_all()
        self._alarm.stop()

    def _abort_all(self) -> None:
        """Take what is under way to teardown; as soon as the store is back, where it is away.

        Nobody waits here: the next signal has to be heard.
        """
        try:
            not_begun = (State.QUEUED, State.FINISHED)
            begun = [one.id for one in self._journal.in_hand() if one.state not in not_begun]
            self._journal.request_abort(begun)
            self._dispatcher.wake()
        except StoreUnavailable as error:
            self._say_away(error)
            pause = ABORT_AGAIN_AFTER.total_seconds()
            again = threading.Timer(pause, self._watched, args=(self._abort_all,))
            again.daemon = True
            again.start()

    def leave(self) -> None:
        """End at once, whatever is under way."""
        self._ending.leave()
        self._dispatcher.stop()
        self._alarm.stop()

    def beat(self, *, anyway: bool = False) -> None:
        """Show a sign of life, and look at everything that no alarm tells of."""
        with self._beating:
            try:
                self._look_around(anyway=anyway)
                self._store_is_away = False
                self._is_healthy = True
            except StoreUnavailable as error:
                self._is_healthy = False
                self._say_away(error)
            for call in self._means.on_beat:
                try:
                    call(self._clock.now())
                except Exception as error:  # noqa: BLE001  who is told must not stop who works
                    self._log.error("beat: a call failed", error=repr(error)[:500])
            self._ensure_dispatcher_turns()
            self._means.manager.alive(self._status())

    def _look_around(self, *, anyway: bool) -> None:
        self._read_plans(anyway=anyway)
        control, now = self._means.control, self._clock.now()
        if anyway:
            self._note_crashes()
            if not self._has_said:
                control.daemon_started(self._worker, now=now)
                self._has_said = True
        control.daemon_beat(self._worker, now=now, trouble=self._means.trouble())
        self._look_at_schedule()
        ended = self._journal.expire_leases(is_known_dead)
        if ended:
            self._log.warning("taking over drills of dead workers", drills=ended)
            self._dispatcher.wake()
        if any(one.is_drain and one.scope is Scope.ALL for one in control.pauses(now=now)):
            self._log.warning("drained by order: ends when nothing is under way")
            self._ending.ask(waits=True)
            self._dispatcher.drain()
            self._alarm.stop()

    def _note_crashes(self) -> None:
        for one in self._means.control.daemons():
            if one.stopped_at is None and is_known_dead(one.worker):
                self._means.control.daemon_stopped(one.worker, now=self._clock.now(), how="crash")

    def _read_plans(self, *, anyway: bool) -> None:
        book = self._means.book
        before = set(book.problems)
        if not book.read(anyway=anyway):
            return
        self._dispatcher.use(self._means.refurnished(book.known))
        self._alarm.plan([one.plan for one in book.plans])
        self._log.info("plans read", plans=len(book.plans), problems=len(book.problems))
        for problem in book.problems:
            if problem not in before:
                said = str(problem).splitlines()[0]
                self._log.error("plan invalid", problem=said, hint=problem.hint)
        if self._has_said:  # at the start, once it is ready
            self._warn_without_plans()

    def _warn_without_plans(self) -> None:
        """An empty folder may be a share that is not mounted: nothing else would ever say so."""
        if not self._means.book.plans:
            self._log.warning(
                "there is no plan: nothing is drilled",
                hint="Look whether the folder of plans (folders.plans) is the right one.",
            )

    def _ring(self) -> None:
        """A slot begins. Should the store be away now, the next beat sees to it."""
        try:
            self._look_at_schedule()
        except StoreUnavailable as error:
            self._say_away(error)

    def _look_at_schedule(self) -> None:
        """Enlist what has come. Ten thousand alarms of one minute are one look, not as many."""
        question = next(self._questions)
        with self._looking:
            if self._answered >= question:
                return
            last = next(self._questions)
            is_complete = False
            while not is_complete and not self._ending.is_asked:
                done = enlist_due(
                    self._journal,
                    self._means.control,
                    self._means.book.plans,
                    now=self._clock.now(),
                    blackouts=self._means.blackouts,
                )
                is_complete = done.is_complete
                if done.enlisted or done.missed or done.skipped:
                    self._dispatcher.wake()
                    self._log.info(
                        "slots recorded",
                        begun=len(done.enlisted),
                        missed=done.missed,
                        skipped=done.skipped,
                    )
            self._answered = last

    def _ensure_dispatcher_turns(self) -> None:
        turned_at = self._dispatcher.turned_at
        silent = self._clock.monotonic() - turned_at if turned_at is not None else 0.0
        if silent > STUCK_AFTER.total_seconds() and not self._ending.is_asked:
            raise RuntimeError(f"the dispatcher has not gone round for {silent:.0f} s")

    def _watched(self, call: Callable[[], None]) -> None:
        """A thread that dies takes the daemon along: nobody would notice a dead one."""
        try:
            call()
        except BaseException as error:  # noqa: BLE001  told to the main thread
            self._alarm.stop(error)

    def _guard_clock(self) -> None:
        """The alarms are set by the wall clock; when it jumps, they are set anew."""
        watch = ClockWatch(self._clock)
        while not self._ending.wait(LOOK_AT_CLOCK_EVERY):
            jump = watch.look()
            if jump is not None:
                self._log.warning("clock jumped", seconds=round(jump.total_seconds(), 1))
                self._alarm.set_anew()

    def _sweep(self) -> None:
        Sweeper(
            parts=lambda: self._dispatcher.parts,
            every=self._means.sweep_every,
            lives_at_most=self._means.scratch_lives_at_most,
            found=self._dispatcher.wake,
        ).run_until(self._ending)

    def _finish(self, work: threading.Thread) -> bool:
        """Let what is under way come to its next durable point, or further as time allows."""
        self._means.manager.stopping("ending: no drill begins any more")
        self._log.info("ending", drain_timeout=self._means.drain_timeout.total_seconds())
        self._dispatcher.drain()
        if work.ident is not None:
            self._ending.wait_for(work, self._means.drain_timeout)
            self._dispatcher.stop()
            if not self._ending.is_leaving:
                work.join(1)
        is_clean = not work.is_alive() and not self._ending.is_leaving
        try:
            if is_clean:
                self._means.control.daemon_stopped(self._worker, now=self._clock.now(), how="clean")
        except StoreUnavailable as error:
            self._say_away(error)
        self._log.info("ended", left_under_way=not is_clean)
        return is_clean

    def _status(self) -> str:
        book = self._means.book
        problems = f", {len(book.problems)} problems" if book.problems else ""
        away = ", the store cannot be used" if self._store_is_away else ""
        return f"{len(book.plans)} plans{problems}{away}"

    def _say_away(self, error: StoreUnavailable) -> None:
        if not self._store_is_away:
            self._log.error("store unavailable", reason=error.message, hint=error.hint)
        self._store_is_away = True
