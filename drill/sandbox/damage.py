"""What servers offer whose backups and logs can be damaged on purpose, really and on disk."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from drill.sandbox.servers import ServerFault, Servers


@runtime_checkable
class Damageable(Protocol):
    """Damages files on disk; nothing repairs them but a new backup."""

    def lose_log_segment(self, instance_id: str, restore_time: datetime | None) -> str:
        """Delete the archived segment that a restore to this instant must read, or without one a
        segment inside the newest restorable range; return its name. Raise ServerFault."""
        ...

    def corrupt_backup(
        self, instance_id: str, backup_id: str | None, restore_time: datetime | None
    ) -> str:
        """Change bytes in the named base backup, in the one that a restore to the instant starts
        from, or in the newest; return the name of the file. Raise ServerFault."""
        ...


def damageable(servers: Servers) -> Damageable:
    """Return the servers as what can be damaged. Raise ServerFault where that is not offered."""
    if not isinstance(servers, Damageable):
        raise ServerFault("these servers have no files that could be damaged")
    return servers
