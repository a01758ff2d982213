"""The facts about instances, backups and windows that everything else talks about.

All values are frozen; all instants are aware and in UTC; sizes say their unit in the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from drill.recovery.pickling import quickly_pickled


class Engine(StrEnum):
    """A database engine, spelled as the RDS v3 API spells it (reference 0.2)."""

    MYSQL = "MySQL"
    MARIADB = "MariaDB"
    POSTGRESQL = "PostgreSQL"
    SQLSERVER = "SQLServer"


class BackupKind(StrEnum):
    """The type of a backup (reference 3.1)."""

    AUTO = "auto"
    MANUAL = "manual"
    FRAGMENT = "fragment"
    INCREMENTAL = "incremental"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One database instance as the provider described it at one instant."""

    cloud: str
    id: str
    name: str
    engine: Engine
    version: str
    complete_version: str | None = None
    status: str
    created_at: datetime | None = None
    volume_gb: int | None = None
    volume_type: str | None = None
    flavor: str | None = None
    availability_zone: str | None = None
    vpc_id: str | None = None
    subnet_id: str | None = None
    security_group_id: str | None = None
    host: str | None = None
    port: int | None = None
    admin_user: str | None = None
    time_zone: str | None = None
    retention_days: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    replica_of: str | None = None
    charge_mode: str | None = None
    simulated: bool = False
    """True where no database server stands behind the instance: it can never prove anything."""


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One backup known to the provider. Instants of the API have a resolution of one second."""

    id: str
    instance_id: str
    name: str
    kind: BackupKind
    status: str
    began_at: datetime
    ended_at: datetime | None
    size_bytes: int | None = None
    engine: Engine | None = None
    version: str | None = None
    databases: tuple[str, ...] = ()
    min_volume_gb: int | None = None

    @property
    def is_complete(self) -> bool:
        """Tell whether the provider calls the backup finished and says when it ended."""
        return self.status == "COMPLETED" and self.ended_at is not None


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """One restore window: every instant from ``starts_at`` to ``ends_at``, both included.

    Whether the provider means its borders inclusively is not documented (reference 2.1); the
    selection therefore never picks a border itself unless the plan names that very instant.
    """

    starts_at: datetime
    ends_at: datetime

    def contains(self, instant: datetime) -> bool:
        """Tell whether the instant lies inside, borders included."""
        return self.starts_at <= instant <= self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPoint:
    """A recovery point that is one backup (kind: snapshot)."""

    backup: Backup

    @property
    def at(self) -> datetime:
        """Return the instant of the image: the end of the backup, known to one second."""
        if self.backup.ended_at is None:
            raise ValueError("a backup without an end is no recovery point")
        return self.backup.ended_at

    @property
    def resolution(self) -> timedelta:
        """Return how exactly ``at`` is known: the API rounds backup times to whole seconds."""
        return timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePoint:
    """A recovery point that is an instant inside a restore window (kind: continuous)."""

    restore_time: datetime
    window: Window

    @property
    def at(self) -> datetime:
        """Return the restore time itself."""
        return self.restore_time

    @property
    def resolution(self) -> timedelta:
        """Return how exactly ``at`` is known: the API takes whole milliseconds."""
        return timedelta(milliseconds=1)


RecoveryPoint = BackupPoint | TimePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The recovery point that was selected, and why, so that anybody can choose it again."""

    point: RecoveryPoint
    policy: str
    reason: str
    """One sentence for a reader: what was chosen out of what."""
    reference_at: datetime
    """The instant that RPA is measured from (docs/measurement.md says which, by policy)."""
    seed: str | None = None
    candidates: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything the provider told about one drill at one instant."""

    taken_at: datetime
    source: Instance
    target: Instance | None
    """The existing target; None for a new one."""
    backups: tuple[Backup, ...] = ()
    """Backups of the source."""
    windows: tuple[Window, ...] = ()
    """Restore windows of the source, merged and sorted."""
    target_backups: tuple[Backup, ...] = ()
    """Backups of the existing target: its empty baseline must be among them."""
    instance_ids: frozenset[str] = frozenset()
    """The id of every instance of the account, as it was before the drill acted."""
    instance_names: frozenset[str] = frozenset()
    source_databases: frozenset[str] = frozenset()
    """Databases of the source; SQL Server only, for no other engine is asked for them."""
    target_databases: frozenset[str] = frozenset()
    """Databases of the existing target; SQL Server only."""
    target_job_ids: frozenset[str] = frozenset()
    """Tasks of the existing target that were there before the drill acted: a lost answer is
    resolved by a task that is not among them."""

    @property
    def is_simulated(self) -> bool:
        """Tell whether no database stands behind the source or behind the target."""
        return self.source.simulated or (self.target is not None and self.target.simulated)
