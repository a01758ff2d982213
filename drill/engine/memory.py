"""A journal in memory: strict like the one on disk, for tests and simulations.

Both hold to ``drill.engine.keeping``, and one contract suite (tests/contract) holds both to that.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from drill.engine.keeping import (
    contender,
    contends,
    ensure_keepable,
    ensure_legal,
    facts_as_json,
    first_event,
    is_proof,
    may_be_moved,
    merged,
    only_one,
    place_of,
    reopened,
    summary,
    why_waiting,
)
from drill.engine.line import need_not_wait, not_waiting
from drill.engine.ports import SeatLimits, Stand, Summary
from drill.engine.record import DrillRecord, Event, Outcome, State, Teardown
from drill.errors import IdTaken, StoreError
from drill.recovery.coverage.evidence import PASSES


class MemoryJournal:
    """A journal that is gone with its process: for tests and simulations. Threads may share it."""

    def __init__(self) -> None:
        self._drills: dict[str, DrillRecord] = {}
        self._events: dict[str, list[tuple[Event, str]]] = {}
        self._holds: dict[tuple[str, str], str] = {}
        self._lock = threading.RLock()

    def enlist(self, records: Sequence[DrillRecord]) -> list[DrillRecord]:
        for record in records:
            ensure_keepable(record)
        with self._lock:
            added: dict[str, DrillRecord] = {}
            slots = {(known.plan_name, known.scheduled_for) for known in self._drills.values()}
            for record in records:
                if (slot := (record.plan_name, record.scheduled_for)) in slots:
                    continue
                if record.id in self._drills or record.id in added:
                    raise IdTaken(f"there is a drill {record.id} already")
                slots.add(slot)
                added[record.id] = record
            self._drills |= added
            for record in added.values():
                self._append(record.id, [first_event(record)])
            return list(added.values())

    def due(
        self,
        *,
        now: datetime,
        at_most: int,
        only: Collection[str] | None = None,
        queued: bool | None = None,
    ) -> list[str]:
        with self._lock:
            open_ = self._open(only, queued)
        waiting = [one for one in open_ if one.next_at <= now and _free(one, now)]
        waiting.sort(key=lambda one: (one.next_at, one.enlisted_at, one.id))
        return [one.id for one in waiting[:at_most]]

    def claim(
        self, drill_id: str, *, worker: str, now: datetime, lease: timedelta
    ) -> DrillRecord | None:
        with self._lock:
            one = self._drills.get(drill_id)
            if one is None or one.state is State.FINISHED or not _free(one, now):
                return None
            one = replace(one, leased_by=worker, leased_until=now + lease, epoch=one.epoch + 1)
            self._drills[drill_id] = one
            return one

    def next_in_line(
        self,
        limits: Mapping[str, SeatLimits],
        *,
        now: datetime,
        at_most: int,
        only: Collection[str] | None = None,
    ) -> list[str]:
        with self._lock:
            waiting = [contender(one) for one in self._open(None, True)]
            seated = [contender(one) for one in self._open(None) if one.is_seated]
            held = dict(self._holds)
        free = [one for one in waiting if need_not_wait(one, limits)]
        line = sorted((one for one in waiting if one not in free), key=place_of)
        return not_waiting(free, line, seated, limits, held=held, now=now, only=only)[:at_most]

    def renew(self, epochs: Mapping[str, int], *, until: datetime) -> int:
        renewed = 0
        with self._lock:
            for one in self._open(epochs):
                if one.epoch == epochs[one.id] and one.leased_until is not None:
                    longer = max(one.leased_until, until)
                    self._drills[one.id] = replace(one, leased_until=longer)
                    renewed += 1
        return renewed

    def save(self, record: DrillRecord, events: Sequence[Event] = ()) -> DrillRecord:
        ensure_keepable(record, events)
        for event in events:
            facts_as_json(event)
        with self._lock:
            before = self._known(record.id)
            ensure_legal(before, record)
            self._drills[record.id] = merged(before, record)
            self._append(record.id, events)
            return self._drills[record.id]

    def move_looks(
        self, stands: Collection[Stand], *, next_at: datetime, looked_at: datetime | None = None
    ) -> set[str]:
        moved = set()
        with self._lock:
            for stand in stands:
                one = self._drills.get(stand.id)
                if one is not None and may_be_moved(one, stand):
                    self._drills[one.id] = replace(
                        one, next_at=next_at, looked_at=looked_at or one.looked_at
                    )
                    moved.add(one.id)
        return moved

    def seat(self, record: DrillRecord, limits: SeatLimits, *, target_id: str | None) -> str | None:
        with self._lock:
            before = self._known(record.id)
            ensure_legal(before, replace(before, epoch=record.epoch))
            cloud = before.plan.source.cloud
            held = {target: by for (where, target), by in self._holds.items() if where == cloud}
            others = [
                contender(other)
                for other in self._open(None)
                if other.id != record.id and contends(other)
            ]
            seated = [other for other in others if other.is_seated]
            waiting = [other for other in others if not other.is_seated and other.cloud == cloud]
            waiting.sort(key=place_of)
            one = replace(contender(before), target_id=target_id)
            if before.is_seated and (target_id is None or held.get(target_id) == record.id):
                return None
            if (reason := why_waiting(one, seated, waiting, limits, held=held)) is not None:
                return reason
            if target_id is not None:
                self._holds[cloud, target_id] = record.id
            self._drills[record.id] = replace(before, is_seated=True)
            return None

    def holder_of(self, cloud: str, target_id: str) -> str | None:
        with self._lock:
            return self._holds.get((cloud, target_id))

    def release_target(self, cloud: str, target_id: str, *, drill_id: str) -> None:
        with self._lock:
            if self._holds.get((cloud, target_id)) == drill_id:
                del self._holds[cloud, target_id]

    def request_abort(self, drill_ids: Collection[str]) -> None:
        with self._lock:
            for one in self._open(drill_ids):
                due_at = min(one.next_at, one.enlisted_at)
                self._drills[one.id] = replace(one, abort_requested=True, next_at=due_at)

    def expire_leases(self, is_dead: Callable[[str], bool]) -> int:
        with self._lock:
            dead = [
                one
                for one in self._open(None)
                if one.leased_until and one.leased_by and is_dead(one.leased_by)
            ]
            for one in dead:
                self._drills[one.id] = replace(one, leased_until=None)
            return len(dead)

    def reopen_teardown(self, drill_id: str, *, now: datetime) -> DrillRecord | None:
        with self._lock:
            before = self._drills.get(drill_id)
            if before is None or before.state is not State.FINISHED:
                return None
            self._drills[drill_id], event = reopened(before, now)
            self._append(drill_id, [event])
            return self._drills[drill_id]

    def find(self, drill_id: str) -> DrillRecord | None:
        with self._lock:
            if drill_id in self._drills or not drill_id:
                return self._drills.get(drill_id)
            found = [known for known in self._drills if known.startswith(drill_id)]
            return self._drills[only_one(drill_id, found)] if found else None

    def unfinished(self, *, plan_names: Collection[str] | None = None) -> list[DrillRecord]:
        with self._lock:
            open_ = [
                one for one in self._open(None) if plan_names is None or one.plan_name in plan_names
            ]
        return sorted(open_, key=lambda one: (one.enlisted_at, one.id))

    def history(self, *, plan_name: str | None = None, at_most: int = 100) -> list[DrillRecord]:
        with self._lock:
            named = [one for one in self._drills.values() if plan_name in (None, one.plan_name)]
        named.sort(key=lambda one: (one.scheduled_for, one.enlisted_at, one.id), reverse=True)
        return named[:at_most]

    def leaked(self) -> list[DrillRecord]:
        with self._lock:
            left = [
                one
                for one in self._drills.values()
                if one.state is State.FINISHED and one.teardown is Teardown.LEAKED
            ]
        return sorted(left, key=lambda one: (one.enlisted_at, one.id))

    def events_of(self, drill_id: str) -> list[Event]:
        with self._lock:
            lines = self._events.get(drill_id, [])
            return [replace(event, facts=json.loads(facts)) for event, facts in lines]

    def recorded_counts(self, plan_name: str) -> Mapping[str, int]:
        with self._lock:
            named = [one for one in self._drills.values() if one.plan_name == plan_name]
        passed = [one for one in named if one.outcome in PASSES]
        last = max(passed, key=lambda one: (one.scheduled_for, one.id), default=None)
        checks = last.checks if last else ()
        return {check.name: check.row_count for check in checks if check.row_count is not None}

    def newest(
        self, *, of: Literal["plan", "source"], passed: bool = False, at_least: int = 0
    ) -> list[Summary]:
        with self._lock:
            all_ = [summary(one) for one in self._drills.values()]
        found: dict[tuple[str, ...], Summary] = {}
        for one in sorted(all_, key=lambda one: (one.scheduled_for, one.id)):
            if not passed or is_proof(one, at_least):
                found[(one.plan_name,) if of == "plan" else (one.cloud, one.source_id)] = one
        return [found[key] for key in sorted(found)]

    def in_hand(self) -> list[Summary]:
        with self._lock:
            found = [
                one
                for one in self._drills.values()
                if one.state is not State.FINISHED or one.teardown is Teardown.LEAKED
            ]
        return [summary(one) for one in sorted(found, key=lambda one: (one.enlisted_at, one.id))]

    def count_outcomes(self, *, since: datetime) -> Mapping[Outcome, int]:
        with self._lock:
            recent = [one for one in self._drills.values() if one.scheduled_for >= since]
        return Counter(one.outcome for one in recent if one.outcome is not None)

    def earliest_next_at(
        self, *, only: Collection[str] | None = None, queued: bool | None = None
    ) -> datetime | None:
        with self._lock:
            open_ = self._open(only, queued)
            looks = (max(one.next_at, one.leased_until or one.next_at) for one in open_)
            return min(looks, default=None)

    def _known(self, drill_id: str) -> DrillRecord:
        if drill_id not in self._drills:
            raise StoreError(f"there is no drill {drill_id}")
        return self._drills[drill_id]

    def _open(self, only: Collection[str] | None, queued: bool | None = None) -> list[DrillRecord]:
        return [
            one
            for one in self._drills.values()
            if one.state is not State.FINISHED
            and (only is None or one.id in only)
            and queued in (None, one.state is State.QUEUED)
        ]

    def _append(self, drill_id: str, events: Sequence[Event]) -> None:
        lines = self._events.setdefault(drill_id, [])
        for event in events:
            lines.append((replace(event, sequence=len(lines) + 1, facts={}), facts_as_json(event)))


def _free(one: DrillRecord, now: datetime) -> bool:
    return one.leased_until is None or one.leased_until <= now
