"""A real MariaDB server for the tests of this folder, from the binaries of the machine."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pydantic import SecretStr

from drill.check.port import Endpoint
from drill.recovery.values import Engine

CANARY = "canary-5c0e44-of-a-customer"
PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def program(name: str) -> str:
    """Return the path of a program of MariaDB, or skip the test."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        pytest.skip(f"MariaDB is not installed: no {name}")
    return found


@dataclass
class Server:
    """One running server with an administrator, a reader and an outsider."""

    folder: Path
    port: int = 0
    password: str = field(default_factory=lambda: secrets.token_hex(16) + "-ü", repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def create(self) -> None:
        program("mariadbd")
        subprocess.run(
            [
                program("mariadb-install-db"),
                *("--no-defaults", f"--datadir={self.data}", "--skip-test-db"),
                f"--tmpdir={self.folder}",  # a shared one loses its tables to whoever starts
                *("--auth-root-authentication-method=normal", "--skip-name-resolve"),
                *self._as_root(),
            ],
            check=True,
            capture_output=True,
            cwd="/",
            env={"PATH": PLACES, "LC_ALL": "C"},
        )
        start = self.folder / "start.sql"
        start.write_text(
            "DELETE FROM mysql.global_priv WHERE User = '';\nFLUSH PRIVILEGES;\n"
            f"CREATE USER admin@'%' IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL ON *.* TO admin@'%' WITH GRANT OPTION;\n",
            encoding="utf-8",
        )
        self.start(f"--init-file={start}")

    def start(self, *more: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        flags = {
            "datadir": self.data,
            "tmpdir": self.folder,
            "socket": self.folder / "s",
            "pid-file": self.folder / "pid",
            "bind-address": "127.0.0.1",
            "port": self.port,
            "default-time-zone": "+08:00",
            "innodb-buffer-pool-size": "16M",
            "innodb-flush-log-at-trx-commit": "0",
            "innodb-log-file-size": "8M",
            "performance-schema": "OFF",
            "skip-name-resolve": "ON",
            "character-set-server": "utf8mb4",
            "lc-messages": "de_DE",
            "sql-mode": "ANSI_QUOTES,NO_BACKSLASH_ESCAPES",
            "secure-file-priv": "",
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(program("mariadbd"), "--no-defaults", *self._as_root()),
                    *(f"--{name}={value}" for name, value in flags.items()),
                    *more,
                ],
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": PLACES, "LC_ALL": "C"},
            )
        for _ in range(3000):
            with contextlib.suppress(pymysql.OperationalError):
                self.connect().close()
                return
            assert self.process.poll() is None, (self.folder / "log").read_text(errors="replace")
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text(errors="replace"))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=30)
            self.process = None

    def connect(self, database: str = "mysql") -> pymysql.Connection[Any]:
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="admin",
            password=self.password.encode(),
            database=database,
            autocommit=True,
            connect_timeout=5,
            ssl_disabled=True,
            sql_mode="",
        )

    def do(self, *statements: str, database: str = "mysql") -> None:
        with contextlib.closing(self.connect(database)) as connection:
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)

    def ask(self, query: str, database: str = "mysql") -> Any:
        with (
            contextlib.closing(self.connect(database)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query)
            row = cursor.fetchone()
        return row[0] if row else None

    def endpoint(self, database: str, user: str = "admin") -> Endpoint:
        return Endpoint(
            engine=Engine.MARIADB,
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=SecretStr(self.password),
            database=database,
            tls="off",
        )

    def _as_root(self) -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []


SHOP = tuple(
    statement.replace("CANARY", CANARY)
    for statement in (
        "SET time_zone = '+00:00'",
        (
            "CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(200), amount decimal(12,2), "
            "placed_at timestamp(6) NULL, local_at datetime(6), day date, KEY by_note (note))"
        ),
        (
            "INSERT INTO orders SELECT seq, 'CANARY', seq * 1.10, "
            "'2026-03-01 01:50:00' + INTERVAL seq SECOND, '2026-03-01 01:59:00', '2026-02-28' "
            "FROM seq_1_to_100"
        ),
        "CREATE TABLE empty (id int PRIMARY KEY, at timestamp(6) NULL)",
        (
            "CREATE TABLE heartbeat (id bigint AUTO_INCREMENT PRIMARY KEY, "
            "at timestamp(6) NOT NULL, local datetime(6) NOT NULL)"
        ),
        (
            "INSERT INTO heartbeat (at, local) SELECT '2026-03-01 01:59:58.123456' "
            "- INTERVAL seq * 10 SECOND, '2026-03-01 01:59:58.123456' "
            "- INTERVAL seq * 10 SECOND FROM seq_0_to_20"
        ),
        (
            "CREATE TABLE parts (id int, at timestamp) PARTITION BY RANGE (id) "
            "(PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN (20))"
        ),
        "INSERT INTO parts SELECT seq, '2026-03-01 01:00:00' FROM seq_0_to_14",
        (
            "CREATE TABLE odd (id int, zero datetime, flags bit(8), kind enum('a', 'b'), "
            "doc json, raw varbinary(10), span time)"
        ),
        "INSERT INTO odd VALUES (1, '0000-00-00', b'101', 'b', '{\"a\": 1}', x'00ff', '10:00:00')",
        "CREATE TABLE old_style (id int) ENGINE = MyISAM",
        "CREATE TABLE volatile (id int) ENGINE = MEMORY",
        "CREATE VIEW recent AS SELECT * FROM orders",
        "CREATE SEQUENCE numbers",
        (
            "CREATE FUNCTION total() RETURNS decimal(12,2) READS SQL DATA "
            "RETURN (SELECT sum(amount) FROM orders)"
        ),
        (
            "CREATE FUNCTION wipe() RETURNS int MODIFIES SQL DATA "
            "BEGIN DELETE FROM orders; RETURN 1; END"
        ),
        (
            "CREATE FUNCTION shout() RETURNS int READS SQL DATA BEGIN DECLARE said text; "
            "SELECT note INTO said FROM orders LIMIT 1; "
            "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = said; RETURN 1; END"
        ),
        "CREATE PROCEDURE tidy() DELETE FROM orders",
        "CREATE TABLE secret (id int)",
        "CREATE TABLE `Od``d; DROP TABLE x` (id int)",
    )
)
