"""One running PostgreSQL server: start, connect, stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from drill.sandbox.postgres.binaries import Binaries
from drill.sandbox.postgres.identity import Identity
from drill.sandbox.postgres.settings import KEEPER
from drill.sandbox.postgres.spawner import Spawner
from drill.sandbox.servers import ServerFault

START_PATIENCE = timedelta(seconds=60)
STOP_PATIENCE = timedelta(seconds=30)
POLL_EVERY = timedelta(milliseconds=10)
_SOCKET_PORT = 5432
_START_ATTEMPTS = 8
_WORTH_ANOTHER_TRY = ("Address already in use", "pre-existing shared memory block is still in use")

# Whatever PG... variables the service runs with, they are not meant for these connections.
_NEUTRAL = {
    "hostaddr": "",
    "options": "-c statement_timeout=60s",
    "sslmode": "disable",
    "gssencmode": "disable",
    "channel_binding": "disable",
    "require_auth": "",
    "target_session_attrs": "any",
    "application_name": "sandbox",
    "connect_timeout": 10,
}


@dataclass(frozen=True, slots=True)
class Launch:
    """What it takes to start servers: the programs, the user, and the thread that does it."""

    binaries: Binaries
    identity: Identity
    spawner: Spawner


@dataclass(frozen=True, slots=True)
class RunningServer:
    """One server process that was started."""

    process: subprocess.Popen[bytes]
    data: Path
    sockets: Path
    log: Path
    log_offset: int
    """Where in the log this process began to write."""
    port: int | None
    """The loopback port for everybody; None while it listens on our socket alone."""

    @contextmanager
    def connect(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """Connect as our own superuser through the private socket. Raise psycopg.Error."""
        connection = psycopg.connect(
            host=str(self.sockets),
            port=self.port or _SOCKET_PORT,
            user=KEEPER,
            dbname=database,
            autocommit=True,
            **_NEUTRAL,  # type: ignore[arg-type]
        )
        try:
            yield connection
        finally:
            connection.close()

    def is_running(self) -> bool:
        """Tell whether the process still lives."""
        return self.process.poll() is None

    def is_ready(self) -> bool:
        """Tell whether it accepts connections, from the status it keeps in its lock file."""
        lines = _lock_file(self.data)
        return len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7] == "ready"

    def said(self) -> str:
        """Return what this process has written to its log."""
        with self.log.open("rb") as file:
            file.seek(self.log_offset)
            return file.read().decode("utf-8", "replace")

    def stop(self) -> None:
        """Shut down cleanly: the last log segment is archived. Harder where that takes too long."""
        for number, patience in (
            (signal.SIGINT, STOP_PATIENCE),
            (signal.SIGQUIT, timedelta(seconds=5)),
            (signal.SIGKILL, timedelta(seconds=5)),
        ):
            if not self.is_running():
                break
            self.process.send_signal(number)
            if _wait_for_end(self.process, patience):
                break
        if self.sockets.is_dir():
            for leftover in self.sockets.iterdir():
                leftover.unlink()


def start_server(
    launch: Launch, *, data: Path, sockets: Path, log: Path, preferred_port: int | None = None
) -> RunningServer:
    """Start a server that listens on a free loopback port, and wait until it is ready.

    Raise ServerFault with what it said where it does not come up.
    """
    end_leftover(data)
    port = preferred_port or _free_port()
    for _attempt in range(_START_ATTEMPTS):
        server = launch_server(launch, data=data, sockets=sockets, log=log, port=port)
        if wait_until_ready(server):
            return server
        server.stop()
        said = server.said()
        if not any(reason in said for reason in _WORTH_ANOTHER_TRY):
            raise ServerFault(f"the server did not start: {last_complaint(said)}")
        time.sleep(0.05)
        port = _free_port()
    raise ServerFault("the server did not start: no free loopback port was found")


def launch_server(
    launch: Launch, *, data: Path, sockets: Path, log: Path, port: int | None
) -> RunningServer:
    """Start the process and return at once. Raise ServerFault where it cannot be started."""
    offset = log.stat().st_size if log.exists() else 0
    options = ["-D", str(data), "-k", str(sockets), "-p", str(port or _SOCKET_PORT)]
    try:
        process = launch.spawner.start(
            launch.identity, launch.binaries.program("postgres"), *options, log=log
        )
    except OSError as error:
        raise ServerFault(f"the server did not start: {error.strerror}") from error
    return RunningServer(process, data, sockets, log, offset, port)


def wait_until_ready(server: RunningServer) -> bool:
    """Wait until the server accepts connections; tell whether it does."""
    deadline = time.monotonic() + START_PATIENCE.total_seconds()
    while server.is_running() and time.monotonic() < deadline:
        if server.is_ready():
            return True
        time.sleep(POLL_EVERY.total_seconds())
    return False


def end_leftover(data: Path) -> None:
    """End a server that outlived a killed service, and forget a lock that is nobody's.

    Raise ServerFault where it does not end.
    """
    lines = _lock_file(data)
    if not lines or not lines[0].isdecimal():
        return
    pid = int(lines[0])
    for number in (signal.SIGINT, signal.SIGQUIT):
        deadline = time.monotonic() + STOP_PATIENCE.total_seconds()
        if not _serves(pid, data):
            break
        os.kill(pid, number)
        while _serves(pid, data) and time.monotonic() < deadline:
            time.sleep(POLL_EVERY.total_seconds())
    if _serves(pid, data):
        raise ServerFault("a server of an earlier service still runs and does not end")
    if _is_alive(pid):  # the number went to another process since: PostgreSQL would refuse
        (data / "postmaster.pid").unlink(missing_ok=True)


def last_complaint(said: str) -> str:
    """Return why a server ended, in its own words: the last fatal line of its log."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for level in ("PANIC:", "FATAL:", "ERROR:"):
        for line in reversed(lines):
            if level in line:
                return line.split(level, 1)[1].strip()
    return lines[-1] if lines else "it said nothing"


def _lock_file(data: Path) -> list[str]:
    try:
        text = (data / "postmaster.pid").read_text("utf-8")
    except FileNotFoundError:
        return []
    return [line.strip() for line in text.splitlines()]


def _serves(pid: int, data: Path) -> bool:
    """Tell whether a process is a server of this very folder."""
    if Path("/proc/self/cwd").exists():
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", data)
        except OSError:
            return False
    listing = subprocess.run(
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return str(data) in listing.stdout


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wait_for_end(process: subprocess.Popen[bytes], patience: timedelta) -> bool:
    try:
        process.wait(patience.total_seconds())
    except subprocess.TimeoutExpired:
        return False
    return True


def _free_port() -> int:
    """Return a loopback port that is free now; the start is repeated where somebody takes it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
