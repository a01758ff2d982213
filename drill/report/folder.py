"""The output folder: harmless names, whole files, and nothing through a symbolic link."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from drill.errors import DrillError

FILE_MODE = 0o640
FOLDER_MODE = 0o750

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}(\.(html|json|csv|csv\.gz))?")


class ReportFolderUnusable(DrillError):
    """the report cannot be written"""


class ReportFolder:
    """Writes files below one folder, each whole or not at all, and none that is already so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[Path] = []
        self.unchanged: list[Path] = []
        self._ensured: dict[str, Path] = {}

    def put(self, name: str, content: bytes) -> Path:
        """Write one file such as ``d/ID.html``, unless it has this very content already.

        Raise ReportFolderUnusable for a name that is not made of [a-z0-9-], for a folder that is
        a symbolic link, and for a file that cannot be written.
        """
        parts = name.split("/")
        if not all(_NAME.fullmatch(part) for part in parts):
            raise ReportFolderUnusable(f"{name[:80]!r} is no name for a file of the report")
        try:
            directory = self._directory("/".join(parts[:-1]))
            path = directory / parts[-1]
            if _is_already(path, content):
                self.unchanged.append(path)
            else:
                _replace(path, (content,))
                self.written.append(path)
        except OSError as error:
            raise ReportFolderUnusable(
                f"cannot write {self.folder / name}: {error.strerror or type(error).__name__}",
                hint="Check that the reports folder of config.toml exists, is yours, and has room.",
            ) from error
        return path

    def touch(self, name: str, content: bytes) -> Path:
        """Write one file even if it has this very content already: its time says when. Raise
        ReportFolderUnusable as ``put`` does."""
        path = self.put(name, content)
        os.utime(path)
        return path

    def _directory(self, below: str) -> Path:
        """Return a folder below the one of the report; each is looked at once."""
        known = self._ensured.get(below)
        if known is None:
            known = self.folder
            _ensure_real(known)
            for part in below.split("/") if below else ():
                known = known / part
                _ensure_real(known)
            self._ensured[below] = known
        return known


def put_file(path: Path, content: bytes) -> None:
    """Write one file anywhere, whole or not at all. Raise ReportFolderUnusable."""
    put_lines(path, (content,))


def put_lines(path: Path, content: Iterable[bytes]) -> None:
    """Do so piece by piece, without all of them in memory."""
    try:
        if path.is_symlink():
            raise ReportFolderUnusable(
                f"{path} is a symbolic link",
                hint="Name the real file: a report is never written through a link.",
            )
        _replace(path, content)
    except OSError as error:
        raise ReportFolderUnusable(
            f"cannot write {path}: {error.strerror or type(error).__name__}",
            hint="Check that its folder exists, is yours, and has room.",
        ) from error


def _ensure_real(directory: Path) -> None:
    """Make the folder if it is missing; refuse one that leads somewhere else."""
    if directory.is_symlink():
        raise ReportFolderUnusable(
            f"{directory} is a symbolic link",
            hint="Name the real folder in config.toml: a report is never written through a link.",
        )
    directory.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def _is_already(path: Path, content: bytes) -> bool:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(status.st_mode) or status.st_size != len(content):
        return False
    has_mode = os.name != "posix" or stat.S_IMODE(status.st_mode) == FILE_MODE
    return has_mode and path.read_bytes() == content


def _replace(path: Path, content: Iterable[bytes]) -> None:
    """Write beside and rename. Without fsync: a page that a crash spoils is written again."""
    handle, name = tempfile.mkstemp(prefix=".drill-", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(content)
        Path(name).chmod(FILE_MODE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
