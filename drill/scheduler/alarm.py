"""The alarm clock: APScheduler rings when a slot of a plan begins, and for the heartbeat.

It is no memory and decides nothing. Its jobs are made anew from the plans; whether a slot is in the
store already is asked of the store.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_SCHEDULER_STARTED, JobExecutionEvent
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.base import BaseTrigger

from drill.plan.model import Plan
from drill.plan.slots import next_slot, spread_of

_A_MOMENT = timedelta(microseconds=1)
_SLOTS = "slots"
_RINGS_AT_ONCE = 1000
"""A slot that begins while the look for another one lasts is not passed over: it waits its turn."""


class SlotTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires when slots of some plans begin. Cron and daylight saving are those of each plan.

    One for all plans: a job for each took a kilobyte, and ten thousand slots of one minute as many
    calls. Not for several threads.
    """

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._plans = plans
        self._after: datetime | None = None
        self._next: list[tuple[datetime, int]] = []
        """When each plan fires next after that instant, with its place; a heap."""

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Return when the next slot begins, or None if there is none."""
        after = (previous or now - _A_MOMENT).astimezone(UTC)
        if self._after is None or after < self._after:
            self._next = list(self._first(range(len(self._plans)), after))
            heapq.heapify(self._next)
        self._after = after
        while self._next and self._next[0][0] <= after:
            _, place = heapq.heappop(self._next)
            for one in self._first([place], after):
                heapq.heappush(self._next, one)
        return self._next[0][0] if self._next else None

    def _first(self, places: Iterable[int], after: datetime) -> Iterator[tuple[datetime, int]]:
        for place in places:
            plan = self._plans[place]
            spread = plan.schedule.spread if plan.schedule else timedelta(0)
            slot = next_slot(plan, after=after - spread_of(plan.name, spread))
            if slot is not None:
                yield slot.starts_at, place


class AlarmClock:
    """Calls ``ring`` at every slot and ``beat`` again and again, until one of them fails.

    ``run`` works in the thread that calls it and raises what a call raised: a daemon that cannot
    look at its plans must end, and not sit there with a dead thread.
    """

    def __init__(
        self, *, ring: Callable[[], None], beat: Callable[[], None], every: timedelta
    ) -> None:
        self._ring = ring
        self._beat = beat
        self._every = every
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        self._plans: Sequence[Plan] = ()
        self._scheduler = BlockingScheduler(
            timezone=UTC,
            executors={"default": {"type": "threadpool", "max_workers": 4}},
            job_defaults={
                "misfire_grace_time": None,  # by default what is a second late is dropped
                "coalesce": True,
                "max_instances": 1,
            },
        )
        self._is_stopped = False
        self._is_started = threading.Event()
        self._scheduler.add_listener(self._on_error, EVENT_JOB_ERROR)
        self._scheduler.add_listener(lambda _: self._is_started.set(), EVENT_SCHEDULER_STARTED)

    def plan(self, plans: Sequence[Plan]) -> None:
        """Ring for the slots of these plans, and no others, from now on."""
        with self._lock:
            self._plans = [plan for plan in plans if plan.schedule is not None]
            self._set()

    def set_anew(self) -> None:
        """Set every alarm by the clock as it stands now: it was set, or the machine slept."""
        with self._lock:
            self._set()
            self.beat_now()

    def beat_now(self) -> None:
        """Call ``beat`` at once, and then in its rhythm."""
        with suppress(JobLookupError):  # not begun yet, or stopped
            self._scheduler.modify_job("beat", next_run_time=datetime.now(UTC))  # wakes it, too

    def run(self) -> None:
        """Block and ring until ``stop``. Raise what failed."""
        self._scheduler.add_job(
            self._beat, "interval", id="beat", seconds=self._every.total_seconds()
        )
        self._scheduler.start()
        if self._failure is not None:
            raise self._failure

    def stop(self, failure: BaseException | None = None) -> None:
        """Let ``run`` return, or raise this; from any thread, but not from a signal handler."""
        self._failure = self._failure or failure
        with self._lock:
            is_first, self._is_stopped = not self._is_stopped, True
        if is_first:
            threading.Thread(target=self._shut_down, name="stop", daemon=True).start()

    def _shut_down(self) -> None:
        """A scheduler that is just starting would overlook it, and one with jobs would ring on."""
        self._is_started.wait()
        self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=False)

    def _set(self) -> None:
        if self._is_stopped:
            return
        with suppress(JobLookupError):
            self._scheduler.remove_job(_SLOTS)
        if self._plans:
            trigger = SlotTrigger(self._plans)
            self._scheduler.add_job(self._ring, trigger, id=_SLOTS, max_instances=_RINGS_AT_ONCE)

    def _on_error(self, event: JobExecutionEvent) -> None:
        error: Any = event.exception
        self.stop(error if isinstance(error, BaseException) else RuntimeError("a job failed"))
