"""Numbers that are noted line by line, and that outlive what they are about.

A cloud knows its restore windows from what it noted when the log was archived: it does not look at
its archive each time somebody asks. So a file that is deleted later by hand stays advertised, and
the restore that needs it fails.
"""

from __future__ import annotations

from pathlib import Path

ARCHIVED = "archived"
"""Name of the ledger beside the archive of an era."""


def add_row(file: Path, *numbers: int) -> None:
    """Append one line. Raise OSError."""
    with file.open("a", encoding="ascii") as stream:
        stream.write(" ".join(map(str, numbers)) + "\n")


def read_rows(file: Path, *, width: int) -> list[tuple[int, ...]]:
    """Return the lines, oldest first; one that was cut off by a kill does not count.

    None of a file that is not there. Raise OSError.
    """
    try:
        lines = file.read_text("ascii", "replace").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        words = line.split()
        if line.endswith("\n") and len(words) == width and all(map(str.isdecimal, words)):
            found.append(tuple(map(int, words)))
    return found
