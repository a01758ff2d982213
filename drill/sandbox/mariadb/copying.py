"""Make the copy that a restore is: lay it out beside the target's data and run the log on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drill.sandbox.lineage import first_reason
from drill.sandbox.mariadb.accounts import change_password
from drill.sandbox.mariadb.image import without_notes
from drill.sandbox.mariadb.process import Launch, start_replaying_server
from drill.sandbox.mariadb.replay import Stretch, replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be copied, up to where, and where the copy is to be."""

    image: Path
    """The prepared backup."""
    stretch: Stretch | None
    """What of the archived log to run; only read."""
    data: Path
    """The data folder of the copy; must not exist."""
    sockets: Path
    log: Path


def make_copy(
    launch: Launch,
    order: Order,
    *,
    admin_user: str,
    password: str | None,
    is_cancelled: Callable[[], bool],
) -> None:
    """Make a copy in a new data folder, run the log on it, and leave it stopped.

    Raise RestoreFailed, ServerFault, OSError; no server of it runs any more in any case.
    """
    order.data.parent.mkdir(mode=0o700)
    order.log.unlink(missing_ok=True)
    try:
        shutil.copytree(
            order.image, order.data, copy_function=shutil.copyfile, ignore=without_notes
        )
    except shutil.Error as error:
        raise OSError(0, first_reason(error)) from error
    order.data.chmod(0o700)
    launch.identity.own(order.data.parent)
    if order.stretch is None and password is None:
        return  # nothing is to be changed: the start of the target proves the copy
    server = start_replaying_server(launch, data=order.data, sockets=order.sockets, log=order.log)
    try:
        if order.stretch is not None:
            replay(launch.programs, server, order.stretch, is_cancelled)
        if password is not None:
            change_password(server, admin_user, password)
    finally:
        server.stop()
