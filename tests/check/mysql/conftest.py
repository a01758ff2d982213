"""Servers and questions for the tests of the checks on MySQL and MariaDB."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drill.check.port import CheckContext, CheckResult, Endpoint
from drill.check.prober import SqlProber
from drill.plan.model import Check
from tests.check.conftest import QUICK
from tests.check.mysql.real_mariadb import SHOP, Server


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server of one test alone: it may be broken and killed."""
    server = Server(tmp_path)
    try:
        server.create()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with a shop in it, for every test that only looks."""
    server = Server(tmp_path_factory.mktemp("mariadb"))
    try:
        server.create()
        server.do("CREATE DATABASE shop", "CREATE DATABASE closed")
        server.do(*SHOP, database="shop")
        server.do(
            *(
                f"CREATE USER {user}@'%' IDENTIFIED BY '{server.password}'"
                for user in ("reader", "outsider", "filer")
            ),
            "GRANT SELECT ON shop.orders TO reader@'%'",
            "GRANT SELECT ON shop.heartbeat TO reader@'%'",
            "GRANT SELECT ON closed.* TO reader@'%'",
            "GRANT SELECT (id) ON shop.parts TO reader@'%'",
            "GRANT SELECT, FILE ON *.* TO filer@'%'",
        )
        yield server
    finally:
        server.stop()


@pytest.fixture
def make_database(server: Server) -> Iterator[Callable[..., str]]:
    """Make databases on the shared server that are dropped after the test."""
    made: list[str] = []

    def make(*statements: str) -> str:
        name = f"made_{secrets.token_hex(4)}"
        server.do(f"CREATE DATABASE {name}")
        made.append(name)
        server.do(*statements, database=name)
        return name

    yield make
    for name in made:
        server.do(f"DROP DATABASE {name}")


@pytest.fixture
def ask(server: Server, context: CheckContext) -> Callable[..., CheckResult]:
    """Ask one check and return its answer."""

    def ask_one(
        check: Check,
        *,
        endpoint: Endpoint | None = None,
        user: str = "admin",
        database: str = "information_schema",
        about: CheckContext | None = None,
    ) -> CheckResult:
        where = endpoint or server.endpoint(database, user)
        [result] = SqlProber(limits=QUICK).run([("the-check", check)], where, about or context)
        return result

    return ask_one
