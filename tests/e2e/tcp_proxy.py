"""A wire between drill and the sandbox that can be cut: it drops, resets, half-closes, delays,
truncates and loses what goes over it, on real sockets."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_CHUNK = 64 * 1024
_AT_MOST = 30.0
"""Seconds after which a call that nobody answers is given up by the wire itself."""
_ORDERS = (b"POST ", b"DELETE ", b"PUT ")

Fate = Callable[["Wire"], None]


@dataclass
class Wire:
    """One call on its way: the sockets to both ends, what was asked, and what is drawn by lot."""

    client: socket.socket
    server: socket.socket
    request: bytes
    lots: random.Random

    def ask(self) -> None:
        """Send the request on."""
        self.server.sendall(self.request)

    def hear(self) -> bytes:
        """Return the first part of the answer: the server has done what it was asked to by then."""
        self.server.settimeout(_AT_MOST)
        return self.server.recv(_CHUNK)

    def reset(self) -> None:
        """End the connection with RST, as a firewall does."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Cut(Exception):
    """This connection is over."""


def passes(wire: Wire) -> None:
    """Nothing happens."""
    wire.ask()


def is_late(wire: Wire) -> None:
    """It is delayed on its way there."""
    threading.Event().wait(wire.lots.uniform(0.1, 1.5))
    wire.ask()


def is_dropped(wire: Wire) -> None:
    """The request never arrives, and the connection is closed."""
    raise Cut


def is_reset(wire: Wire) -> None:
    """The request never arrives, and the connection is reset."""
    wire.reset()
    raise Cut


def is_cut_half_way(wire: Wire) -> None:
    """Half of the request arrives, which no server takes for a whole one."""
    wire.server.sendall(wire.request[: wire.lots.randrange(1, len(wire.request))])
    raise Cut


def loses_the_answer(wire: Wire) -> None:
    """The server has done it, and the connection is closed."""
    wire.ask()
    wire.hear()
    raise Cut


def answers_by_a_reset(wire: Wire) -> None:
    """The server has done it, and the connection is reset."""
    wire.ask()
    wire.hear()
    wire.reset()
    raise Cut


def truncates_the_answer(wire: Wire) -> None:
    """A part of the answer arrives."""
    wire.ask()
    heard = wire.hear()
    if heard:
        wire.client.sendall(heard[: wire.lots.randrange(1, len(heard) + 1)])
    raise Cut


def closes_one_half(wire: Wire) -> None:
    """A part of the answer arrives, then the end of the stream, and the rest is never sent."""
    wire.ask()
    heard = wire.hear()
    if heard:
        wire.client.sendall(heard[: wire.lots.randrange(1, len(heard) + 1)])
    wire.client.shutdown(socket.SHUT_WR)
    threading.Event().wait(wire.lots.uniform(0.1, 1))
    raise Cut


def answers_in_drops(wire: Wire) -> None:
    """The answer comes byte by byte, and late."""
    wire.ask()
    for byte in wire.hear()[:200]:
        wire.client.sendall(bytes([byte]))
        threading.Event().wait(0.002)
    raise Cut


BEFORE: tuple[Fate, ...] = (is_late, is_dropped, is_reset, is_cut_half_way)
AFTER: tuple[Fate, ...] = (
    *(loses_the_answer, answers_by_a_reset, truncates_the_answer, closes_one_half),
    answers_in_drops,
)


@dataclass
class Proxy:
    """Listens, and hands calls on until it is closed."""

    to: tuple[str, int]
    lots: random.Random
    is_unkind: bool = False
    is_down: bool = False
    """While it is, every connection is refused or cut."""
    fates: Counter[str] = field(default_factory=Counter)
    answers_to_lose: int = 0
    """Answers to the next orders that are lost for certain."""
    orders_lost: int = 0
    """Orders that the server did, and whose answer nobody got."""
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        """Return the URL that clients use in the place of the server's."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until ``close``; each has a thread of its own."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no connection any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _carry(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(Cut, OSError),
            client,
            socket.create_connection(self.to, timeout=_AT_MOST) as server,
        ):
            self._hand_on(client, server)

    def _hand_on(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([client, server], [], [], 1.0)
            if self.is_down:
                raise Cut
            if client in ready:
                request = client.recv(_CHUNK)
                if not request:
                    return
                self._decide(request)(Wire(client, server, request, self.lots))
            if server in ready:
                answer = server.recv(_CHUNK)
                if not answer:
                    return
                client.sendall(answer)

    def _decide(self, request: bytes) -> Fate:
        """An order is lost more often than a question: that is what it is all about."""
        is_order = request.startswith(_ORDERS) and b"/instances" in request.split(b"\r", 1)[0]
        with self._lock:
            fate: Fate = passes
            if is_order and self.answers_to_lose > 0:
                self.answers_to_lose -= 1
                fate = self.lots.choice(AFTER)
            elif self.is_unkind and self.lots.random() < (0.6 if is_order else 0.25):
                fate = self.lots.choice(AFTER if self.lots.random() < 0.6 else BEFORE)
            if fate is not passes:
                self.fates[fate.__name__] += 1
            self.orders_lost += is_order and fate in AFTER
        return fate


@contextmanager
def proxy_to(endpoint: str, lots: random.Random) -> Iterator[Proxy]:
    """Hand calls on to this endpoint while the block runs."""
    host, _, port = endpoint.removeprefix("http://").rstrip("/").partition(":")
    proxy = Proxy((host, int(port)), lots)
    thread = threading.Thread(target=proxy.serve, name="proxy", daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(10)
