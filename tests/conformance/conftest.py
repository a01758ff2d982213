"""Sandboxes with fake servers in each personality, and the vendors' own clients for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drill.sandbox.threaded import ThreadedSandbox
from tests.conformance.clients import World, make_sdk
from tests.sandbox.conftest import PASSWORD, QUICK
from tests.sandbox.fake_servers import FakeServers


@pytest.fixture(scope="module", params=["sandbox", "huawei"])
def world(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    yield from _serve(tmp_path_factory.mktemp("state"), request.param)


@pytest.fixture(scope="module")
def otc_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    yield from _serve(tmp_path_factory.mktemp("state"), "otc")


@pytest.fixture(scope="module")
def sdk(world: World) -> Iterator[Any]:
    yield from make_sdk(world.sandbox)


def _serve(folder: Path, personality: str) -> Iterator[World]:
    servers = FakeServers()
    with ThreadedSandbox(folder, servers, settings=QUICK, personality=personality) as sandbox:
        source_id, scratch_id = (
            str(sandbox.admin.create_instance(name, password=PASSWORD, volume_size=40)["id"])
            for name in ("orders-prod", "drill-scratch-a")
        )
        for instance_id in (source_id, scratch_id):
            servers.open_window(instance_id)
        yield World(sandbox, servers, source_id, scratch_id)
        servers.gate.set()
        servers.backup_gate.set()
