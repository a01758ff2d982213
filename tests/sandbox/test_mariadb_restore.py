"""Real restores of real MariaDB servers: the right rows, or a plain reason."""

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pymysql
import pytest

from drill.sandbox.mariadb import MariadbServers
from drill.sandbox.mariadb.layout import SEEN
from drill.sandbox.servers import BaseBackup, RestoreFailed, ServerFault
from tests.sandbox.mariadb_rows import (
    PASSWORD,
    Marker,
    connect,
    log_files,
    make_table,
    mark,
    needs_mariadb,
    reaches,
    restore,
    rows,
)
from tests.sandbox.postgres_rows import eventually, roomy_memory, up_to

pytestmark = [pytest.mark.servers, needs_mariadb, pytest.mark.xdist_group("mariadb")]

MILLISECOND = timedelta(milliseconds=1)
RESOLUTION = timedelta(seconds=1)
"""How exactly the binary log itself knows an instant."""
INSTANTS = int(os.environ.get("DRILL_TEST_INSTANTS", "10"))
"""To how many random instants is restored; the soak test asks for more."""


@dataclass
class World:
    root: Path
    servers: MariadbServers
    backup: BaseBackup
    markers: list[Marker]
    """All rows; the first three are older than the backup."""


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="it's 5%f ", dir=roomy_memory()) as folder:
        yield Path(folder) / "root folder"


@pytest.fixture(scope="module")
def world(root) -> Iterator[World]:
    """A source with rows before a backup and, every tenth of a second, after it; and a target."""
    servers = MariadbServers(root, archive_every=timedelta(seconds=0.3))
    try:
        with ThreadPoolExecutor() as both:
            for made in [
                both.submit(servers.create, name, admin_user="root", password=PASSWORD)
                for name in ("source", "scratch")
            ]:
                made.result()
        make_table(servers, "source")
        early = mark(servers, "source", 1, 2, 3)
        with ThreadPoolExecutor() as both:
            baseline = both.submit(servers.take_backup, "scratch", "baseline")
            backup = servers.take_backup("source", "first")
            baseline.result()
        markers = [*early, *mark(servers, "source", *range(4, 40), every=0.1)]
        eventually(lambda: reaches(servers, "source", markers[-1][1]))
        yield World(root, servers, backup, markers)
    finally:
        servers.shutdown()


@pytest.fixture
def own(world) -> Iterator[str]:
    """A source of its own for a test that harms it, with one backup."""
    name = f"own-{random.randrange(1 << 32)}"
    restore(world.servers, "source", name, backup_id="first")
    world.servers.take_backup(name, "own")
    yield name
    world.servers.destroy(name)


@pytest.fixture
def damaged(world, own) -> str:
    """A source of its own, and rows in three files of log."""
    for number in (101, 102, 103):
        ((_, at),) = mark(world.servers, own, number)
        eventually(partial(reaches, world.servers, own, at))
    return str(own)


