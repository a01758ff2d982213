"""PostgreSQL servers outlive restarts, never a killed service, and run as any user."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from drill.sandbox.postgres import PostgresServers, home
from drill.sandbox.postgres.identity import Identity, Way, candidates
from drill.sandbox.servers import ServerFault
from tests.sandbox.postgres_rows import roomy_memory

pytestmark = pytest.mark.servers

PASSWORD = "quiet"


@pytest.fixture
def root(monkeypatch) -> Iterator[Path]:
    """A folder for the servers; what they put into the temporary folder must be gone at the end."""
    with tempfile.TemporaryDirectory(dir=roomy_memory()) as folder:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        for passable in (Path(folder), temporary):
            passable.chmod(0o711)
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        monkeypatch.setenv("TMPDIR", str(temporary))
        yield Path(folder) / "root"
        assert list(temporary.iterdir()) == []


@contextmanager
def service(root: Path) -> Iterator[PostgresServers]:
    servers = PostgresServers(root, archive_every=timedelta(seconds=1))
    try:
        yield servers
    finally:
        servers.shutdown()


def sql(port: int | None, statement: str) -> list[tuple[object, ...]]:
    with closing(
        psycopg.connect(
            host="127.0.0.1",
            port=port,
            user="root",
            password=PASSWORD,
            dbname="postgres",
            autocommit=True,
        )
    ) as connection:
        cursor = connection.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def postmaster(root: Path, instance_id: str) -> int | None:
    """Return the process id in the lock file of an instance."""
    for lock in (root / instance_id).glob("eras/*/data/postmaster.pid"):
        return int(lock.read_text().splitlines()[0])
    return None


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 15
    while not is_gone(pid):
        assert time.monotonic() < deadline, "the server still runs after 15 s"
        time.sleep(0.02)


def test_data_backups_and_the_port_survive_a_restart_of_the_service(root):
    with service(root) as servers:
        servers.create("one", admin_user="root", password=PASSWORD)
        servers.take_backup("one", "first")
        sql(servers.port_of("one"), "CREATE TABLE kept AS SELECT 42 AS id")
        sql(servers.port_of("one"), "CREATE TABLE later AS SELECT 43 AS id")
        port, lock = servers.port_of("one"), postmaster(root, "one")
    assert lock is not None
    assert is_gone(lock)
    assert servers.port_of("one") is None

    with service(root) as servers:
        servers.start("one")
        servers.start("one")
        assert servers.port_of("one") == port
        assert sql(port, "SELECT id FROM kept") == [(42,)]
        (window,) = servers.windows("one")
        servers.restore(
            source_id="one",
            target_id="two",
            restore_time=window.ends_at,
            admin_user="root",
            password=None,
        )
        assert sql(servers.port_of("two"), "SELECT id FROM kept") == [(42,)]
        servers.stop("one")
        servers.stop("one")
        assert servers.port_of("one") is None
        with pytest.raises(ServerFault, match="does not run"):
            servers.take_backup("one", "second")
        servers.destroy("one")
        servers.destroy("one")
        servers.destroy("two")

    assert {path.name for path in root.iterdir()} == {"service.lock"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the death signal of Linux")
def test_a_killed_service_takes_its_servers_with_it_and_the_next_one_goes_on(root):
    program = """
        import sys, threading
        from pathlib import Path
        from drill.sandbox.postgres import PostgresServers
        servers = PostgresServers(Path(sys.argv[1]))
        worker = threading.Thread(
            target=servers.create, args=("one",),
            kwargs={"admin_user": "root", "password": "quiet"},
        )
        worker.start()
        worker.join()
        sys.stdout.write(f"{servers.port_of('one')}\\n")
        sys.stdout.flush()
        threading.Event().wait()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(root)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            pid = postmaster(root, "one")
            assert pid is not None
            # It was started on behalf of a thread that has ended, and must live on.
            sql(port, "CREATE TABLE kept AS SELECT 42 AS id")
            with pytest.raises(ServerFault, match="in use by another service"):
                PostgresServers(root)
        finally:
            process.kill()
    wait_until_gone(pid)

    with service(root) as servers:
        servers.start("one")
        assert sql(servers.port_of("one"), "SELECT id FROM kept") == [(42,)]
    log = (root / "one/logs/server.log").read_text()
    assert "received fast shutdown request" in log
    assert "was not properly shut down" not in log


