"""Servers that are late, go away, lie or never answer cost one answer and nothing more."""

from __future__ import annotations

import contextlib
import signal
import socket
import struct
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from drill.check.limits import Limits
from drill.check.mysql.settings import session_settings
from drill.check.mysql.version import parse_version
from drill.check.port import CheckAnswer, CheckResult
from drill.check.prober import SqlProber
from drill.plan.model import Check, ConnectsCheck, RowCountCheck, SqlCheck
from drill.recovery.values import Engine
from tests.check.conftest import QUICK

pytestmark = pytest.mark.servers

NO_DATA = CheckAnswer.NO_DATA
CONNECTS: tuple[str, Check] = ("after", ConnectsCheck(kind="connects"))
HOME = "information_schema"


def sleeping(span: timedelta, timeout: timedelta) -> tuple[str, Check]:
    query = f"SELECT sleep({span.total_seconds()})"
    return "sleeping", SqlCheck(kind="sql", query=query, expected=0, timeout=timeout)


def wait_for_sleeper(server) -> int:
    query = "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT sleep(%'"
    for _ in range(500):
        found = server.ask(query)
        if found is not None:
            return int(found)
        time.sleep(0.01)
    raise AssertionError("the check never began")


def test_a_statement_that_takes_too_long_is_no_data_and_the_next_check_is_asked(server, context):
    checks = [sleeping(timedelta(seconds=20), timedelta(milliseconds=150)), CONNECTS]

    late, after = SqlProber(limits=QUICK).run(checks, server.endpoint(HOME), context)

    assert (late.answer, "1969" in late.reason, "150ms" in late.reason) == (NO_DATA, True, True)
    assert late.duration < timedelta(seconds=5)
    assert after.answer is CheckAnswer.PASSED


def test_a_lock_inside_the_copy_is_waited_for_only_so_long(server, context):
    check = RowCountCheck(kind="row_count", table="shop.empty", at_least=0)
    limits = replace(QUICK, lock_timeout=timedelta(milliseconds=100))

    with contextlib.closing(server.connect("shop")) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLES empty WRITE")
        [result] = SqlProber(limits=limits).run([("a", check)], server.endpoint(HOME), context)

    assert (result.answer, "1205" in result.reason) == (NO_DATA, True), result


@pytest.mark.parametrize(("how", "word"), [("KILL", "lost"), ("KILL QUERY", "")])
def test_a_check_that_is_killed_does_not_sink_the_other_checks(server, context, how, word):
    checks = [sleeping(timedelta(seconds=20), timedelta(seconds=20)), CONNECTS]
    results: list[CheckResult] = []
    asking = threading.Thread(
        target=lambda: results.extend(
            SqlProber(limits=QUICK).run(checks, server.endpoint(HOME), context)
        )
    )

    asking.start()
    server.do(f"{how} {wait_for_sleeper(server)}")
    asking.join(timeout=10)

    assert [result.answer for result in results][1] is CheckAnswer.PASSED
    assert results[0].answer is not CheckAnswer.PASSED
    assert word in results[0].reason


def test_a_server_that_dies_in_the_middle_is_no_data_for_all_that_follows(fresh_server, context):
    checks = [sleeping(timedelta(seconds=20), timedelta(seconds=20)), CONNECTS]
    results: list[CheckResult] = []
    endpoint = fresh_server.endpoint(HOME)
    asking = threading.Thread(
        target=lambda: results.extend(SqlProber(limits=QUICK).run(checks, endpoint, context))
    )

    asking.start()
    wait_for_sleeper(fresh_server)
    fresh_server.stop(signal.SIGKILL)
    asking.join(timeout=10)

    assert [result.answer for result in results] == [NO_DATA, NO_DATA]
    assert results[1].reason.startswith(("connection refused", "hung up", "not up"))
    assert SqlProber(limits=QUICK).see_emptiness(endpoint).is_empty is None


