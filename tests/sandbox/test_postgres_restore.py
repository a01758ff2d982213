"""Real restores of real PostgreSQL servers: the right rows, or a plain reason."""

import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from drill.sandbox.ledger import read_rows
from drill.sandbox.postgres import PostgresServers, copying
from drill.sandbox.postgres.settings import recovery_settings
from drill.sandbox.servers import BaseBackup, RestoreFailed, ServerFault
from tests.sandbox.postgres_rows import (
    PASSWORD,
    Marker,
    connect,
    eventually,
    mark,
    reaches,
    restore,
    roomy_memory,
    rows,
    segments,
    up_to,
)

pytestmark = pytest.mark.servers

MILLISECOND = timedelta(milliseconds=1)
INSTANTS = int(os.environ.get("DRILL_TEST_INSTANTS", "3"))
"""To how many random instants is restored; the soak test asks for more."""


@dataclass
class World:
    root: Path
    servers: PostgresServers
    backup: BaseBackup
    early: list[Marker]
    """Rows from before the base backup."""
    markers: list[Marker]
    """All rows, the last of which only proves where recovery stopped."""


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="it's 5%f ", dir=roomy_memory()) as folder:
        yield Path(folder) / "root folder"


@pytest.fixture(scope="module")
def world(root) -> Iterator[World]:
    """A source with markers before and after a base backup, and a scratch target."""
    servers = PostgresServers(root, archive_every=timedelta(seconds=1))
    try:
        with ThreadPoolExecutor() as both:
            for made in [
                both.submit(servers.create, name, admin_user="root", password=PASSWORD)
                for name in ("source", "scratch")
            ]:
                made.result()
        early = mark(servers, "source", 1, 2, 3)
        servers.take_backup("scratch", "baseline")
        backup = servers.take_backup("source", "first")
        markers = [*early, *mark(servers, "source", *range(4, 20))]
        eventually(lambda: reaches(servers, "source", markers[-2][1]))
        yield World(root, servers, backup, early, markers)
    finally:
        servers.shutdown()


@pytest.fixture
def instance(world) -> Iterator[str]:
    """An instance of its own for a test that harms it, with one base backup."""
    name = f"own-{time.monotonic_ns()}"
    world.servers.create(name, admin_user="root", password=PASSWORD)
    world.servers.take_backup(name, "baseline")
    yield name
    world.servers.destroy(name)


def test_a_restore_stops_exactly_at_the_instant_asked_for(world):
    window = world.servers.windows("source")[0]
    span_ms = (window.ends_at - window.starts_at) // MILLISECOND
    seed = random.randrange(1 << 32)
    draw = random.Random(seed)
    drawn = [window.starts_at + draw.randint(0, span_ms) * MILLISECOND for _ in range(INSTANTS)]
    committed_at = world.markers[9][1]  # a commit at the very instant belongs to the copy
    instants = [
        window.starts_at,
        window.ends_at,
        committed_at,
        committed_at - timedelta(microseconds=1),
        *drawn,
    ]

    for instant in instants:
        restore(world.servers, "source", "scratch", restore_time=instant)

        expected = up_to(world.markers, instant)
        assert rows(world.servers, "scratch") == expected, f"at {instant}, seed {seed}"
        assert 3 <= len(expected) < len(world.markers)


def test_a_window_ends_before_the_last_commit_and_starts_after_the_backup(world):
    (window,) = world.servers.windows("source")

    assert world.backup.ended_at <= window.starts_at < world.backup.ended_at + MILLISECOND
    assert window.ends_at < world.markers[-1][1] <= window.ends_at + MILLISECOND


def test_a_backup_restore_gives_the_rows_of_the_backup(world):
    restore(world.servers, "source", "scratch", backup_id="first")

    assert rows(world.servers, "scratch") == [1, 2, 3]


def test_a_new_target_gets_its_own_password_and_its_name_is_free_again_after_destroy(world):
    restore(world.servers, "source", "new", backup_id="first", password="another")

    assert rows(world.servers, "new", "another") == [1, 2, 3]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        rows(world.servers, "new")
    assert world.servers.windows("new") == []
    world.servers.destroy("new")
    assert not (world.root / "new").exists()
    assert world.servers.port_of("new") is None


def test_two_targets_are_restored_from_one_source_at_once_while_it_is_written(world):
    instants = {"left": world.markers[5][1], "right": world.markers[12][1]}
    with ThreadPoolExecutor() as both, connect(world.servers, "source") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS noise (id integer)")
        started = [
            both.submit(restore, world.servers, "source", name, restore_time=instant)
            for name, instant in instants.items()
        ]
        while not all(one.done() for one in started):
            connection.execute("INSERT INTO noise VALUES (1)")
        for one in started:
            one.result()

    for name, instant in instants.items():
        assert rows(world.servers, name) == up_to(world.markers, instant)
        world.servers.destroy(name)


