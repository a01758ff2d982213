"""The store is a real PostgreSQL server that is stopped, restarted, paused and cut off while two
daemons have drills under way. No verdict is wrong, no restore is ordered twice, nothing is left."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.check.real_postgresql import Server
from tests.e2e.store_server import StoreServer, lasting_port
from tests.e2e.storm import SEED, assert_nothing_was_lost, storm
from tests.e2e.world import World

pytestmark = [
    pytest.mark.xdist_group("e2e-storms"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]


@pytest.fixture
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreServer]:
    folder = tmp_path_factory.mktemp("store")
    server = Server(folder, port=lasting_port(), max_connections=100)
    server.create()
    server.start()
    server.do("CREATE DATABASE drill")
    try:
        yield StoreServer(server, random.Random(f"{SEED}/server"))
    finally:
        server.stop()


def test_daemons_outlive_a_store_that_comes_and_goes(world: World, store_server: StoreServer):
    troubles = (
        *(store_server.stop_at_once_and_start, store_server.stop_at_once_and_start),
        *(store_server.stand_still, store_server.hang_up, store_server.refuse_writes),
    )
    with storm(world, store_server.url, "store") as made:
        made.rage(troubles)
        made.ask_for_drills()
        store_server.server.stop(signal.SIGQUIT)
        ended = made.daemons.pop(0)
        code = ended.end(within=60)
        store_server.server.start()
        found = made.settle()
        assert store_server.is_sound()
        assert_nothing_was_lost(made, found)

    assert code == 0, ended.log[-4000:]
    assert "Traceback" not in ended.log, ended.log
    assert "refused:" not in ended.log + made.daemons[0].log
