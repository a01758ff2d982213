"""The journals and the providers that have to keep their contracts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from drill.clock import SystemClock
from drill.engine.archive import Archive
from drill.engine.memory import MemoryJournal
from drill.engine.memory_archive import MemoryArchive
from drill.engine.ports import Journal
from drill.plan.config import Cloud
from drill.provider.rds.build import rds_provider
from drill.provider.rds.client import RdsProvider
from drill.provider.rds.http import Patience
from drill.sandbox import catalogue
from drill.sandbox.engines import Engines
from drill.sandbox.settings import Settings
from drill.sandbox.threaded import ThreadedSandbox
from drill.store import SqlJournal, open_journal
from tests.contract.cases import IN_BOTH, IN_MEMORY, MARIADB_VERSION
from tests.contract.sandbox_stage import SandboxStage, forget_everything
from tests.contract.stages import CLOUD, MemoryStage, Stage
from tests.sandbox.fake_servers import FakeServers

POSTGRESQL = "DRILL_TEST_POSTGRESQL"
"""An empty database to run the same tests on, such as postgresql://user@host/drill."""


@pytest.fixture(params=["memory", "sqlite", *(["postgresql"] if POSTGRESQL in os.environ else [])])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    url = "sqlite:///drill.db"
    if request.param == "postgresql":
        url = os.environ[POSTGRESQL]
        make_empty(url)
    with open_journal(url, folder=tmp_path) as kept:
        yield kept


@pytest.fixture
def archive(journal: Journal) -> Archive:
    """The archive that looks back on that journal."""
    return journal.archive if isinstance(journal, SqlJournal) else MemoryArchive(journal)


def make_empty(url: str) -> None:
    """Take everything out of a database."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


QUICK = Patience(
    first_wait=timedelta(milliseconds=1),
    longest_wait=timedelta(milliseconds=2),
    jitter=timedelta(0),
)


CASES = [
    *(("memory", each) for each in IN_MEMORY),
    *(("sandbox", each) for each in IN_BOTH),
]


@dataclass(frozen=True)
class Shared:
    """One sandbox for all tests of the session, its servers by engine, and a client."""

    sandbox: ThreadedSandbox
    servers: Mapping[str, FakeServers]
    provider: RdsProvider


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    servers = {catalogue.ENGINE: FakeServers(), catalogue.MARIADB: FakeServers()}
    servers[catalogue.MARIADB].version = MARIADB_VERSION
    servers[catalogue.MARIADB].complete_version = f"{MARIADB_VERSION}.6"
    settings = Settings(job_hidden_for=timedelta(milliseconds=30))
    folder = tmp_path_factory.mktemp("state")
    with ThreadedSandbox(folder, Engines(servers), settings=settings) as sandbox:
        provider = client_of(sandbox)
        try:
            yield Shared(sandbox, servers, provider)
        finally:
            provider.close()
            for each in servers.values():
                each.gate.set()


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1].engine.value}")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    kind, case = request.param
    if kind == "memory":
        yield MemoryStage(case)
        return
    shared: Shared = request.getfixturevalue("shared")
    servers = shared.servers.get(case.engine.value, shared.servers[catalogue.ENGINE])
    try:
        yield SandboxStage(case, shared.sandbox, servers, shared.provider)
    finally:
        servers.gate.set()
        forget_everything(shared.sandbox)


def client_of(sandbox: ThreadedSandbox) -> RdsProvider:
    keys = sandbox.credentials
    cloud = Cloud.model_validate(
        {
            "kind": "sandbox",
            "region": catalogue.REGION,
            "endpoint": sandbox.endpoint,
            "iam_endpoint": sandbox.endpoint,
            "project_id": keys.project_id,
            "allow_loopback": True,
            "credentials": {"kind": "keys", "access_key": "env:AK", "secret_key": "env:SK"},
        }
    )
    secrets = {"env:AK": keys.access_key, "env:SK": keys.secret_key}
    return rds_provider(
        CLOUD,
        cloud,
        resolve=lambda text: secrets.get(text, text),
        clock=SystemClock(),
        patience=QUICK,
    )
