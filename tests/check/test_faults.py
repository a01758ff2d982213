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

import pytest
from pydantic import SecretStr

from drill.check.limits import Limits
from drill.check.port import CheckAnswer, CheckResult
from drill.check.prober import SqlProber
from drill.plan.model import Check, ConnectsCheck, RowCountCheck, SqlCheck
from drill.recovery.values import Engine
from tests.check.conftest import QUICK

pytestmark = pytest.mark.servers

NO_DATA = CheckAnswer.NO_DATA
CONNECTS: tuple[str, Check] = ("after", ConnectsCheck(kind="connects"))


def sleeping(span: timedelta, timeout: timedelta) -> tuple[str, Check]:
    query = f"SELECT pg_sleep({span.total_seconds()})::text"
    return "sleeping", SqlCheck(kind="sql", query=query, expected="", timeout=timeout)


def wait_for_sleeper(server) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    for _ in range(500):
        if server.ask(query) == 1:
            return
        time.sleep(0.01)
    raise AssertionError("the check never began")


def test_a_statement_that_takes_too_long_is_no_data_and_the_next_check_is_asked(server, context):
    checks = [sleeping(timedelta(seconds=20), timedelta(milliseconds=150)), CONNECTS]

    late, after = SqlProber(limits=QUICK).run(checks, server.endpoint("shop"), context)

    assert (late.answer, "57014" in late.reason, "150ms" in late.reason) == (NO_DATA, True, True)
    assert late.duration < timedelta(seconds=5)
    assert after.answer is CheckAnswer.PASSED


def test_a_lock_inside_the_copy_is_waited_for_only_so_long(server, context):
    check = RowCountCheck(kind="row_count", table="sales.empty", at_least=0)
    limits = replace(QUICK, lock_timeout=timedelta(milliseconds=100))

    with contextlib.closing(server.connect("shop")) as holder, holder.transaction():
        holder.execute("LOCK TABLE sales.empty IN ACCESS EXCLUSIVE MODE")
        [result] = SqlProber(limits=limits).run([("a", check)], server.endpoint("shop"), context)

    assert (result.answer, "55P03" in result.reason) == (NO_DATA, True)


def test_a_connection_that_is_killed_does_not_sink_the_other_checks(server, context):
    checks = [sleeping(timedelta(seconds=20), timedelta(seconds=20)), CONNECTS]
    results: list[CheckResult] = []
    asking = threading.Thread(
        target=lambda: results.extend(
            SqlProber(limits=QUICK).run(checks, server.endpoint("shop"), context)
        )
    )

    asking.start()
    wait_for_sleeper(server)
    server.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drill'"
    )
    asking.join(timeout=10)

    assert [result.answer for result in results] == [NO_DATA, CheckAnswer.PASSED]
    assert "57P01" in results[0].reason


def test_a_server_that_dies_in_the_middle_is_no_data_for_all_that_follows(fresh_server, context):
    checks = [sleeping(timedelta(seconds=20), timedelta(seconds=20)), CONNECTS]
    results: list[CheckResult] = []
    asking = threading.Thread(
        target=lambda: results.extend(
            SqlProber(limits=QUICK).run(checks, fresh_server.endpoint("postgres"), context)
        )
    )

    asking.start()
    wait_for_sleeper(fresh_server)
    fresh_server.stop(signal.SIGQUIT)
    asking.join(timeout=10)

    assert [result.answer for result in results] == [NO_DATA, NO_DATA]
    assert results[1].reason.startswith(("connection refused", "hung up", "not up"))
    assert SqlProber(limits=QUICK).see_emptiness(fresh_server.endpoint("postgres")).is_empty is None


def test_why_unreachable_tells_a_wrong_password_from_a_server_that_is_not_there(server, rogue):
    prober = SqlProber(limits=QUICK)
    right = server.endpoint("shop")
    silent = rogue(hold)

    assert prober.why_unreachable(right) is None
    for endpoint, beginning in (
        (replace(right, password=SecretStr("wrong")), "authentication failed"),
        (replace(right, user="nobody-there"), "authentication failed"),
        (replace(right, port=1), "connection refused"),
        (replace(right, tls="require"), "no TLS"),
        (replace(right, database="no_such"), "the copy has no database"),
        (silent.endpoint, "timed out"),
        (replace(right, engine=Engine.SQLSERVER), "drill cannot ask SQLServer copies yet"),
    ):
        assert (prober.why_unreachable(endpoint) or "").startswith(beginning), beginning


