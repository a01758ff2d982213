"""What the background threads do: call the servers, then write down how it ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from drill.sandbox import backups, instances, jobs, recycle, simulation
from drill.sandbox.backups import Backup, BackupType
from drill.sandbox.claims import open_backup
from drill.sandbox.damage import damageable
from drill.sandbox.engines import Engines
from drill.sandbox.errors import ApiError
from drill.sandbox.instances import Instance, Status
from drill.sandbox.jobs import Job
from drill.sandbox.personalities import Personality
from drill.sandbox.points import BackupPoint, Point
from drill.sandbox.servers import BaseBackup, RestoreFailed, ServerFault
from drill.sandbox.state import State
from drill.sandbox.times import next_whole_second, now


@dataclass(frozen=True, slots=True)
class Stuck:
    """An instance stays in a status until a gate opens."""

    status: Status
    gate: threading.Event


@dataclass(frozen=True, slots=True)
class Mishap:
    """What faults do to one operation."""

    delay: timedelta = timedelta(0)
    fail_reason: str | None = None
    gate: threading.Event | None = None
    """The work does not begin before it opens."""
    stuck: Stuck | None = None
    """What the instance is after the job has completed."""
    loses_log_segment: bool = False
    corrupts_backup: bool = False


NO_MISHAP = Mishap()
_LOOK_SECONDS = 0.05


class Runs:
    """Carries out one accepted operation after another; each method blocks until it is done."""

    def __init__(self, state: State, engines: Engines, personality: Personality) -> None:
        self._state = state
        self._engines = engines
        self._failed_creation = Status(personality.status_of_failed_creation)
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
            self._suffer(mishap)
            if point is not None:
                self._damage(instance.engine, point, mishap)
            if instance.simulated:
                simulation.fill(self._state, instance, point)
            elif point is not None:
                self._restore(instance, point, password)
            else:
                self._engines.need(instance.engine).create(
                    instance.id, admin_user=instance.admin_user, password=password or ""
                )

        stuck = mishap.stuck
        if self._carry_out(job, work, stuck=stuck, on_failure=self._failed_creation):
            self._back_up_automatically(instance)

    def recover(self, job: Job, target: Instance, point: Point, mishap: Mishap) -> None:
        """Overwrite an existing instance; back it up. The accounts come with the data."""

        def work() -> None:
            try:
                self._suffer(mishap)
            except RestoreFailed:
                if not target.simulated:
                    self._engines.need(target.engine).stop(target.id)
                raise
            self._damage(target.engine, point, mishap)
            if target.simulated:
                simulation.fill(self._state, target, point)
            else:
                self._restore(target, point, None)

        if self._carry_out(job, work, stuck=mishap.stuck):
            self._back_up_automatically(target)

    def delete(self, job: Job, instance: Instance, mishap: Mishap = NO_MISHAP) -> None:
        """Delete an instance; its automatic backups go with it, its manual ones stay listed."""

        def work() -> None:
            self._suffer(mishap)
            if not instance.simulated:
                self._engines.need(instance.engine).destroy(instance.id)

        self._carry_out(job, work, gone=True)

    def back_up(self, job: Job, backup: Backup, mishap: Mishap = NO_MISHAP) -> None:
        """Take one backup."""
        taken: list[BaseBackup] = []

        def work() -> None:
            self._suffer(mishap)
            if backup.simulated:
                taken.append(simulation.take_backup(backup))
            else:
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

        self._carry_out(
            job, work, before_end=note_end, on_failure=Status.ACTIVE, stuck=mishap.stuck
        )

    def stick(self, instance: Instance, stuck: Stuck) -> None:
        """Keep an instance in a status that was set already; then let it be what it was."""
        self._stay_stuck(instance.id, stuck, instance.status)

    def _stay_stuck(self, instance_id: str, stuck: Stuck, then: Status) -> bool:
        """Wait until the gate opens, then set the status; return False if the service stops."""
        while not (opened := stuck.gate.wait(_LOOK_SECONDS)) and not self._stopping.is_set():
            pass
        with self._state.transaction() as connection:
            instances.set_status(connection, instance_id, then, now())
        return opened

    def _back_up_automatically(self, instance: Instance) -> None:
        """Back up after a create or a restore, as the cloud does (reference, 1.4 and 5.3)."""
        if instance.keep_days == 0:
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
        while mishap.gate is not None and not mishap.gate.wait(_LOOK_SECONDS):
            if self._stopping.is_set():
                raise ServerFault("the service was stopped")
        if mishap.fail_reason is not None:
            raise RestoreFailed(mishap.fail_reason)

    def _damage(self, engine: str, point: Point, mishap: Mishap) -> None:
        """Damage what the restore is about to read. Raise ServerFault."""
        if mishap.loses_log_segment and not isinstance(point, BackupPoint):
            damageable(self._engines.need(engine)).lose_log_segment(
                point.source_id, point.restore_time
            )
        if mishap.corrupts_backup:
            servers = damageable(self._engines.need(engine))
            if isinstance(point, BackupPoint):
                servers.corrupt_backup(point.source_id, point.backup_id, None)
            else:
                servers.corrupt_backup(point.source_id, None, point.restore_time)

    def _carry_out(
        self,
        job: Job,
        work: Callable[[], None],
        *,
        before_end: Callable[[], None] | None = None,
        on_failure: Status = Status.FAILED,
        gone: bool = False,
        stuck: Stuck | None = None,
    ) -> bool:
        """Do the work, end the job and set the status; return whether it succeeded.

        With ``stuck`` this returns only when the gate has opened. The end is written down whatever
        the work raises: no instance may stay busy for ever.
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
                    recycle.keep(connection, job.instance_id, at)
                    instances.delete(connection, job.instance_id)
                else:
                    at_rest = stuck.status if stuck else Status.ACTIVE
                    status = at_rest if reason is None else on_failure
                    instances.set_status(connection, job.instance_id, status, at)
        if reason is None and stuck is not None:
            return self._stay_stuck(job.instance_id, stuck, Status.ACTIVE)
        return reason is None