def test_why_unreachable_tells_a_wrong_password_from_a_server_that_is_not_there(
    server, rogue, tmp_path
):
    prober = SqlProber(limits=QUICK)
    right = server.endpoint("shop")
    silent = rogue(hold)

    assert prober.why_unreachable(right) is None
    assert prober.why_unreachable(replace(right, engine=Engine.MYSQL)) is None
    for endpoint, beginning in (
        (replace(right, password=SecretStr("wrong")), "authentication failed"),
        (replace(right, user="nobody-there"), "authentication failed"),
        (replace(right, user="outsider"), "authentication failed"),
        (replace(right, port=1), "connection refused"),
        (replace(right, tls="require"), "no TLS"),
        (replace(right, database="no_such"), "the copy has no database"),
        (replace(silent.endpoint, engine=Engine.MYSQL), "timed out"),
        (replace(right, host="no-such-host.invalid", tls="require"), "unknown host"),
        (replace(right, host="db.example.com"), "TLS may be off on the loopback"),
        (replace(right, host="/tmp"), "the provider named no host"),
        (replace(right, tls="verify", ca_file=str(tmp_path / "none")), "the file of the authority"),
    ):
        assert (prober.why_unreachable(endpoint) or "").startswith(beginning), beginning


def test_the_version_is_read_as_each_server_spells_it():
    for text, shown, setting in (
        ("5.5.5-10.11.19-MariaDB-0+deb12u1", "10.11.19 (MariaDB)", "tx_read_only"),
        ("11.4.2-MariaDB", "11.4.2 (MariaDB)", "transaction_read_only"),
        ("8.0.36-240600", "8.0.36", "transaction_read_only"),
        ("5.6.51-log", "5.6.51", "tx_read_only"),
    ):
        version = parse_version(text)
        assert version is not None
        assert (str(version), version.read_only_setting) == (shown, setting)
    assert parse_version("hello") is None


def test_each_server_is_told_its_own_time_out():
    timeout = timedelta(milliseconds=1500)
    found = {}
    for text in ("10.11.19-MariaDB", "8.0.36", "5.7.44", "5.6.51"):
        version = parse_version(text)
        assert version is not None
        settings = session_settings(version, QUICK, timeout)
        found[text] = {name: settings[name] for name in settings if name.startswith("max_")}

    assert found == {
        "10.11.19-MariaDB": {"max_statement_time": "1.500000"},
        "8.0.36": {"max_execution_time": "1500"},
        "5.7.44": {"max_execution_time": "1500"},
        "5.6.51": {},
    }


# --- servers that misbehave ---------------------------------------------------------------------


def packet(number: int, body: bytes) -> bytes:
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


def read_packet(connection: socket.socket) -> bytes:
    head = connection.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        raise OSError("the client hung up")
    return connection.recv(int.from_bytes(head[:3], "little"), socket.MSG_WAITALL)


def hold(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


OK = b"\0\0\0\x02\0\0\0"
END = b"\xfe\0\0\x02\0"


def greet(connection: socket.socket, plugin: bytes = b"mysql_native_password") -> bytes:
    body = b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"12345678\0"
    flags = 0x000FF7FF & ~0x800 & ~0x20
    body += struct.pack("<HBHHB", flags & 0xFFFF, 45, 2, flags >> 16, 21) + bytes(10)
    connection.sendall(packet(0, body + b"123456789012\0" + plugin + b"\0"))
    return read_packet(connection)


def let_in(connection: socket.socket) -> None:
    greet(connection)
    connection.sendall(packet(2, OK))
    for _ in ("names", "autocommit"):
        read_packet(connection)
        connection.sendall(packet(1, OK))


def fall_silent(connection: socket.socket) -> None:
    let_in(connection)
    hold(connection)


def column(number: int) -> bytes:
    body = b"\3def\0\0\0\1x\0\x0c" + struct.pack("<HIBHB", 45, 255, 253, 0, 0) + b"\0\0"
    return packet(number, body)


def answer_without_end(connection: socket.socket) -> None:
    let_in(connection)
    read_packet(connection)
    connection.sendall(packet(1, b"\1") + column(2) + packet(3, END))
    number = 4
    while True:
        connection.sendall(packet(number % 256, b"\xfd\x50\xc3\x00" + b"x" * 50_000))
        number += 1


def answer_that_it_writes(connection: socket.socket) -> None:
    let_in(connection)
    for _ in range(3):
        read_packet(connection)
        connection.sendall(packet(1, OK))
    read_packet(connection)
    connection.sendall(
        packet(1, b"\1") + column(2) + packet(3, END) + packet(4, b"\x010") + packet(5, END)
    )
    hold(connection)


def speak_nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 10)
    hold(connection)


