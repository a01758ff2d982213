"""Turns what a database or its driver says into one plain sentence and one advice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from drill.errors import StoreError, StoreUnavailable

_SQLITE = {
    "SQLITE_BUSY": (
        "is locked by another process",
        "Wait until the other process has finished, or find out which one has the file open.",
    ),
    "SQLITE_FULL": (
        "cannot be written: its disk is full",
        "Free some space and start again: unfinished drills go on where they stopped.",
    ),
    "SQLITE_NOTADB": (
        "is no SQLite database",
        "Point store.url in config.toml at another file, or restore the store from its backup.",
    ),
    "SQLITE_CORRUPT": (
        "is damaged",
        "Keep the file for examination and restore the store from its backup.",
    ),
    "SQLITE_READONLY": (
        "cannot be written",
        "Give the account that runs drill write permission on the file and on its folder.",
    ),
    "SQLITE_CANTOPEN": (
        "cannot be opened",
        "Check that the file and its folder exist and that this account may write them.",
    ),
    "SQLITE_IOERR": (
        "cannot be read or written: the disk reports an error",
        "Check the disk. The store has to lie on a local disk, not on a network share.",
    ),
}
_SQLITE["SQLITE_LOCKED"] = _SQLITE["SQLITE_BUSY"]
_SQLITE["SQLITE_PERM"] = _SQLITE["SQLITE_READONLY"]

_LASTING = (_SQLITE["SQLITE_NOTADB"], _SQLITE["SQLITE_CORRUPT"])
"""What does not pass by itself; everything else that is known may."""

_READ_ONLY = (
    "takes no writes now",
    "A database server that is full, or a standby, can be read only: look which one answers.",
)

_SQLSTATE = {
    "53100": _SQLITE["SQLITE_FULL"],
    "55P03": _SQLITE["SQLITE_BUSY"],
    "25006": _READ_ONLY,
}

_UNREACHABLE = (
    "cannot be reached",
    "Check store.url in config.toml, and that the database server is running.",
)


@contextmanager
def told_plainly(name: str) -> Iterator[None]:
    """Raise StoreError in the place of what the database says about the store of this name."""
    try:
        yield
    except SQLAlchemyError as error:
        raise store_error(name, error) from error
    except (UnicodeError, OverflowError) as error:
        raise StoreError(f"the store {name} cannot keep a value: {error}") from error


def store_error(name: str, error: SQLAlchemyError) -> StoreError:
    """Return the plain fault: StoreUnavailable where it may pass by itself.

    It quotes the first line at most: a detail line may show values.
    """
    cause = error.orig if isinstance(error, DBAPIError) else None
    if cause is None:
        return StoreError(f"the store {name} refused: {type(error).__name__}")
    if (known := _known(error, cause)) is not None:
        kind = StoreError if known in _LASTING else StoreUnavailable
        return kind(f"the store {name} {known[0]}", hint=known[1])
    return StoreError(f"the store {name} refused: {''.join(str(cause).splitlines()[:1])}")


def _known(error: SQLAlchemyError, cause: BaseException) -> tuple[str, str] | None:
    code = str(getattr(cause, "sqlite_errorname", None) or "")
    for beginning, words in _SQLITE.items():
        if code.startswith(beginning):  # extended codes only add to the name
            return words
    state = getattr(cause, "sqlstate", None)
    if state in _SQLSTATE:
        return _SQLSTATE[state]
    is_cut = isinstance(error, DBAPIError) and error.connection_invalidated
    is_away = isinstance(error, OperationalError) and not code
    return _UNREACHABLE if is_cut or is_away else None
