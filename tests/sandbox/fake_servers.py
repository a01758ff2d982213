"""Servers without processes: they remember what they were asked, and can be told to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drill.sandbox.servers import BaseBackup, RestoreFailed, ServerFault, Span


@dataclass
class FakeInstance:
    """One instance: what is in it, and which port it has."""

    content: str
    password: str | None
    port: int | None
    backups: dict[str, str] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)


class FakeServers:
    """Follows the contract of ``drill.sandbox.servers.Servers`` in memory."""

    version = "18"
    complete_version = "18.6"

    def __init__(self) -> None:
        self.instances: dict[str, FakeInstance] = {}
        self.restores: list[dict[str, object]] = []
        self.starts: list[str] = []
        self.gate = threading.Event()
        """Restores and creations wait for it; it is open at first."""
        self.gate.set()
        self.backup_gate = threading.Event()
        self.backup_gate.set()
        self.fail_next: Callable[[], Exception] | None = None
        self.ends_on_whole_seconds = True
        """Otherwise a backup is shown as completed only when the second it ended in is over."""
        self.is_shut_down = False
        self._next_port = 40000

    def create(self, instance_id: str, *, admin_user: str, password: str) -> None:
        self._wait(self.gate)
        self._fail()
        self._next_port += 1
        self.instances[instance_id] = FakeInstance("", password, self._next_port)

    def start(self, instance_id: str) -> None:
        self.starts.append(instance_id)
        if instance_id not in self.instances:
            raise ServerFault("there is nothing on disk")
        if self.instances[instance_id].port is None:
            self._next_port += 1
            self.instances[instance_id].port = self._next_port

    def stop(self, instance_id: str) -> None:
        self.instances[instance_id].port = None

    def destroy(self, instance_id: str) -> None:
        self._wait(self.gate)
        self._fail()
        self.instances.pop(instance_id, None)

    def port_of(self, instance_id: str) -> int | None:
        instance = self.instances.get(instance_id)
        return instance.port if instance else None

    def take_backup(self, instance_id: str, backup_id: str) -> BaseBackup:
        began_at = datetime.now(UTC)
        self._wait(self.backup_gate)
        self._fail()
        instance = self.instances[instance_id]
        instance.backups[backup_id] = instance.content
        ended_at = datetime.now(UTC)
        if self.ends_on_whole_seconds:
            began_at, ended_at = (each.replace(microsecond=0) for each in (began_at, ended_at))
        return BaseBackup(
            folder=Path("/nowhere"),
            began_at=began_at,
            ended_at=ended_at,
            size_bytes=5_000_001,
            timeline=1,
        )

    def delete_backup(self, instance_id: str, backup_id: str) -> None:
        self.instances[instance_id].backups.pop(backup_id, None)

    def windows(self, instance_id: str) -> list[Span]:
        return list(self.instances[instance_id].spans)

    def restore(
        self,
        *,
        source_id: str,
        target_id: str,
        backup_id: str | None = None,
        restore_time: datetime | None = None,
        admin_user: str,
        password: str | None,
    ) -> None:
        self.restores.append(
            {
                "source_id": source_id,
                "target_id": target_id,
                "backup_id": backup_id,
                "restore_time": restore_time,
                "password": password,
            }
        )
        self._wait(self.gate)
        self._fail()
        source = self.instances[source_id]
        if backup_id is not None and backup_id not in source.backups:
            raise RestoreFailed("the base backup is not on disk")
        content = source.backups[backup_id] if backup_id else f"{source.content}@{restore_time}"
        self._next_port += 1
        target = self.instances.setdefault(
            target_id, FakeInstance("", source.password, self._next_port)
        )
        target.content = content
        target.password = password or source.password
        target.port = self._next_port

    def shutdown(self) -> None:
        self.is_shut_down = True
        for instance in self.instances.values():
            instance.port = None

    def open_window(self, instance_id: str, span: timedelta = timedelta(hours=1)) -> Span:
        """Let an instance be restorable for the last hour; return the window."""
        ends_at = datetime.now(UTC).replace(microsecond=0)
        window = Span(ends_at - span, ends_at)
        self.instances[instance_id].spans = [window]
        return window

    def _fail(self) -> None:
        if self.fail_next is not None:
            error, self.fail_next = self.fail_next(), None
            raise error

    @staticmethod
    def _wait(gate: threading.Event) -> None:
        if not gate.wait(20):
            raise ServerFault("nobody opened the gate")
