"""Let a copy of a base backup replay the log, and accept it only where it says where it stopped.

The checks are those of embedded.md, section 11: the target with its offset, the timeline of the
base backup, a paused server *and* its own word in the log that it stopped at the target.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from drill.sandbox.postgres.process import POLL_EVERY, RunningServer, last_complaint
from drill.sandbox.servers import RestoreFailed, ServerFault

RECOVERY_PATIENCE = timedelta(minutes=30)
"""How long replaying the log may take before it counts as hanging."""
PROMOTION_PATIENCE = timedelta(minutes=2)

_STOPPED_BEFORE = re.compile(
    r"recovery stopping before (?:commit|abort) of (?:prepared )?transaction \d+, "
    r"time (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\+00"
)
_STOPPED_CONSISTENT = "recovery stopping after reaching consistency"
_ENDED_EARLY = "recovery ended before configured recovery target was reached"
_DAMAGED = re.compile(
    r"(?:invalid magic number|unexpected pageaddr|incorrect resource manager data checksum"
    r"|invalid record length|invalid resource manager ID|record with incorrect prev-link"
    r"|invalid info bits|contrecord|WAL file is from different database system"
    r"|archive file \"[0-9A-F]{24}\" has wrong size)"
)
_PLAIN_REASONS = (
    ("No space left on device", "the disk of the target is full"),
    ("before consistent recovery point", "the restore time lies before the end of the base backup"),
    ("insufficient parameter settings", "the target has lower limits than the source"),
)


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a recovery is to stop, and how a failure to get there is put in words."""

    restore_time: datetime | None
    """None: where the base backup becomes consistent."""
    why_the_log_ends: Callable[[bool], str]
    """Says why the log did not reach that far; told whether the server found damage."""


def recover(server: RunningServer, stop: Stop, is_cancelled: Callable[[], bool]) -> None:
    """Wait until the server paused at the stop, check that it really did, and promote it.

    Raise RestoreFailed in plain words; the server is then still there to be stopped.
    """
    deadline = time.monotonic() + RECOVERY_PATIENCE.total_seconds()
    try:
        while not _is_paused(server):
            if not server.is_running():
                raise RestoreFailed(explain(server.said(), stop))
            if is_cancelled():
                raise RestoreFailed("the service is shutting down")
            if time.monotonic() > deadline:
                raise RestoreFailed(f"the log was not replayed within {RECOVERY_PATIENCE}")
            time.sleep(POLL_EVERY.total_seconds())
        _ensure_stopped_there(server, stop)
        _promote(server)
    except psycopg.Error as error:
        raise RestoreFailed(f"the recovering server failed: {type(error).__name__}") from error


def explain(said: str, stop: Stop) -> str:
    """Return in plain words why a recovering server ended, from what it said."""
    for sign, reason in _PLAIN_REASONS:
        if sign in said:
            return reason
    if _ENDED_EARLY in said:
        return stop.why_the_log_ends(_DAMAGED.search(said) is not None)
    return f"the log cannot be replayed: {last_complaint(said)}"


def _is_paused(server: RunningServer) -> bool:
    """Tell whether it waits to be looked at. Raise RestoreFailed where it went past its target."""
    if not server.is_ready():
        return False
    try:
        with server.connect() as connection:
            row = connection.execute(
                "SELECT pg_is_in_recovery(),"
                " CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END"
            ).fetchone()
    except psycopg.OperationalError:
        return False  # it ends, or is not yet consistent: the next look tells which
    if row is None or not row[0]:
        raise RestoreFailed("the recovery went to the end of the log without stopping")
    return bool(row[1] == "paused")


def _ensure_stopped_there(server: RunningServer, stop: Stop) -> None:
    """Hold the log of the server, and the last transaction in the copy, against the restore time.

    Raise RestoreFailed where either disagrees: a paused server alone proves nothing.
    """
    said = server.said()
    if stop.restore_time is None:
        if _STOPPED_CONSISTENT not in said:
            raise RestoreFailed("the server does not say that it stopped at the base backup")
        return
    found = _STOPPED_BEFORE.search(said)
    if found is None:
        raise RestoreFailed("the server does not say that it stopped at the restore time")
    next_at = datetime.fromisoformat(found.group(1)).replace(tzinfo=UTC)
    with server.connect() as connection:
        row = connection.execute("SELECT pg_last_xact_replay_timestamp()").fetchone()
    last_at = row[0] if row is not None else None
    if next_at <= stop.restore_time or (last_at is not None and last_at > stop.restore_time):
        raise RestoreFailed(
            f"the recovery stopped at the wrong place: between {last_at} and {next_at}"
        )


def _promote(server: RunningServer) -> None:
    """End the recovery: the copy goes on in a timeline of its own. Raise RestoreFailed."""
    deadline = time.monotonic() + PROMOTION_PATIENCE.total_seconds()
    with server.connect() as connection:
        connection.execute("SELECT pg_wal_replay_resume()")
        while time.monotonic() < deadline:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
            if row is not None and not row[0]:
                return
            time.sleep(POLL_EVERY.total_seconds())
    raise RestoreFailed("the restored copy did not become writable")


def as_restore_failure(error: ServerFault | OSError) -> RestoreFailed:
    """Return a fault on the way as the reason of a failed restore."""
    if isinstance(error, ServerFault):
        return RestoreFailed(str(error))
    text = error.strerror or str(error)
    if "No space left on device" in text:
        return RestoreFailed("the disk of the target is full")
    return RestoreFailed(f"the base backup cannot be copied: {text}")
