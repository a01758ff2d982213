"""The configuration files of the servers (embedded.md, 4). Pure: they are returned as text."""

from __future__ import annotations

import math
import re
import shlex
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

KEEPER = "sandbox_keeper"
"""The superuser of our own administration; it can come in through the unix socket alone."""

HOST_RULES = f"""\
# The socket lies in a private folder that only the service can enter.
local all all trust
local replication all trust
host all {KEEPER} 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
"""
"""pg_hba.conf: trust on our own socket, passwords for everybody else."""

_LIMITS = {
    "max_connections": 60,
    "max_worker_processes": 4,
    "max_wal_senders": 4,
    "max_prepared_transactions": 10,
    "max_locks_per_transaction": 64,
}
_CONTROL_NAMES = {
    "max_connections": "max_connections",
    "max_worker_processes": "max_worker_processes",
    "max_wal_senders": "max_wal_senders",
    "max_prepared_transactions": "max_prepared_xacts",
    "max_locks_per_transaction": "max_locks_per_xact",
}
_COMMON: Mapping[str, str | int] = {
    "unix_socket_permissions": "0700",
    "wal_level": "replica",
    "track_commit_timestamp": "on",
    "max_replication_slots": 4,
    "io_method": "sync",  # no input/output workers: many small servers share the machine
    "min_wal_size": "8MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # A statement that fails is not logged: it may carry a password.
    "log_min_error_statement": "panic",
    "password_encryption": "scram-sha-256",
    # Background commits would move the windows of a database that nobody uses.
    "autovacuum": "off",
}


def serving_settings(archive: Path, archive_every: timedelta) -> str:
    """Return postgresql.conf of a server in use, which archives into its own folder.

    ``archive_every`` is rounded up to whole seconds, the unit of archive_timeout.
    """
    return _write(
        {
            **_COMMON,
            **_LIMITS,
            "listen_addresses": "127.0.0.1",
            "shared_buffers": "16MB",
            "archive_mode": "on",
            "archive_command": _archive_command(archive),
            "archive_timeout": max(1, math.ceil(archive_every.total_seconds())),
            # The checkpointer closes segments by archive_timeout, but after a start that replays
            # log it first sleeps as long as this: with the default the window stands still for 5
            # minutes. No shorter span is allowed.
            "checkpoint_timeout": "30s",
        }
    )


def recovery_settings(
    archive: Path, restore_time: datetime | None, limits: Mapping[str, int]
) -> str:
    """Return postgresql.conf of a server that recovers and then waits to be looked at.

    It reads the archive, writes to none, and listens to nobody but us. Without a restore time it
    stops where the base backup becomes consistent. ``limits`` are those of the source: hot standby
    stops where they are lower (embedded.md, 5).
    """
    stop_at: dict[str, str | int] = {"recovery_target": "immediate"}
    if restore_time is not None:
        # With its offset: a bare time would be read in the time zone of the server.
        stop_at = {"recovery_target_time": restore_time.isoformat(" ", "microseconds")}
    return _write(
        {
            **_COMMON,
            **{name: max(value, limits.get(name, 0)) for name, value in _LIMITS.items()},
            **stop_at,
            "listen_addresses": "",
            "shared_buffers": "32MB",
            "archive_mode": "off",
            "restore_command": f"cp {_shell(archive)}/%f %p",
            "recovery_target_timeline": "current",
            "recovery_target_action": "pause",
            # Until it is promoted the copy can be made again, so it need not survive a power cut.
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "wal_recycle": "off",
            "max_wal_size": "8GB",
            "checkpoint_timeout": "1h",
        }
    )


def limits_in(controldata: str) -> dict[str, int]:
    """Return the limits that the output of pg_controldata says the source ran with."""
    limits = {}
    for name, control_name in _CONTROL_NAMES.items():
        found = re.search(rf"^{control_name} setting: +(\d+)$", controldata, re.MULTILINE)
        if found is not None:
            limits[name] = int(found.group(1))
    return limits


def _archive_command(archive: Path) -> str:
    """Return a command that makes a segment appear whole or not at all, again and again.

    Only one server ever writes into this folder, so repeating after a crash may overwrite.
    """
    # A segment that was closed by the clock is mostly zeros.
    copy = "cp --sparse=always" if sys.platform.startswith("linux") else "cp"
    folder = _shell(archive)
    return f"{copy} %p {folder}/.%f.partial && mv -f {folder}/.%f.partial {folder}/%f"


def _shell(path: Path) -> str:
    return shlex.quote(str(path)).replace("%", "%%")


def _write(settings: Mapping[str, str | int]) -> str:
    lines = []
    for name, value in settings.items():
        text = str(value).replace("\\", "\\\\").replace("'", "''")
        lines.append(f"{name} = '{text}'\n")
    return "".join(lines)
