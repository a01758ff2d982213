"""Threads that keep a source alive: a heartbeat every half second, and now and then an order."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

import psycopg

from drill.sandbox import instances
from drill.sandbox.servers import Servers
from drill.sandbox.shop import ADD_HEARTBEAT, ADD_ORDER, DATABASE, WRITER_ROLE
from drill.sandbox.state import State
from drill.sandbox.views import LOOPBACK

_logger = logging.getLogger(__name__)
_RETRY_SECONDS = 0.25


class Writers:
    """One thread for each source that is being written to."""

    def __init__(
        self,
        servers: Servers,
        *,
        password: str,
        heartbeat_every: timedelta,
        order_every: timedelta,
    ) -> None:
        self._servers = servers
        self._password = password
        self._heartbeat_every = heartbeat_every.total_seconds()
        self._order_every = order_every.total_seconds()
        self._threads: dict[str, threading.Thread] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()

    def resume(self, state: State) -> None:
        """Start a writer for every instance that the state marks."""
        with state.transaction() as connection:
            marked = [each.id for each in instances.every(connection) if each.writer]
        for instance_id in marked:
            self.start(instance_id)

    def start(self, instance_id: str) -> None:
        """Start the writer of an instance; does nothing if it has one."""
        with self._lock:
            if instance_id in self._threads or self._stopping.is_set():
                return
            thread = threading.Thread(
                target=self._run, args=(instance_id,), name="sandbox-writer", daemon=True
            )
            self._threads[instance_id] = thread
            thread.start()

    def stop(self) -> None:
        """End all writers."""
        self._stopping.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(10)

    def _run(self, instance_id: str) -> None:
        """Write until the end; after a restart or a restore of the server, connect again."""
        while not self._stopping.is_set():
            port = self._servers.port_of(instance_id)
            if port is not None:
                try:
                    self._write(port)
                except psycopg.OperationalError:
                    _logger.debug("the writer of %s connects again", instance_id)
                except psycopg.Error as error:
                    reason = error.diag.message_primary or type(error).__name__
                    _logger.warning("the writer of %s cannot write: %s", instance_id, reason)
            self._stopping.wait(_RETRY_SECONDS)

    def _write(self, port: int) -> None:
        with psycopg.connect(
            host=LOOPBACK,
            port=port,
            dbname=DATABASE,
            user=WRITER_ROLE,
            password=self._password,
            autocommit=True,
            connect_timeout=2,
            application_name="sandbox-writer",
            options="-c statement_timeout=5s",
        ) as connection:
            next_heartbeat = next_order = time.monotonic()
            while not self._stopping.is_set():
                connection.execute(ADD_HEARTBEAT)
                if time.monotonic() >= next_order:
                    connection.execute(ADD_ORDER)
                    next_order = time.monotonic() + self._order_every
                next_heartbeat = max(next_heartbeat + self._heartbeat_every, time.monotonic())
                self._stopping.wait(next_heartbeat - time.monotonic())
