"""A disk of its own that a test may really fill."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a file system in memory while the block runs; skip where this user may not."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk to fill")
    folder.mkdir()
    how = [
        _program("mount"),
        "-t",
        "tmpfs",
        "-o",
        f"size={megabytes}m,mode=0700",
        "tmpfs",
        str(folder),
    ]
    mounted = subprocess.run(how, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run([_program("umount"), "--lazy", str(folder)], check=True)


class SmallDisk:
    """A file system that is full when it is told to be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / ".ballast"

    def fill(self, *, leave: int = 0) -> None:
        """Leave no byte free, or so many."""
        with self._ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
            while True:
                out.write(b"\0" * 4096)
        if leave:
            os.truncate(self._ballast, max(0, self._ballast.stat().st_size - leave))

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)

    @property
    def is_full(self) -> bool:
        return os.statvfs(self.folder).f_bavail == 0


@contextmanager
def written_by_nobody(*files: Path) -> Iterator[None]:
    """Let nobody write these files while the block runs, root and open files included.

    Skip where the file system does not know how.
    """
    chattr = _program("chattr")
    there = [str(file) for file in files if file.exists()]
    done = subprocess.run([chattr, "+i", *there], capture_output=True, text=True, check=False)
    try:
        if done.returncode != 0:
            pytest.skip(f"no file can be made read only here: {done.stderr.strip()}")
        yield
    finally:
        subprocess.run([chattr, "-i", *there], capture_output=True, check=False)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not there")
    return found
