"""The state behind ``drill.provider.memory``: instances, backups, and operations that take time."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drill.clock import Clock
from drill.errors import (
    NotFound,
    OutOfCapacity,
    ProviderBusy,
    ProviderError,
    QuotaExceeded,
    RequestRejected,
)
from drill.guard.admission import (
    Admitted,
    AdmittedCreate,
)
from drill.guard.facts import INSTANCE_NAME_PREFIX, SCRATCH_TAG
from drill.guard.freshness import ensure_fresh
from drill.provider.memory_faults import Fault, Faults
from drill.provider.port import Accepted, Job, JobStatus, RecycledInstance
from drill.recovery.values import Backup, BackupKind, Instance, RecoveryPoint, TimePoint, Window


class ScratchViolated(Exception):
    """An instance that is not scratch was to be overwritten or deleted. Nobody may catch this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How this cloud behaves when nothing is wrong."""

    polls: int = 2
    """How often an operation is looked at before it ends."""
    takes: timedelta = timedelta(0)
    """How long an operation takes at least."""
    hidden_polls: int = 1
    """How often a new job id is unknown."""
    backing_up_polls: int = 1
    """How often an instance is seen ``BACKING UP`` after a restore."""
    tags_in_create: bool = True
    restores_to_current: bool = True
    """False where no instance can be restored to itself."""
    instances_at_most: int = 100
    recycle_days: int | None = 7
    """How long a deleted instance stays in the recycle bin; None for a cloud without one."""
    host: str = "127.0.0.1"
    port: int = 5432


@dataclass(slots=True, kw_only=True)
class _Operation:
    job_id: str
    name: str
    instance_id: str
    began_at: datetime
    polls_left: int
    hidden_polls: int
    fails: bool = False
    cause: type[ProviderError] | None = None
    hangs: bool = False
    forgotten: bool = False
    ended_at: datetime | None = None


_CAUSES: Mapping[str, Sequence[tuple[Fault, type[ProviderError]]]] = defaultdict(
    tuple,
    {
        "restore": ((Fault.FAIL_RESTORE_FOR_QUOTA, QuotaExceeded),),
        "create": ((Fault.FAIL_CREATE_FOR_CAPACITY, OutOfCapacity),),
    },
)
"""Faults that let an operation fail for a reason that is not the backup."""


def _reason(operation: _Operation) -> str:
    if operation.cause is None:
        return "injected fault"
    return f"injected fault: {(operation.cause.__doc__ or '').splitlines()[0]}"


class MemoryCloud:
    """One account of a cloud that exists in memory. Safe between threads."""

    def __init__(
        self, clock: Clock, *, cloud: str = "memory", habits: Habits | None = None
    ) -> None:
        self._clock = clock
        self._cloud = cloud
        self._habits = habits or Habits()
        self._lock = threading.RLock()
        self._instances: dict[str, Instance] = {}
        self._backups: dict[str, dict[str, Backup]] = {}
        self._windows: dict[str, tuple[Window, ...]] = {}
        self._databases: dict[str, frozenset[str]] = {}
        self._operations: dict[str, _Operation] = {}
        self._backing_up: dict[str, int] = {}
        self._recycled: list[RecycledInstance] = []
        self._faults = Faults()
        self._next_id = 0
        self.restores: Counter[str] = Counter()
        """Accepted restores by target."""
        self.resets: Counter[str] = Counter()
        """Accepted resets by target."""
        self.creates: Counter[str] = Counter()
        """Accepted creations by name."""
        self.deletes: Counter[str] = Counter()
        """Accepted deletions by instance."""
        self.calls: Counter[str] = Counter()
        """Every call by the name of its method, accepted or not."""
        self.contents: dict[str, RecoveryPoint | None] = {}
        """What each target holds: a recovery point of a source, or None for its own baseline."""

    @property
    def cloud(self) -> str:
        """Return the name of the cloud."""
        return self._cloud

    # How a test sets the scene.

    def add_instance(self, instance: Instance) -> None:
        """Let the account have an instance."""
        if instance.cloud != self._cloud:
            raise ValueError(f"the instance is of cloud {instance.cloud}, not of {self._cloud}")
        with self._lock:
            self._instances[instance.id] = instance

    def add_backup(self, backup: Backup) -> None:
        """Let an instance have a backup."""
        with self._lock:
            self._backups.setdefault(backup.instance_id, {})[backup.id] = backup

    def set_windows(self, instance_id: str, windows: Iterable[Window]) -> None:
        """Let an instance have these restore windows and no others."""
        with self._lock:
            self._windows[instance_id] = tuple(windows)

    def set_databases(self, instance_id: str, names: Iterable[str]) -> None:
        """Let an instance have these databases and no others."""
        with self._lock:
            self._databases[instance_id] = frozenset(names)

    def change_instance(self, instance: Instance) -> None:
        """Change the facts about an instance behind the back of a drill."""
        self.add_instance(instance)

    def remove_instance(self, instance_id: str) -> None:
        """Let an instance vanish behind the back of a drill."""
        with self._lock:
            del self._instances[instance_id]

    def inject(self, fault: Fault | str, *, times: int = 1) -> None:
        """Let a fault happen the next so many times it can (``drill.provider.memory_faults``)."""
        with self._lock:
            self._faults.add(fault, times)

    def heal(self) -> None:
        """Take back every fault that has not happened yet, and let hanging operations end."""
        with self._lock:
            self._faults.clear()
            for operation in self._operations.values():
                operation.hangs = False

    def leaks(self) -> Sequence[str]:
        """Return the ids of the instances that drills created and that still exist."""
        with self._lock:
            return sorted(
                one.id
                for one in self._instances.values()
                if one.name.startswith(INSTANCE_NAME_PREFIX)
            )

    # Inside.

    @contextmanager
    def _reading(self, method: str) -> Iterator[None]:
        with self._lock:
            self.calls[method] += 1
            self._faults.raise_for_read()
            yield

    def _begin_order(self, method: str, admitted: Admitted, wanted: type[Admitted]) -> None:
        if not isinstance(admitted, wanted):
            raise TypeError(f"{method} takes {wanted.__name__} and nothing else")
        if admitted.cloud != self._cloud:
            raise ValueError(f"the admission is for cloud {admitted.cloud}, not {self._cloud}")
        self.calls[method] += 1
        ensure_fresh(admitted, now=self._clock.now())
        self._faults.raise_for_order(method)

    def _existing(self, instance_id: str, code: str) -> Instance:
        if instance_id not in self._instances:
            raise NotFound(f"no instance {instance_id}", code=code, status=404)
        return self._instances[instance_id]

    def _overwritable(self, instance_id: str) -> Instance:
        target = self._existing(instance_id, "DBS.200002")
        if target.tags.get(SCRATCH_TAG) != "yes":
            raise ScratchViolated(f"{target.id} ({target.name}) was to be overwritten")
        return target

    def _ensure_idle(self, instance: Instance) -> None:
        if self._running(instance.id) is not None or instance.status == "BACKING UP":
            raise ProviderBusy(f"{instance.id} is busy", code="DBS.201202", status=409)

    def _ensure_point(self, source_id: str, point: RecoveryPoint) -> None:
        if isinstance(point, TimePoint):
            windows = self._windows.get(source_id, ())
            if not any(window.contains(point.restore_time) for window in windows):
                raise RequestRejected("outside every window", code="DBS.280001", status=400)
            return
        backup = self._backups.get(source_id, {}).get(point.backup.id)
        if backup is None:
            raise NotFound("no such backup", code="DBS.201203", status=400)
        if not backup.is_complete:
            raise ProviderBusy("the backup is not complete", code="DBS.201208", status=400)

    def _building(self, admitted: AdmittedCreate, instance_id: str, source: Instance) -> Instance:
        return Instance(
            cloud=self._cloud,
            id=instance_id,
            name=admitted.instance_name,
            engine=admitted.engine,
            version=admitted.version,
            complete_version=source.complete_version,
            status="BUILD",
            created_at=self._clock.now(),
            volume_gb=admitted.volume_gb,
            volume_type=admitted.volume_type,
            flavor=admitted.flavor,
            availability_zone=admitted.availability_zone,
            vpc_id=admitted.vpc_id,
            subnet_id=admitted.subnet_id,
            security_group_id=admitted.security_group_id,
            admin_user=source.admin_user,
            time_zone=admitted.time_zone or source.time_zone,
            tags=dict(admitted.tags) if self._habits.tags_in_create else {},
            charge_mode="postPaid",
            simulated=source.simulated,
        )

    def _copy_databases(
        self, source_id: str, target_id: str, database_map: Mapping[str, str] | None
    ) -> None:
        """Add what a map names to the target; without a map the target becomes the source."""
        there = self._databases.get(source_id, frozenset())
        if database_map is None:
            self._databases[target_id] = there
            return
        names = {name for old, new in database_map.items() for name in (new or old).split(",")}
        self._databases[target_id] = self._databases.get(target_id, frozenset()) | names

    def _accept(self, method: str, instance_id: str, *, created_id: str | None = None) -> Accepted:
        now = self._clock.now()
        cause = next((why for fault, why in _CAUSES[method] if self._faults.take(fault)), None)
        operation = _Operation(
            job_id=self._new_id("job"),
            name="restore" if method == "reset" else method,
            instance_id=instance_id,
            began_at=now,
            polls_left=self._habits.polls,
            hidden_polls=self._habits.hidden_polls,
            fails=cause is not None or self._faults.take(f"fail_{method}"),
            cause=cause,
            hangs=self._faults.take(f"{method}_hangs"),
            forgotten=self._faults.take(Fault.FORGET_JOB),
        )
        self._operations[operation.job_id] = operation
        self._faults.lose_answer(method)
        return Accepted(
            accepted_at=now,
            job_id=operation.job_id,
            instance_id=created_id,
            request_id=self._new_id("request"),
        )

    def _running(self, instance_id: str) -> _Operation | None:
        mine = (one for one in self._operations.values() if one.instance_id == instance_id)
        return next((one for one in mine if one.ended_at is None), None)

    def _advance(self, operation: _Operation) -> None:
        """Look at an operation once; end it if its time has come."""
        if operation.ended_at is not None or operation.hangs:
            return
        operation.polls_left = max(0, operation.polls_left - 1)
        now = self._clock.now()
        if operation.polls_left > 0 or now - operation.began_at < self._habits.takes:
            return
        operation.ended_at = now
        if operation.fails:
            failed = "CREATE FAIL" if operation.name == "create" else "FAILED"
            self._set_status(operation.instance_id, failed)
        elif operation.name == "delete":
            self._recycle(self._instances.pop(operation.instance_id), now)
        else:
            self._come_up(operation.instance_id)

    def _recycle(self, instance: Instance, now: datetime) -> None:
        days = self._habits.recycle_days
        if days is not None:
            entry = RecycledInstance(
                id=instance.id,
                name=instance.name,
                deleted_at=now,
                kept_until=now + timedelta(days=days),
                volume_gb=instance.volume_gb,
            )
            self._recycled.append(entry)

    def _come_up(self, instance_id: str) -> None:
        habits = self._habits
        instance = self._instances[instance_id]
        self._backing_up[instance_id] = habits.backing_up_polls
        self._instances[instance_id] = replace(
            instance,
            status="BACKING UP" if habits.backing_up_polls > 0 else "ACTIVE",
            host=None if instance.simulated else instance.host or habits.host,
            port=None if instance.simulated else instance.port or habits.port,
        )

    def _begin_backup(self, instance: Instance, name: str) -> None:
        backup = Backup(
            id=self._new_id("br03"),
            instance_id=instance.id,
            name=name,
            kind=BackupKind.MANUAL,
            status="BUILDING",
            began_at=self._clock.now(),
            ended_at=None,
            engine=instance.engine,
            version=instance.version,
        )
        self._backups.setdefault(instance.id, {})[backup.id] = backup
        self._backing_up[instance.id] = max(1, self._habits.backing_up_polls)
        self._set_status(instance.id, "BACKING UP")

    def _end_backup(self, instance_id: str) -> None:
        self._set_status(instance_id, "ACTIVE")
        there = self._backups.get(instance_id, {})
        for one in list(there.values()):
            if one.status == "BUILDING" and one.kind is BackupKind.MANUAL:
                ended_at = self._clock.now()
                there[one.id] = replace(one, status="COMPLETED", ended_at=ended_at)

    def _set_status(self, instance_id: str, status: str) -> None:
        instance = self._instances.get(instance_id)
        if instance is not None:
            self._instances[instance_id] = replace(instance, status=status)

    def _job(self, operation: _Operation) -> Job:
        if operation.ended_at is None:
            status = JobStatus.RUNNING
        else:
            status = JobStatus.FAILED if operation.fails else JobStatus.COMPLETED
        return Job(
            id=operation.job_id,
            status=status,
            name=operation.name,
            instance_id=operation.instance_id,
            created_at=operation.began_at,
            ended_at=operation.ended_at,
            fail_reason=_reason(operation) if status is JobStatus.FAILED else None,
            cause=operation.cause if status is JobStatus.FAILED else None,
        )

    def _new_id(self, suffix: str) -> str:
        self._next_id += 1
        return f"{self._next_id:032x}{suffix}"
