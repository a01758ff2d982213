"""Make an empty data folder."""

from __future__ import annotations

from drill.sandbox.mariadb.home import Home
from drill.sandbox.mariadb.layout import InstanceFolder
from drill.sandbox.mariadb.programs import INSTALL, complaint_in
from drill.sandbox.servers import ServerFault


def initialise(home: Home, folder: InstanceFolder) -> None:
    """Make the empty data folder of the first era. Raise ServerFault, OSError."""
    programs, data = home.launch.programs, folder.data(1)
    log = folder.logs / "install.log"
    data.parent.mkdir(mode=0o700)
    home.launch.identity.own_itself(data.parent)
    command = programs.command(
        INSTALL,
        "--no-defaults",
        f"--basedir={programs.base}",
        f"--datadir={data}",
        f"--tmpdir={home.sockets_of(folder.id)}",  # one that starts would empty a shared one
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
        "--innodb-log-file-size=8M",
    )
    if home.run_as_server(command, log) != 0:
        complaint = complaint_in(log.read_text("utf-8", "replace"))
        raise ServerFault(f"the empty instance cannot be made: {complaint}")
