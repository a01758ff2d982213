"""What is remembered of drills and of sources, as far as metrics, selection and reports need it.

A drill record holds everything; a fleet has a hundred thousand of them. These values are the
small ones: one line of a drill, what a source looked like on one night, what people decided.
All instants are aware and in UTC; "not known" is None and never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from drill.recovery.pickling import quickly_pickled
from drill.recovery.values import Backup, Window
from drill.recovery.verdict import Outcome

SourceKey = tuple[str, str]
"""(name of the cloud in config.toml, id of the source instance at the provider)."""

HowKnown = Literal["reported", "inferred"]
"""Whether the provider named the base of a restore, or the latest usable one is assumed (C.6)."""


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class DrillFacts:
    """One drill in one line."""

    id: str
    plan_name: str
    plan_digest: str
    group: str | None = None
    tier: int | None = None
    cloud: str
    source_id: str
    source_name: str | None = None
    engine: str | None = None
    mode: Literal["pitr", "backup"]
    policy: str | None = None
    """How the recovery point was chosen; None if none was."""
    target_kind: Literal["existing", "new"]
    target_id: str | None = None
    target_name: str | None = None
    trigger: str
    initiated_by: str | None = None
    """Who had it run: the user of the command, or ``schedule``; None for older drills."""
    scheduled_for: datetime
    enlisted_at: datetime
    started_at: datetime | None = None
    restore_accepted_at: datetime | None = None
    checked_at: datetime | None = None
    finished_at: datetime | None = None
    torn_down_at: datetime | None = None
    """When teardown ended for the last time; later than the end where it was taken up again."""
    outcome: Outcome | None = None
    """None while the drill is not finished."""
    state: str
    reason: str | None = None
    hint: str | None = None
    failing: tuple[str, ...] = ()
    """Names of the checks that did not pass, or else the step that failed."""
    checks: tuple[tuple[str, str], ...] = ()
    """(name of a check, its answer), in the order of the plan."""
    teardown: str
    teardown_reason: str | None = None
    level: int = 0
    is_simulated: bool = False
    point_at: datetime | None = None
    """The recovery point: the restore time, or the end of the backup."""
    reference_at: datetime | None = None
    base_at: datetime | None = None
    """End of the backup that the restore began with (for a backup restore its own end)."""
    base_id: str | None = None
    base_how: HowKnown | None = None
    rta: timedelta | None = None
    unattended: timedelta | None = None
    """How much of RTA lies between two looks too far apart: RTA is then an upper bound. Zero if
    looks came in time, None if nobody noted it."""
    rto_target: timedelta | None = None
    rpa: timedelta | None = None
    rpa_claimed: timedelta | None = None
    rpo_target: timedelta | None = None
    volume_gb: int | None = None
    volume_type: str | None = None
    flavor: str | None = None
    """Of the target, where it is known: RTA holds for this flavor and no other."""
    restore_job_id: str | None = None
    seed: str | None = None
    tool_version: str = ""

    @property
    def source(self) -> SourceKey:
        """Return which source the drill is about."""
        return self.cloud, self.source_id


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the provider said about one source at one instant, also when no drill ran."""

    cloud: str
    source_id: str
    taken_at: datetime
    source_name: str | None = None
    engine: str | None = None
    version: str | None = None
    status: str | None = None
    created_at: datetime | None = None
    volume_gb: int | None = None
    volume_type: str | None = None
    flavor: str | None = None
    retention_days: int | None = None
    """What the provider keeps, as configured there; None if not known."""
    windows: tuple[Window, ...] = ()
    """Merged and sorted, clipped to ``taken_at``."""
    backups: tuple[Backup, ...] = ()
    """Backups of the source, by (end, id)."""
    is_simulated: bool = False
    fault: str | None = None
    """Why the source could not be asked; then nothing else is known: no data, not "no window"."""

    @property
    def source(self) -> SourceKey:
        """Return which source was observed."""
        return self.cloud, self.source_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One observation without a fault, as far as the lag over time needs it."""

    taken_at: datetime
    newest_at: datetime | None
    """The newest instant that could be restored to then; None if there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Every instance of one cloud at one instant: what the sources in scope are a part of."""

    cloud: str
    taken_at: datetime
    instances: tuple[tuple[str, str], ...] = ()
    """(id, name) of every instance that is no scratch instance of ours, sorted."""
    in_scope: tuple[str, ...] = ()
    """Ids that some plan has as its source, sorted."""
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstLag:
    """The lag that is the worst against its own RPO target, and whose it is."""

    source: SourceKey
    milliseconds: float
    """``math.inf`` if the source had no recovery point."""
    target: timedelta | None
    """The RPO target of the source; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSums:
    """What the figures of some sources are made of that depend on windows; lengths in
    milliseconds. Sources that are simulated or excluded are in none of them."""

    proven: int = 0
    advertised: int = 0
    with_window: int = 0
    """How many sources had a restore window."""
    measured: int = 0
    """How many sources had a lag: their provider had answered."""
    promised: int = 0
    """How many of these had an RPO target."""
    late: int = 0
    """How many of these were beyond it."""
    worst: WorstLag | None = None
    """None if none was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightlySums:
    """The sums over the sources of one cloud, as a report of that instant would have counted."""

    cloud: str
    taken_at: datetime
    sums: FleetSums


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionNote:
    """A decision about something that is not as promised: who answers for it, and until when."""

    id: str
    kind: Literal["finding", "exclusion"]
    """``finding``: something failed and is worked on. ``exclusion``: a source is out of scope."""
    cloud: str
    source_id: str | None = None
    plan_name: str | None = None
    drill_id: str | None = None
    reason: str
    owner: str
    approver: str | None = None
    ticket: str | None = None
    opened_at: datetime
    opened_by: str
    expires_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    closing_reason: str | None = None
    retest_drill_id: str | None = None

    def is_open(self, at: datetime) -> bool:
        """Tell whether the decision holds at an instant: opened, not closed, not expired."""
        ended = self.closed_at is not None and self.closed_at <= at
        expired = self.expires_at is not None and self.expires_at <= at
        return self.opened_at <= at and not ended and not expired


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A person has looked at the drills of a period, or at one drill, and says so."""

    id: str
    reviewer: str
    initiator: str | None = None
    """Who ran what was reviewed; never the reviewer."""
    drill_id: str | None = None
    period_from: datetime | None = None
    period_to: datetime | None = None
    verdict: Literal["accepted", "rejected"]
    comment: str = ""
    signed_at: datetime
    facts: Mapping[str, str] = field(default_factory=dict)
