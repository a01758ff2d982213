"""Servers and questions for the tests of the checks."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drill.check.limits import Limits
from drill.check.port import CheckContext, CheckResult, Endpoint
from drill.check.prober import SqlProber
from drill.plan.model import Check
from tests.check.real_postgresql import SHOP, Server
from tests.check.rogue_server import RogueServer

POINT_AT = datetime(2026, 3, 1, 2, 0, 0, tzinfo=UTC)
QUICK = Limits(
    connect_timeout=timedelta(seconds=2),
    login_timeout=timedelta(seconds=2),
    grace=timedelta(milliseconds=300),
)


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server of one test alone: it may be broken and killed."""
    server = Server(tmp_path)
    server.create()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with a shop in it, for every test that only looks."""
    server = Server(tmp_path_factory.mktemp("postgresql"))
    server.create()
    server.start()
    try:
        server.do(
            f"CREATE ROLE reader LOGIN PASSWORD '{server.password}'",
            f"CREATE ROLE outsider LOGIN PASSWORD '{server.password}'",
            "CREATE DATABASE shop",
            "CREATE DATABASE closed",
            "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
        )
        server.do(SHOP, database="shop")
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
        server.do(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def context() -> CheckContext:
    """The recovery point is 2 o'clock, known to a millisecond."""
    return CheckContext(
        point_at=POINT_AT, point_resolution=timedelta(milliseconds=1), recorded_counts={}
    )


@pytest.fixture
def ask(server: Server, context: CheckContext) -> Callable[..., CheckResult]:
    """Ask one check and return its answer."""

    def ask_one(
        check: Check,
        *,
        endpoint: Endpoint | None = None,
        user: str = "admin",
        about: CheckContext | None = None,
    ) -> CheckResult:
        where = endpoint or server.endpoint("shop", user)
        [result] = SqlProber(limits=QUICK).run([("the-check", check)], where, about or context)
        return result

    return ask_one


@pytest.fixture
def rogue() -> Iterator[Callable[[Callable[[socket.socket], None]], RogueServer]]:
    """Start servers that misbehave."""
    started: list[RogueServer] = []

    def start(behave: Callable[[socket.socket], None]) -> RogueServer:
        started.append(RogueServer(behave))
        return started[-1]

    yield start
    for server in started:
        server.close()
