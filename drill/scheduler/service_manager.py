"""Tell systemd how the daemon is: ready, alive, stopping. Without systemd nothing is told.

The protocol of sd_notify(3) is a datagram of ``NAME=VALUE`` lines to the socket in NOTIFY_SOCKET.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

import structlog


class ServiceManager:
    """Sends to the socket of the service manager that started this process, if one did."""

    def __init__(self, address: str | None, *, watchdog: timedelta | None = None) -> None:
        self._address = "\0" + address[1:] if address and address[0] == "@" else address
        self.watchdog = watchdog
        """The service is restarted when it shows no sign of life for this long."""

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> ServiceManager:
        """Return the one that the environment names."""
        period = environment.get("WATCHDOG_USEC", "")
        is_for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog = timedelta(microseconds=int(period)) if period.isdigit() and is_for_us else None
        return cls(environment.get("NOTIFY_SOCKET") or None, watchdog=watchdog or None)

    def ready(self, status: str) -> None:
        """Say that the daemon works."""
        self._tell(f"READY=1\nSTATUS={_one_line(status)}")

    def alive(self, status: str) -> None:
        """Show a sign of life."""
        self._tell(f"WATCHDOG=1\nSTATUS={_one_line(status)}")

    def stopping(self, status: str) -> None:
        """Say that the daemon ends."""
        self._tell(f"STOPPING=1\nSTATUS={_one_line(status)}")

    def _tell(self, text: str) -> None:
        """Send, and go on if nobody listens: the daemon must not depend on who watches it."""
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(1)
                out.connect(self._address)
                out.sendall(text.encode())
        except OSError as error:
            structlog.get_logger().warning("service manager not told", reason=str(error))


def _one_line(text: str) -> str:
    return " ".join(text.split())
