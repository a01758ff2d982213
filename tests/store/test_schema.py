"""The migrations give the schema that the tables say, and only known schemas are opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, inspect
from sqlmodel import select

from drill.engine.record import Outcome, State
from drill.errors import StoreError
from drill.store import SqlJournal, open_journal
from drill.store.mapping import new_values
from drill.store.migrate import HEAD, VERSION_TABLE
from drill.store.tables import DrillRow, StoreTable
from tests.builders import a_plan, a_record


def described(inspector: Any, table: str) -> dict[str, Any]:
    """Return everything about a table that has a name; autogenerate does not see it all."""

    def by_name(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(found, key=lambda one: str(one["name"]))

    return {
        "columns": [{**one, "type": str(one["type"])} for one in inspector.get_columns(table)],
        "primary key": inspector.get_pk_constraint(table),
        "foreign keys": by_name(inspector.get_foreign_keys(table)),
        "unique": by_name(inspector.get_unique_constraints(table)),
        "checks": by_name(inspector.get_check_constraints(table)),
        "indexes": by_name(inspector.get_indexes(table)),
    }


def test_the_migrations_give_the_schema_of_the_tables(journal: SqlJournal):
    fresh = create_engine("sqlite://")
    StoreTable.metadata.create_all(fresh)
    migrated, expected = inspect(journal._database.engine), inspect(fresh)

    tables = set(migrated.get_table_names()) - {VERSION_TABLE}

    assert tables == set(expected.get_table_names())
    for table in tables:
        assert described(migrated, table) == described(expected, table)
    fresh.dispose()


def test_autogenerate_finds_no_difference(journal: SqlJournal):
    with journal._database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )

        assert compare_metadata(context, StoreTable.metadata) == []


def test_every_guarded_table_has_its_triggers(raw: sqlite3.Connection):
    names = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type='trigger'")}

    kinds = ("no_update", "no_delete", "no_replace")
    guarded = (
        *("drill", "step", "journal", "check_result", "drill_line", "observed_source"),
        *("observation", "population", "nightly_sums", "exception", "exception_closing", "review"),
    )
    assert names == {f"{table}_{kind}" for table in guarded for kind in kinds} | {
        "drill_fixed",
        "drill_line_fixed",
        "step_fixed",
    }


def test_the_newest_migration_is_the_one_that_the_fast_path_knows():
    config = Config()
    config.set_main_option("script_location", "drill.store:migrations")

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_store_of_the_first_schema_is_brought_up_to_date_with_its_drills(tmp_path: Path):
    config = Config()
    config.set_main_option("script_location", "drill.store:migrations")
    engine = create_engine(f"sqlite:///{tmp_path / 'drill.db'}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    waiting = a_record(plan=a_plan(group="shop"))
    over = a_record(plan=a_plan(group="shop"), state=State.FINISHED, outcome=Outcome.PASSED)
    with engine.begin() as connection:
        first_columns = {one["name"] for one in inspect(connection).get_columns("drill")}
        for record in (waiting, over):
            values = new_values(record)
            values["copy"] = values.pop("copy_")
            known = {name: value for name, value in values.items() if name in first_columns}
            connection.execute(insert(DrillRow).values(known))
    engine.dispose()

    with open_journal("sqlite:///drill.db", folder=tmp_path) as journal:
        assert {record.id for record in journal.history()} == {waiting.id, over.id}
        with journal._database.reading() as session:
            groups = {row.id: row.plan_group for row in session.exec(select(DrillRow))}
    assert groups == {waiting.id: "shop", over.id: None}


def test_a_store_that_is_up_to_date_is_opened_again_with_its_drills(tmp_path: Path):
    with open_journal("sqlite:///drill.db", folder=tmp_path) as journal:
        (record,) = journal.enlist([a_record()])

    with open_journal("sqlite:///drill.db", folder=tmp_path) as journal:
        assert journal.history() == [record]


def test_a_schema_of_a_newer_tool_is_refused(raw: sqlite3.Connection, tmp_path: Path):
    raw.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")

    with pytest.raises(StoreError, match="schema 9999") as caught:
        open_journal("sqlite:///drill.db", folder=tmp_path)
    assert "upgrade" in (caught.value.hint or "")


def test_the_database_of_somebody_else_is_refused_and_left_alone(tmp_path: Path):
    with sqlite3.connect(tmp_path / "photos.db") as connection:
        connection.execute("CREATE TABLE photo (id INTEGER)")
    connection.close()

    with pytest.raises(StoreError, match="no store of drill"):
        open_journal("sqlite:///photos.db", folder=tmp_path)
    with sqlite3.connect(tmp_path / "photos.db") as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == [("photo",)]
