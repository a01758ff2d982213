"""docs/store.md says what is so: its queries run, its tables exist, its backup is a store."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from drill.store import SqlJournal, open_journal
from drill.store.migrate import VERSION_TABLE
from drill.store.tables import StoreTable
from tests.builders import a_choice, a_record

PAGE = (Path(__file__).parents[2] / "docs" / "store.md").read_text()
QUERIES = [
    query.strip()
    for block in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    for query in block.split(";")
    if query.strip()
]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_of_the_page_runs(raw: sqlite3.Connection, query: str):
    raw.execute(query)


def test_every_table_is_on_the_page(journal: SqlJournal):
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE.split("Some columns")[0], re.MULTILINE))

    assert named == {*StoreTable.metadata.tables, VERSION_TABLE}


def test_every_column_that_the_page_names_exists(journal: SqlJournal):
    section = PAGE.split("Some columns")[1].split("Instants are")[0]
    first_cells = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}

    assert named
    assert named <= set(StoreTable.metadata.tables["drill"].columns.keys())


def test_a_copy_made_as_the_page_says_is_a_store(
    journal: SqlJournal, raw: sqlite3.Connection, tmp_path: Path
):
    (record,) = journal.enlist([a_record(choice=a_choice())])

    raw.execute("VACUUM INTO ?", [str(tmp_path / "copy.db")])

    with open_journal("sqlite:///copy.db", folder=tmp_path) as copy:
        assert copy.history() == [record]
        assert copy.events_of(record.id) == journal.events_of(record.id)
