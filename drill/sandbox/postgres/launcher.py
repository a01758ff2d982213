"""Become the user that PostgreSQL accepts, tie its life to ours, and turn into the program.

A program of its own, run with ``python -I -S``: between fork and exec of a process with many
threads Python code could hang, and here there is one thread. Arguments: way, uid, gid, id of the
parent process, number of the signal to end with it, program, its arguments. Uses nothing but
the standard library.
"""

from __future__ import annotations

import ctypes
import os
import sys

LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What an interpreter may need in order to start; the program must not see it."""
CANNOT_CHANGE_USER = 71
"""Exit code (EX_OSERR): the machine does not allow this way of becoming another user."""

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Prepare the process and replace it by the program; return only where that failed."""
    way, uid, gid, parent, ending, *command = arguments
    os.umask(0o077)
    try:
        if way == "namespace":
            _enter_user_namespace(int(uid), int(gid))
        elif way == "setuid":
            os.setgroups([])
            os.setgid(int(gid))
            os.setuid(int(uid))
        # After the change of user: changing it would clear the wish again (man 2 prctl).
        _end_with_parent(int(parent), int(ending))
        for name in LIBRARY_PATHS:
            os.environ.pop(name, None)
        os.execv(command[0], command)  # noqa: S606 - the whole point; there is no shell
    except OSError as error:
        sys.stderr.write(f"cannot start as another user ({way}): {error.strerror}\n")
    return CANNOT_CHANGE_USER


def _enter_user_namespace(uid: int, gid: int) -> None:
    """Look like ``uid`` from the inside and stay root for the files outside (embedded.md, 3)."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} 0 1")
    _write("/proc/self/gid_map", f"{gid} 0 1")


def _end_with_parent(parent: int, ending: int) -> None:
    """Ask for the signal that shuts the program down when the thread that started us ends."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ending)
    if os.getppid() != parent:  # it ended before the wish was known
        raise SystemExit(CANNOT_CHANGE_USER)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
