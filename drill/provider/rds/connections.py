"""Connections that go to vetted addresses only, know whether a request has left, and bound the
whole answer in time.

A time-out of ``requests`` bounds each silence, not the sum: a server that sends one byte now and
then holds its client for ever. Here every read of head and body gets what is left of one budget.
"""

from __future__ import annotations

import io
import socket
import threading
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPResponse
from typing import Any, ClassVar, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from drill.clock import SystemClock
from drill.provider.rds.addresses import AddressPolicy, Resolver, vet_addresses

_CLOCK = SystemClock()  # sockets live in real time, whatever clock the drill goes by


class SentMarker(threading.local):
    """Whether any byte of the current request of this thread may have left."""

    sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRules:
    """What a connection must keep to."""

    policy: AddressPolicy
    resolve: Resolver
    total: timedelta
    marker: SentMarker


class _BudgetedStream(io.RawIOBase):
    """Reads from a socket until one budget of time is used up."""

    def __init__(self, sock: socket.socket, budget: timedelta) -> None:
        super().__init__()
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._silence = sock.gettimeout()
        self._ends_at = _CLOCK.monotonic() + budget.total_seconds()

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """Read what is there. Raise TimeoutError when silence or budget is over."""
        left = self._ends_at - _CLOCK.monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer took too long")
        silence = left if self._silence is None else min(left, self._silence)
        self._socket.settimeout(silence)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Give the socket back."""
        if not self.closed:
            self._raw.close()
        super().close()


class _BudgetedSocket:
    """The one thing that ``http.client`` asks of a socket: a file to read from."""

    def __init__(self, sock: socket.socket, budget: timedelta) -> None:
        self._socket = sock
        self._budget = budget

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return the stream of head and body."""
        if mode != "rb":
            raise ValueError("an answer is only read")
        return io.BufferedReader(_BudgetedStream(self._socket, self._budget))


class _VettedConnection(HTTPConnection):
    rules: ClassVar[ConnectionRules]
    plain: ClassVar[bool] = True

    def response_class(self, sock: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:  # type: ignore[override]
        """Return the answer, read inside the budget."""
        budgeted = cast("socket.socket", _BudgetedSocket(sock, self.rules.total))
        return HTTPResponse(budgeted, *args, **kwargs)

    def _new_conn(self) -> socket.socket:
        """Connect to an address that was resolved and vetted right here: no second look-up."""
        port = self.port or self.default_port
        try:
            found = self.rules.resolve(self.host, port)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        addresses = vet_addresses(self.host, found, self.rules.policy, loopback_only=self.plain)
        problem: OSError | None = None
        for address in addresses:
            try:
                return create_connection(
                    (address, port),
                    self.timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except OSError as error:
                problem = error
        if isinstance(problem, TimeoutError):
            raise ConnectTimeoutError(self, "the connection timed out") from problem
        raise NewConnectionError(self, "the connection failed") from problem

    def send(self, data: Any) -> None:
        """Connect if needed, then note that from here on the request may have left."""
        if self.sock is None:
            self.connect()
        self.rules.marker.sent = True
        super().send(data)


class _VettedTlsConnection(_VettedConnection, HTTPSConnection):
    plain = False


def pool_classes(rules: ConnectionRules) -> dict[str, type[HTTPConnectionPool]]:
    """Return the pools, by scheme, whose connections keep to the rules."""
    plain = type("VettedConnection", (_VettedConnection,), {"rules": rules})
    encrypted = type("VettedTlsConnection", (_VettedTlsConnection,), {"rules": rules})
    return {
        "http": type("VettedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("VettedTlsPool", (HTTPSConnectionPool,), {"ConnectionCls": encrypted}),
    }
