"""What people and processes say about the work as a whole: pauses, daemons, and the plans seen.

It stands beside the journal: that says what happened to one drill, this says whether anything may
begin, and who looked at the schedule when.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from drill.plan.model import Plan


class Scope(StrEnum):
    """What a pause is for."""

    ALL = "all"
    PLAN = "plan"
    GROUP = "group"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """An order that no scheduled drill may begin, for everything or for a part."""

    id: str
    scope: Scope
    name: str | None = None
    """Name of the plan, group or cloud; None for all."""
    is_drain: bool = False
    """True where the daemons end too, once nothing is under way any more."""
    since: datetime
    until: datetime | None = None
    """When it ends by itself."""
    by: str
    """Who gave the order."""
    reason: str
    ended_at: datetime | None = None
    """When somebody ended it."""
    ended_by: str | None = None

    def covers(self, plan: Plan) -> bool:
        """Tell whether it is for this plan."""
        named = {
            Scope.ALL: self.name,
            Scope.PLAN: plan.name,
            Scope.GROUP: plan.group,
            Scope.CLOUD: plan.source.cloud,
        }
        return self.name == named[self.scope]

    def holds_at(self, instant: datetime) -> bool:
        """Tell whether it was in force at an instant."""
        ends = [end for end in (self.until, self.ended_at) if end is not None]
        return self.since <= instant and all(instant < end for end in ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSeen:
    """What is remembered of a plan with a schedule."""

    plan_name: str
    digest: str
    """Of the file as it was when it was valid last."""
    first_seen_at: datetime
    """When it was first seen with a schedule; no slot before that is asked for."""
    settled_until: datetime
    """Every slot up to here is in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """One run of ``drill serve``."""

    worker: str
    started_at: datetime
    beat_at: datetime
    """Its last sign of life."""
    stopped_at: datetime | None = None
    how: str | None = None
    """``clean``, or ``crash`` where another process found it dead; None while it runs."""
    trouble: str | None = None
    """What it cannot do beside its drills, such as serve metrics; None if all is well."""


class Control(Protocol):
    """Keeps orders and signs of life. Every method is one transaction, as those of ``Journal``."""

    def pause(self, pause: Pause) -> Pause:
        """Give an order. The same scope and name that is in force already is kept as it is."""
        ...

    def resume(
        self, scope: Scope, name: str | None, *, by: str, now: datetime, drains: bool = False
    ) -> list[Pause]:
        """End the orders of exactly this scope and name that are in force; return them.

        With ``drains`` it is a drain that ends, otherwise a pause.
        """
        ...

    def pauses(self, *, now: datetime) -> list[Pause]:
        """Return the orders in force, drains too, oldest first."""
        ...

    def pauses_since(self, instant: datetime) -> list[Pause]:
        """Return every order that was in force at some time since, oldest first."""
        ...

    def daemon_started(self, worker: str, *, now: datetime) -> None:
        """Note that a daemon began."""
        ...

    def daemon_beat(self, worker: str, *, now: datetime, trouble: str | None = None) -> None:
        """Note a sign of life, and what it has trouble with now."""
        ...

    def daemon_stopped(self, worker: str, *, now: datetime, how: str) -> None:
        """Note the end of a daemon (``clean`` or ``crash``), if it has none yet."""
        ...

    def daemons(self, *, at_most: int = 20) -> list[Daemon]:
        """Return daemons, last started first."""
        ...

    def note_look(self, *, now: datetime) -> None:
        """Note that the schedule was compared with the journal."""
        ...

    def last_look(self) -> datetime | None:
        """Return when the schedule was last compared with the journal."""
        ...

    def plans_seen(self) -> Mapping[str, PlanSeen]:
        """Return what is remembered, by name of the plan."""
        ...

    def remember_plans(self, seen: Sequence[tuple[PlanSeen, Plan]]) -> None:
        """Remember plans as they are now, with their text."""
        ...

    def settle(self, until: Mapping[str, datetime]) -> None:
        """Move ``settled_until`` of plans forward; it never goes back."""
        ...

    def last_valid(self, plan_name: str) -> Plan | None:
        """Return a plan as it was when it was valid last."""
        ...

    def forget_plans(self, plan_names: Collection[str]) -> None:
        """Forget plans whose files are gone: when one comes back it is seen for the first time."""
        ...


def pause_of(plan: Plan, pauses: Sequence[Pause], *, at: datetime) -> Pause | None:
    """Return the order that keeps a plan from beginning at an instant: the oldest one."""
    return next((one for one in pauses if one.covers(plan) and one.holds_at(at)), None)