def test_restores_to_random_instants_give_the_newest_row_of_each(world):
    (window,) = world.servers.windows("source")
    span_ms = (window.ends_at - window.starts_at) // MILLISECOND
    seed = random.randrange(1 << 32)
    draw = random.Random(seed)
    instants = [window.starts_at + draw.randint(0, span_ms) * MILLISECOND for _ in range(INSTANTS)]
    written = dict(world.markers)
    lacking = []

    for instant in instants:
        restore(world.servers, "source", "scratch", restore_time=instant)

        found = rows(world.servers, "scratch")
        expected = up_to(world.markers, instant)
        missing = expected[len(found) :]
        assert found == expected[: len(found)], f"at {instant}, seed {seed}"
        assert written[found[-1]] <= instant
        assert all(written[each] > instant - RESOLUTION for each in missing), f"seed {seed}"
        lacking.append(len(missing))
    # A row that was being written at that very moment may still be missing: hardly ever more.
    assert sorted(lacking)[len(lacking) // 2] <= 1, f"seed {seed}"


def test_both_borders_of_a_window_can_be_restored_to(world):
    (window,) = world.servers.windows("source")
    assert timedelta(0) <= window.starts_at - world.backup.ended_at < MILLISECOND

    restore(world.servers, "source", "scratch", restore_time=window.starts_at)
    assert rows(world.servers, "scratch") == [1, 2, 3]
    restore(world.servers, "source", "scratch", restore_time=window.ends_at)
    assert rows(world.servers, "scratch") == [number for number, _ in world.markers]


def test_an_instant_outside_the_windows_is_refused_and_the_target_runs_on(world):
    restore(world.servers, "source", "scratch", backup_id="first")
    (window,) = world.servers.windows("source")

    with pytest.raises(RestoreFailed, match="ends before the restore time"):
        restore(
            world.servers,
            "source",
            "scratch",
            restore_time=window.ends_at + timedelta(seconds=1),
        )
    with pytest.raises(RestoreFailed, match="no backup ended at or before"):
        restore(world.servers, "source", "scratch", restore_time=window.starts_at - 2 * MILLISECOND)

    assert rows(world.servers, "scratch") == [1, 2, 3]


def test_a_new_target_has_its_own_password_and_an_existing_one_the_accounts_of_the_source(world):
    restore(world.servers, "source", "new", backup_id="first", password="another")
    restore(world.servers, "source", "scratch", backup_id="first")

    assert rows(world.servers, "new", "another") == [1, 2, 3]
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        rows(world.servers, "new")
    assert rows(world.servers, "scratch", PASSWORD) == [1, 2, 3]
    assert world.servers.windows("new") == []
    world.servers.destroy("new")
    assert world.servers.port_of("new") is None


def test_an_existing_target_can_be_reset_to_its_own_empty_baseline(world):
    restore(world.servers, "source", "scratch", backup_id="first")
    port = world.servers.port_of("scratch")

    restore(world.servers, "scratch", "scratch", backup_id="baseline")

    assert world.servers.port_of("scratch") == port
    with connect(world.servers, "scratch") as cursor:
        cursor.execute("SHOW DATABASES LIKE 'shop'")
        assert cursor.fetchall() == ()


def test_a_restore_to_the_original_goes_back_and_a_later_instant_stays_reachable(world, damaged):
    servers = world.servers
    before = servers.windows(damaged)[-1]
    ((_, early),) = mark(servers, damaged, 104)
    eventually(lambda: reaches(servers, damaged, early))

    restore(servers, damaged, damaged, restore_time=before.ends_at)
    assert rows(servers, damaged)[-1] == 103
    restore(servers, damaged, damaged, restore_time=servers.windows(damaged)[-1].ends_at)

    assert rows(servers, damaged)[-1] == 104


@pytest.mark.parametrize("from_the_end", [1, 2, 3])
def test_a_deleted_file_of_the_log_stays_advertised_and_the_restore_names_it(
    world, damaged, from_the_end
):
    before = world.servers.windows(damaged)
    victim = log_files(world.root, damaged)[-from_the_end]
    for file in victim.parent.glob(f"{victim.name}*"):  # also what was noted beside it
        file.unlink()

    assert world.servers.windows(damaged) == before
    with pytest.raises(RestoreFailed, match=f"has a hole: {victim.name} is missing"):
        restore(world.servers, damaged, "never", restore_time=before[-1].ends_at)

    assert world.servers.port_of("never") is None


def test_an_instant_before_a_deleted_file_can_still_be_restored_to(world, damaged):
    (window,) = world.servers.windows(damaged)
    log_files(world.root, damaged)[-1].unlink()

    restore(world.servers, damaged, "scratch", restore_time=window.starts_at)

    assert rows(world.servers, "scratch") == [1, 2, 3]


def test_a_new_backup_behind_a_deleted_file_can_be_restored_from(world, damaged):
    log_files(world.root, damaged)[-1].unlink()
    world.servers.take_backup(damaged, "after")
    ((_, at),) = mark(world.servers, damaged, 104)
    eventually(lambda: reaches(world.servers, damaged, at))

    (window,) = world.servers.windows(damaged)
    restore(world.servers, damaged, "scratch", restore_time=window.ends_at)

    assert rows(world.servers, "scratch") == [1, 2, 3, 101, 102, 103, 104]


def test_damage_on_purpose_fails_the_restores_that_need_what_was_damaged(world, damaged):
    servers = world.servers
    (window,) = servers.windows(damaged)

    lost = servers.lose_log_segment(damaged, window.ends_at)
    with pytest.raises(RestoreFailed, match=f"{lost} is missing"):
        restore(servers, damaged, "never", restore_time=window.ends_at)
    another = servers.lose_log_segment(damaged, None)
    with pytest.raises(RestoreFailed, match=f"{another} is missing"):
        restore(servers, damaged, "never", restore_time=window.ends_at)
    assert servers.windows(damaged) == [window]

    for point in ({"restore_time": window.starts_at}, {"backup_id": "own"}):
        changed = servers.corrupt_backup(damaged, point.get("backup_id"), point.get("restore_time"))
        with pytest.raises(RestoreFailed, match=r"the backup is damaged: .* has changed"):
            restore(servers, damaged, "never", **point)
        assert changed.endswith(".ibd")


def test_damage_needs_something_to_damage(world, own):
    with pytest.raises(ServerFault, match=r"no log after backup own of .* is archived yet"):
        world.servers.lose_log_segment(own, None)
    with pytest.raises(ServerFault, match="there is no backup other of instance"):
        world.servers.corrupt_backup(own, "other", None)
    restore(world.servers, "source", "bare", backup_id="first")
    with pytest.raises(ServerFault, match="there is no backup of instance bare"):
        world.servers.corrupt_backup("bare", None, None)
    world.servers.destroy("bare")


def test_a_changed_byte_in_the_log_fails_the_restore(world, damaged):
    end = world.servers.windows(damaged)[-1].ends_at
    victim = log_files(world.root, damaged)[-2]
    content = bytearray(victim.read_bytes())
    content[-60] ^= 1
    victim.write_bytes(content)

    with pytest.raises(RestoreFailed, match=f"{victim.name} is damaged: "):
        restore(world.servers, damaged, "never", restore_time=end)


def test_a_file_whose_times_are_lost_fails_the_restore(world, damaged):
    end = world.servers.windows(damaged)[-1].ends_at
    victim = log_files(world.root, damaged)[-2]
    victim.with_name(f"{victim.name}{SEEN}").unlink()
    victim.touch()

    with pytest.raises(RestoreFailed, match=f"{victim.name} is damaged: when it was written"):
        restore(world.servers, damaged, "never", restore_time=end)


def test_files_of_the_log_in_the_wrong_order_are_noticed(world, damaged):
    end = world.servers.windows(damaged)[-1].ends_at
    files = log_files(world.root, damaged)
    for ending in ("", SEEN):
        shutil.copyfile(f"{files[-1]}{ending}", f"{files[-2]}{ending}")

    with pytest.raises(RestoreFailed, match=f"{files[-2].name} does not begin where"):
        restore(world.servers, damaged, "never", restore_time=end)


def test_a_corrupted_backup_fails_the_restore_and_the_target_keeps_its_data(world, own):
    servers = world.servers
    restore(servers, "source", "scratch", backup_id="first")
    data = world.root / own / "backups" / "own" / "data"
    table, checkpoints = data / "shop" / "marker.ibd", data / "xtrabackup_checkpoints"
    good = {file: file.read_bytes() for file in (table, checkpoints)}
    changed = bytearray(good[table])
    changed[3 * 16384 + 500] ^= 1

    for file, content, reason in (
        (table, bytes(changed), "shop/marker.ibd has changed"),
        (table, None, "shop/marker.ibd is missing"),
        (checkpoints, b"backup_type = full-backuped\n", "the backup is not prepared"),
    ):
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(RestoreFailed, match=reason):
            restore(servers, own, "scratch", backup_id="own")
        file.write_bytes(good[file])

    assert rows(servers, "scratch") == [1, 2, 3]
    restore(servers, own, "scratch", backup_id="own")
    assert rows(servers, "scratch") == [1, 2, 3]


def test_a_source_with_a_bad_page_cannot_be_backed_up(world, own):
    servers = world.servers
    servers.stop(own)
    (table,) = (world.root / own).glob("eras/*/data/shop/marker.ibd")
    content = bytearray(table.read_bytes())
    content[3 * 16384 + 500] ^= 1
    table.write_bytes(content)
    servers.start(own)

    with pytest.raises(ServerFault, match="backup"):
        servers.take_backup(own, "bad")

    assert not (world.root / own / "backups" / "bad").exists()


def test_events_stay_off_in_a_copy_and_local_files_cannot_be_loaded(world):
    with connect(world.servers, "scratch") as cursor:
        cursor.execute("SELECT @@event_scheduler, @@local_infile, @@log_bin, @@time_zone")
        assert cursor.fetchall() == (("OFF", 0, 1, "+00:00"),)


def test_the_keeper_cannot_come_in_from_outside_and_the_administrator_cannot_read_files(world):
    with (
        pytest.raises(pymysql.OperationalError, match="Access denied"),
        connect(world.servers, "source", "", user="sandbox_keeper"),
    ):
        pass
    with (
        connect(world.servers, "source") as cursor,
        pytest.raises(pymysql.OperationalError, match="Access denied"),
    ):
        cursor.execute("SELECT 1 INTO OUTFILE '/tmp/never'")


def test_databases_and_accounts_are_those_of_the_server(world):
    with connect(world.servers, "source") as cursor:
        cursor.execute("CREATE USER reader@'10.%' IDENTIFIED BY 'Reader-1-reader'")
        cursor.execute("GRANT SELECT ON shop.* TO reader@'10.%'")
    server = world.servers.administration("source")

    (shop,) = server.databases()
    assert (shop.name, shop.owner, shop.character_set) == ("shop", "root", "utf8mb4")
    assert shop.size_bytes > 0
    reader, root = server.accounts()
    assert (reader.name, reader.hosts, reader.databases) == (
        "reader",
        ("10.%",),
        (("shop", True),),
    )
    assert (root.name, root.hosts, root.databases) == ("root", ("%",), (("shop", False),))
    assert world.servers.administration("nowhere") is None


def test_the_password_of_the_administrator_can_be_set(world):
    restore(world.servers, "source", "scratch", backup_id="first")

    world.servers.administration("scratch").set_password("root", "Another-1-secret")

    assert rows(world.servers, "scratch", "Another-1-secret") == [1, 2, 3]
    world.servers.administration("scratch").set_password("root", PASSWORD)
