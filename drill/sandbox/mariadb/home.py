"""What the servers of one service share: the root folder, the programs, the user, the sockets."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
from pathlib import Path

from drill.sandbox.mariadb.process import Launch
from drill.sandbox.mariadb.programs import SERVER, TOOL_PATIENCE, Programs, find_programs
from drill.sandbox.postgres.home import take_possession, temporary_folder
from drill.sandbox.postgres.identity import Identity, Way, candidates
from drill.sandbox.postgres.spawner import Spawner
from drill.sandbox.servers import ServerFault

_PROBE_SECONDS = 30


class Home:
    """The root folder, held by one service at a time, and a temporary folder for the sockets.

    Their paths must be short. The folder is removed at the end; where the service was killed, by
    the next one.
    """

    def __init__(self, root: Path) -> None:
        """Take possession of the root and find out how to run servers here. Raise ServerFault."""
        self.root = root.absolute()
        programs = find_programs()
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = take_possession(self.root)
            self._temporary = temporary_folder(self._lock)
        except OSError as error:
            raise ServerFault(f"the folder {root} cannot be used: {error.strerror}") from error
        self._numbers: dict[str, int] = {}
        # Somebody may end without closing: the kernel ends the servers, and this clears up.
        atexit.register(self._let_go)
        spawner = Spawner(signal.SIGTERM)  # MariaDB does not listen to SIGINT
        try:
            identity = self._find_way(programs, spawner)
        except BaseException:
            spawner.close()
            self._let_go()
            raise
        self.launch = Launch(programs, identity, spawner)

    def sockets_of(self, instance_id: str) -> Path:
        """Return the private folder for the socket of one instance."""
        number = self._numbers.setdefault(instance_id, len(self._numbers) + 1)
        folder = self._temporary / str(number)
        folder.mkdir(mode=0o700, exist_ok=True)
        self.launch.identity.own_itself(folder)
        return folder

    def run_as_server(self, command: list[str], log: Path) -> int:
        """Run a command as the user of the servers; return its exit code. Raise ServerFault."""
        process = self.launch.spawner.start(self.launch.identity, *command, log=log)
        try:
            return process.wait(TOOL_PATIENCE.total_seconds())
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()
            raise ServerFault(f"{command[0]} did not end within {TOOL_PATIENCE}") from error

    def close(self) -> None:
        """Remove the temporary folder and let go of the root; doing it again is no fault."""
        self.launch.spawner.close()
        self._let_go()

    def _let_go(self) -> None:
        atexit.unregister(self._let_go)
        if self._lock < 0:
            return
        shutil.rmtree(self._temporary, ignore_errors=True)
        os.ftruncate(self._lock, 0)
        os.close(self._lock)
        self._lock = -1

    def _find_way(self, programs: Programs, spawner: Spawner) -> Identity:
        """Return the first identity that can write the root and run the programs."""
        reasons = []
        for identity in candidates():
            identity.own_itself(self.root)
            if identity.way is Way.SETUID:
                self._temporary.chmod(0o711)
            version = programs.command(SERVER, "--no-defaults", "--version")
            if not _works(spawner, identity, "/usr/bin/test", "-w", str(self.root)):
                reasons.append(f"{identity.way.value}: the folder cannot be written")
            elif not _works(spawner, identity, *version):
                reasons.append(f"{identity.way.value}: the programs do not run")
            else:
                return identity
        raise ServerFault(
            f"MariaDB cannot be run here ({'; '.join(reasons)}): use a folder that an"
            f" unprivileged user can reach instead of {self.root}, or be an ordinary user"
        )


def _works(spawner: Spawner, identity: Identity, *command: str) -> bool:
    process = spawner.start(identity, *command, log=Path(os.devnull))
    try:
        return process.wait(_PROBE_SECONDS) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
