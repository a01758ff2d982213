"""What the sandbox remembers: one SQLite file, so that a restart or a kill loses nothing."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drill.sandbox import simulated_names

_SCHEMA = """
create table if not exists instances (
    id text primary key, name text not null, status text not null,
    created_at text not null, updated_at text,
    engine text not null, version text not null, complete_version text not null,
    flavor text not null, volume_type text not null, volume_size integer not null,
    availability_zone text not null, region text not null,
    vpc_id text not null, subnet_id text not null, security_group_id text not null,
    port_asked integer not null, keep_days integer not null,
    backup_start_time text not null, backup_period text not null,
    admin_user text not null, tags text not null,
    simulated integer not null, writer integer not null,
    time_zone text not null default 'UTC', collation text not null default '');
create table if not exists backups (
    id text primary key, instance_id text not null, name text not null,
    description text not null, type text not null, status text not null,
    began_at text not null, ended_at text, size_kb integer not null,
    engine text not null, version text not null, volume_size integer not null,
    simulated integer not null default 0);
create table if not exists jobs (
    id text primary key, kind text not null, name text not null, status text not null,
    instance_id text not null, instance_name text not null,
    source_id text, backup_id text,
    created_at text not null, visible_at text not null, ended_at text,
    fail_reason text, public integer not null, simulated integer not null default 0);
create index if not exists jobs_of on jobs (instance_id);
create table if not exists accepted (
    kind text not null, target_id text not null, count integer not null,
    primary key (kind, target_id));
create index if not exists backups_newest on backups (instance_id, began_at desc, id);
create table if not exists job_details (job_id text primary key, details text not null);
create table if not exists task_details (job_id text primary key, details text not null);
create table if not exists recycled (
    id text primary key, name text not null, engine text not null, version text not null,
    created_at text not null, deleted_at text not null, retained_until text not null,
    volume_type text not null, volume_size integer not null);
create table if not exists offsite_policies (
    instance_id text not null, backup_type text not null, keep_days integer not null,
    destination_region text not null, destination_project_id text not null,
    since text not null, primary key (instance_id, backup_type));
create table if not exists client_tokens (
    token text primary key, request text not null, answer text not null, since text not null);
create table if not exists choices (name text primary key, value text not null);
create table if not exists tokens (
    digest text primary key, user text not null, in_project integer not null,
    expires_at text not null);
"""

_LATER_COLUMNS = {
    "instances": {
        "time_zone": "text not null default 'UTC'",
        "collation": "text not null default ''",
    },
    "backups": {"simulated": "integer not null default 0"},
    "jobs": {"simulated": "integer not null default 0"},
}


class State:
    """The state file. One connection, one transaction at a time."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.executescript(_SCHEMA + simulated_names.SCHEMA)
        self._add_columns()

    def _add_columns(self) -> None:
        """Add what a state file of an earlier release lacks."""
        for table, columns in _LATER_COLUMNS.items():
            rows = self._connection.execute(f"pragma table_info({table})")
            present = {row["name"] for row in rows}
            for name, kind in columns.items():
                if name not in present:
                    self._connection.execute(f"alter table {table} add column {name} {kind}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction: commit at the end, roll back on an error.

        Do nothing slow inside: everybody else waits.
        """
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
