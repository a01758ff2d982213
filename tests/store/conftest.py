"""A store on disk, and a look into it that goes around the package."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drill.store import SqlJournal, open_journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    with open_journal("sqlite:///drill.db", folder=tmp_path) as kept:
        yield kept


@pytest.fixture
def raw(journal: SqlJournal, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection as the sqlite3 shell makes it: foreign keys are not even on."""
    with closing(sqlite3.connect(tmp_path / "drill.db", isolation_level=None)) as connection:
        yield connection
