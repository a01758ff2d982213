"""Operations as the state file keeps them: jobs that clients can ask for, and silent ones."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from drill.sandbox.times import from_store, to_store


class JobKind(StrEnum):
    """What is being done."""

    CREATE = "create"
    RECOVERY = "recovery"
    DELETE = "delete"
    BACKUP = "backup"
    STOP_BACKUP = "stop_backup"
    ENLARGE = "enlarge"
    RESTART = "restart"


class JobStatus(StrEnum):
    """How far it is (reference, section 6.1)."""

    RUNNING = "Running"
    COMPLETED = "Completed"
    FAILED = "Failed"


JOB_NAMES = {
    JobKind.CREATE: "CreatePostgresqlSingleHAInstance",
    JobKind.RECOVERY: "RestorePostgresqlInInstance",
    JobKind.DELETE: "DeletePostgresqlInstance",
    JobKind.BACKUP: "BackupPostgresqlInInstance",
    JobKind.STOP_BACKUP: "StopPostgresqlBackup",
    JobKind.ENLARGE: "EnlargePostgresqlVolume",
    JobKind.RESTART: "RestartPostgresqlInstance",
}
"""Guesses after the names of the other engines (reference, section 6.2)."""
MYSQL_JOB_NAMES = {kind: name.replace("Postgresql", "Mysql") for kind, name in JOB_NAMES.items()}
"""Of these the reference knows the first (section 6.2)."""

SQLSERVER_JOB_NAMES = {
    JobKind.CREATE: "CreateSqlserverSingleHAInstance",
    JobKind.RECOVERY: "RestoreSqlserverInInstance",
    JobKind.DELETE: "DeleteSqlserverInstance",
    JobKind.BACKUP: "BackupDbSqlserverInInstance",
    JobKind.STOP_BACKUP: "StopSqlserverBackup",
    JobKind.ENLARGE: "EnlargeSqlserverVolume",
    JobKind.RESTART: "RestartSqlserverInstance",
}
"""As documented (reference, section 6.2), but for the deletion and the last three: guesses."""

SQLSERVER_RESTORE_OF_SOME = "SingleDbRestoreSqlserverInInstance"


LEAVES_DATA = frozenset({JobKind.BACKUP, JobKind.STOP_BACKUP, JobKind.ENLARGE, JobKind.RESTART})
"""Where such a job is interrupted, the data is as it was: the instance can simply go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One operation on one instance."""

    id: str
    kind: JobKind
    name: str
    status: JobStatus
    instance_id: str
    instance_name: str
    source_id: str | None
    """The instance whose archive is read, if it is another one."""
    backup_id: str | None
    created_at: datetime
    visible_at: datetime
    """Before this instant the API does not know the id."""
    ended_at: datetime | None
    fail_reason: str | None
    public: bool
    """Whether the API shows it: the backup calls give no job id."""
    simulated: bool = False
    """There is no server behind its instance."""

    def percent(self, now: datetime) -> int:
        """Estimate the progress from the time that has passed: the servers do not tell."""
        seconds = max(0.0, (now - self.created_at).total_seconds())
        return min(95, int(100 * (1 - math.exp(-seconds / 5))))


_COLUMNS = tuple(each.name for each in fields(Job))


def insert(connection: sqlite3.Connection, job: Job) -> None:
    """Add a job."""
    row = {name: getattr(job, name) for name in _COLUMNS}
    row |= {
        "kind": job.kind.value,
        "status": job.status.value,
        "created_at": to_store(job.created_at),
        "visible_at": to_store(job.visible_at),
        "ended_at": to_store(job.ended_at) if job.ended_at else None,
    }
    marks = ", ".join(f":{name}" for name in _COLUMNS)
    connection.execute(f"insert into jobs ({', '.join(_COLUMNS)}) values ({marks})", row)  # noqa: S608


def find(connection: sqlite3.Connection, job_id: str) -> Job | None:
    """Return a job, or None."""
    row = connection.execute("select * from jobs where id = ?", (job_id,)).fetchone()
    return _from_row(row) if row else None


def every(connection: sqlite3.Connection) -> list[Job]:
    """Return all jobs, newest first."""
    rows = connection.execute("select * from jobs order by created_at desc, id")
    return [_from_row(row) for row in rows]


def running(connection: sqlite3.Connection) -> list[Job]:
    """Return the jobs that have not ended."""
    rows = connection.execute("select * from jobs where status = ?", (JobStatus.RUNNING.value,))
    return [_from_row(row) for row in rows]


def finish(
    connection: sqlite3.Connection, job_id: str, at: datetime, *, fail_reason: str | None
) -> None:
    """End a job; it has failed where there is a reason."""
    status = JobStatus.COMPLETED if fail_reason is None else JobStatus.FAILED
    connection.execute(
        "update jobs set status = ?, ended_at = ?, fail_reason = ? where id = ?",
        (status.value, to_store(at), fail_reason, job_id),
    )


def count_accepted(connection: sqlite3.Connection, kind: JobKind, target_id: str) -> None:
    """Count a call that was accepted, by the instance that it changes."""
    connection.execute(
        "insert into accepted values (?, ?, 1) "
        "on conflict (kind, target_id) do update set count = count + 1",
        (kind.value, target_id),
    )


def accepted(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Return how many calls of each kind were accepted, by instance id."""
    counts: dict[str, dict[str, int]] = {kind.value: {} for kind in JobKind}
    for row in connection.execute("select kind, target_id, count from accepted"):
        counts[row["kind"]][row["target_id"]] = row["count"]
    return counts


def _from_row(row: sqlite3.Row) -> Job:
    values = {name: row[name] for name in _COLUMNS}
    ended_at = values["ended_at"]
    values |= {
        "kind": JobKind(values["kind"]),
        "status": JobStatus(values["status"]),
        "created_at": from_store(values["created_at"]),
        "visible_at": from_store(values["visible_at"]),
        "ended_at": from_store(ended_at) if ended_at else None,
        "public": bool(values["public"]),
        "simulated": bool(values["simulated"]),
    }
    return Job(**values)
