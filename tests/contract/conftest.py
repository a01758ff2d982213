"""The journals and the providers that have to keep their contracts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
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
from drill.sandbox.settings import Settings
from drill.sandbox.threaded import ThreadedSandbox
from drill.store import SqlJournal, open_journal
from tests.contract.stages import CLOUD, ENGINES, EngineCase, MemoryStage, SandboxStage, Stage
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
        _empty(url)
    with open_journal(url, folder=tmp_path) as kept:
        yield kept


@pytest.fixture
def archive(journal: Journal) -> Archive:
    """The archive that looks back on that journal."""
    return journal.archive if isinstance(journal, SqlJournal) else MemoryArchive(journal)


def _empty(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


QUICK = Patience(
    first_wait=timedelta(milliseconds=1),
    longest_wait=timedelta(milliseconds=2),
    jitter=timedelta(0),
)


@pytest.fixture(params=ENGINES, ids=lambda case: case.engine.value)
def case(request: pytest.FixtureRequest) -> EngineCase:
    found: EngineCase = request.param
    return found


@pytest.fixture(params=["memory", "sandbox"])
def stage(request: pytest.FixtureRequest, case: EngineCase, tmp_path: Path) -> Iterator[Stage]:
    if request.param == "memory":
        yield MemoryStage(case)
        return
    servers = FakeServers()
    settings = Settings(job_hidden_for=timedelta(milliseconds=30))
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            ThreadedSandbox(tmp_path / "state", servers, settings=settings)
        )
        provider = client_of(sandbox)
        stack.callback(provider.close)
        stack.callback(servers.gate.set)
        yield SandboxStage(case, sandbox, servers, provider)


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
