"""One running MariaDB server: start, connect, stop."""

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

import pymysql

from drill.sandbox.mariadb.programs import SERVER, Programs
from drill.sandbox.mariadb.settings import (
    KEEPER,
    KEEPER_STATEMENTS,
    PID_FILE,
    common_options,
    replaying_options,
    serving_options,
)
from drill.sandbox.postgres.identity import Identity
from drill.sandbox.postgres.spawner import Spawner
from drill.sandbox.servers import ServerFault

START_PATIENCE = timedelta(seconds=60)
STOP_PATIENCE = timedelta(seconds=30)
POLL_EVERY = timedelta(milliseconds=10)
_CONNECT_SECONDS = 10
_START_ATTEMPTS = 8
_READY = "ready for connections."
_PORT_TAKEN = "Address already in use"


@dataclass(frozen=True, slots=True)
class Launch:
    """What it takes to start servers: the programs, the user, and the thread that does it."""

    programs: Programs
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

    @property
    def socket(self) -> Path:
        """Return the private socket."""
        return self.sockets / "s"

    @contextmanager
    def connect(self) -> Iterator[pymysql.Connection[pymysql.cursors.Cursor]]:
        """Connect as our own administrator through the private socket. Raise pymysql.Error."""
        connection = pymysql.connect(
            unix_socket=str(self.socket),
            user=KEEPER,
            password="",
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=60,
            write_timeout=60,
            local_infile=False,
            defer_connect=True,
        )
        with socket.socket(socket.AF_UNIX) as ours:  # the library would leave it open on failure
            ours.settimeout(_CONNECT_SECONDS)
            try:
                ours.connect(str(self.socket))
            except OSError as error:
                raise pymysql.OperationalError(2002, "the server does not answer") from error
            connection.connect(ours)
            try:
                yield connection
            finally:
                connection.close()

    def is_running(self) -> bool:
        """Tell whether the process still lives."""
        return self.process.poll() is None

    def said(self) -> str:
        """Return what this process has written to its log."""
        with self.log.open("rb") as file:
            file.seek(self.log_offset)
            return file.read().decode("utf-8", "replace")

    def stop(self) -> None:
        """Shut down cleanly; harder where that takes too long."""
        for number, patience in (
            (signal.SIGTERM, STOP_PATIENCE),
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
    port = preferred_port or _free_port()
    for _attempt in range(_START_ATTEMPTS):
        server = _launch(launch, data, sockets, log, port)
        if _wait_until_ready(server):
            return server
        server.stop()
        said = server.said()
        if _PORT_TAKEN not in said:
            raise ServerFault(f"the server did not start: {last_complaint(said)}")
        port = _free_port()
    raise ServerFault("the server did not start: no free loopback port was found")


def start_replaying_server(
    launch: Launch, *, data: Path, sockets: Path, log: Path
) -> RunningServer:
    """Start a server that only we can reach and that writes no log. Raise ServerFault."""
    server = _launch(launch, data, sockets, log, None)
    if not _wait_until_ready(server):
        server.stop()
        raise ServerFault(f"the copy did not start: {last_complaint(server.said())}")
    return server


def end_leftover(data: Path) -> None:
    """End a server that outlived a killed service. Raise ServerFault where it does not end."""
    try:
        pid = int((data / PID_FILE).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + STOP_PATIENCE.total_seconds()
        if not _serves(pid, data):
            return
        os.kill(pid, number)
        while _serves(pid, data) and time.monotonic() < deadline:
            time.sleep(POLL_EVERY.total_seconds())
    if _serves(pid, data):
        raise ServerFault("a server of an earlier service still runs and does not end")


def last_complaint(said: str) -> str:
    """Return why a server ended, in its own words: the last but one error explains the last."""
    if "No space left on device" in said:
        return "the disk is full"
    errors = [
        line.split("[ERROR]", 1)[1].strip() for line in said.splitlines() if "[ERROR]" in line
    ]
    telling = [line for line in errors if line != "Aborting"]
    lines = telling or [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _launch(
    launch: Launch, data: Path, sockets: Path, log: Path, port: int | None
) -> RunningServer:
    """Start the process and return at once. Raise ServerFault where it cannot be started."""
    offset = log.stat().st_size if log.exists() else 0
    statements = data.parent / "keeper.sql"
    try:
        statements.write_text(KEEPER_STATEMENTS, "utf-8")
        launch.identity.own_itself(statements)
        role = replaying_options() if port is None else serving_options(port)
        options = [*common_options(launch.programs, data, sockets), *role]
        process = launch.spawner.start(
            launch.identity, *launch.programs.command(SERVER, *options), log=log
        )
    except OSError as error:
        raise ServerFault(f"the server did not start: {error.strerror}") from error
    return RunningServer(process, data, sockets, log, offset, port)


def _wait_until_ready(server: RunningServer) -> bool:
    """Wait until the server accepts connections; tell whether it does."""
    deadline = time.monotonic() + START_PATIENCE.total_seconds()
    while server.is_running() and time.monotonic() < deadline:
        if _READY in server.said():
            return True
        time.sleep(POLL_EVERY.total_seconds())
    return False


def _serves(pid: int, data: Path) -> bool:
    """Tell whether a process is a server of this very folder: it works in its data folder."""
    if Path("/proc/self/cwd").exists():
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", data)
        except OSError:
            return False
    listing = subprocess.run(
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return str(data) in listing.stdout


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
