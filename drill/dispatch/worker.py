"""The name of this process, and whether another one by its name is still alive."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def worker_name() -> str:
    """Return ``host/pid/start``: unique even when the system gives a pid out again."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{pid}/{_started(pid)}"


def is_known_dead(worker: str) -> bool:
    """Tell whether a worker of this very host is gone for certain; of other hosts nobody knows."""
    host, _, rest = worker.rpartition("/")[0].rpartition("/")
    started = worker.rpartition("/")[2]
    if host != socket.gethostname() or not rest.isdigit():
        return False
    pid = int(rest)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _started(pid) != started or _is_zombie(pid)


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, or nothing where there is no /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _started(pid: int) -> str:
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else "0"


def _is_zombie(pid: int) -> bool:
    return _stat(pid)[:1] == ["Z"]
