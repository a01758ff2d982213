"""Opens the database of the store: where it is, how its connections behave, its transactions."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session

from drill.errors import StoreError, StoreUnavailable
from drill.store import dialects
from drill.store.faults import told_plainly

_EXAMPLES = (
    'Write store.url in config.toml like "sqlite:///drill.db", which is relative to config.toml, '
    'or like "postgresql://user@host/drill".'
)


class Database:
    """One database and its transactions. Threads may share it; processes open their own."""

    def __init__(self, engine: Engine, name: str, *, patience: timedelta) -> None:
        self.engine = engine
        self.name = name
        """What messages call it; without a password."""
        self._patience = patience
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else None
        self._alone = engine.execution_options(**{dialects.ALONE: True})
        self._reading = engine.execution_options(**dialects.reading_options(engine.dialect.name))

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose transaction is on disk afterwards. Raise StoreError."""
        with (
            told_plainly(self.name),
            self._in_turn(),
            Session(self.engine) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Give the connection of such a transaction alone: a session costs more than a short write.

        Raise StoreError.
        """
        with told_plainly(self.name), self._in_turn(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """Give a connection for one statement alone, which is on disk afterwards. Raise StoreError.

        A second statement would not be in the same transaction everywhere.
        """
        with told_plainly(self.name), self._in_turn(), self._alone.begin() as connection:
            yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Let the threads of this process write one after the other, where only one can anyway.

        SQLite itself would let them sleep and try again: most of the time nobody wrote then.
        """
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=self._patience.total_seconds()):
            raise StoreUnavailable(f"the store {self.name} is busy with another transaction")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees the store as it was at one moment. Raise StoreError."""
        with told_plainly(self.name), Session(self._reading) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_database(url: str, *, folder: Path, patience: timedelta) -> Database:
    """Return the database of a URL; a missing SQLite file is made, readable by its owner alone.

    ``patience`` is how long a transaction waits for a lock. Raise StoreError.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text is not repeated, nor its cause: there may be a password in it.
        raise StoreError("store.url is no database URL", hint=_EXAMPLES) from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"there is no store on {parsed.get_backend_name()}", hint=_EXAMPLES)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, folder, patience)
    parsed = parsed.set(drivername="postgresql+psycopg")
    name = parsed.render_as_string(hide_password=True)
    return Database(_make_engine(parsed, patience), name, patience=patience)


def _open_sqlite(url: URL, folder: Path, patience: timedelta) -> Database:
    if not url.database or url.database == ":memory:" or url.query:
        raise StoreError("store.url names no file: the store must outlive a drill", hint=_EXAMPLES)
    path = (folder / url.database).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _ensure_private_file(path)
    except OSError as error:
        raise StoreError(
            f"the store {path} cannot be made: {(error.strerror or 'no reason given').lower()}",
            hint="Check store.url in config.toml, the folder, and who may write into it.",
        ) from error
    located = URL.create("sqlite", database=str(path))
    return Database(_make_engine(located, patience), str(path), patience=patience)


def _ensure_private_file(path: Path) -> None:
    """Make the file with mode 0600 if there is none; SQLite gives its side files the same mode."""
    if path.is_dir():
        raise IsADirectoryError(21, "it is a folder")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


def _make_engine(url: URL, patience: timedelta) -> Engine:
    dialect = url.get_backend_name()
    engine = create_engine(
        url,
        connect_args=dialects.connect_arguments(dialect, patience=patience),
        hide_parameters=True,  # values never show up in an error
        max_overflow=-1,  # the number of workers is limited elsewhere
    )
    dialects.prepare(engine)
    return engine
