"""As whom the servers run: PostgreSQL refuses root."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from drill.sandbox.servers import ServerFault

_UNPRIVILEGED = ("postgres", "nobody")


class Way(StrEnum):
    """How a process comes to run as somebody whom PostgreSQL accepts."""

    DIRECT = "direct"
    """As we are: an ordinary user."""
    NAMESPACE = "namespace"
    """Root seen as an ordinary user inside a private user namespace; files stay owned by root."""
    SETUID = "setuid"
    """Root that becomes an unprivileged user; the files of its servers belong to that user."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the servers are."""

    way: Way
    uid: int
    gid: int

    def own(self, folder: Path) -> None:
        """Give a folder and all in it to the user of the servers, where that is not us."""
        if self.way is not Way.SETUID:
            return
        os.chown(folder, self.uid, self.gid)
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(parent) / name, self.uid, self.gid, follow_symlinks=False)

    def own_itself(self, path: Path) -> None:
        """Give one folder, not what is in it, to the user of the servers."""
        if self.way is Way.SETUID:
            os.chown(path, self.uid, self.gid)


def candidates() -> tuple[Identity, ...]:
    """Return the identities to try, best first. Raise ServerFault where root finds no user."""
    if os.geteuid() != 0:
        return (Identity(Way.DIRECT, os.geteuid(), os.getegid()),)
    return (_unprivileged(Way.NAMESPACE), _unprivileged(Way.SETUID))


def _unprivileged(way: Way) -> Identity:
    """Return an unprivileged user; initdb looks its name up, so it must have one."""
    for name in _UNPRIVILEGED if way is Way.SETUID else reversed(_UNPRIVILEGED):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(way, entry.pw_uid, entry.pw_gid)
    raise ServerFault(
        "this machine has neither the user nobody nor postgres: run as an ordinary user"
    )
