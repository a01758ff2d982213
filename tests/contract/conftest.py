"""The journals that have to keep the contract."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drill.engine.memory import MemoryJournal
from drill.engine.ports import Journal
from drill.store import open_journal

POSTGRESQL = "DRILL_TEST_POSTGRESQL"
"""An empty database to run the same tests on, such as postgresql://user@host/drill."""


@pytest.fixture(params=["memory", "sqlite", *(["postgresql"] if POSTGRESQL in os.environ else [])])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    url = "sqlite:///drill.db"
    if request.param == "postgresql":
        url = os.environ[POSTGRESQL]
        _empty(url)
    with open_journal(url, folder=tmp_path) as kept:
        yield kept


def _empty(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