def test_an_instant_before_the_end_of_every_backup_is_refused_and_the_target_runs_on(world):
    restore(world.servers, "source", "scratch", backup_id="first")
    port = world.servers.port_of("scratch")

    with pytest.raises(RestoreFailed, match="no base backup ended at or before"):
        restore(
            world.servers,
            "source",
            "scratch",
            restore_time=world.backup.ended_at - timedelta(microseconds=1),
        )

    assert world.servers.port_of("scratch") == port
    assert rows(world.servers, "scratch") == [1, 2, 3]


def test_an_instant_after_the_archived_log_fails_with_the_last_instant_there_is(world):
    restore(world.servers, "source", "scratch", backup_id="first")
    later = world.markers[-1][1] + timedelta(hours=1)

    with pytest.raises(RestoreFailed, match=r"ends before the restore time .* last transaction"):
        restore(world.servers, "source", "scratch", restore_time=later)

    assert world.servers.port_of("scratch") is None
    world.servers.start("scratch")
    assert rows(world.servers, "scratch") == [1, 2, 3]


def test_a_copy_that_promoted_without_stopping_is_not_accepted(world, monkeypatch):
    def without_a_stop(*arguments: Any) -> str:
        lines = recovery_settings(*arguments).splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("recovery_target"))

    monkeypatch.setattr(copying, "recovery_settings", without_a_stop)
    with pytest.raises(RestoreFailed, match="to the end of the log without stopping"):
        restore(world.servers, "source", "never", restore_time=world.markers[8][1])

    assert world.servers.port_of("never") is None


def test_a_copy_that_stopped_somewhere_else_is_not_accepted(world, monkeypatch):
    def too_late(archive: Path, restore_time: datetime, limits: dict[str, int]) -> str:
        return recovery_settings(archive, world.markers[12][1], limits)

    monkeypatch.setattr(copying, "recovery_settings", too_late)
    with pytest.raises(RestoreFailed, match="stopped at the wrong place"):
        restore(world.servers, "source", "never", restore_time=world.markers[8][1])

    assert world.servers.port_of("never") is None


def test_a_failed_restore_to_a_new_target_leaves_nothing_of_it(world):
    with pytest.raises(RestoreFailed, match="ends before the restore time"):
        restore(
            world.servers,
            "source",
            "never",
            password=PASSWORD,
            restore_time=world.markers[-1][1] + timedelta(hours=1),
        )

    assert not (world.root / "never").exists()
    with pytest.raises(ServerFault, match="no instance never"):
        world.servers.start("never")


def test_an_order_for_a_backup_or_an_instance_that_is_not_there_fails_plainly(world):
    with pytest.raises(RestoreFailed, match="there is no backup other of instance source"):
        restore(world.servers, "source", "scratch", backup_id="other")
    with pytest.raises(RestoreFailed, match="there is no instance nowhere"):
        restore(world.servers, "nowhere", "scratch", restore_time=world.markers[5][1])


def test_a_missing_segment_stays_advertised_and_fails_restores_until_it_is_back(world, instance):
    servers = world.servers
    before = mark(servers, instance, 1, 2, 3)
    eventually(lambda: reaches(servers, instance, before[-2][1]))
    lost = segments(world.root, instance)[-1]
    after = mark(servers, instance, 4, 5, 6)
    eventually(lambda: reaches(servers, instance, after[-2][1]))
    (whole,) = servers.windows(instance)
    lost.rename(world.root / "kept aside")

    assert servers.windows(instance) == [whole]
    with pytest.raises(RestoreFailed, match=f"segment {lost.name} is missing from the archive"):
        restore(servers, instance, "scratch", restore_time=after[0][1])

    damaged = bytearray((world.root / "kept aside").read_bytes())
    damaged[:4096] = bytes(4096)
    lost.write_bytes(damaged)
    assert servers.windows(instance) == [whole]
    with pytest.raises(RestoreFailed, match=f"segment {lost.name} is damaged in the archive"):
        restore(servers, instance, "scratch", restore_time=after[0][1])

    (world.root / "kept aside").replace(lost)
    assert servers.windows(instance) == [whole]
    restore(servers, instance, "scratch", restore_time=after[1][1])
    assert rows(servers, "scratch") == [1, 2, 3, 4, 5]


def test_the_newest_segment_is_advertised_and_missed_though_nobody_asked_before(world, instance):
    servers = world.servers
    marked = mark(servers, instance, 1, 2, 3)
    ledger = world.root / instance / "eras" / "1" / "archived"
    last = int(marked[-1][1].timestamp() * 1_000_000)
    eventually(lambda: any(ended >= last - 1 for _, ended in read_rows(ledger, width=2)))
    newest = segments(world.root, instance)[-1]
    newest.unlink()

    (window,) = servers.windows(instance)
    assert window.ends_at >= marked[-2][1]
    with pytest.raises(RestoreFailed, match=f"segment {newest.name} is missing from the archive"):
        restore(servers, instance, "scratch", restore_time=window.ends_at)


