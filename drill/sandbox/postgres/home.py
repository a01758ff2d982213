"""What the servers of one service share: the root folder, the programs, the user, the sockets."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from drill.sandbox.postgres.binaries import Binaries, copy_binaries, find_binaries
from drill.sandbox.postgres.identity import Identity, Way, candidates
from drill.sandbox.postgres.process import Launch
from drill.sandbox.postgres.spawner import Spawner
from drill.sandbox.servers import ServerFault

_LONGEST_SOCKET_PATH = 107
_SOCKET_NAME = "/.s.PGSQL.65535"
_PREFIX = "drill-pg-"
_PROBE_SECONDS = 30


class Home:
    """The root folder, held by one service at a time, and the temporary folder beside it.

    Everything outside the root lies in one temporary folder: the sockets, because their path must
    be short, and a copy of the programs where the user of the servers cannot read the installed
    ones. It is removed at the end; where the service was killed, by the next one.
    """

    def __init__(self, root: Path) -> None:
        """Take possession of the root and find out how to run servers here. Raise ServerFault."""
        self.root = root.absolute()
        binaries = find_binaries()
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = take_possession(self.root)
            self._temporary = temporary_folder(self._lock)
        except OSError as error:
            raise ServerFault(f"the folder {root} cannot be used: {error.strerror}") from error
        self._numbers: dict[str, int] = {}
        # Somebody may end without closing: the kernel ends the servers, and this clears up.
        atexit.register(self._let_go)
        spawner = Spawner()
        try:
            binaries, identity = self._find_way(binaries, spawner)
        except BaseException:
            spawner.close()
            self._let_go()
            raise
        self.launch = Launch(binaries, identity, spawner)

    def sockets_of(self, instance_id: str) -> Path:
        """Return the private folder for the socket of one instance."""
        number = self._numbers.setdefault(instance_id, len(self._numbers) + 1)
        folder = self._temporary / str(number)
        folder.mkdir(mode=0o700, exist_ok=True)
        self.launch.identity.own_itself(folder)
        return folder

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

    def _find_way(self, binaries: Binaries, spawner: Spawner) -> tuple[Binaries, Identity]:
        """Return the first identity that can write the root and run the programs.

        The programs are copied for an identity that cannot reach the installed ones.
        """
        reasons = []
        for identity in candidates():
            identity.own_itself(self.root)
            if identity.way is Way.SETUID:
                self._temporary.chmod(0o711)
            if not self._works(spawner, identity, "/usr/bin/test", "-w", str(self.root)):
                reasons.append(f"{identity.way.value}: the folder cannot be written")
                continue
            if self._works(spawner, identity, binaries.program("postgres"), "--version"):
                return binaries, identity
            copied = self._copied(binaries)
            if self._works(spawner, identity, copied.program("postgres"), "--version"):
                return copied, identity
            reasons.append(f"{identity.way.value}: the programs do not run")
        raise ServerFault(
            f"PostgreSQL cannot be run here ({'; '.join(reasons)}): use a folder that an"
            f" unprivileged user can reach instead of {self.root}, or be an ordinary user"
        )

    def _copied(self, binaries: Binaries) -> Binaries:
        folder = self._temporary / "programs"
        if folder.exists():
            return replace(
                binaries, folder=folder / binaries.folder.relative_to(binaries.folder.parents[2])
            )
        folder.mkdir()
        folder.chmod(0o755)
        try:
            return copy_binaries(binaries, folder)
        except OSError as error:
            raise ServerFault(f"the programs cannot be copied: {error.strerror}") from error

    def _works(self, spawner: Spawner, identity: Identity, *command: str) -> bool:
        process = spawner.start(identity, *command, log=Path(os.devnull))
        try:
            return process.wait(_PROBE_SECONDS) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False


def take_possession(root: Path) -> int:
    """Lock the root for this process; the lock ends with it, however it ends."""
    lock = os.open(root / "service.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise ServerFault(f"the folder {root} is in use by another service") from error
    return lock


def temporary_folder(lock: int) -> Path:
    """Make the temporary folder, remembering it beside the lock, and remove that of a killed one.

    Raise ServerFault where no place gives socket paths that are short enough.
    """
    left = Path(os.pread(lock, 4096, 0).decode("utf-8", "replace"))
    if left.name.startswith(_PREFIX) and left.is_dir() and left.stat().st_uid == os.geteuid():
        shutil.rmtree(left, ignore_errors=True)
    for place in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp makes it private
        if len(place) + len(f"/{_PREFIX}12345678/9999{_SOCKET_NAME}") > _LONGEST_SOCKET_PATH:
            continue
        folder = tempfile.mkdtemp(prefix=_PREFIX, dir=place)
        os.ftruncate(lock, 0)
        os.pwrite(lock, folder.encode(), 0)
        return Path(folder)
    raise ServerFault("no temporary folder has a path short enough for a socket: set TMPDIR")