def test_a_server_that_starts_is_told_from_one_that_refuses_the_login(rogue):
    def starting(connection):
        read_startup(connection)
        text = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
        connection.sendall(message(b"E", text))

    why = SqlProber(limits=QUICK).why_unreachable(rogue(starting).endpoint)

    assert (why or "").startswith("not up yet")


def test_another_engine_is_no_data_with_the_reason(server, context):
    endpoint = replace(server.endpoint("shop"), engine=Engine.SQLSERVER)
    prober = SqlProber(limits=QUICK)

    [result] = prober.run([CONNECTS], endpoint, context)

    assert (result.answer, "SQLServer" in result.reason) == (NO_DATA, True)
    assert prober.see_emptiness(endpoint).is_empty is None


# --- servers that misbehave ---------------------------------------------------------------------


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def read_startup(connection: socket.socket) -> None:
    length = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))[0]
    connection.recv(length - 4, socket.MSG_WAITALL)


def read_message(connection: socket.socket) -> bytes:
    head = connection.recv(5, socket.MSG_WAITALL)
    if len(head) < 5:
        raise OSError("the client hung up")
    connection.recv(struct.unpack(">I", head[1:])[0] - 4, socket.MSG_WAITALL)
    return head[:1]


def hold(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def let_in(connection: socket.socket) -> None:
    read_startup(connection)
    hello = message(b"R", struct.pack(">I", 0))
    for name, value in ((b"server_version", b"18.6"), (b"client_encoding", b"UTF8")):
        hello += message(b"S", name + b"\0" + value + b"\0")
    connection.sendall(hello + message(b"Z", b"I"))


def accept_begin(connection: socket.socket) -> None:
    let_in(connection)
    read_message(connection)
    connection.sendall(message(b"C", b"BEGIN\0") + message(b"Z", b"T"))


def fall_silent(connection: socket.socket) -> None:
    let_in(connection)
    hold(connection)


def fall_silent_later(connection: socket.socket) -> None:
    accept_begin(connection)
    hold(connection)


def answer_without_end(connection: socket.socket) -> None:
    accept_begin(connection)
    read_message(connection)
    column = b"x\0" + struct.pack(">IhIhih", 0, 0, 25, -1, -1, 0)
    connection.sendall(
        message(b"1", b"") + message(b"2", b"") + message(b"T", struct.pack(">h", 1) + column)
    )
    row = message(b"D", struct.pack(">hI", 1, 60_000) + b"x" * 60_000)
    while True:
        connection.sendall(row)


def answer_that_it_writes(connection: socket.socket) -> None:
    accept_begin(connection)
    while read_message(connection) != b"S":
        pass
    column = b"x\0" + struct.pack(">IhIhih", 0, 0, 25, -1, -1, 0)
    connection.sendall(
        message(b"1", b"")
        + message(b"2", b"")
        + message(b"T", struct.pack(">h", 1) + column)
        + message(b"D", struct.pack(">hI", 1, 3) + b"off")
        + message(b"C", b"SELECT 1\0")
        + message(b"Z", b"T")
    )
    hold(connection)


def speak_nonsense(connection: socket.socket) -> None:
    read_startup(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 10)
    hold(connection)


@pytest.mark.parametrize(
    ("behave", "word"),
    [
        (hold, "timed out"),
        (lambda connection: None, ""),
        (speak_nonsense, ""),
        (fall_silent, "did not answer within"),
        (fall_silent_later, "did not answer within"),
        (answer_without_end, "sent more than"),
        (answer_that_it_writes, "read-only"),
    ],
    ids=["silent", "hangs-up", "nonsense", "mute", "mute-later", "endless", "writes"],
)
def test_a_rogue_server_costs_a_bounded_time_and_amount(rogue, context, behave, word):
    endpoint = rogue(behave).endpoint
    check = ConnectsCheck(kind="connects", timeout=timedelta(milliseconds=700))
    limits: Limits = replace(QUICK, bytes_per_session=1_000_000)
    began = time.monotonic()

    [result] = SqlProber(limits=limits).run([("a", check)], endpoint, context)

    assert (result.answer, word in result.reason) == (NO_DATA, True), result
    assert time.monotonic() - began < 5
    assert "pass-word-that-stays-here" not in repr(result)


def test_a_server_that_asks_for_the_password_in_clear_text_does_not_get_it(rogue, context):
    heard = bytearray()

    def ask_for_it(connection):
        read_startup(connection)
        connection.sendall(message(b"R", struct.pack(">I", 3)))
        while part := connection.recv(4096):
            heard.extend(part)

    endpoint = rogue(ask_for_it).endpoint

    why = SqlProber(limits=QUICK).why_unreachable(endpoint)

    assert (why or "").startswith("authentication failed")
    assert b"pass-word" not in bytes(heard)
