"""Run a part of the archived binary log on a copy, up to an exact place in it.

The tool would take an instant, too, but reads it in the time zone of its process, drops fractions
of a second, and only warns where it does not get there (embedded.md, 9): so it is given positions.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from drill.sandbox.mariadb.process import POLL_EVERY, RunningServer
from drill.sandbox.mariadb.programs import BINLOG, CLIENT, Programs, complaint_in
from drill.sandbox.mariadb.settings import KEEPER
from drill.sandbox.servers import RestoreFailed

REPLAY_PATIENCE = timedelta(minutes=30)
"""How long replaying the log may take before it counts as hanging."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log: whole files but for the beginning of the first and the end of the last."""

    files: Sequence[Path]
    starts_at: int
    """Position in the first file."""
    ends_at: int
    """Position in the last file, behind the last transaction to run."""


def replay(
    programs: Programs, server: RunningServer, stretch: Stretch, is_cancelled: Callable[[], bool]
) -> None:
    """Decode a part of the log and run it.

    Raise RestoreFailed where either program fails, where the decoder warns (it ends well even where
    it did not get to its end), or where it takes too long.
    """
    decode = programs.command(
        BINLOG,
        "--no-defaults",
        "--verify-binlog-checksum",
        "--disable-log-bin",
        f"--start-position={stretch.starts_at}",
        f"--stop-position={stretch.ends_at}",
        *(str(file) for file in stretch.files),
    )
    run = programs.command(
        CLIENT,
        "--no-defaults",
        "--batch",
        "--binary-mode",
        "--max-allowed-packet=1G",
        f"--socket={server.socket}",
        f"--user={KEEPER}",
    )
    with ExitStack() as stack:
        complaints = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(2)]
        decoder = _start(programs, stack, decode, None, complaints[0])
        client = _start(programs, stack, run, decoder.stdout, complaints[1])
        if decoder.stdout is not None:
            decoder.stdout.close()  # the client has it: the decoder ends when the client does
        _wait((decoder, client), is_cancelled)
        said = [_read(each) for each in complaints]
    if client.returncode != 0:
        raise RestoreFailed(f"the binary log cannot be run: {complaint_in(said[1])}")
    if decoder.returncode != 0 or "WARNING" in said[0] or "ERROR" in said[0]:
        raise RestoreFailed(f"the binary log cannot be read: {complaint_in(said[0])}")


def _start(
    programs: Programs,
    stack: ExitStack,
    command: Sequence[str],
    given: IO[bytes] | None,
    complaints: IO[bytes],
) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            command,
            env=programs.environment(),
            cwd="/",
            stdin=given if given is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE if given is None else subprocess.DEVNULL,
            stderr=complaints,
        )
    except OSError as error:
        raise RestoreFailed(f"{command[0]} cannot be started: {error.strerror}") from error
    stack.enter_context(process)
    stack.callback(process.kill)  # no harm to one that has ended
    return process


def _wait(processes: Sequence[subprocess.Popen[bytes]], is_cancelled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + REPLAY_PATIENCE.total_seconds()
    while any(process.poll() is None for process in processes):
        if is_cancelled():
            raise RestoreFailed("the service is shutting down")
        if time.monotonic() > deadline:
            raise RestoreFailed(f"the log was not replayed within {REPLAY_PATIENCE}")
        time.sleep(POLL_EVERY.total_seconds())


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "replace")
