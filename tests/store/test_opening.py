"""Where the store lies, who may read it, and what is said when it cannot be used."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import traceback
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from drill.errors import StoreError
from drill.store import SqlJournal, open_journal
from tests.builders import a_record, an_event


def test_a_missing_folder_is_made(tmp_path: Path):
    with open_journal("sqlite:///deep/er/drill.db", folder=tmp_path) as journal:
        journal.enlist([a_record()])

    assert (tmp_path / "deep" / "er" / "drill.db").is_file()


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path):
    with open_journal(f"sqlite:///{tmp_path}/here.db", folder=Path("/nowhere")):
        assert (tmp_path / "here.db").is_file()


def test_the_file_and_its_side_files_are_for_their_owner_alone(journal: SqlJournal, tmp_path: Path):
    journal.enlist([a_record()])

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {"drill.db": 0o600, "drill.db-wal": 0o600, "drill.db-shm": 0o600}


def test_every_connection_is_safe(journal: SqlJournal):
    with journal._database.engine.connect() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in (
                *("journal_mode", "busy_timeout", "foreign_keys", "synchronous"),
                "cache_size",
            )
        }

    assert values == {
        "journal_mode": "wal",
        "busy_timeout": 30_000,
        "foreign_keys": 1,
        "synchronous": 2,
        "cache_size": -256,
    }


def test_a_reader_does_not_wait_for_a_writer(journal: SqlJournal, raw: sqlite3.Connection):
    (record,) = journal.enlist([a_record()])
    raw.execute("BEGIN IMMEDIATE")
    raw.execute("UPDATE drill SET reason = 'not yet'")

    assert journal.history() == [record]
    raw.execute("ROLLBACK")


def test_a_file_that_is_no_database_is_named(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("Buy milk. " * 100)

    with pytest.raises(StoreError, match=r"notes\.txt is no SQLite database") as caught:
        open_journal("sqlite:///notes.txt", folder=tmp_path)
    assert caught.value.hint
    assert (tmp_path / "notes.txt").read_text() == "Buy milk. " * 100


@pytest.mark.parametrize("url", ["sqlite:///.", "sqlite:///file/below.db"])
def test_a_path_that_can_be_no_file_is_named(tmp_path: Path, url: str):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot be made") as caught:
        open_journal(url, folder=tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        *("sqlite://", "sqlite:///:memory:", "sqlite:///x.db?mode=ro", "drill.db", "", "://"),
        *("mysql://host/drill", "sqlite+aiosqlite:///x.db.gz?cache=shared"),
    ],
)
def test_other_urls_are_refused_with_an_example(tmp_path: Path, url: str):
    with pytest.raises(StoreError) as caught:
        open_journal(url, folder=tmp_path)
    assert "sqlite:///drill.db" in (caught.value.hint or "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    ["postgresql://drill:s3cr3t@127.0.0.1:1/drill", "postgresql//drill:s3cr3t@127.0.0.1/drill"],
)
def test_a_password_in_the_url_shows_up_nowhere(tmp_path: Path, url: str):
    with pytest.raises(StoreError) as caught:
        open_journal(url, folder=tmp_path, patience=timedelta(seconds=2))
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.hint)
    assert "s3cr3t" not in told


def test_a_lock_of_another_process_is_waited_for_and_then_named(
    journal: SqlJournal, raw: sqlite3.Connection, tmp_path: Path
):
    raw.execute("BEGIN IMMEDIATE")
    with open_journal(
        "sqlite:///drill.db", folder=tmp_path, patience=timedelta(milliseconds=20)
    ) as impatient:
        with pytest.raises(StoreError, match="locked by another process") as caught:
            impatient.enlist([a_record()])
        assert caught.value.hint
        raw.execute("ROLLBACK")
        assert impatient.enlist([a_record()])


def test_a_full_disk_is_named_and_nothing_is_half_written(journal: SqlJournal):
    (record,) = journal.enlist([a_record()])
    with journal._database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # that is: as large as it is now

    with pytest.raises(StoreError, match="disk is full") as caught:
        journal.save(record, [an_event(), an_event(facts={"text": "x" * 500_000})])

    assert "space" in (caught.value.hint or "")
    assert journal.find(record.id) == record
    assert len(journal.events_of(record.id)) == 1


def test_a_damaged_row_is_named_and_not_guessed(
    journal: SqlJournal, raw: sqlite3.Connection, tmp_path: Path
):
    (record,) = journal.enlist([a_record()])
    with closing(sqlite3.connect(tmp_path / "drill.db")) as connection, connection:
        connection.execute("UPDATE drill SET choice = '{}'")

    with pytest.raises(StoreError, match=f"drill {record.id} cannot be read"):
        journal.find(record.id)


def test_half_a_character_cannot_be_kept_and_is_no_traceback(journal: SqlJournal):
    (record,) = journal.enlist([a_record()])

    with pytest.raises(StoreError):
        journal.save(record, [an_event(facts={"text": "\ud800"})])
    assert len(journal.events_of(record.id)) == 1


def test_the_values_of_a_statement_show_up_in_no_fault(
    journal: SqlJournal, raw: sqlite3.Connection
):
    canary = "-".join(["canary", "4711"])
    raw.execute("DROP TABLE drill")

    with pytest.raises(StoreError, match="no such table") as caught:
        journal.enlist([a_record(reason=canary)])
    assert canary not in "".join(traceback.format_exception(caught.value))


WRITER = """
import sys
from contextlib import ExitStack
from pathlib import Path
from drill.store import open_journal

def held():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) / 1024

journal = open_journal("sqlite:///drill.db", folder=Path(sys.argv[1]))
with ExitStack() as stack:
    connections = [
        stack.enter_context(journal._database.engine.connect()) for _number in range(8)
    ]
    for connection in connections:
        connection.exec_driver_sql("ROLLBACK")
    before = held()
    for connection in connections:
        for number in range(20):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql(
                f"UPDATE drill SET reason = ? WHERE id = '{number}'", ("x" * 200_000,)
            )
            connection.exec_driver_sql("ROLLBACK")
    print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process holds")
def test_a_connection_keeps_nothing_of_the_large_values_that_it_wrote(tmp_path: Path):
    grown = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert float(grown.stdout) < 8  # megabytes, where all that was written is 32
