"""A server that accepts connections on the loopback interface and then misbehaves."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from pydantic import SecretStr

from drill.check.port import Endpoint
from drill.recovery.values import Engine


class RogueServer:
    """Listens on the loopback interface and does to each connection what a test says."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(
            engine=Engine.POSTGRESQL,
            host="127.0.0.1",
            port=self._listener.getsockname()[1],
            user="reader",
            password=SecretStr("pass-word-that-stays-here"),
            database="shop",
            tls="off",
        )

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._behave(connection)
            connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in (self._accepting, *self._threads):
            thread.join(timeout=5)
        for connection in self._open:
            connection.close()
