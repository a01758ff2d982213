"""The options of the servers (embedded.md, 9). Pure: they are returned as a list."""

from __future__ import annotations

from pathlib import Path

from drill.sandbox.mariadb.programs import Programs

KEEPER = "sandbox_keeper"
"""The account of our own administration; it can come in through the unix socket alone."""

KEEPER_STATEMENTS = f"""\
SET SESSION sql_log_bin = 0;
CREATE OR REPLACE USER {KEEPER}@localhost IDENTIFIED VIA mysql_native_password USING '';
GRANT ALL PRIVILEGES ON *.* TO {KEEPER}@localhost WITH GRANT OPTION;
"""
"""Run at every start, before anybody can come in: a copy brings the accounts of its source.

Names are not resolved, so ``localhost`` means the socket, which lies in a private folder.
"""

LOG_NAME = "bin"
PID_FILE = "server.pid"
_LARGEST_PACKET = 1 << 30


def common_options(programs: Programs, data: Path, sockets: Path) -> list[str]:
    """Return what every server is started with."""
    base = programs.base
    places = [f"--lc-messages-dir={base}/share/mysql", f"--plugin-dir={base}/lib/mysql/plugin"]
    return [
        "--no-defaults",
        f"--basedir={base}",
        *(places if programs.is_relocated else ()),
        f"--datadir={data}",
        f"--tmpdir={data.parent}",  # shared, one that starts would delete what the others use
        f"--socket={sockets}/s",
        f"--pid-file={data}/{PID_FILE}",
        f"--init-file={data.parent}/keeper.sql",
        f"--secure-file-priv={sockets}",
        "--skip-name-resolve",
        "--skip-slave-start",
        "--event-scheduler=OFF",  # the events of a source must not run in its copies
        "--local-infile=OFF",
        "--symbolic-links=OFF",
        "--default-time-zone=+00:00",
        "--character-set-server=utf8mb4",
        "--performance-schema=OFF",
        "--max-connections=60",
        "--innodb-buffer-pool-size=16M",
        "--innodb-log-file-size=8M",
        "--innodb-use-native-aio=OFF",  # many small servers share what the kernel allows
        f"--max-allowed-packet={_LARGEST_PACKET}",
        "--key-buffer-size=1M",
        "--aria-pagecache-buffer-size=4M",
    ]


def serving_options(port: int) -> list[str]:
    """Return what a server in use needs besides: loopback TCP, and a binary log of rows.

    The log is written to the system with every commit, so it survives the end of the process; it
    need not survive a power cut.
    """
    return [
        "--bind-address=127.0.0.1",
        f"--port={port}",
        "--server-id=1",
        f"--log-bin={LOG_NAME}",
        "--binlog-format=ROW",
        "--binlog-checksum=CRC32",
        "--log-bin-trust-function-creators=ON",  # nobody but us is a superuser
        "--innodb-flush-log-at-trx-commit=2",
    ]


def replaying_options() -> list[str]:
    """Return what a server needs besides that replays a log: nobody but us can come in.

    Until it has ended, the copy can be made again, so it need not survive anything.
    """
    return [
        "--skip-networking",
        "--server-id=999",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=OFF",
    ]
