"""MariaDB instances outlive the service, kills, and the lack of rights."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from drill.sandbox.mariadb import MariadbServers, home
from drill.sandbox.mariadb.process import end_leftover
from drill.sandbox.postgres import launcher
from drill.sandbox.postgres.identity import Identity, Way, candidates
from tests.sandbox.mariadb_rows import (
    PASSWORD,
    make_table,
    mark,
    needs_mariadb,
    reaches,
    restore,
    rows,
)
from tests.sandbox.postgres_rows import eventually, roomy_memory

pytestmark = [pytest.mark.servers, needs_mariadb, pytest.mark.xdist_group("mariadb")]


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=roomy_memory()) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "root"


@contextmanager
def service(root: Path) -> Iterator[MariadbServers]:
    servers = MariadbServers(root, archive_every=timedelta(seconds=0.3))
    try:
        yield servers
    finally:
        servers.shutdown()


def process_of(root: Path, instance_id: str) -> int:
    (file,) = (root / instance_id).glob("eras/*/data/server.pid")
    return int(file.read_text())


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 15
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.02)


def test_rows_windows_and_the_port_survive_a_restart_and_a_killed_server(root):
    with service(root) as servers:
        servers.create("one", admin_user="root", password=PASSWORD)
        make_table(servers, "one")
        servers.take_backup("one", "first")
        mark(servers, "one", 1, 2)
        port = servers.port_of("one")

    with service(root) as servers:
        servers.start("one")
        assert servers.port_of("one") == port
        assert rows(servers, "one") == [1, 2]
        mark(servers, "one", 3)
        pid = process_of(root, "one")
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
        assert servers.port_of("one") is None

        servers.start("one")
        assert rows(servers, "one") == [1, 2, 3]
        ((_, at),) = mark(servers, "one", 4)
        eventually(partial(reaches, servers, "one", at))
        (window,) = servers.windows("one")  # the crash left no hole
        restore(servers, "one", "copy", restore_time=window.ends_at)
        assert rows(servers, "copy") == [1, 2, 3, 4]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the death signal of Linux")
def test_a_killed_service_takes_its_servers_with_it_and_the_next_one_goes_on(root):
    program = """
        import sys, threading
        from pathlib import Path
        from drill.sandbox.mariadb import MariadbServers
        from tests.sandbox.mariadb_rows import make_table, mark
        servers = MariadbServers(Path(sys.argv[1]))
        servers.create("one", admin_user="root", password=sys.argv[2])
        make_table(servers, "one")
        mark(servers, "one", 42)
        print("ready", flush=True)
        threading.Event().wait()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(root), PASSWORD],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            pid = process_of(root, "one")
        finally:
            process.kill()
    wait_until_gone(pid)

    with service(root) as servers:
        servers.start("one")
        assert rows(servers, "one") == [42]
    assert "Normal shutdown" in (root / "one/logs/server.log").read_text()


def test_what_a_killed_service_left_half_done_is_cleared(root):
    with service(root) as servers:
        servers.create("one", admin_user="root", password=PASSWORD)
    (root / "one/eras/2/data").mkdir(parents=True)
    (root / "one/backups/cut.partial/data").mkdir(parents=True)
    (root / "one/eras/1/data/server.pid").write_text(f"{os.getpid()}\n")  # not a server of it
    end_leftover(root / "one/eras/1/data")

    with service(root) as servers:
        servers.start("one")

    assert [era.name for era in (root / "one/eras").iterdir()] == ["1"]
    assert list((root / "one/backups").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_without_namespaces_runs_the_servers_as_an_unprivileged_user(root, monkeypatch):
    def without_namespaces() -> tuple[Identity, ...]:
        return tuple(one for one in candidates() if one.way is Way.SETUID)

    monkeypatch.setattr(home, "candidates", without_namespaces)
    with service(root) as servers:
        servers.create("one", admin_user="root", password=PASSWORD)
        make_table(servers, "one")
        servers.take_backup("one", "first")
        ((_, at),) = mark(servers, "one", 1)
        eventually(partial(reaches, servers, "one", at))

        restore(servers, "one", "two", restore_time=servers.windows("one")[-1].ends_at)

        assert rows(servers, "two") == [1]
        assert (root / "two/eras/1/data").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_runs_them_as_itself(root):
    nobody = next(one for one in candidates() if one.way is Way.SETUID)
    python = "/usr/bin/python3"  # ours may lie where nobody else can reach it
    probe = [python, "-I", "-S", "-c", "import sys; open(sys.argv[1]).close()", launcher.__file__]
    if not Path(python).exists() or subprocess.run(probe, user=nobody.uid, cwd="/").returncode:
        pytest.skip("an ordinary user cannot reach a Python or these sources here")
    root.mkdir()
    os.chown(root, nobody.uid, nobody.gid)
    child = os.fork()
    if child == 0:  # its own process: no way leads back to root
        code = 1
        try:
            os.setgroups([])
            os.setgid(nobody.gid)
            os.setuid(nobody.uid)
            sys.executable = python
            with service(root) as servers:
                servers.create("one", admin_user="root", password=PASSWORD)
                make_table(servers, "one")
                mark(servers, "one", 7)
                servers.take_backup("one", "first")
                restore(servers, "one", "two", backup_id="first")
                code = 0 if rows(servers, "two") == [7] else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert (root / "two/eras/1/data").stat().st_uid == nobody.uid
