"""Threads that keep a source alive: a heartbeat every half second, and now and then an order."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pymysql

from drill.sandbox import instances
from drill.sandbox.catalogue import ENGINE, MARIADB
from drill.sandbox.engines import Engines
from drill.sandbox.servers import Servers
from drill.sandbox.shop import ADD_HEARTBEAT, ADD_ORDER, DATABASE, WRITER_ROLE
from drill.sandbox.shop_mariadb import write_until
from drill.sandbox.state import State
from drill.sandbox.views import LOOPBACK

_logger = logging.getLogger(__name__)
_RETRY_SECONDS = 0.25


class Writers:
    """One thread for each source that is being written to."""

    def __init__(
        self,
        engines: Engines,
        *,
        password: str,
        heartbeat_every: timedelta,
        order_every: timedelta,
    ) -> None:
        self._engines = engines
        self._password = password
        self._heartbeat_every = heartbeat_every.total_seconds()
        self._order_every = order_every.total_seconds()
        self._threads: dict[str, threading.Thread] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()

    def resume(self, state: State) -> None:
        """Start a writer for every instance that the state marks."""
        with state.transaction() as connection:
            marked = [each for each in instances.every(connection) if each.writer]
        for instance in marked:
            self.start(instance.id, instance.engine)

    def start(self, instance_id: str, engine: str = ENGINE) -> None:
        """Start the writer of an instance; does nothing if it has one, or no server."""
        servers = self._engines.servers_of(engine)
        write = self._write_mariadb if engine == MARIADB else self._write
        with self._lock:
            if servers is None or instance_id in self._threads or self._stopping.is_set():
                return
            thread = threading.Thread(
                target=self._run,
                args=(instance_id, servers, write),
                name="sandbox-writer",
                daemon=True,
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

    def _run(self, instance_id: str, servers: Servers, write: Callable[[int], None]) -> None:
        """Write until the end; after a restart or a restore of the server, connect again."""
        while not self._stopping.is_set():
            port = servers.port_of(instance_id)
            if port is not None:
                try:
                    write(port)
                except (psycopg.OperationalError, pymysql.Error, OSError):
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

    def _write_mariadb(self, port: int) -> None:
        write_until(
            self._stopping,
            port=port,
            password=self._password,
            heartbeat_every=self._heartbeat_every,
            order_every=self._order_every,
        )
