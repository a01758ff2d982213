"""The disk under the store, the logs, the metrics file and the reports is really full for a while,
and the file of the store really read only, while two daemons have drills under way."""

from __future__ import annotations

import random
import signal
import threading

import pytest

from tests.e2e.small_disk import small_disk, written_by_nobody
from tests.e2e.storm import SEED, assert_nothing_was_lost, storm
from tests.e2e.world import World

pytestmark = pytest.mark.xdist_group("e2e-storms")

PLAIN_CODES = {0, 1, 4, 6, 7}
"""What a command may end with that ran into a full disk (docs/exit-codes.md)."""


def keep_everything_there(world: World) -> None:
    """Let reports and metrics lie on the small disk, too."""
    world.change_config('reports = "reports"', 'reports = "disk/reports"')
    with (world.folder / "config.toml").open("a") as config:
        config.write('\n[metrics]\ntextfile = "disk/drill.prom"\n')


def test_daemons_outlive_a_disk_that_is_full(world: World):
    lots = random.Random(f"{SEED}/disk")
    with small_disk(world.folder / "disk", megabytes=24) as disk:
        keep_everything_there(world)
        pause = threading.Event()

        def full() -> None:
            disk.fill()
            assert disk.is_full
            pause.wait(lots.uniform(0.5, 4))
            disk.free()

        def nearly_full() -> None:
            disk.fill(leave=lots.choice((4096, 20_000, 100_000)))
            pause.wait(lots.uniform(0.5, 3))
            disk.free()

        def full_for_commands() -> None:
            disk.fill()
            # What has begun waits for its store, however long: so somebody makes room meanwhile.
            room = threading.Timer(lots.uniform(2, 20), disk.free)
            room.start()
            for words in (("run", "--due"), ("report",)):
                finished = world.drill(*words)
                assert "Traceback" not in finished.err, finished.err
                assert finished.code in PLAIN_CODES, (words, finished.err)
            room.join()

        with storm(world, "sqlite:///disk/drill.db", "disk", logs=disk.folder) as made:
            made.rage((full, nearly_full, full, full_for_commands))
            made.ask_for_drills()
            disk.fill()
            ended = made.daemons.pop(0)
            code = ended.end(within=60)
            disk.free()
            found = made.settle()
            assert_nothing_was_lost(made, found)
            finished = world.drill("run", "orders-before-latest")
            assert finished.code == 0, finished.err

        assert code == 0, ended.log[-4000:]
        assert "Traceback" not in ended.log, ended.log
        assert [file.name for file in disk.folder.glob("drill.prom*")] == ["drill.prom"]
        assert (disk.folder / "drill.prom").read_text().endswith("\n")
        pages = list((disk.folder / "reports").rglob("*.html"))
        assert pages
        assert all(page.read_text().rstrip().endswith("</html>") for page in pages)
        assert not [one for one in (disk.folder / "reports").rglob("*") if one.suffix == ".tmp"]


def test_daemons_outlive_a_store_whose_file_is_read_only_for_a_while(world: World):
    lots = random.Random(f"{SEED}/read-only")
    store = world.folder / "drill.db"
    files = (store, store.with_name("drill.db-wal"))

    def read_only() -> None:
        with written_by_nobody(*files):
            threading.Event().wait(lots.uniform(0.5, 3))

    with storm(world, "sqlite:///drill.db", "read-only") as made:
        made.rage((read_only,))
        made.ask_for_drills()
        with written_by_nobody(*files):
            ended = made.daemons.pop(0)
            ended.send(signal.SIGTERM)
            code = ended.process.wait(60)
        found = made.settle()
        assert_nothing_was_lost(made, found)

    assert code == 0, ended.log[-4000:]
    assert "Traceback" not in ended.log, ended.log
