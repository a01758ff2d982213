"""Where the MariaDB programs are, and how the tools among them are run."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from drill.sandbox.postgres.binaries import environment
from drill.sandbox.servers import ServerFault

SERVER = "mariadbd"
INSTALL = "mariadb-install-db"
BACKUP = "mariadb-backup"
BINLOG = "mariadb-binlog"
CLIENT = "mariadb"
CHECKSUM = "innochecksum"
_NEEDED = (SERVER, INSTALL, BACKUP, BINLOG, CLIENT, CHECKSUM)
_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin")
NO_SERVER = "no server here: MariaDB is not installed on this machine (make mariadb installs it)"
TOOL_PATIENCE = timedelta(minutes=10)
"""How long a tool may run before it counts as hanging."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one MariaDB version."""

    paths: dict[str, str]
    base: Path
    """The folder that ``share`` and ``lib`` lie in, such as ``/usr``."""
    is_relocated: bool
    """Unpacked into a folder of ours: libraries and messages lie there, too."""
    complete_version: str = ""

    @property
    def version(self) -> str:
        """Return the release series, such as ``10.11``."""
        return ".".join(self.complete_version.split(".")[:2])

    @property
    def libraries(self) -> Path:
        """Return where the libraries of unpacked programs lie."""
        return self.base / "lib" / f"{platform.machine()}-linux-gnu"

    def command(self, name: str, *arguments: str) -> list[str]:
        """Return the command line of one program."""
        libraries = ["/usr/bin/env", f"LD_LIBRARY_PATH={self.libraries}"]
        return [*(libraries if self.is_relocated else ()), self.paths[name], *arguments]

    def environment(self) -> dict[str, str]:
        """Return the whole environment of a tool: English messages, times in UTC."""
        folders = dict.fromkeys(str(Path(path).parent) for path in self.paths.values())
        known = environment()
        return {**known, "PATH": ":".join([*folders, known["PATH"]])}

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one tool to its end and return what it said, whatever its exit code.

        Raise ServerFault where it cannot be started or hangs.
        """
        try:
            return subprocess.run(
                self.command(name, *arguments),
                check=False,
                capture_output=True,
                text=True,
                errors="replace",
                env=self.environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                timeout=TOOL_PATIENCE.total_seconds(),
            )
        except subprocess.TimeoutExpired as error:
            raise ServerFault(f"{name} did not end within {TOOL_PATIENCE}") from error
        except OSError as error:
            raise ServerFault(f"{name} cannot be started: {error.strerror}") from error


def find_programs() -> Programs:
    """Find the programs of the system, or those that were unpacked into a folder of ours.

    Raise ServerFault where there are none, or not all of them.
    """
    system = ":".join([os.environ.get("PATH", ""), *_SYSTEM_FOLDERS])
    server = shutil.which(SERVER, path=system)
    if server is not None:
        return _complete(system, Path(server).resolve().parents[1], is_relocated=False)
    for root in _unpacked():
        folders = f"{root}/usr/sbin:{root}/usr/bin"
        if shutil.which(SERVER, path=folders) is not None:
            return _complete(folders, root / "usr", is_relocated=True)
    raise ServerFault(NO_SERVER)


def complaint_in(said: str) -> str:
    """Return why a tool failed, in one line, from all that it said."""
    if "No space left on device" in said:
        return "the disk is full"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for level in ("ERROR", "Error", "error", "Fail"):
        for line in lines:
            if level in line:
                return line
    return lines[-1] if lines else "it said nothing"


def _unpacked() -> Iterator[Path]:
    """Yield where ``scripts/mariadb`` unpacks: beside the sources, and where we were started."""
    for folder in (Path(__file__).parents[3], Path.cwd()):
        yield (folder / ".mariadb" / "root").absolute()


def _complete(folders: str, base: Path, *, is_relocated: bool) -> Programs:
    found = {name: shutil.which(name, path=folders) for name in _NEEDED}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise ServerFault(f"{NO_SERVER}: it lacks {', '.join(missing)}")
    paths = {name: path for name, path in found.items() if path is not None}
    programs = Programs(paths, base, is_relocated)
    answer = programs.run(SERVER, "--no-defaults", "--version")
    version = re.search(r"Ver (\d+\.\d+\.\d+)-MariaDB", answer.stdout)
    if answer.returncode != 0 or version is None:
        raise ServerFault(f"the MariaDB programs do not run here: {complaint_in(answer.stderr)}")
    return Programs(paths, base, is_relocated, version.group(1))
