"""The serving of a state folder: files, lock, loopback, stopping."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from drill.sandbox.folder import FolderInUse
from drill.sandbox.serve import ServeInfo, ServeRefused, is_served, serve
from drill.sandbox.web import WebFault
from tests.sandbox.client import eventually
from tests.sandbox.conftest import QUICK
from tests.sandbox.fake_servers import FakeServers

FILES = (
    "endpoint",
    "project-id",
    "access-key",
    "secret-key",
    "user",
    "domain",
    "password",
    "check-password",
    "scratch-password",
    "admin-token",
    "ready",
)


@contextmanager
def served(state: Path, servers: FakeServers) -> Iterator[ServeInfo]:
    stop, infos = threading.Event(), list[ServeInfo]()
    thread = threading.Thread(
        target=serve,
        args=(state,),
        kwargs={"servers": servers, "stop": stop, "ready": infos.append, "settings": QUICK},
    )
    thread.start()
    try:
        yield eventually(lambda: infos[0] if infos else None)
    finally:
        stop.set()
        thread.join(20)


def test_the_state_folder_tells_how_to_come_in(tmp_path, servers):
    state = tmp_path / "state"
    with served(state, servers) as info:
        for name in FILES:
            assert (state / name).stat().st_mode & 0o777 == 0o600, name
        assert (state / "endpoint").read_text().strip() == info.endpoint
        assert info.endpoint.startswith("http://127.0.0.1:")
        assert requests.get(info.endpoint, timeout=10).json()["versions"]
        kept = {name: (state / name).read_text() for name in FILES[1:-1]}
        assert is_served(state)

    assert not (state / "endpoint").exists()
    assert not (state / "ready").exists()
    assert not is_served(state)
    assert servers.is_shut_down
    with served(state, servers):
        assert {name: (state / name).read_text() for name in kept} == kept


def test_a_second_service_in_the_same_folder_is_refused_and_disturbs_nothing(tmp_path, servers):
    with served(tmp_path, servers) as info:
        with pytest.raises(FolderInUse):
            serve(tmp_path, servers=FakeServers())
        assert (tmp_path / "endpoint").read_text().strip() == info.endpoint


@pytest.mark.parametrize("host", ["*", "::", "192.168.0.1", "example.org", ""])
def test_other_hosts_than_the_loopback_are_refused(tmp_path, servers, host):
    with pytest.raises(ServeRefused, match="loopback"):
        serve(tmp_path / "state", host=host, servers=servers)
    assert not (tmp_path / "state").exists()


def test_an_unknown_personality_is_refused(tmp_path, servers):
    with pytest.raises(ServeRefused, match="personality"):
        serve(tmp_path, personality="aws", servers=servers)


def test_a_port_that_is_taken_is_a_plain_error_and_the_lock_is_free_again(tmp_path, servers):
    with served(tmp_path / "one", servers) as info:
        port = int(info.endpoint.rsplit(":", 1)[1])
        with pytest.raises(WebFault, match="cannot be used"):
            serve(tmp_path / "two", port=port, servers=FakeServers())
    assert not is_served(tmp_path / "two")


PROGRAM = """
import sys
from pathlib import Path
from drill.sandbox.serve import serve
from tests.sandbox.fake_servers import FakeServers
serve(Path(sys.argv[1]), servers=FakeServers())
print("stopped in order")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_service_in_order(tmp_path, number):
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        eventually((tmp_path / "ready").exists)
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert output == "stopped in order\n"
    assert not (tmp_path / "ready").exists()


def test_a_killed_service_leaves_a_folder_that_can_be_served_again(tmp_path, servers):
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    eventually((tmp_path / "ready").exists)
    process.kill()
    process.wait()

    with served(tmp_path, servers) as info:
        assert (tmp_path / "endpoint").read_text().strip() == info.endpoint
