"""Read one file without being tricked: regular files only, and never more than a limit."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class FileUnfit(Exception):
    """this file cannot be read

    The text is the reason, for the end of a sentence that begins with the name of the file.
    """


class FileOpenToOthers(FileUnfit):
    """is open to others"""


def read_bounded(path: Path, limit_bytes: int, *, private: bool = False) -> bytes:
    """Return all bytes of a regular file.

    With ``private`` the file must be closed to the group and to others, as it holds a secret.
    Raise FileUnfit with the reason: missing, not permitted, a folder, a pipe, too large, open to
    others. The open file is judged, not its name, so that nobody can exchange it in between.
    """
    # without O_NONBLOCK the opening of a pipe would wait for its writer for ever
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError as error:
        raise FileUnfit("does not exist") from error
    except PermissionError as error:
        raise FileUnfit("may not be read by this user") from error
    except OSError as error:
        raise FileUnfit(f"cannot be opened: {(error.strerror or 'unknown').lower()}") from error
    except ValueError as error:  # a null character in the name
        raise FileUnfit("has an impossible name") from error
    try:
        _ensure_fit(os.fstat(descriptor), limit_bytes, private=private)
        return _read(descriptor, limit_bytes)
    except OSError as error:
        raise FileUnfit(f"cannot be read: {(error.strerror or 'unknown').lower()}") from error
    finally:
        os.close(descriptor)


def _ensure_fit(status: os.stat_result, limit_bytes: int, *, private: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FileUnfit("is no regular file")
    if status.st_size > limit_bytes:
        raise FileUnfit(f"is larger than {limit_bytes} bytes")
    if private and os.name == "posix" and status.st_mode & 0o077:
        raise FileOpenToOthers(f"is open to others (mode {stat.S_IMODE(status.st_mode):o})")


def _read(descriptor: int, limit_bytes: int) -> bytes:
    parts = []
    left = limit_bytes + 1
    while left > 0 and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise FileUnfit(f"is larger than {limit_bytes} bytes")
    return b"".join(parts)