def test_a_restore_to_the_original_leaves_a_hole_and_older_instants_stay(world, instance):
    servers = world.servers
    old = mark(servers, instance, 1, 2, 3, 4)
    restore(servers, instance, instance, restore_time=old[1][1])
    assert rows(servers, instance) == [1, 2]

    # Stopping the server archived the rest of its log: nothing that was committed is lost.
    (before,) = servers.windows(instance)
    assert before.ends_at >= old[2][1]

    servers.take_backup(instance, "second")
    new = mark(servers, instance, 10, 11, 12)
    eventually(lambda: reaches(servers, instance, new[-2][1]))
    earlier, later = servers.windows(instance)
    assert earlier == before
    assert later.starts_at > before.ends_at

    restore(servers, instance, "scratch", restore_time=new[1][1])
    assert rows(servers, "scratch") == [1, 2, 10, 11]
    restore(servers, instance, "scratch", restore_time=old[2][1])
    assert rows(servers, "scratch") == [1, 2, 3]
    in_the_hole = earlier.ends_at + (later.starts_at - earlier.ends_at) / 2
    with pytest.raises(RestoreFailed, match="ends before the restore time"):
        restore(servers, instance, "scratch", restore_time=in_the_hole)

    restore(servers, instance, instance, restore_time=new[0][1])
    assert rows(servers, instance) == [1, 2, 10]
    assert len(servers.windows(instance)) == 2


def test_the_baseline_of_a_target_can_be_restored_again_and_again(world, instance):
    servers = world.servers
    own = mark(servers, instance, 100, 101)
    eventually(lambda: reaches(servers, instance, own[0][1]))
    of_its_own = servers.windows(instance)

    for _ in range(2):
        restore(servers, "source", instance, restore_time=world.markers[6][1])
        assert rows(servers, instance) == up_to(world.markers, world.markers[6][1])
        assert servers.windows(instance) == []  # nothing of its new system is backed up
        restore(servers, instance, instance, backup_id="baseline")
        assert rows(servers, instance) == []

    assert servers.windows(instance)[0].starts_at == of_its_own[0].starts_at
    assert len(list((world.root / instance / "eras").iterdir())) == 2, "old copies stay behind"


def test_a_damaged_base_backup_is_noticed_before_the_target_is_touched(world):
    restore(world.servers, "source", "scratch", backup_id="first")
    control = world.root / "scratch/backups/baseline/data/global/pg_control"
    whole = control.read_bytes()
    control.write_bytes(b"x" * len(whole))

    with pytest.raises(RestoreFailed, match=r"base backup is damaged: .*pg_control"):
        restore(world.servers, "scratch", "scratch", backup_id="baseline")

    control.write_bytes(whole)
    assert rows(world.servers, "scratch") == [1, 2, 3]


def test_deleting_a_backup_takes_its_window_away_and_leaves_the_others(world, instance):
    servers = world.servers
    mark(servers, instance, 1, 2)
    servers.take_backup(instance, "second")
    late = mark(servers, instance, 3, 4)
    eventually(lambda: reaches(servers, instance, late[0][1]))
    (both,) = servers.windows(instance)

    servers.delete_backup(instance, "baseline")
    servers.delete_backup(instance, "baseline")

    (rest,) = servers.windows(instance)
    assert rest.starts_at > both.starts_at
    assert rest.ends_at == both.ends_at
    restore(servers, instance, "scratch", restore_time=late[0][1])
    assert rows(servers, "scratch") == [1, 2, 3]
    servers.delete_backup(instance, "second")
    assert servers.windows(instance) == []


def test_a_full_disk_is_said_in_plain_words(world, monkeypatch):
    def no_room(source: str, destination: str) -> str:
        raise OSError(28, "No space left on device", destination)

    restore(world.servers, "source", "scratch", backup_id="first")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", no_room)
        with pytest.raises(RestoreFailed, match="the disk of the target is full"):
            restore(world.servers, "source", "scratch", backup_id="first")

    world.servers.start("scratch")
    assert rows(world.servers, "scratch") == [1, 2, 3]
    assert len(list((world.root / "scratch/eras").iterdir())) == 1 + 1  # its own and the baseline's


def test_the_administrator_may_do_what_drills_need_and_cannot_reach_the_machine(world):
    with connect(world.servers, "scratch") as connection:
        connection.execute("CREATE DATABASE orders")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'x' IN ROLE pg_read_all_data")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'cat'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_read_file('/etc/passwd')")
    with connect(world.servers, "scratch", database="orders") as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
        connection.execute("CREATE TABLE item (id integer PRIMARY KEY)")
        connection.execute("SELECT bt_index_check('item_pkey', true)")
        connection.execute("SELECT * FROM verify_heapam('item')")


def test_a_wrong_password_and_our_own_superuser_are_refused_on_tcp(world):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(world.servers, "source", "wrong")
    with pytest.raises(psycopg.OperationalError, match="rejects connection"):
        connect(world.servers, "source", user="sandbox_keeper")


def test_passwords_are_in_no_file_below_the_root(world):
    files = [file for file in world.root.rglob("*") if file.is_file()]

    assert len(files) > 1000
    assert not [file for file in files if PASSWORD.encode() in file.read_bytes()]
