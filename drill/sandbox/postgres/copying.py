"""Make the copy that a restore is: lay it out beside the target's data, recover it, promote it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drill.sandbox.lineage import first_reason
from drill.sandbox.postgres.administrator import change_password
from drill.sandbox.postgres.binaries import Binaries, complaint_in
from drill.sandbox.postgres.cluster import configure
from drill.sandbox.postgres.process import Launch, launch_server
from drill.sandbox.postgres.recovery import Stop, recover
from drill.sandbox.postgres.settings import limits_in, recovery_settings
from drill.sandbox.servers import ServerFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be copied, up to where, and where the copy is to be."""

    image: Path
    """The base backup."""
    archive: Path
    """The archived log of its era; only read."""
    stop: Stop
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
    """Make, recover and promote a copy in a new data folder, and leave it stopped.

    Raise RestoreFailed, ServerFault, OSError; no server of it runs any more in any case.
    """
    order.data.parent.mkdir(mode=0o700)
    order.log.unlink(missing_ok=True)
    _lay_out(launch.binaries, order)
    launch.identity.own(order.data.parent)
    server = launch_server(launch, data=order.data, sockets=order.sockets, log=order.log, port=None)
    try:
        recover(server, order.stop, is_cancelled)
        if password is not None:
            change_password(server, admin_user, password)
    finally:
        server.stop()


def _lay_out(binaries: Binaries, order: Order) -> None:
    """Copy the base backup and configure it for recovery. Raise OSError, ServerFault.

    The configuration is replaced, not appended to: what the source's says about archiving must not
    be followed by its copy.
    """
    controldata = binaries.run("pg_controldata", str(order.image))
    if controldata.returncode != 0:
        raise ServerFault(f"the base backup is damaged: {complaint_in(controldata.stderr)}")
    try:
        # copyfile, not big buffers of our own: files written in large chunks make the
        # replay that follows several times slower (embedded.md, 7: the write-size trap).
        shutil.copytree(order.image, order.data, copy_function=shutil.copyfile)
    except shutil.Error as error:
        raise OSError(0, first_reason(error)) from error
    order.data.chmod(0o700)
    for name in ("standby.signal", "postmaster.pid", "postmaster.opts", "backup_manifest"):
        (order.data / name).unlink(missing_ok=True)
    limits = limits_in(controldata.stdout)
    configure(order.data, recovery_settings(order.archive, order.stop.restore_time, limits))
    (order.data / "recovery.signal").touch()
