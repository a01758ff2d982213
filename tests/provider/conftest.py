"""What the tests of the provider share: a clock, admissions, a client, and rude servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from drill.clock import ManualClock
from drill.guard.admission import (
    SEAL,
    AdmittedCreate,
    AdmittedDeletion,
    AdmittedReset,
    AdmittedRestore,
)
from drill.plan.config import Cloud
from drill.provider.rds.build import rds_provider
from drill.provider.rds.http import Patience
from drill.provider.rds.transport import ExchangeLimits
from drill.recovery.values import Backup, BackupKind, BackupPoint, Engine, TimePoint, Window

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
PROJECT = "0483b6b16e954cb88930a360d2c4e663"
SOURCE = "61879e6085bc44d1831b0ce62d988fd9in03"
TARGET = "d8e6ca5a624745bcb546a227aa3ae1cfin03"


class Samples:
    """Admissions and values that tests start from."""

    now = NOW
    project = PROJECT
    source = SOURCE
    target = TARGET
    restore_path = f"/v3.1/{PROJECT}/instances/recovery"
    instances_path = f"/v3/{PROJECT}/instances"
    password = SecretStr("hunter2-Password!")

    def backup(self, **changes) -> Any:
        """Return a complete backup of the source."""
        facts = {
            "id": "2f4ddb93-b901-4b08-93d8-1d2e472f30fe",
            "instance_id": SOURCE,
            "name": "nightly",
            "kind": BackupKind.AUTO,
            "status": "COMPLETED",
            "began_at": NOW - timedelta(hours=6),
            "ended_at": NOW - timedelta(hours=5),
            "engine": Engine.POSTGRESQL,
        }
        return Backup(**{**facts, **changes})

    def time_point(self) -> Any:
        """Return a restore time with milliseconds."""
        at = NOW - timedelta(minutes=10, milliseconds=-987)
        return TimePoint(restore_time=at, window=Window(NOW - timedelta(hours=5), NOW))

    def backup_point(self) -> Any:
        """Return a recovery point that is a backup."""
        return BackupPoint(backup=self.backup())

    def restore(self, **changes) -> Any:
        """Return the admission of a restore."""
        facts = {
            "seal": SEAL,
            "drill_id": "d1",
            "cloud": "here",
            "admitted_at": NOW,
            "source_id": SOURCE,
            "target_id": TARGET,
            "engine": Engine.POSTGRESQL,
            "point": self.time_point(),
        }
        return AdmittedRestore(**{**facts, **changes})

    def create(self, **changes) -> Any:
        """Return the admission of a creation."""
        facts = {
            "seal": SEAL,
            "drill_id": "d1",
            "cloud": "here",
            "admitted_at": NOW,
            "source_id": SOURCE,
            "point": self.time_point(),
            "instance_name": "drill-d1",
            "tags": {"drill-id": "d1"},
            "engine": Engine.POSTGRESQL,
            "version": "16",
            "flavor": "rds.pg.n1.large.2",
            "volume_type": "CLOUDSSD",
            "volume_gb": 40,
            "availability_zone": "eu-de-01",
            "vpc_id": "vpc-1",
            "subnet_id": "subnet-1",
            "security_group_id": "group-1",
        }
        return AdmittedCreate(**{**facts, **changes})

    def reset(self, **changes) -> Any:
        """Return the admission of a reset."""
        facts = {
            "seal": SEAL,
            "drill_id": "d1",
            "cloud": "here",
            "admitted_at": NOW,
            "target_id": TARGET,
            "engine": Engine.POSTGRESQL,
            "baseline": self.backup(
                id="base-1", instance_id=TARGET, name="empty", kind=BackupKind.MANUAL
            ),
        }
        return AdmittedReset(**{**facts, **changes})

    def deletion(self, **changes) -> Any:
        """Return the admission of a deletion."""
        facts = {
            "seal": SEAL,
            "drill_id": "d1",
            "cloud": "here",
            "admitted_at": NOW,
            "instance_id": TARGET,
            "instance_name": "drill-d1",
        }
        return AdmittedDeletion(**{**facts, **changes})

    def raw_instance(self, **changes) -> Any:
        """Return an instance as the API writes it."""
        facts = {
            "id": TARGET,
            "name": "scratch-1",
            "status": "ACTIVE",
            "created": "2026-01-01T02:33:49+0800",
            "datastore": {"type": "PostgreSQL", "version": "16", "complete_version": "16.4"},
            "volume": {"type": "CLOUDSSD", "size": "40"},
            "private_ips": ["192.168.0.142"],
            "port": "5432",
            "db_user_name": "root",
            "vpc_id": "vpc-1",
            "subnet_id": "subnet-1",
            "backup_strategy": {"start_time": "19:00-20:00", "keep_days": "7"},
            "charge_info": {"charge_mode": "postPaid"},
            "tags": [{"key": "drill-scratch", "value": "yes"}],
        }
        return {**facts, **changes}


@pytest.fixture
def samples() -> Samples:
    """Return the samples."""
    return Samples()


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands at NOW."""
    return ManualClock(NOW)


