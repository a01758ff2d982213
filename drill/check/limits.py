"""How long and how much a checker may wait for and take from a copy that it does not trust."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that hold on our side of the connection, whatever the server does."""

    connect_timeout: timedelta = timedelta(seconds=10)
    """Time for one login; whole seconds, at least two (libpq knows no finer)."""
    login_timeout: timedelta = timedelta(seconds=5)
    """The same for ``why_unreachable``, which is asked again and again."""
    statement_timeout: timedelta = timedelta(seconds=30)
    """Time-out of the statements that belong to no check (``see_emptiness``)."""
    lock_timeout: timedelta = timedelta(seconds=5)
    """Wait for a lock that something inside the copy holds."""
    grace: timedelta = timedelta(seconds=5)
    """How long after the server's own time-out the connection is cut."""
    bytes_per_session: int = 64 * 1024 * 1024
    """Bytes that a server may send in one session (measured on Linux)."""
    rows_per_answer: int = 100_000
    """Rows of the catalogue that one question may return."""
    bytes_per_value: int = 1024 * 1024
    """Size of the one value that an sql check may return."""
