"""Drills that an older tool kept get the same line as those of today."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from drill.check.port import CheckAnswer
from drill.engine.record import DrillRecord, Outcome, State, StepName, Teardown
from drill.engine.summary import facts_of
from drill.recovery.values import BackupPoint
from drill.store import open_journal
from tests.builders import (
    NOW,
    a_backup,
    a_check_result,
    a_choice,
    a_plan,
    a_record,
    a_step,
    an_instance,
    an_inventory,
)

OF_0001 = ("drill", "step", "check_result", "journal")


def older_drills() -> list[DrillRecord]:
    """Return a waiting drill, a finished PITR with its base, a backup restore, one that failed."""
    backups = (a_backup(), a_backup(id="older", ended_at=NOW - timedelta(days=1)))
    done = {"state": State.FINISHED, "outcome": Outcome.PASSED, "teardown": Teardown.CLEAN}
    pitr = a_record(
        **done,
        inventory=an_inventory(backups=backups, target=an_instance(id="scratch-1", volume_gb=80)),
        choice=a_choice(seed="seed"),
        plan=a_plan(target_id="scratch-1", objectives={"rpo": "1m30s", "rto": "1d2h"}, tier=2),
        rta=timedelta(minutes=3),
        level=4,
        checks=(a_check_result(), a_check_result(name="ärger", answer=CheckAnswer.NO_DATA)),
    )
    of_backup = a_record(
        **done,
        plan=a_plan(
            restore={"mode": "backup", "selection": {"policy": "newest"}}, group="shop", name="b"
        ),
        inventory=an_inventory(),
        choice=a_choice(point=BackupPoint(backup=a_backup()), policy="newest"),
        copy=an_instance(volume_gb=50),
    )
    failed = a_record(
        state=State.FINISHED,
        outcome=Outcome.FAILED_RESTORE,
        steps=(a_step(name=StepName.RESTORE, ended_at=NOW, result="failed"),),
        reason="no",
    )
    return [a_record(), pitr, of_backup, failed]


def as_kept_by_0001(folder: Path, records: list[DrillRecord]) -> None:
    """Make a store of schema 0001 in old.db with the rows of these drills."""
    with open_journal("sqlite:///new.db", folder=folder) as journal:
        journal.enlist(records)
    config = Config()
    config.set_main_option("script_location", "drill.store:migrations")
    engine = create_engine(f"sqlite:///{folder / 'old.db'}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with closing(sqlite3.connect(folder / "old.db", isolation_level=None)) as old:
        old.execute("ATTACH ? AS new", [str(folder / "new.db")])
        for table in OF_0001:
            columns = ", ".join(
                f'"{name}"' for _, name, *_ in old.execute(f"PRAGMA main.table_info({table})")
            )
            old.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")


def test_older_drills_get_the_line_that_their_record_gives(tmp_path: Path):
    records = older_drills()
    as_kept_by_0001(tmp_path, records)

    with open_journal("sqlite:///old.db", folder=tmp_path) as journal:
        kept = list(journal.archive.drill_facts())
        read = journal.history()

    ordered = sorted(records, key=lambda record: record.scheduled_for)
    assert kept == [facts_of(record) for record in ordered]
    assert {one.id for one in read} == {one.id for one in records}


def test_a_drill_that_is_under_way_goes_on_after_the_migration(tmp_path: Path):
    (record,) = [a_record()]
    as_kept_by_0001(tmp_path, [record])

    with open_journal("sqlite:///old.db", folder=tmp_path) as journal:
        saved = journal.save(replace(record, state=State.SELECTING, inventory=an_inventory()))
        (facts,) = journal.archive.drill_facts()

    assert facts == facts_of(saved)
    assert facts.source_name == "orders-prod"


def test_a_drill_that_cannot_be_read_does_not_stop_the_migration(tmp_path: Path):
    good, bad = a_record(), a_record(state=State.FINISHED, outcome=Outcome.ABORTED)
    as_kept_by_0001(tmp_path, [good, bad])
    with closing(sqlite3.connect(tmp_path / "old.db", isolation_level=None)) as old:
        old.execute("DROP TRIGGER drill_fixed")
        old.execute("DROP TRIGGER drill_no_update")
        old.execute("UPDATE drill SET plan = 'gone' WHERE id = ?", [bad.id])

    with open_journal("sqlite:///old.db", folder=tmp_path) as journal:
        assert [one.id for one in journal.archive.drill_facts()] == [good.id]
