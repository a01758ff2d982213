"""Drills of a MariaDB source whose binary log or backup was damaged: failed_restore, and why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drill.engine.record import Outcome
from tests.e2e.inside import Workshop, run, short, workshop
from tests.e2e.test_mariadb import SCRATCH, SOURCE_ID, write_plan
from tests.e2e.world import World

NEW, EXISTING, BACKUP = "invoices-new", "invoices-existing", "invoices-backup"
LIKE = {NEW: "orders-before-latest", EXISTING: "orders-latest", BACKUP: "orders-newest-backup"}
BOTH = pytest.mark.parametrize("name", [NEW, EXISTING])


@pytest.fixture
def invoices(inside, tmp_path) -> Iterator[Workshop]:
    """A house whose plans are about the MariaDB source, which is backed up anew afterwards."""
    listed = {each["id"]: each for each in inside.admin().state()["instances"]}
    if not listed.get(SOURCE_ID, {}).get("private_ips"):
        pytest.skip("no server of MariaDB on this machine")
    with workshop(
        inside,
        tmp_path,
        [("# No drill may ever", SCRATCH)],
        furnish=write_plans,
    ) as made:
        wait_for_log(made)
        yield made
        renew(made)


def write_plans(world: World) -> None:
    for name, like in LIKE.items():
        write_plan(world, name, like)


def renew(shop: Workshop) -> None:
    """Take a new backup of the source, and wait until every plan restores from it."""
    shop.admin.clear_faults()
    shop.admin.back_up(SOURCE_ID)
    wait_for_log(shop)


def wait_for_log(shop: Workshop) -> None:
    """Wait until every plan restores to an instant after the newest backup."""
    provider = shop.house.parts.clouds["sandbox"].provider
    ends = [each.ended_at for each in provider.list_backups(SOURCE_ID)]
    wait_for_window(shop, max(end for end in ends if end is not None))


def wait_for_window(shop: Workshop, instant: datetime) -> None:
    """Wait until every plan restores to a later instant: the newest, less a margin of 2 s."""
    parts = shop.house.parts
    provider = parts.clouds["sandbox"].provider
    deadline = time.monotonic() + 30
    while not any(
        window.ends_at >= instant + timedelta(seconds=3)
        for window in provider.list_windows(SOURCE_ID, retention_days=1, now=parts.clock.now())
    ):
        assert time.monotonic() < deadline, "the log of the source is not archived"
        time.sleep(0.1)


def archived(shop: Workshop) -> list[Path]:
    """Return the archived files of the log, oldest first."""
    folder = shop.world.folder / ".sandbox" / "servers-mariadb" / SOURCE_ID
    return sorted(folder.glob("eras/*/archive/bin.??????"))


@pytest.mark.parametrize(("name", "from_the_end"), [(NEW, 1), (EXISTING, 2)])
def test_file_of_the_log_that_somebody_deletes_fails_the_drill_and_is_named(
    invoices, name, from_the_end
):
    victim = archived(invoices)[-from_the_end]
    victim.unlink()
    wait_for_window(invoices, invoices.house.parts.clock.now())

    record = run(invoices, short(invoices, name))

    assert record.outcome is Outcome.FAILED_RESTORE, record.reason
    assert f"{victim.name} is missing from the archive" in str(record.reason)
    renew(invoices)
    assert run(invoices, short(invoices, name)).outcome is Outcome.PASSED


@BOTH
def test_file_of_the_log_that_is_lost_on_demand_fails_the_drill(invoices, name):
    invoices.admin.add_fault("lose_log_segment")

    record = run(invoices, short(invoices, name))

    assert record.outcome is Outcome.FAILED_RESTORE, record.reason
    assert "is missing from the archive" in str(record.reason)


@pytest.mark.parametrize("name", [NEW, BACKUP])
def test_corrupted_backup_fails_the_drill_by_either_way_of_restoring(invoices, name):
    invoices.admin.add_fault("corrupt_backup")

    record = run(invoices, short(invoices, name))

    assert record.outcome is Outcome.FAILED_RESTORE, record.reason
    assert "the backup is damaged" in str(record.reason)
