"""The control in memory: for tests and simulations. One contract suite holds it and the store."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from drill.engine.control import Daemon, Pause, PlanSeen, Scope
from drill.plan.model import Plan


class MemoryControl:
    """Implements ``drill.engine.control.Control``; gone with its process. Threads may share it."""

    def __init__(self) -> None:
        self._pauses: list[Pause] = []
        self._daemons: dict[str, Daemon] = {}
        self._seen: dict[str, PlanSeen] = {}
        self._plans: dict[str, Plan] = {}
        self._look: datetime | None = None
        self._lock = threading.RLock()

    def pause(self, pause: Pause) -> Pause:
        with self._lock:
            wanted = (pause.scope, pause.name, pause.is_drain)
            for known in self._in_force(pause.since):
                if (known.scope, known.name, known.is_drain) == wanted:
                    return known
            self._pauses.append(pause)
            return pause

    def resume(
        self, scope: Scope, name: str | None, *, by: str, now: datetime, drains: bool = False
    ) -> list[Pause]:
        with self._lock:
            ended = {
                one.id: replace(one, ended_at=now, ended_by=by)
                for one in self._in_force(now)
                if (one.scope, one.name, one.is_drain) == (scope, name, drains)
            }
            self._pauses = [ended.get(one.id, one) for one in self._pauses]
            return list(ended.values())

    def pauses(self, *, now: datetime) -> list[Pause]:
        with self._lock:
            return self._in_force(now)

    def pauses_since(self, instant: datetime) -> list[Pause]:
        with self._lock:
            return _oldest_first(
                one
                for one in self._pauses
                if (one.until is None or one.until > instant)
                and (one.ended_at is None or one.ended_at > instant)
            )

    def daemon_started(self, worker: str, *, now: datetime) -> None:
        with self._lock:
            self._daemons[worker] = Daemon(worker=worker, started_at=now, beat_at=now)

    def daemon_beat(self, worker: str, *, now: datetime, trouble: str | None = None) -> None:
        with self._lock:
            if worker in self._daemons:
                self._daemons[worker] = replace(self._daemons[worker], beat_at=now, trouble=trouble)

    def daemon_stopped(self, worker: str, *, now: datetime, how: str) -> None:
        with self._lock:
            one = self._daemons.get(worker)
            if one is not None and one.stopped_at is None:
                self._daemons[worker] = replace(one, stopped_at=now, how=how)

    def daemons(self, *, at_most: int = 20) -> list[Daemon]:
        with self._lock:
            ordered = sorted(
                self._daemons.values(), key=lambda one: (one.started_at, one.worker), reverse=True
            )
        return ordered[:at_most]

    def note_look(self, *, now: datetime) -> None:
        with self._lock:
            self._look = now if self._look is None else max(now, self._look)

    def last_look(self) -> datetime | None:
        with self._lock:
            return self._look

    def plans_seen(self) -> Mapping[str, PlanSeen]:
        with self._lock:
            return dict(self._seen)

    def remember_plans(self, seen: Sequence[tuple[PlanSeen, Plan]]) -> None:
        with self._lock:
            for one, plan in seen:
                self._seen[one.plan_name] = one
                self._plans[one.plan_name] = plan

    def settle(self, until: Mapping[str, datetime]) -> None:
        with self._lock:
            for name, instant in until.items():
                one = self._seen.get(name)
                if one is not None and one.settled_until < instant:
                    self._seen[name] = replace(one, settled_until=instant)

    def last_valid(self, plan_name: str) -> Plan | None:
        with self._lock:
            return self._plans.get(plan_name)

    def forget_plans(self, plan_names: Collection[str]) -> None:
        with self._lock:
            for name in plan_names:
                self._seen.pop(name, None)
                self._plans.pop(name, None)

    def _in_force(self, now: datetime) -> list[Pause]:
        return _oldest_first(one for one in self._pauses if one.holds_at(now))


def _oldest_first(pauses: Iterable[Pause]) -> list[Pause]:
    return sorted(pauses, key=lambda one: (one.since, one.id))
