"""Serves metrics at an address, and tries again where the address is taken.

Who serves metrics matters less than who drills: a port that another daemon of this host holds keeps
nobody from work. What can never work on this host is told before the start.
"""

from __future__ import annotations

import errno
import socket
import threading
from typing import TYPE_CHECKING

import structlog

from drill.errors import ConfigInvalid
from drill.notify.exposition import Board, serve_metrics

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

NEVER_WORKS = frozenset({errno.EADDRNOTAVAIL, errno.EACCES, errno.EAFNOSUPPORT})
"""An address that is not of this host, a port that this user may not have, no IPv6 at all."""


class Listener:
    """Holds the address, or tries to. Threads may share it."""

    def __init__(self, listen: str, board: Board) -> None:
        """Begin to serve, if the address is free. Raise ConfigInvalid if it can never be had."""
        self._listen = listen
        self._board = board
        self._lock = threading.Lock()
        self._server: WSGIServer | None = None
        self._fault: str | None = None
        self._is_closed = False
        try:
            self._server = serve_metrics(listen, board)
        except OSError as error:
            if can_never_work(error):
                raise ConfigInvalid(
                    f"metrics cannot be served at {listen}: {_reason(error)}",
                    hint="Give an address of this host and a free port above 1023 in "
                    "metrics.listen.",
                ) from error
            self._fault = _reason(error)
            self._say_not_served()

    @property
    def port(self) -> int | None:
        """Return the port; None while the address is taken."""
        server = self._server
        return server.server_port if server is not None else None

    @property
    def trouble(self) -> str | None:
        """Return why metrics are not served; None while they are."""
        fault = self._fault
        return f"metrics are not served at {self._listen}: {fault}" if fault else None

    def ensure(self) -> None:
        """Try again, if metrics are not served. It never raises for what the host says."""
        with self._lock:
            if self._server is not None or self._is_closed:
                return
            try:
                self._server = serve_metrics(self._listen, self._board)
            except OSError as error:
                before, self._fault = self._fault, _reason(error)
                if before != self._fault:
                    self._say_not_served()
                return
            self._fault = None
            _log().info("metrics are served", listen=self._listen)

    def close(self) -> None:
        """Hang up, for good."""
        with self._lock:
            self._is_closed = True
            if self._server is not None:
                self._server.shutdown()
                self._server.server_close()

    def _say_not_served(self) -> None:
        _log().warning(
            "metrics are not served",
            listen=self._listen,
            reason=self._fault,
            hint="Drills go on, and the address is tried again. Should a second daemon of this "
            "host hold it, give one of them a config.toml with another metrics.listen.",
        )


def can_never_work(error: OSError) -> bool:
    """Tell whether trying again is of no use: the address is a mistake."""
    if isinstance(error, socket.gaierror):
        return error.errno != socket.EAI_AGAIN
    return error.errno in NEVER_WORKS


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _log() -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger("drill.notify")
    return log
