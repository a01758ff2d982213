"""A real PostgreSQL server that keeps a store, and what can happen to it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.check.real_postgresql import Server

_BELOW_EPHEMERAL = range(20_000, 32_000)


def lasting_port() -> int:
    """Return a free port that nobody is given for a connection of their own.

    Whoever calls a port of that range again and again, while nobody listens, is given that very
    port in the end: it talks to itself, and the server cannot come back.
    """
    for port in random.SystemRandom().sample(_BELOW_EPHEMERAL, 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no free port was found")


@dataclass
class StoreServer:
    """Stops, stands still, hangs up and comes back, at the same address."""

    server: Server
    lots: random.Random
    _pause: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Return the URL of the store on it."""
        server = self.server
        return f"postgresql://admin:{server.password}@127.0.0.1:{server.port}/drill"

    def stop_at_once_and_start(self) -> None:
        """Do what ``pg_ctl stop -m immediate`` does, and start it again after a while."""
        self.server.stop(signal.SIGQUIT)
        self._pause.wait(self.lots.uniform(0, 4))
        self.server.start()

    def stand_still(self) -> None:
        """Stop every process of the server for some seconds; connections stay open."""
        numbers = self._processes()
        for number in numbers:
            self._send(number, signal.SIGSTOP)
        try:
            self._pause.wait(self.lots.uniform(1, 5))
        finally:
            for number in numbers:
                self._send(number, signal.SIGCONT)

    def hang_up(self) -> None:
        """End every connection to the store, also in the middle of a transaction."""
        self.server.do(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'drill' AND pid <> pg_backend_pid()"
        )

    def refuse_writes(self) -> None:
        """Let it be read but not written for a while, as a full one or a standby is."""
        turned = "ALTER SYSTEM SET default_transaction_read_only = {}"
        self.server.do(turned.format("on"), "SELECT pg_reload_conf()")
        self._pause.wait(self.lots.uniform(1, 4))
        self.server.do(
            "SET default_transaction_read_only = off",
            turned.format("off"),
            "SELECT pg_reload_conf()",
        )

    def is_sound(self) -> bool:
        """Tell whether it can be asked, and every row of the store be read."""
        with contextlib.suppress(psycopg.Error):
            return self.server.ask("SELECT count(*) >= 0 FROM drill", "drill") is True
        return False

    def _processes(self) -> list[int]:
        process = self.server.process
        if process is None:
            raise AssertionError("the server of the store does not run")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return [process.pid, *map(int, children)]

    def _send(self, number: int, what: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, what)
