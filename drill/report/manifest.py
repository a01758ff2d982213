"""What every page was made of: a page whose input is the same is not rendered again.

The manifest lies beside the pages and is written last, so that a page which is newer than it was
changed by somebody else and is rendered again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drill.report.folder import FILE_MODE

NAME = "manifest.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of the report."""

    input: str
    """Digest of everything that the page was made of; empty for a page that is always made."""
    size: int
    digest: str
    """SHA-256 of its bytes."""


@dataclass(slots=True, kw_only=True)
class Manifest:
    """The files of the last report, and those that an earlier one had and this one has not."""

    entries: dict[str, Entry] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    """Pages of things that are not in the report any more, by name, with their SHA-256."""
    written_ns: int = 0
    """When it was written, in nanoseconds; 0 for none."""

    def to_bytes(self, *, tool_version: str, made_at: str) -> bytes:
        """Return the manifest as JSON, a file a line."""
        head = {"schema": SCHEMA, "tool_version": tool_version, "generated_at": made_at}
        text_of = json.dumps  # a text takes it a fifth of what a list takes
        lines = [
            f"  {text_of(name)}: [{text_of(one.input)}, {one.size}, {text_of(one.digest)}]"
            for name, one in sorted(self.entries.items())
        ]
        gone = [
            f"  {json.dumps(name)}: {json.dumps(self.gone[name])}" for name in sorted(self.gone)
        ]
        text = json.dumps(head)[:-1]
        text += ',\n "files": {\n' + ",\n".join(lines) + '\n },\n "gone": {\n' + ",\n".join(gone)
        return f"{text}\n }}}}\n".encode("ascii")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder; one that is missing or not understood is an empty one."""
    path = folder / NAME
    try:
        if path.is_symlink():
            return Manifest()
        written_ns = path.stat().st_mtime_ns
        whole = json.loads(path.read_bytes())
        if not isinstance(whole, Mapping) or whole.get("schema") != SCHEMA:
            return Manifest()
        entries = {
            str(name): Entry(input=str(one[0]), size=int(one[1]), digest=str(one[2]))
            for name, one in whole["files"].items()
        }
        gone = {str(name): str(digest) for name, digest in whole["gone"].items()}
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return Manifest()
    return Manifest(entries=entries, gone=gone, written_ns=written_ns)


def is_current(folder: Path, name: str, entry: Entry, manifest: Manifest) -> bool:
    """Tell whether the file is there as it was written: its size, its mode, and no later change."""
    try:
        status = os.lstat(f"{folder}/{name}")  # ten thousand paths would take as long as to look
    except OSError:
        return False
    is_ours = status.st_size == entry.size and status.st_mode & 0o170777 == 0o100000 | FILE_MODE
    return is_ours and status.st_mtime_ns <= manifest.written_ns