def test_a_server_that_was_killed_is_not_called_running_and_recovers(root):
    with service(root) as servers:
        servers.create("one", admin_user="root", password=PASSWORD)
        sql(servers.port_of("one"), "CREATE TABLE kept AS SELECT 42 AS id")
        pid = postmaster(root, "one")
        assert pid is not None

        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)

        assert servers.port_of("one") is None
        servers.start("one")
        assert sql(servers.port_of("one"), "SELECT id FROM kept") == [(42,)]


def test_what_a_killed_service_left_half_done_is_cleared(root):
    with service(root) as servers:
        servers.create("one", admin_user="root", password=PASSWORD)
    (root / "one/eras/2/data").mkdir(parents=True)
    (root / "one/backups/cut.partial/data").mkdir(parents=True)
    (root / "half/eras/1/data").mkdir(parents=True)
    (root / "one/eras/1/data/postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")

    with service(root) as servers:
        servers.start("one")
        servers.create("half", admin_user="root", password=PASSWORD)
        assert sql(servers.port_of("half"), "SELECT 1") == [(1,)]

    assert [era.name for era in (root / "one/eras").iterdir()] == ["1"]
    assert list((root / "one/backups").iterdir()) == []


def test_a_port_that_somebody_took_is_replaced(root):
    with service(root) as servers, socket.socket() as thief:
        servers.create("one", admin_user="root", password=PASSWORD)
        taken = servers.port_of("one")
        servers.stop("one")
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", taken))
        thief.listen()

        servers.start("one")

        assert servers.port_of("one") not in (None, taken)
        assert sql(servers.port_of("one"), "SELECT 1") == [(1,)]


def test_shutting_down_waits_for_what_is_under_way_and_refuses_the_rest(root):
    with service(root) as servers:
        servers.create("one", admin_user="root", password=PASSWORD)
        servers.take_backup("one", "first")
        outcome: list[BaseException | None] = []

        def restore() -> None:
            try:
                servers.restore(
                    source_id="one",
                    target_id="two",
                    backup_id="first",
                    admin_user="root",
                    password=None,
                )
            except Exception as error:  # noqa: BLE001 - the test looks at it below
                outcome.append(error)
            else:
                outcome.append(None)

        worker = threading.Thread(target=restore)
        worker.start()
        time.sleep(0.1)
        servers.shutdown()
        worker.join()

        assert len(outcome) == 1
        assert outcome[0] is None or "shutting down" in str(outcome[0])
        assert postmaster(root, "two") is None
        with pytest.raises(ServerFault, match="shutting down"):
            servers.start("one")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_without_user_namespaces_becomes_an_unprivileged_user(root, monkeypatch):
    def without_namespaces() -> tuple[Identity, ...]:
        return tuple(one for one in candidates() if one.way is Way.SETUID)

    monkeypatch.setattr(home, "candidates", without_namespaces)
    with service(root) as servers:
        servers.create("one", admin_user="root", password=PASSWORD)
        servers.take_backup("one", "first")
        sql(servers.port_of("one"), "CREATE TABLE kept AS SELECT 42 AS id")
        servers.restore(
            source_id="one",
            target_id="two",
            backup_id="first",
            admin_user="root",
            password="quiet",
        )
        assert sql(servers.port_of("two"), "SELECT to_regclass('kept')") == [(None,)]
        assert (root / "two/eras/1/data").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_no_user_of_servers_can_reach_is_refused_with_a_hint(monkeypatch):
    def without_namespaces() -> tuple[Identity, ...]:
        return tuple(one for one in candidates() if one.way is Way.SETUID)

    monkeypatch.setattr(home, "candidates", without_namespaces)
    with (
        tempfile.TemporaryDirectory() as parent,  # mode 0700
        pytest.raises(ServerFault, match="use a folder that an unprivileged user can reach"),
    ):
        PostgresServers(Path(parent) / "root")
