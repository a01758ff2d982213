"""One drill on the desk of one worker: its record and its journal go to disk together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from drill.clock import Clock
from drill.engine.ports import Journal
from drill.engine.record import (
    DrillRecord,
    Event,
    EventKind,
    Outcome,
    State,
    Step,
    StepName,
    Teardown,
)
from drill.engine.states import ensure_transition
from drill.errors import DrillMoved
from drill.recovery.coverage.evidence import PASSES


class Desk:
    """Holds the current record; ``note`` collects, and every ``save`` is one transaction."""

    def __init__(
        self, record: DrillRecord, journal: Journal, clock: Clock, *, lease: timedelta
    ) -> None:
        self.record = record
        self.journal = journal
        self.clock = clock
        self._lease = lease
        self._events: list[Event] = []

    def now(self) -> datetime:
        """Return the wall clock, in UTC."""
        return self.clock.now()

    def hold(self) -> None:
        """See, right before an order is sent, that nobody else has taken the drill over meanwhile.

        A machine that slept between the intent and the order would otherwise send, hours later,
        what another worker has long given up, and torn down. Raise DrillMoved.
        """
        ours = {self.record.id: self.record.epoch}
        if self.journal.renew(ours, until=self.now() + self._lease) == 0:
            raise DrillMoved(f"drill {self.record.id} is not leased to this worker any more")

    def note(self, kind: EventKind, act: str, facts: Mapping[str, Any] | None = None) -> None:
        """Add a line to the journal; it is written with the next save."""
        self._events.append(Event(at=self.now(), kind=kind, act=act, facts=facts or {}))

    def save(self, **changes: Any) -> None:
        """Write the changes and the collected lines. Raise DrillMoved if somebody else has it."""
        events, self._events = self._events, []
        self.record = self.journal.save(replace(self.record, **changes), events)

    def look_again_in(self, span: timedelta, **changes: Any) -> None:
        """Write, and come back after this long; until then the lease is given back."""
        if span > timedelta(0):
            changes["leased_until"] = None
        self.save(next_at=self.now() + span, **changes)

    def go(self, state: State, facts: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """Go to the next state and look at it at once."""
        ensure_transition(self.record.state, state)
        self.note(EventKind.STATE, state.value, {"from": self.record.state.value, **(facts or {})})
        self.save(state=state, next_at=self.now(), look_failures=0, failing_since=None, **changes)

    def steps_then(self, name: StepName | None, *, result: str = "done") -> tuple[Step, ...]:
        """Return the steps with every open one ended now, and ``name`` begun; does not save.

        A step that is there already is not begun again.
        """
        now = self.now()
        steps = tuple(
            step
            if step.ended_at or step.name is name
            else replace(step, ended_at=now, result=result)
            for step in self.record.steps
        )
        if name is None or any(step.name is name for step in steps):
            return steps
        return (*steps, Step(name=name, began_at=now))

    def finish(
        self,
        outcome: Outcome,
        *,
        teardown: Teardown,
        teardown_reason: str | None = None,
        **changes: Any,
    ) -> None:
        """Write the verdict, last of all."""
        failed = outcome not in PASSES
        self.go(
            State.FINISHED,
            {"outcome": outcome.value, "teardown": teardown.value},
            outcome=outcome,
            finding=outcome,
            teardown=teardown,
            teardown_reason=teardown_reason,
            finished_at=self.record.finished_at or self.now(),
            torn_down_at=self.now(),
            is_seated=False,
            steps=self.steps_then(None, result="failed" if failed else "done"),
            **changes,
        )
