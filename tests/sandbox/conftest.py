"""A sandbox with fake servers, one source and one scratch instance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from drill.sandbox.settings import Settings
from drill.sandbox.threaded import ThreadedSandbox
from tests.sandbox.client import Client
from tests.sandbox.fake_servers import FakeServers

QUICK = Settings(job_hidden_for=timedelta(milliseconds=50), body_deadline=timedelta(seconds=1))
PASSWORD = "Correct-Horse-7"


@pytest.fixture
def servers() -> FakeServers:
    return FakeServers()


@pytest.fixture
def sandbox(tmp_path: Path, servers: FakeServers) -> Iterator[ThreadedSandbox]:
    with ThreadedSandbox(tmp_path / "state", servers, settings=QUICK) as running:
        yield running
        servers.gate.set()
        servers.backup_gate.set()


@pytest.fixture
def client(sandbox: ThreadedSandbox) -> Client:
    return Client(sandbox)


@pytest.fixture
def source_id(sandbox: ThreadedSandbox) -> str:
    return _make(sandbox, "orders-prod", 80)


@pytest.fixture
def scratch_id(sandbox: ThreadedSandbox) -> str:
    return _make(sandbox, "drill-scratch-a", 100)


def _make(sandbox: ThreadedSandbox, name: str, size: int) -> str:
    tags = [{"key": "made-by", "value": "tests"}, {"key": "name", "value": name}]
    made = sandbox.admin.create_instance(name, password=PASSWORD, volume_size=size, tags=tags)
    return str(made["id"])
