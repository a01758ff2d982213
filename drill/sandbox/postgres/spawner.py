"""One long-lived thread that starts every process.

The kernel sends the death signal that a server asked for when the *thread* that started it ends
(man 2 prctl, PR_SET_PDEATHSIG). The API works in threads that come and go: a server started
by one of them would be shut down with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from drill.sandbox.postgres import launcher
from drill.sandbox.postgres.binaries import environment
from drill.sandbox.postgres.identity import Identity


class Spawner:
    """Starts processes as the identity that the servers accept, all from one thread."""

    def __init__(self, ending: signal.Signals = signal.SIGINT) -> None:
        """Let everything that is started get the signal ``ending`` when the thread ends.

        SIGINT is a clean shutdown for PostgreSQL.
        """
        self._ending = ending
        # An idle pool thread is never retired before the pool is closed.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="server-spawner")

    def start(self, identity: Identity, *command: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a command whose output is appended to a log. Raise OSError."""
        return self._thread.submit(self._start, identity, command, log).result()

    def close(self) -> None:
        """End the thread: servers that still run are told to shut down by the kernel."""
        self._thread.shutdown()

    def _start(
        self, identity: Identity, command: tuple[str, ...], log: Path
    ) -> subprocess.Popen[bytes]:
        own = [sys.executable, "-I", "-S", launcher.__file__]
        who = [identity.way.value, str(identity.uid), str(identity.gid), str(os.getpid())]
        needed = {name: os.environ[name] for name in launcher.LIBRARY_PATHS if name in os.environ}
        with log.open("ab") as output:
            return subprocess.Popen(
                [*own, *who, str(int(self._ending)), *command],
                env={**environment(), **needed},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C on the terminal is for the service; it stops its servers in order.
                start_new_session=True,
            )
