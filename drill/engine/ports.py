"""What the engine needs from outside: a journal that is durable, and the parts of one house."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from pydantic import SecretStr

from drill.check.port import Prober
from drill.clock import Clock
from drill.engine.control import Control
from drill.engine.passwords import CopyPasswords
from drill.engine.record import DrillRecord, Event, Outcome, State, Teardown, Trigger
from drill.guard.facts import CloudRules, SiteRules
from drill.plan.blackouts import SiteBlackout
from drill.provider.port import Provider
from drill.recovery.facts import DrillFacts, SourceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLimits:
    """How many drills may be under way at the same time."""

    drills_at_once: int
    drills_per_cloud: int
    drills_per_source: int
    new_per_cloud: int
    """New scratch instances at the same time in one account."""
    drills_per_group: int | None = None
    """Drills of one group; None for no limit."""
    groups: Mapping[str, int] = field(default_factory=dict)
    """Group -> its own number, in the place of ``drills_per_group``."""

    def of_group(self, group: str | None) -> int | None:
        """Return how many drills of a group may be under way; None for no limit."""
        return None if group is None else self.groups.get(group, self.drills_per_group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a list needs of a drill: read by the thousand, without plan, steps and checks."""

    id: str
    plan_name: str
    cloud: str
    source_id: str
    trigger: Trigger
    scheduled_for: datetime
    state: State
    started_at: datetime | None
    outcome: Outcome | None
    finished_at: datetime | None
    reason: str | None
    teardown: Teardown
    level: int
    is_simulated: bool
    next_at: datetime
    """When it is to be looked at next."""
    leased_by: str | None
    """The worker that has it, or had it last."""
    leased_until: datetime | None
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A drill that nobody holds, as its row stood when it was last written."""

    id: str
    epoch: int
    next_at: datetime


class Journal(Protocol):
    """Keeps drills and their journals. Every method is one transaction that is on disk when it
    returns. Methods that change a drill raise ``DrillMoved`` if its epoch is no longer the one
    given: then another worker has it, and nothing was changed.
    """

    def enlist(self, records: Sequence[DrillRecord]) -> list[DrillRecord]:
        """Add new drills with their first event; leave out those whose slot is taken already.

        The slot is (plan_name, scheduled_for). Return the drills that were added.
        """
        ...

    def due(
        self,
        *,
        now: datetime,
        at_most: int,
        only: Collection[str] | None = None,
        queued: bool | None = None,
    ) -> list[str]:
        """Return ids of unfinished drills to look at now: next_at has come, and no live lease.

        Ordered by next_at, then enlisted_at, then id. ``queued`` True asks for those alone that
        have not begun, False for those alone that have.
        """
        ...

    def next_in_line(
        self,
        limits: Mapping[str, SeatLimits],
        *,
        now: datetime,
        at_most: int,
        only: Collection[str] | None = None,
    ) -> list[str]:
        """Return ids of queued drills that ``seat`` would not let wait now, first come first.

        ``limits`` are those of each cloud by its name. Drills that have a seat, that are to be
        aborted, or whose cloud has no limits are among them: they have nothing to wait for. All
        are due now and without a live lease. It is a hint, and takes nothing.
        """
        ...

    def claim(
        self, drill_id: str, *, worker: str, now: datetime, lease: timedelta
    ) -> DrillRecord | None:
        """Lease an unfinished drill and raise its epoch; None if somebody else holds it, or if it
        is finished."""
        ...

    def renew(self, epochs: Mapping[str, int], *, until: datetime) -> int:
        """Prolong the leases of these drills (id -> epoch), and return how many were.

        A lease that was given back, or that another worker has, is left as it is.
        """
        ...

    def save(self, record: DrillRecord, events: Sequence[Event] = ()) -> DrillRecord:
        """Write the drill (its steps and checks too) and append events to its journal, together.

        ``abort_requested`` is never overwritten by this: it is set from outside. Return the
        record as it now stands. Raise DrillMoved.
        """
        ...

    def move_looks(
        self, stands: Collection[Stand], *, next_at: datetime, looked_at: datetime | None = None
    ) -> set[str]:
        """Look at these drills at another time: the write of looks that found nothing new.

        It is for drills that wait for their restores, in one transaction for all of them. Each is
        moved if its row still stands so and is ``restoring``, has no lease, and is not to be
        aborted; any other is left as it is. Return the ids of those that were moved. The epoch
        stays: nothing but ``next_at`` is said anew, and ``looked_at`` if it is given, by looks that
        have seen the copies being made.
        """
        ...

    def seat(self, record: DrillRecord, limits: SeatLimits, *, target_id: str | None) -> str | None:
        """Give the drill a seat, and the hold on its existing target, if the limits allow it.

        Counting and taking are one transaction. Return None when seated (or seated already), or
        one sentence about what it waits for. Among drills that wait for the same thing the one
        enlisted first is served first. Raise DrillMoved.
        """
        ...

    def holder_of(self, cloud: str, target_id: str) -> str | None:
        """Return the id of the drill that holds an existing target."""
        ...

    def release_target(self, cloud: str, target_id: str, *, drill_id: str) -> None:
        """Give a target free, if this drill holds it."""
        ...

    def request_abort(self, drill_ids: Collection[str]) -> None:
        """Ask unfinished drills to go to teardown, and make them due at once."""
        ...

    def reopen_teardown(self, drill_id: str, *, now: datetime) -> DrillRecord | None:
        """Send a finished drill whose scratch instance still exists back to ``tearing_down``.

        Outcome, findings and steps stay; what is known of earlier tries of teardown is cleared,
        ``teardown`` becomes pending, ``teardown_began_at`` and ``next_at`` become now, and the
        journal gets a line. None if the drill is not finished. It is the only change that a
        finished drill ever sees.
        """
        ...

    def expire_leases(self, is_dead: Callable[[str], bool]) -> int:
        """End the leases of workers that are known to be dead; return how many."""
        ...

    def find(self, drill_id: str) -> DrillRecord | None:
        """Return one drill; a unique beginning of the id is enough. Raise StoreError if several
        drills begin so."""
        ...

    def unfinished(self, *, plan_names: Collection[str] | None = None) -> list[DrillRecord]:
        """Return the drills that are not finished, enlisted first first."""
        ...

    def history(self, *, plan_name: str | None = None, at_most: int = 100) -> list[DrillRecord]:
        """Return drills, newest slot first."""
        ...

    def leaked(self) -> list[DrillRecord]:
        """Return the finished drills whose scratch instance leaked, enlisted first first."""
        ...

    def events_of(self, drill_id: str) -> list[Event]:
        """Return the journal of one drill, in order."""
        ...

    def recorded_counts(self, plan_name: str) -> Mapping[str, int]:
        """Return name of check -> row count of the last drill of the plan that passed."""
        ...

    def newest(
        self, *, of: Literal["plan", "source"], passed: bool = False, at_least: int = 0
    ) -> list[Summary]:
        """Return the drill with the newest slot of each plan, or of each source, by name.

        With ``passed`` of those alone that passed (late or not) on a real database at this level or
        above.
        """
        ...

    def in_hand(self) -> list[Summary]:
        """Return the drills that are not finished, or that leaked, enlisted first first."""
        ...

    def count_outcomes(self, *, since: datetime) -> Mapping[Outcome, int]:
        """Return how many drills with a slot from then on ended in which way."""
        ...

    def earliest_next_at(
        self, *, only: Collection[str] | None = None, queued: bool | None = None
    ) -> datetime | None:
        """Return when the next unfinished drill can be looked at: a live lease is waited for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchLogin:
    """How an existing target is seen to be empty after its reset."""

    baseline: str
    user: str
    password: Callable[[], SecretStr]
    database: str
    blank_id: str | None = None
    """The blank instance whose backup the baseline is; None if it is the target's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """What the engine has to know about one cloud of the configuration."""

    provider: Provider
    rules: CloudRules
    site: SiteRules
    poll_every: timedelta
    settle_time: timedelta
    """How long an order whose answer was lost is watched before it counts as not accepted."""
    drills_at_once: int
    database_tls: Literal["verify", "require", "off"] = "verify"
    database_ca_file: str | None = None
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    """Price of an instance per hour by its flavor, as far as the configuration says."""
    scratch: Mapping[str, ScratchLogin]
    """Id of the existing target -> how to look into it."""
    blanks: Mapping[str, ScratchLogin] = field(default_factory=dict)
    """Id of the blank instance -> how to look into it."""
    listing: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)
    """Held while the facts for an order are read from the list of all instances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything concrete that the engine works with; put together in ``drill.bootstrap``."""

    clock: Clock
    journal: Journal
    prober: Prober
    clouds: Mapping[str, CloudSettings]
    secret: Callable[[str], SecretStr]
    """Resolves a reference such as ``env:NAME``."""
    passwords: CopyPasswords
    """Administrator passwords of new instances."""
    worker: str
    """Unique name of this process; see ``drill.dispatch.worker``."""
    lease: timedelta
    drills_at_once: int
    drills_per_source: int
    start_patience: timedelta
    """How long a drill that has not ordered anything yet waits for a cloud that does not answer."""
    history: Callable[[SourceKey], Sequence[DrillFacts]]
    """The drills of a source that have an outcome, of every plan: what a selection looks back on.
    Others it would leave out, and of those there may be a thousand."""
    teardown_patience: timedelta
    """How long teardown tries before the drill says ``leaked``."""
    drills_per_group: int | None = None
    group_limits: Mapping[str, int] = field(default_factory=dict)
    """Group -> its own number, in the place of ``drills_per_group``."""
    control: Control | None = None
    """Pauses; without it nothing is ever paused."""
    blackouts: Sequence[SiteBlackout] = ()
    """Times of the configuration in which no scheduled drill begins."""
