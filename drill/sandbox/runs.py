"""What the background threads do: call the servers, then write down how it ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from drill.sandbox import backups, instances, jobs
from drill.sandbox.backups import Backup, BackupType
from drill.sandbox.claims import open_backup
from drill.sandbox.engines import Engines
from drill.sandbox.errors import ApiError
from drill.sandbox.instances import Instance, Status
from drill.sandbox.jobs import Job
from drill.sandbox.points import BackupPoint, Point
from drill.sandbox.servers import BaseBackup, RestoreFailed, ServerFault
from drill.sandbox.state import State
from drill.sandbox.times import next_whole_second, now


@dataclass(frozen=True, slots=True)
class Mishap:
    """What a fault does to one restore."""

    delay: timedelta = timedelta(0)
    fail_reason: str | None = None


class Runs:
    """Carries out one accepted operation after another; each method blocks until it is done."""

    def __init__(self, state: State, engines: Engines) -> None:
        self._state = state
        self._engines = engines
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let operations that only wait give up."""
        self._stopping.set()

    def create(
        self,
        job: Job,
        instance: Instance,
        password: str | None,
        point: Point | None,
        mishap: Mishap,
    ) -> None:
        """Make a new instance, empty or restored; back it up."""

        def work() -> None:
            if point is not None:
                self._suffer(mishap)
                self._restore(instance, point, password)
            elif not instance.simulated:
                self._engines.need(instance.engine).create(
                    instance.id, admin_user=instance.admin_user, password=password or ""
                )

        if self._carry_out(job, work):
            self._back_up_automatically(instance)

    def recover(self, job: Job, target: Instance, point: Point, mishap: Mishap) -> None:
        """Overwrite an existing instance; back it up. The accounts come with the data."""

        def work() -> None:
            try:
                self._suffer(mishap)
            except RestoreFailed:
                self._engines.need(target.engine).stop(target.id)
                raise
            self._restore(target, point, None)

        if self._carry_out(job, work):
            self._back_up_automatically(target)

    def delete(self, job: Job, instance: Instance) -> None:
        """Delete an instance; its automatic backups go with it, its manual ones stay listed."""

        def work() -> None:
            if not instance.simulated:
                self._engines.need(instance.engine).destroy(instance.id)

        self._carry_out(job, work, gone=True)

    def back_up(self, job: Job, backup: Backup) -> None:
        """Take one backup."""
        taken: list[BaseBackup] = []

        def work() -> None:
            servers = self._engines.need(backup.engine)
            taken.append(servers.take_backup(backup.instance_id, backup.id))

        def note_end() -> None:
            with self._state.transaction() as connection:
                if not taken:
                    backups.fail(connection, backup.id, now())
                    return
                backups.complete(
                    connection,
                    backup.id,
                    began_at=taken[0].began_at,
                    ended_at=next_whole_second(taken[0].ended_at),
                    size_kb=-(-taken[0].size_bytes // 1024),
                )

        self._carry_out(job, work, before_end=note_end, on_failure=Status.ACTIVE)

    def _back_up_automatically(self, instance: Instance) -> None:
        """Back up after a create or a restore, as the cloud does (reference, 1.4 and 5.3)."""
        if instance.keep_days == 0 or instance.simulated:
            return
        at = now()
        name = f"auto-{instance.name}-{at:%Y%m%d%H%M%S%f}"[:64]
        try:
            with self._state.transaction() as connection:
                current = instances.find(connection, instance.id)
                if current is None:
                    return
                job, backup = open_backup(
                    connection, current, BackupType.AUTO, name=name, description="", now=at
                )
        except ApiError:
            return  # Somebody was faster: this backup is left out, as in any busy hour.
        self.back_up(job, backup)

    def _restore(self, target: Instance, point: Point, password: str | None) -> None:
        restore = partial(
            self._engines.need(target.engine).restore,
            source_id=point.source_id,
            target_id=target.id,
            admin_user=target.admin_user,
            password=password,
        )
        if isinstance(point, BackupPoint):
            restore(backup_id=point.backup_id)
        else:
            restore(restore_time=point.restore_time)

    def _suffer(self, mishap: Mishap) -> None:
        if self._stopping.wait(mishap.delay.total_seconds()):
            raise ServerFault("the service was stopped")
        if mishap.fail_reason is not None:
            raise RestoreFailed(mishap.fail_reason)

    def _carry_out(
        self,
        job: Job,
        work: Callable[[], None],
        *,
        before_end: Callable[[], None] | None = None,
        on_failure: Status = Status.FAILED,
        gone: bool = False,
    ) -> bool:
        """Do the work, end the job and set the status; return whether it succeeded.

        The end is written down whatever the work raises: no instance may stay busy for ever.
        """
        reason: str | None = "internal error"
        try:
            work()
            reason = None
        except (RestoreFailed, ServerFault, OSError) as error:
            reason = str(error) or type(error).__name__
        finally:
            if before_end is not None:
                before_end()
            at = now()
            with self._state.transaction() as connection:
                jobs.finish(connection, job.id, at, fail_reason=reason)
                if gone and reason is None:
                    backups.delete_automatic(connection, job.instance_id)
                    instances.delete(connection, job.instance_id)
                else:
                    status = Status.ACTIVE if reason is None else on_failure
                    instances.set_status(connection, job.instance_id, status, at)
        return reason is None
