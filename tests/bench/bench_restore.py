"""A point-in-time restore of the sandbox, beside a plain copy and the server's own replay.

Run it as a script: ``python tests/bench/bench_restore.py [megabytes] [rounds]``. Both restore the
same base backup of a PostgreSQL instance to the same instant, in turns, in one run. The target is
that the sandbox needs at most 1.5 times as long. With the default of 1024 MB and 3 rounds this
takes 3 to 6 minutes on 2 slow cores and needs 6 GB of disk.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from drill.sandbox.postgres import PostgresServers
from drill.sandbox.postgres.home import Home
from drill.sandbox.postgres.layout import InstanceFolder
from drill.sandbox.postgres.process import RunningServer, launch_server
from drill.sandbox.postgres.settings import HOST_RULES, recovery_settings

SOURCE, COPY = "bench-source", "bench-copy"
USER, PASSWORD = "root", "Bench-Pass-7"
TARGET_RATIO = 1.5
_ROWS_IN_MEGABYTE = 6800
"""Rows of 100 filler bytes with their index entries; the size is measured and printed."""


def main() -> None:
    """Print the seconds of both ways, and their ratio."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    plain, sandbox = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the user of the servers must pass through
        servers = PostgresServers(folder / "servers", archive_every=timedelta(seconds=1))
        try:
            image, restore_time = _fill(servers, megabytes)
            size = sum(file.stat().st_size for file in image.rglob("*") if file.is_file())
            archive = InstanceFolder(folder / "servers", SOURCE).archive(1)
            for _round in range(rounds):
                plain.append(_plain(folder / "plain", image, archive, restore_time))
                sandbox.append(_sandbox(servers, restore_time))
        finally:
            servers.shutdown()
    copied, replayed = (statistics.median(each) for each in zip(*plain, strict=True))
    whole = statistics.median(map(sum, plain))
    ours = statistics.median(sandbox)
    sys.stdout.write(
        f"restore of {size / 2**20:.0f} MiB to an instant, medians of {rounds}: "
        f"plain copy {copied:.2f} s + replay {replayed:.2f} s = {whole:.2f} s, "
        f"sandbox {ours:.2f} s: {ours / whole:.2f} times (target {TARGET_RATIO})\n"
    )


def _fill(servers: PostgresServers, megabytes: int) -> tuple[Path, datetime]:
    """Make the source, back it up, change it; return the base backup and an instant after it."""
    servers.create(SOURCE, admin_user=USER, password=PASSWORD)
    rows = megabytes * _ROWS_IN_MEGABYTE
    with _connect(servers) as connection:
        connection.execute(
            "create table accounts (aid int not null, bid int not null, abalance int not null, "
            "filler char(84) not null)"
        )
        connection.execute(
            "insert into accounts select aid, aid / 100000, 0, '' from generate_series(1, %s) aid",
            [rows],
        )
        connection.execute("alter table accounts add primary key (aid)")
        base = servers.take_backup(SOURCE, "bench-backup")
        connection.execute("create table history (aid int, delta int, at timestamptz)")
        for number in range(200):
            connection.execute(
                "with changed as (update accounts set abalance = abalance + %(n)s "
                "where aid %% (%(rows)s / 100) = %(n)s returning aid) "
                "insert into history select aid, %(n)s, clock_timestamp() from changed",
                {"n": number, "rows": rows},
            )
        found = connection.execute("select clock_timestamp()").fetchone()
        # Recovery stops in front of the first transaction after the instant: there has to be one,
        # and windows count in milliseconds.
        time.sleep(0.01)
        connection.execute("insert into history values (0, 0, clock_timestamp())")
    if found is None:
        raise RuntimeError("the server does not tell the time")
    restore_time: datetime = found[0]
    deadline = time.monotonic() + 60
    while not any(span.ends_at >= restore_time for span in servers.windows(SOURCE)):
        if time.monotonic() > deadline:
            raise RuntimeError("the log was not archived in time")
        time.sleep(0.2)
    return base.folder, restore_time


def _connect(servers: PostgresServers) -> psycopg.Connection[tuple[datetime, ...]]:
    return psycopg.connect(
        host="127.0.0.1",
        port=servers.port_of(SOURCE),
        user=USER,
        password=PASSWORD,
        dbname="postgres",
        autocommit=True,
    )


def _sandbox(servers: PostgresServers, restore_time: datetime) -> float:
    begun = time.perf_counter()
    servers.restore(
        source_id=SOURCE,
        target_id=COPY,
        restore_time=restore_time,
        admin_user=USER,
        password=None,
    )
    seconds = time.perf_counter() - begun
    servers.destroy(COPY)
    return seconds


def _plain(folder: Path, image: Path, archive: Path, restore_time: datetime) -> tuple[float, float]:
    """Return the seconds of a copy with cp, and of the replay up to the first read-write query."""
    home = Home(folder)
    data = folder / "data"
    try:
        begun = time.perf_counter()
        subprocess.run(["/bin/cp", "-r", str(image), str(data)], check=True)
        copied = time.perf_counter()
        settings = recovery_settings(archive, restore_time, {}).replace("'pause'", "'promote'")
        (data / "postgresql.conf").write_text(settings, "utf-8")
        (data / "pg_hba.conf").write_text(HOST_RULES, "utf-8")
        (data / "recovery.signal").touch()
        data.chmod(0o700)
        home.launch.identity.own(data)
        log = folder / "plain.log"
        sockets = home.sockets_of("plain")
        server = launch_server(home.launch, data=data, sockets=sockets, log=log, port=None)
        try:
            _wait_until_writable(server)
            replayed = time.perf_counter()
        finally:
            server.stop()
    finally:
        home.close()
        shutil.rmtree(folder, ignore_errors=True)
    return copied - begun, replayed - copied


def _wait_until_writable(server: RunningServer) -> None:
    while True:
        if not server.is_running():
            raise RuntimeError(server.said())
        try:
            with server.connect() as connection:
                row = connection.execute("select pg_is_in_recovery()").fetchone()
            if row is not None and not row[0]:
                return
        except psycopg.OperationalError:
            pass
        time.sleep(0.02)


if __name__ == "__main__":
    main()
