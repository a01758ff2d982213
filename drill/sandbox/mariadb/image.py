"""The files of a backup: what they must be, and whether they still are.

``mariadb-backup --prepare`` says "completed OK!" with a damaged page and even with a missing table
(embedded.md, 9), so every page is checked and the tables are compared with those of the source,
once, when the backup is taken; and every file against its fingerprint whenever it is used.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from drill.sandbox.mariadb.programs import BACKUP, CHECKSUM, Programs, complaint_in
from drill.sandbox.servers import ServerFault

MANIFEST = "manifest.json"
_CHECKPOINTS = "xtrabackup_checkpoints"
_POSITION_FILES = ("xtrabackup_binlog_info", "mariadb_backup_binlog_info")
_DOUBLEWRITE_PAGES = (64, 191)
"""Two extents, where the engine puts them when it makes an instance with pages of 16 KiB."""
_PREPARED = re.compile(r"^backup_type = log-applied$", re.MULTILINE)
_ABOUT_THE_BACKUP = re.compile(r"(xtrabackup|mariadb_backup)_.*|backup-my\.cnf|aria_log\..*\.bak")


def prepare(programs: Programs, data: Path) -> None:
    """Apply to a fresh backup what changed while it was taken. Raise ServerFault."""
    answer = programs.run(
        BACKUP, "--no-defaults", "--prepare", "--use-memory=64M", f"--target-dir={data}"
    )
    if answer.returncode != 0 or "completed OK!" not in answer.stderr:
        raise ServerFault(f"the backup cannot be prepared: {complaint_in(answer.stderr)}")
    ensure_prepared(data)


def ensure_prepared(data: Path) -> None:
    """Raise ServerFault where a backup was not prepared: a server would start on it."""
    try:
        text = (data / _CHECKPOINTS).read_text("utf-8")
    except FileNotFoundError:
        text = ""
    if _PREPARED.search(text) is None:
        raise ServerFault("the backup is not prepared")


def ensure_pages_sound(programs: Programs, data: Path) -> None:
    """Check every page of every InnoDB file. Raise ServerFault that names the first bad file.

    In the system tablespace the doublewrite buffer is left out: it holds copies of other pages.
    """
    first, last = _DOUBLEWRITE_PAGES
    system = data / "ibdata1"
    checks = [(system, f"--end-page={first - 1}"), (system, f"--start-page={last + 1}")]
    checks += [(file, "--start-page=0") for file in sorted(data.rglob("*.ibd"))]
    for file, pages in checks:
        answer = programs.run(CHECKSUM, pages, str(file))
        if answer.returncode != 0:
            name = file.relative_to(data)
            raise ServerFault(f"the backup is damaged: {name}: {complaint_in(answer.stderr)}")


def ensure_has_tables(data: Path, tables: Iterable[str]) -> None:
    """Raise ServerFault where the file of an InnoDB table (``database/table``) is missing."""
    missing = [name for name in sorted(tables) if not (data / f"{name}.ibd").is_file()]
    if missing:
        raise ServerFault(f"the backup lacks the table {missing[0]}")


def read_place(data: Path) -> tuple[str, int]:
    """Return the file of the log and the position that a backup belongs to. Raise ServerFault."""
    for name in _POSITION_FILES:
        if (data / name).is_file():
            words = (data / name).read_text("utf-8").split()
            if len(words) >= 2 and words[1].isdecimal():
                return words[0], int(words[1])
    raise ServerFault("the backup does not say where in the binary log it lies")


def write_manifest(data: Path) -> int:
    """Write the fingerprint of every file beside the backup; return their size in bytes."""
    facts = {str(file.relative_to(data)): _fingerprint(file) for file in _files(data)}
    (data.parent / MANIFEST).write_text(json.dumps(facts, indent=1), "utf-8")
    return sum(file.stat().st_size for file in _files(data))


def verify(data: Path) -> None:
    """Check every file of a backup against its fingerprint. Raise ServerFault."""
    ensure_prepared(data)
    try:
        expected = json.loads((data.parent / MANIFEST).read_text("utf-8"))
    except (FileNotFoundError, ValueError) as error:
        raise ServerFault("the backup is damaged: its manifest cannot be read") from error
    found = {str(file.relative_to(data)): file for file in _files(data)}
    for name, fingerprint in expected.items():
        if name not in found:
            raise ServerFault(f"the backup is damaged: {name} is missing")
        if _fingerprint(found[name]) != fingerprint:
            raise ServerFault(f"the backup is damaged: {name} has changed")
    unknown = sorted(found.keys() - expected.keys())
    if unknown:
        raise ServerFault(f"the backup is damaged: {unknown[0]} does not belong to it")


def without_notes(folder: str, names: list[str]) -> list[str]:
    """Return which names are notes about a backup, not data (for ``shutil.copytree``)."""
    return [name for name in names if _ABOUT_THE_BACKUP.fullmatch(name)]


def _files(data: Path) -> Iterator[Path]:
    return (file for file in sorted(data.rglob("*")) if file.is_file())


def _fingerprint(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
