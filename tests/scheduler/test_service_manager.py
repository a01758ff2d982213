"""What systemd is told, over a real datagram socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from drill.scheduler.service_manager import ServiceManager


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Return the address of a socket as systemd opens one, and the socket."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(10)
        yield address, listening


def heard(listening: socket.socket) -> dict[str, str]:
    text = listening.recv(4096).decode()
    return dict(line.split("=", 1) for line in text.splitlines())


def test_it_is_told_ready_alive_and_stopping_each_with_a_status(ear):
    address, listening = ear
    manager = ServiceManager.of_environment({"NOTIFY_SOCKET": address})

    manager.ready("7 plans")
    manager.alive("8 plans")
    manager.stopping("ending")

    assert heard(listening) == {"READY": "1", "STATUS": "7 plans"}
    assert heard(listening) == {"WATCHDOG": "1", "STATUS": "8 plans"}
    assert heard(listening) == {"STOPPING": "1", "STATUS": "ending"}


def test_an_abstract_socket_is_found():
    name = f"drill-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.settimeout(10)

        ServiceManager.of_environment({"NOTIFY_SOCKET": f"@{name}"}).ready("up")

        assert heard(listening)["READY"] == "1"


def test_a_status_cannot_smuggle_in_another_assignment(ear):
    address, listening = ear

    ServiceManager(address).alive("plan\nREADY=1")

    assert heard(listening) == {"WATCHDOG": "1", "STATUS": "plan READY=1"}


def test_nobody_listening_stops_nothing(tmp_path):
    ServiceManager(None).ready("up")
    ServiceManager(str(tmp_path / "gone")).ready("up")


@pytest.mark.parametrize(
    ("environment", "watchdog"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "120000000"}, timedelta(minutes=2)),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}, timedelta(minutes=2)),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_that_of_this_process(environment, watchdog):
    assert ServiceManager.of_environment(environment).watchdog == watchdog