QUICK = Patience(
    attempts=4,
    total=timedelta(seconds=5),
    first_wait=timedelta(milliseconds=1),
    longest_wait=timedelta(milliseconds=2),
    jitter=timedelta(0),
    longest_retry_after=timedelta(seconds=2),
)

SECRETS = {
    "env:AK": "AKEXAMPLE0000000TEST",
    "env:SK": "hunter2-SecretKey",
    "env:TOKEN": "hunter2-SecurityToken",
    "env:PASSWORD": "hunter2-IamPassword",
    "env:AK2": "AKINPLACE000000TEST",
    "env:SK2": "hunter2-OtherSecretKey",
}

KEYS = {"kind": "keys", "access_key": "env:AK", "secret_key": "env:SK"}
PASSWORD = {"kind": "password", "user": "drill", "domain": "acme", "password": "env:PASSWORD"}


def cloud_settings(endpoint: str, **changes) -> Cloud:
    """Return the settings of a cloud on the loopback interface."""
    facts = {
        "kind": "sandbox",
        "region": "eu-de",
        "endpoint": endpoint,
        "iam_endpoint": endpoint,
        "project_id": PROJECT,
        "allow_loopback": True,
        "credentials": KEYS,
    }
    return Cloud.model_validate({**facts, **changes})


@pytest.fixture
def make_provider(clock) -> Iterator[Callable[..., object]]:
    """Return a function that makes a client for an endpoint; all are closed at the end."""
    made = []

    def make(
        endpoint: str, *, limits: ExchangeLimits | None = None, resolve=None, **changes
    ) -> Any:
        extra = {} if resolve is None else {"resolve_address": resolve}
        provider = rds_provider(
            "here",
            cloud_settings(endpoint, **changes),
            resolve=lambda reference: SECRETS.get(reference, reference),
            clock=clock,
            patience=QUICK,
            limits=limits
            or ExchangeLimits(
                connect=timedelta(seconds=1),
                read=timedelta(seconds=1),
                total=timedelta(seconds=2),
                body_bytes=200_000,
            ),
            **extra,
        )
        made.append(provider)
        return provider

    yield make
    for provider in made:
        provider.close()


@pytest.fixture
def provider(make_provider, httpserver) -> Any:
    """Return a client of the sandbox kind for the test server."""
    return make_provider(httpserver.url_for("").rstrip("/"))


class RudeServer:
    """Accepts connections and does to them what a test says."""

    def __init__(self, behave: Callable[[socket.socket, bytes], None]) -> None:
        self._behave = behave
        self.requests: list[bytes] = []
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(2)
            try:
                received = b""
                while b"\r\n\r\n" not in received:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    received += chunk
                self.requests.append(received)
                self._behave(connection, received)
            except OSError:
                return  # the client hung up, as it should

    def stop(self) -> None:
        """Stop, and wait for every thread."""
        self.stopped.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()


@pytest.fixture
def rude_server() -> Iterator[Callable[..., RudeServer]]:
    """Return a function that starts a rude server."""
    started = []

    def start(behave: Callable[[socket.socket, bytes], None]) -> RudeServer:
        server = RudeServer(behave)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
