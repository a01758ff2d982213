"""Cut a connection that takes too long or sends too much, whatever the server promised."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from datetime import timedelta
from types import TracebackType

from drill.clock import Clock
from drill.plan.model import format_span

_LOOK_EVERY = timedelta(milliseconds=20)
_RECEIVED_AT = 128
"""Offset of tcpi_bytes_received in Linux' struct tcp_info (linux/tcp.h, since 4.1)."""


class Watchdog:
    """Watch one socket from a thread of its own; ``bite`` says why it was cut, if it was."""

    def __init__(
        self,
        fileno: int,
        *,
        clock: Clock,
        span: timedelta,
        most_bytes: int,
        late: str | None = None,
    ) -> None:
        # A copy of the descriptor: the driver may close its own while we look at it.
        self._socket = socket.socket(fileno=os.dup(fileno))
        self._clock = clock
        self._span = span
        self._most_bytes = most_bytes
        self._late = late or f"the server did not answer within {format_span(span)}"
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="check-watchdog", daemon=True)
        self.bite: str | None = None

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        self._socket.close()

    def _watch(self) -> None:
        ends = self._clock.monotonic() + self._span.total_seconds()
        while not self._done.wait(_LOOK_EVERY.total_seconds()):
            if self._clock.monotonic() >= ends:
                self._cut(self._late)
                return
            if _bytes_received(self._socket) > self._most_bytes:
                self._cut(f"the server sent more than {self._most_bytes} bytes")
                return

    def _cut(self, why: str) -> None:
        self.bite = why
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the server has hung up by itself: there is nothing left to cut


def _bytes_received(connection: socket.socket) -> int:
    """Return how much came in on a connection; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    try:
        facts = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED_AT + 8)
    except OSError:
        return 0
    if len(facts) < _RECEIVED_AT + 8:
        return 0
    return int(struct.unpack_from("=Q", facts, _RECEIVED_AT)[0])
