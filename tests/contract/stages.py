"""A cloud with some things in it, the one in memory, and the orders that tests give.

A stage sets the scene in the way of its cloud; the tests then speak to ``stage.provider`` alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
from pydantic import SecretStr

from drill.clock import SystemClock
from drill.guard.admission import (
    SEAL,
    AdmittedBackup,
    AdmittedCreate,
    AdmittedDeletion,
    AdmittedReset,
    AdmittedRestore,
    AdmittedSettingAside,
)
from drill.provider.memory import Habits, MemoryProvider
from drill.provider.port import Accepted, Job, JobStatus, Provider
from drill.recovery.values import (
    Backup,
    BackupKind,
    BackupPoint,
    Instance,
    RecoveryPoint,
    TimePoint,
    Window,
)
from drill.sandbox import catalogue
from tests.contract.cases import EngineCase

CLOUD = "here"
DRILL_ID = "20260301-020000-0000abcd"
NEW_NAME = f"drill-{DRILL_ID}"
PASSWORD = SecretStr("Correct-Horse-7")
SCRATCH = {"drill-scratch": "yes"}


class Stage(Protocol):
    """A cloud with a source and an idle existing target, and the means to let it go wrong."""

    case: EngineCase
    source_id: str
    target_id: str
    has_servers: bool
    """Whether an instance that is up has an address."""

    @property
    def provider(self) -> Provider: ...

    def add_instance(self, name: str, *, volume_gb: int = 100, scratch: bool = False) -> str: ...

    def back_up(self, instance_id: str, name: str) -> None: ...

    def open_window(self) -> None:
        """Let the source be restorable for the last hour."""
        ...

    def hold(self) -> None:
        """Let operations run until ``release``."""
        ...

    def release(self) -> None: ...

    def lose_answer(self, act: str) -> None: ...

    def lose_request(self, act: str) -> None: ...

    def fail_job(self, act: str) -> None: ...

    def be_unavailable(self) -> None:
        """Let the next read fail for good, retries included."""
        ...

    def accepted(self, act: str) -> int:
        """Return how many orders of a kind were accepted: recovery, create, delete."""
        ...


class MemoryStage:
    """The cloud in memory."""

    has_servers = True

    def __init__(self, case: EngineCase) -> None:
        self.case = case
        self._cloud = MemoryProvider(SystemClock(), cloud=CLOUD, habits=Habits(polls=3))
        self._count = 0
        self.source_id = self.add_instance("orders-prod")
        self.target_id = self.add_instance("scratch-a", scratch=True)

    @property
    def provider(self) -> Provider:
        return self._cloud

    def add_instance(self, name: str, *, volume_gb: int = 100, scratch: bool = False) -> str:
        self._count += 1
        instance = Instance(
            cloud=CLOUD,
            id=f"{self._count:032x}in{self.case.suffix}",
            name=name,
            engine=self.case.engine,
            version=self.case.version,
            status="ACTIVE",
            created_at=datetime.now(UTC),
            volume_gb=volume_gb,
            host="127.0.0.1",
            port=5432,
            time_zone="UTC",
            complete_version=f"{self.case.version}.6",
            vpc_id=catalogue.VPC_ID,
            admin_user="root",
            tags=SCRATCH if scratch else {},
        )
        self._cloud.add_instance(instance)
        return instance.id

    def back_up(self, instance_id: str, name: str) -> None:
        self._count += 1
        at = datetime.now(UTC).replace(microsecond=0)
        self._cloud.add_backup(
            Backup(
                id=f"{self._count:032x}br{self.case.suffix}",
                instance_id=instance_id,
                name=name,
                kind=BackupKind.MANUAL,
                status="COMPLETED",
                began_at=at,
                ended_at=at,
                engine=self.case.engine,
                version=self.case.version,
            )
        )

    def open_window(self) -> None:
        at = datetime.now(UTC).replace(microsecond=0)
        self._cloud.set_windows(self.source_id, [Window(at - timedelta(hours=1), at)])

    def hold(self) -> None:
        for act in ("restore", "reset", "create", "delete"):
            self._cloud.inject(f"{act}_hangs")

    def release(self) -> None:
        self._cloud.heal()

    def lose_answer(self, act: str) -> None:
        self._cloud.inject(f"lose_answer_of_{act}")

    def lose_request(self, act: str) -> None:
        self._cloud.inject(f"lose_request_of_{act}")

    def fail_job(self, act: str) -> None:
        self._cloud.inject(f"fail_{act}")

    def be_unavailable(self) -> None:
        self._cloud.inject("fail_read")

    def accepted(self, act: str) -> int:
        cloud = self._cloud
        if act == "recovery":
            return sum(cloud.restores.values()) + sum(cloud.resets.values())
        return sum((cloud.creates if act == "create" else cloud.deletes).values())


def the_instance(provider: Provider, instance_id: str) -> Instance:
    """Return an instance that must be listed."""
    found = provider.find_instance(instance_id)
    assert found is not None
    return found


def backup_point(stage: Stage, name: str = "nightly") -> BackupPoint:
    """Take a backup of the source and return it as a recovery point."""
    stage.back_up(stage.source_id, name)
    backups = stage.provider.list_backups(stage.source_id)
    return BackupPoint(backup=next(each for each in backups if each.name == name))


def time_point(stage: Stage) -> TimePoint:
    """Open a window and return an instant in its middle."""
    stage.open_window()
    (window,) = stage.provider.list_windows(
        stage.source_id, retention_days=1, now=datetime.now(UTC)
    )
    middle = window.starts_at + (window.ends_at - window.starts_at) / 2
    return TimePoint(restore_time=middle.replace(microsecond=987_000), window=window)


def a_restore(stage: Stage, point: RecoveryPoint, **changes: Any) -> AdmittedRestore:
    """Return the permission to overwrite the existing target."""
    facts: dict[str, Any] = {
        "source_id": stage.source_id,
        "target_id": stage.target_id,
        "engine": stage.case.engine,
        "point": point,
        **changes,
    }
    return AdmittedRestore(
        seal=SEAL, drill_id=DRILL_ID, cloud=CLOUD, admitted_at=datetime.now(UTC), **facts
    )


def a_create(stage: Stage, point: RecoveryPoint, **changes: Any) -> AdmittedCreate:
    """Return the permission to create an instance from a recovery point."""
    facts: dict[str, Any] = {
        "source_id": stage.source_id,
        "point": point,
        "instance_name": NEW_NAME,
        "tags": {"drill-id": DRILL_ID},
        "engine": stage.case.engine,
        "version": stage.case.version,
        "flavor": stage.case.flavor,
        "volume_type": catalogue.DEFAULT_STORAGE,
        "volume_gb": 100,
        "availability_zone": catalogue.ZONE,
        "vpc_id": catalogue.VPC_ID,
        "subnet_id": catalogue.SCRATCH_SUBNET_ID,
        "security_group_id": catalogue.SCRATCH_SECURITY_GROUP_ID,
        **changes,
    }
    return AdmittedCreate(
        seal=SEAL, drill_id=DRILL_ID, cloud=CLOUD, admitted_at=datetime.now(UTC), **facts
    )


def a_reset(stage: Stage, baseline: Backup, *, blank_id: str | None = None) -> AdmittedReset:
    """Return the permission to bring the existing target back to its baseline."""
    return AdmittedReset(
        seal=SEAL,
        drill_id=DRILL_ID,
        cloud=CLOUD,
        admitted_at=datetime.now(UTC),
        target_id=stage.target_id,
        engine=stage.case.engine,
        baseline=baseline,
        blank_id=blank_id,
    )


def a_setting_aside(instance_id: str) -> AdmittedSettingAside:
    """Return the permission to tag an existing instance as a target."""
    return AdmittedSettingAside(
        seal=SEAL,
        drill_id="scratch-prepare",
        cloud=CLOUD,
        admitted_at=datetime.now(UTC),
        instance_id=instance_id,
        instance_name="aside",
        tags=SCRATCH,
    )


def a_baseline_order(instance_id: str) -> AdmittedBackup:
    """Return the permission to make the baseline of an existing instance."""
    return AdmittedBackup(
        seal=SEAL,
        drill_id="scratch-prepare",
        cloud=CLOUD,
        admitted_at=datetime.now(UTC),
        instance_id=instance_id,
        backup_name="drill-baseline",
    )


def a_deletion(instance_id: str) -> AdmittedDeletion:
    """Return the permission to delete what a drill created."""
    return AdmittedDeletion(
        seal=SEAL,
        drill_id=DRILL_ID,
        cloud=CLOUD,
        admitted_at=datetime.now(UTC),
        instance_id=instance_id,
        instance_name=NEW_NAME,
    )


def eventually(look: Callable[[], Any]) -> Any:
    """Return the first answer that is not false; fail after twenty seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def job_of(stage: Stage, accepted: Accepted) -> Job:
    """Return the job of an order once it has ended."""
    job_id = accepted.job_id
    assert job_id is not None

    def look() -> Job | None:
        job = stage.provider.find_job(job_id)
        return job if job.status in (JobStatus.COMPLETED, JobStatus.FAILED) else None

    found: Job = eventually(look)
    return found


def wait_until_idle(stage: Stage, instance_id: str) -> Instance:
    """Return the instance once it is ACTIVE: also the backup after a restore is over then."""

    def look() -> Instance | None:
        instance = the_instance(stage.provider, instance_id)
        return instance if instance.status == "ACTIVE" else None

    found: Instance = eventually(look)
    return found


NOWHERE = "f" * 32 + "in03"
"""The id of no instance."""

MakePoint = Callable[[Stage], Any]
POINTS = pytest.mark.parametrize("make_point", [backup_point, time_point], ids=["backup", "pitr"])
"""For what holds for both kinds of recovery point."""
