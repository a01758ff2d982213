"""One sandbox for the installed command and one inside this process; every test has a folder of
its own beside its sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.inside import Workshop, sandbox_inside, workshop
from tests.e2e.world import World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share a sandbox and its two targets on one worker.

    A file that names a group of its own gets a sandbox of its own on whatever worker that is.
    """
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            is_inside = "inside" in getattr(item, "fixturenames", ())
            if item.get_closest_marker("xdist_group") is None:
                item.add_marker(pytest.mark.xdist_group("e2e-inside" if is_inside else "e2e"))
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="session")
def sandbox_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a world whose sandbox runs for the whole session."""
    world = World(tmp_path_factory.mktemp("world"))
    world.furnish()
    world.start_sandbox()
    try:
        yield world
    finally:
        world.stop_sandbox()


@pytest.fixture
def world(sandbox_world: World, tmp_path: Path) -> Iterator[World]:
    """Return a fresh folder that uses the common sandbox."""
    fresh = World(tmp_path)
    fresh.furnish()
    (tmp_path / ".sandbox").symlink_to(sandbox_world.state)
    yield fresh
    sandbox_world.admin().clear_faults()
    sandbox_world.admin().shift_clock(0)


@pytest.fixture(scope="session")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a world whose sandbox lives in this process, for drills that do, too."""
    with sandbox_inside(tmp_path_factory.mktemp("inside")) as world:
        yield world


@pytest.fixture
def shop(inside: World, tmp_path: Path) -> Iterator[Workshop]:
    """Return a house in this process that uses that sandbox; no fault outlives the test."""
    with workshop(inside, tmp_path) as made:
        yield made
        made.admin.clear_faults()
