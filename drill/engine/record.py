"""What is known about one drill: its place in the state machine, its facts and its findings.

State, outcome and teardown are three values, so that "passed, but leaked" can be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from drill.check.port import CheckResult
from drill.plan.model import Plan
from drill.recovery.values import Choice, Instance, Inventory
from drill.recovery.verdict import Outcome as Outcome


class State(StrEnum):
    """Where the drill is now."""

    QUEUED = "queued"
    SELECTING = "selecting"
    ADMITTING = "admitting"
    RESTORING = "restoring"
    CHECKING = "checking"
    TEARING_DOWN = "tearing_down"
    FINISHED = "finished"


class Teardown(StrEnum):
    """What became of the scratch instance."""

    PENDING = "pending"
    CLEAN = "clean"
    LEAKED = "leaked"
    NOT_NEEDED = "not_needed"


class Trigger(StrEnum):
    """What started the drill."""

    COMMAND = "command"
    SCHEDULE = "schedule"


class EventKind(StrEnum):
    """What kind of line an event is in the journal."""

    STATE = "state"
    """The drill went from one state to the next."""
    INTENT = "intent"
    """An order is about to be given to the cloud; written before it is."""
    RESULT = "result"
    """What the cloud answered to that order, or that the answer was lost."""
    OBSERVATION = "observation"
    """Something that was read and mattered."""
    FAULT = "fault"
    """Something did not work and will be looked at again."""


class StepName(StrEnum):
    """The named parts of a drill, in their order. Waiting and working are told apart."""

    QUEUE = "queue"
    SELECT = "select"
    ADMIT = "admit"
    RESTORE = "restore"
    CONNECT = "connect"
    CHECK = "check"
    TEARDOWN = "teardown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One named part of a drill. Once ``ended_at`` is set it never changes."""

    name: StepName
    began_at: datetime
    ended_at: datetime | None = None
    result: str | None = None
    """``done`` or ``failed``; None while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the journal. ``facts`` is plain JSON without any secret."""

    at: datetime
    kind: EventKind
    act: str
    """Stable key of what is spoken of, such as ``restore``, ``delete`` or ``selecting``."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    sequence: int | None = None
    """Place in the journal of the drill, from 1; given by the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRecord:
    """One drill. Frozen: a step makes a new value; the store decides whether it still counts."""

    id: str
    plan_name: str
    plan_digest: str
    plan: Plan
    trigger: Trigger
    scheduled_for: datetime
    """The slot; unique together with the name of the plan."""
    enlisted_at: datetime
    tool_version: str
    initiated_by: str | None = None
    """Who had it run: the user of the command, or ``schedule``. Attribution, not authentication."""

    state: State = State.QUEUED
    next_at: datetime
    """When to look again."""
    deadline_at: datetime | None = None
    """When the drill gives up and goes to teardown; set when it begins."""
    epoch: int = 0
    """Fencing: a write of a worker with an older epoch changes nothing."""
    leased_by: str | None = None
    """The worker that had it last; it holds it only until ``leased_until``."""
    leased_until: datetime | None = None
    is_seated: bool = False
    """True while the drill counts against the limits of its account, source and target."""
    held_until: datetime | None = None
    """Set while a pause or a blackout forbids it to begin: so long it takes nobody's turn."""
    abort_requested: bool = False
    look_failures: int = 0
    """Consecutive times that the cloud could not be asked."""
    failing_since: datetime | None = None

    started_at: datetime | None = None
    inventory: Inventory | None = None
    choice: Choice | None = None
    target_id: str | None = None
    """Id of the existing target, or of the instance that was created."""
    target_name: str | None = None
    copy: Instance | None = None
    """The restored copy as the provider described it when it was ready."""
    is_simulated: bool = False

    restore_intent_at: datetime | None = None
    restore_accepted_at: datetime | None = None
    restore_job_id: str | None = None
    restore_seen_running: bool = False
    looked_at: datetime | None = None
    """When somebody last saw how far the restore, and then the copy, was."""
    ready_at: datetime | None = None
    reachable_at: datetime | None = None
    checked_at: datetime | None = None

    teardown_began_at: datetime | None = None
    """Since when teardown tries: later than its step began by the time in which nobody looked."""
    teardown_intent_at: datetime | None = None
    teardown_accepted_at: datetime | None = None
    teardown_job_id: str | None = None
    teardown_seen_running: bool = False

    finding: Outcome | None = None
    """The outcome as decided before teardown; it becomes ``outcome`` when the drill finishes."""
    outcome: Outcome | None = None
    reason: str | None = None
    """One plain sentence for the outcome."""
    hint: str | None = None
    """What to do now."""
    teardown: Teardown = Teardown.PENDING
    teardown_reason: str | None = None
    finished_at: datetime | None = None
    """When the verdict was written: once, also if teardown is taken up again later."""
    torn_down_at: datetime | None = None
    """When teardown ended for the last time."""

    level: int = 0
    """Assurance level reached, 0 to 6."""
    rta: timedelta | None = None
    unattended: timedelta | None = None
    """How much of RTA lies between two looks too far apart: the copy may have been ready so much
    earlier. Zero if looks came in time, None if nobody noted it."""
    rpa: timedelta | None = None
    """Proven: reference instant minus the newest heartbeat found in the copy."""
    rpa_claimed: timedelta | None = None
    request_ids: tuple[str, ...] = ()
    """Request ids of the cloud, of every order."""
    steps: tuple[Step, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    refusals: tuple[Mapping[str, str], ...] = ()
    """Every refusal of the guard: rule, message, hint."""