def send_a_broken_answer(connection: socket.socket) -> None:
    let_in(connection)
    read_packet(connection)
    connection.sendall(packet(1, b"\xfc") + packet(2, b"\xff"))
    hold(connection)


@pytest.mark.parametrize(
    ("behave", "word"),
    [
        (hold, "timed out"),
        (lambda connection: None, "hung up"),
        (speak_nonsense, ""),
        (send_a_broken_answer, ""),
        (fall_silent, "did not answer within"),
        (answer_without_end, "sent more than"),
        (answer_that_it_writes, "read-only"),
    ],
    ids=["silent", "hangs-up", "nonsense", "broken", "mute", "endless", "writes"],
)
def test_a_rogue_server_costs_a_bounded_time_and_amount(rogue, context, behave, word):
    endpoint = replace(rogue(behave).endpoint, engine=Engine.MYSQL)
    check = ConnectsCheck(kind="connects", timeout=timedelta(milliseconds=700))
    limits: Limits = replace(QUICK, bytes_per_session=1_000_000)
    began = time.monotonic()

    [result] = SqlProber(limits=limits).run([("a", check)], endpoint, context)

    assert (result.answer, word in result.reason) == (NO_DATA, True), result
    assert "drill itself failed" not in result.reason
    assert time.monotonic() - began < 5
    assert "pass-word-that-stays-here" not in repr(result)


@pytest.mark.parametrize("questions_before", [0, 1, 3])
def test_a_server_that_asks_for_a_local_file_gets_none(rogue, context, tmp_path, questions_before):
    path = Path(tmp_path / "of-the-runner")
    path.write_text("stays-here")
    heard = bytearray()

    def ask_for_it(connection: socket.socket) -> None:
        let_in(connection)
        for _ in range(questions_before):
            heard.extend(read_packet(connection))
            connection.sendall(packet(1, OK))
        heard.extend(read_packet(connection))
        connection.sendall(packet(1, b"\xfb" + str(path).encode()))
        while part := connection.recv(4096):
            heard.extend(part)

    endpoint = replace(rogue(ask_for_it).endpoint, engine=Engine.MYSQL)

    [result] = SqlProber(limits=QUICK).run([CONNECTS], endpoint, context)

    assert (result.answer, "asked for a file" in result.reason) == (NO_DATA, True), result
    assert b"stays-here" not in bytes(heard)


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog", b"mysql_old_password"])
@pytest.mark.parametrize("switch", [True, False])
def test_a_server_that_asks_for_the_password_in_clear_text_does_not_get_it(rogue, plugin, switch):
    heard = bytearray()

    def ask_for_it(connection: socket.socket) -> None:
        heard.extend(greet(connection, b"mysql_native_password" if switch else plugin))
        connection.sendall(packet(2, b"\xfe" + plugin + b"\0" + b"\4Password: "))
        while part := connection.recv(4096):
            heard.extend(part)

    endpoint = replace(rogue(ask_for_it).endpoint, engine=Engine.MYSQL)

    why = SqlProber(limits=QUICK).why_unreachable(endpoint)

    assert (why or "").startswith("authentication failed")
    assert b"pass-word" not in bytes(heard)


def test_a_login_offers_neither_local_files_nor_several_statements(rogue):
    flags: list[int] = []

    def listen(connection: socket.socket) -> None:
        flags.append(int.from_bytes(greet(connection)[:4], "little"))

    endpoint = replace(rogue(listen).endpoint, engine=Engine.MYSQL)

    SqlProber(limits=QUICK).why_unreachable(endpoint)

    local_files, multi_statements = 1 << 7, 1 << 16
    assert flags
    assert flags[0] & (local_files | multi_statements) == 0
