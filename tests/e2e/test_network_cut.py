"""The network between drill and the cloud is cut on real sockets while two daemons have drills
under way: also right after the cloud has accepted an order, whose answer is then lost."""

from __future__ import annotations

import random
import threading

import pytest

from tests.e2e.storm import SEED, assert_nothing_was_lost, storm
from tests.e2e.tcp_proxy import Proxy, proxy_to
from tests.e2e.world import World

pytestmark = pytest.mark.xdist_group("e2e-storms")


def go_between(world: World, proxy: Proxy) -> None:
    """Let drill reach its cloud by this proxy alone."""
    (world.folder / "endpoint").write_text(proxy.endpoint)
    world.change_config(
        'endpoint = "file:.sandbox/endpoint"\niam_', 'endpoint = "file:endpoint"\niam_'
    )
    world.change_config('iam_endpoint = "file:.sandbox/endpoint"', 'iam_endpoint = "file:endpoint"')


def test_daemons_outlive_a_network_that_is_cut_anywhere(world: World):
    lots = random.Random(f"{SEED}/wire")
    endpoint = (world.state / "endpoint").read_text().strip()
    with proxy_to(endpoint, lots) as proxy:
        go_between(world, proxy)

        def calls_are_lost() -> None:
            proxy.is_unkind = True
            threading.Event().wait(lots.uniform(1, 4))
            proxy.is_unkind = False

        def nothing_goes_through() -> None:
            proxy.is_down = True
            threading.Event().wait(lots.uniform(0.5, 3))
            proxy.is_down = False

        with storm(world, "sqlite:///drill.db", "network") as made:
            proxy.answers_to_lose = 2
            made.rage((calls_are_lost, calls_are_lost, nothing_goes_through))
            found = made.settle()
            made.done.update(proxy.fates)
            assert_nothing_was_lost(made, found)

    assert proxy.fates.total() > 5, made.story
    assert proxy.orders_lost > 0, made.story
