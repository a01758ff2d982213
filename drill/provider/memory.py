"""A cloud in memory: strict like the real one, with faults by name, for tests and simulations.

It keeps the promises of ``drill.provider.port`` and the habits of the real clouds: a job id is
unknown at first, one operation per instance, a backup right after a restore, no second instance of
the same name. It takes admissions and nothing else, and a restore onto an instance that is not
scratch raises ``ScratchViolated``, which no caller catches.

An operation ends when it was polled ``polls`` times (by its job or its instance) and ``takes`` has
passed on the clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import SecretStr

from drill.errors import NotFound, QuotaExceeded, RequestRejected
from drill.guard.admission import (
    AdmittedBackup,
    AdmittedCreate,
    AdmittedDeletion,
    AdmittedReset,
    AdmittedRestore,
    AdmittedSettingAside,
    AdmittedTagging,
)
from drill.guard.facts import INSTANCE_NAME_PREFIX
from drill.provider.memory_cloud import Habits, MemoryCloud, ScratchViolated
from drill.provider.memory_faults import Fault
from drill.provider.port import Accepted, Job, JobStatus, RecycledInstance, Sighting
from drill.recovery.values import Backup, Instance, Window
from drill.recovery.windows import merge_windows

__all__ = ["Fault", "Habits", "MemoryProvider", "ScratchViolated"]


class MemoryProvider(MemoryCloud):
    """Implements ``drill.provider.port.Provider`` without a network. Safe between threads."""

    # Reads.

    def find_instance(self, instance_id: str) -> Instance | None:
        """Return the instance, or None if there is none."""
        with self._reading("find_instance"):
            operation = self._running(instance_id)
            if operation is not None:
                self._advance(operation)
            elif self._backing_up.get(instance_id, 0) > 0:
                self._backing_up[instance_id] -= 1
                if self._backing_up[instance_id] == 0:
                    self._end_backup(instance_id)
            return self._instances.get(instance_id)

    def list_instances(
        self, *, name: str | None = None, tags: Mapping[str, str] | None = None
    ) -> Sequence[Instance]:
        """Return all instances, or those with exactly this name or these tags."""
        wanted = (tags or {}).items()
        with self._reading("list_instances"):
            return [
                instance
                for instance in self._instances.values()
                if name in {None, instance.name} and wanted <= instance.tags.items()
            ]

    def list_sightings(self) -> Sequence[Sighting]:
        """Return the status of all instances; it counts as one poll of every operation."""
        with self._reading("list_sightings"):
            for operation in list(self._operations.values()):
                self._advance(operation)
            return [
                Sighting(id=one.id, status=one.status, tags=one.tags)
                for one in self._instances.values()
            ]

    def list_backups(self, instance_id: str) -> Sequence[Backup]:
        """Return all backups of an instance, oldest first."""
        with self._reading("list_backups"):
            backups = self._backups.get(instance_id, {}).values()
            return sorted(backups, key=lambda backup: (backup.began_at, backup.id))

    def list_windows(
        self, instance_id: str, *, retention_days: int, now: datetime
    ) -> Sequence[Window]:
        """Return the restore windows, merged and sorted."""
        with self._reading("list_windows"):
            windows = self._windows.get(instance_id, ())
            latest = max((window.ends_at for window in windows), default=now)
            return merge_windows(windows, now=latest).windows

    def list_databases(self, instance_id: str) -> Sequence[str]:
        """Return the names of the databases of an instance."""
        with self._reading("list_databases"):
            self._existing(instance_id, "DBS.200002")
            return sorted(self._databases.get(instance_id, ()))

    def find_job(self, job_id: str) -> Job:
        """Return the job; UNKNOWN for an id that was never given out, and for a new one."""
        with self._reading("find_job"):
            operation = self._operations.get(job_id)
            if operation is None or operation.forgotten:
                return Job(id=job_id, status=JobStatus.UNKNOWN)
            if operation.hidden_polls > 0:
                operation.hidden_polls -= 1
                return Job(id=job_id, status=JobStatus.UNKNOWN)
            self._advance(operation)
            return self._job(operation)

    def list_jobs_of(self, instance_id: str, *, since: datetime) -> Sequence[Job]:
        """Return the operations of one instance that began at or after an instant."""
        with self._reading("list_jobs_of"):
            return [
                self._job(operation)
                for operation in self._operations.values()
                if operation.instance_id == instance_id
                and operation.began_at >= since
                and not operation.forgotten
            ]

    def list_recycled(self) -> Sequence[RecycledInstance] | None:
        """Return what was deleted and is not yet forgotten; None where the cloud has no bin."""
        with self._reading("list_recycled"):
            if self._habits.recycle_days is None:
                return None
            now = self._clock.now()
            return [one for one in self._recycled if one.kept_until and one.kept_until > now]

    # Orders.

    def restore(self, admitted: AdmittedRestore) -> Accepted:
        """Overwrite an existing scratch instance with a recovery point."""
        with self._lock:
            self._begin_order("restore", admitted, AdmittedRestore)
            source = self._existing(admitted.source_id, "DBS.200013")
            target = self._overwritable(admitted.target_id)
            if target.id == source.id:
                raise ScratchViolated(f"{source.id} was to be restored over itself")
            if target.engine != source.engine or target.version != source.version:
                raise RequestRejected("engine or version differ", code="DBS.200037", status=400)
            if (target.volume_gb or 0) < (source.volume_gb or 0):
                raise RequestRejected("the volume is too small", code="DBS.200306", status=400)
            self._ensure_point(source.id, admitted.point)
            self._ensure_idle(target)
            self.restores[target.id] += 1
            self.contents[target.id] = admitted.point
            self._copy_databases(source.id, target.id, admitted.database_map)
            self._set_status(target.id, "RESTORING")
            return self._accept("restore", target.id)

    def reset(self, admitted: AdmittedReset) -> Accepted:
        """Bring a scratch instance back to its own baseline."""
        with self._lock:
            self._begin_order("reset", admitted, AdmittedReset)
            target = self._overwritable(admitted.target_id)
            source = self._existing(admitted.source_id, "DBS.200013")
            if admitted.baseline.id not in self._backups.get(source.id, {}):
                raise NotFound("no such backup", code="DBS.201203", status=400)
            if source.id == target.id and not self._habits.restores_to_current:
                raise RequestRejected("not to the current one", code="DBS.280238", status=400)
            self._ensure_idle(target)
            self.resets[target.id] += 1
            self.contents[target.id] = None
            self._databases[target.id] = frozenset()
            self._set_status(target.id, "RESTORING")
            return self._accept("reset", target.id)

    def create(self, admitted: AdmittedCreate, *, password: SecretStr) -> Accepted:
        """Create a scratch instance from a recovery point."""
        with self._lock:
            self._begin_order("create", admitted, AdmittedCreate)
            if not password.get_secret_value():
                raise RequestRejected("the password is illegal", code="DBS.200052", status=400)
            source = self._existing(admitted.source_id, "DBS.200013")
            self._ensure_point(source.id, admitted.point)
            if any(one.name == admitted.instance_name for one in self._instances.values()):
                raise RequestRejected("the name exists", code="DBS.200022", status=409)
            if len(self._instances) >= self._habits.instances_at_most:
                raise QuotaExceeded("too many instances", code="DBS.200046", status=413)
            if admitted.engine != source.engine or admitted.volume_gb < (source.volume_gb or 0):
                raise RequestRejected("the volume is too small", code="DBS.200306", status=400)
            instance_id = self._new_id("in03")
            self.creates[admitted.instance_name] += 1
            self.contents[instance_id] = admitted.point
            self._copy_databases(source.id, instance_id, admitted.database_map)
            self._instances[instance_id] = self._building(admitted, instance_id, source)
            return self._accept("create", instance_id, created_id=instance_id)

    def tag(
        self,
        admitted: AdmittedCreate | AdmittedTagging | AdmittedSettingAside,
        instance_id: str,
    ) -> None:
        """Put the admitted tags on an instance."""
        named = isinstance(admitted, AdmittedTagging | AdmittedSettingAside)
        with self._lock:
            self._begin_order("tag", admitted, type(admitted) if named else AdmittedCreate)
            if not isinstance(admitted, AdmittedCreate) and admitted.instance_id != instance_id:
                raise ScratchViolated(f"{instance_id} was to be tagged, not {admitted.instance_id}")
            instance = self._existing(instance_id, "DBS.200002")
            tags = {**instance.tags, **admitted.tags}
            self._instances[instance_id] = replace(instance, tags=tags)
            self._faults.lose_answer("tag")

    def back_up(self, admitted: AdmittedBackup) -> None:
        """Make a manual backup; it is complete once the instance is seen ACTIVE again."""
        with self._lock:
            self._begin_order("backup", admitted, AdmittedBackup)
            instance = self._existing(admitted.instance_id, "DBS.200002")
            self._ensure_idle(instance)
            self._begin_backup(instance, admitted.backup_name)
            self._faults.lose_answer("backup")

    def delete(self, admitted: AdmittedDeletion) -> Accepted:
        """Delete an instance that a drill created."""
        with self._lock:
            self._begin_order("delete", admitted, AdmittedDeletion)
            instance = self._existing(admitted.instance_id, "DBS.200002")
            if not instance.name.startswith(INSTANCE_NAME_PREFIX):
                raise ScratchViolated(f"{instance.id} ({instance.name}) was to be deleted")
            self._ensure_idle(instance)
            self.deletes[instance.id] += 1
            return self._accept("delete", instance.id)
