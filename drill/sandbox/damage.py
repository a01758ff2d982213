"""What servers offer whose backups and logs can be damaged on purpose, really and on disk."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from drill.sandbox.servers import ServerFault, Servers

_CHANGED = 16
"""How many bytes of a file are changed."""
_ADDED = 85
"""What is added to each of them: doing it twice does not heal anything."""


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


def change_bytes(file: Path) -> None:
    """Change bytes in the middle of a file; its size stays. Raise OSError."""
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        before = opened.read(_CHANGED)
        opened.seek(-len(before), 1)
        opened.write(bytes((byte + _ADDED) % 256 for byte in before))
