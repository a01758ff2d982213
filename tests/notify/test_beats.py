"""What hangs on the beats of a daemon: beside its work, never in its way."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
import requests
from pydantic import SecretStr
from structlog.testing import capture_logs

from drill.engine.memory import MemoryJournal
from drill.notify.beats import Aside, attach
from drill.notify.conditions import Manner
from drill.notify.deadman import DeadManSwitch
from drill.notify.known import DaemonStart, start_of
from drill.notify.meter import Meter
from drill.recovery.verdict import Outcome
from tests.builders import NOW
from tests.notify.memory_book import MemoryNoticeBook
from tests.notify.scene import Square, a_drill

LONG = timedelta(seconds=30)


def a_meter(square: Square) -> Meter:
    return Meter(
        promises=lambda: square.promises,
        drills=lambda since: square.drills,
        book=MemoryNoticeBook(),
        journal=MemoryJournal(),
        manner=Manner(),
        clouds=[],
    )


def test_a_beat_returns_at_once_and_a_slow_task_is_not_begun_twice():
    begun, go_on = [], threading.Event()

    def slow(now):
        begun.append(now)
        go_on.wait(30)

    aside = Aside("slow", slow, every=timedelta(0))
    aside(NOW)
    aside(NOW + timedelta(hours=1))
    go_on.set()
    aside.wait(LONG)
    aside(NOW + timedelta(hours=2))
    aside.wait(LONG)

    assert begun == [NOW, NOW + timedelta(hours=2)]


def test_a_task_that_raises_ends_nothing():
    def broken(now):
        raise RuntimeError("no luck")

    aside = Aside("broken", broken, every=timedelta(0))
    with capture_logs() as logs:
        aside(NOW)
        aside.wait(LONG)

    assert "no luck" in logs[0]["fault"]


def test_a_daemon_tells_measures_and_pings(httpserver):
    httpserver.expect_request("/ping").respond_with_data("OK")
    square = Square()
    square.drills = [a_drill(Outcome.FAILED_CHECK, ago=timedelta(hours=1))]
    attached = attach(
        herald=square.herald(),
        meter=a_meter(square),
        listen="127.0.0.1:0",
        deadman=DeadManSwitch(lambda: SecretStr(httpserver.url_for("/ping")), allow_loopback=True),
        start=lambda: DaemonStart(name="host-1", started_at=NOW, previous_crashed=True),
    )
    try:
        attached.beat(NOW)
        for aside in attached.asides:
            aside.wait(LONG)
        assert attached.listener is not None
        port = attached.listener.port
        text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    finally:
        attached.close()

    beat = re.search(r"^drill_daemon_beat_timestamp_seconds (.*)$", text, re.M)
    assert beat is not None
    assert float(beat[1]) == NOW.timestamp()
    titles = {message.title for message in square.pigeon.sent}
    assert titles == {
        "[drill] FAILED: orders-nightly",
        "[drill] started after a crash: host-1",
    }
    assert len(httpserver.log) == 1


def test_a_daemon_that_is_not_well_falls_silent(httpserver):
    square = Square()
    attached = attach(
        herald=square.herald(),
        meter=a_meter(square),
        listen=None,
        deadman=DeadManSwitch(lambda: SecretStr(httpserver.url_for("/ping")), allow_loopback=True),
        is_healthy=lambda: False,
    )
    attached.beat(NOW)
    attached.close()

    assert httpserver.log == []


def a_life(pid: int, how: str | None, *, host: str = "host-1") -> SimpleNamespace:
    at = NOW + timedelta(minutes=pid)
    return SimpleNamespace(worker=f"{host}/{pid}/0", started_at=at, beat_at=at, how=how)


@pytest.mark.parametrize(
    ("lives", "has_crashed"),
    [
        ([a_life(9, None), a_life(5, "crash"), a_life(1, "clean")], True),
        ([a_life(9, None), a_life(5, "clean"), a_life(1, "crash")], False),
        ([a_life(9, None), a_life(5, None)], False),
        ([a_life(9, None), a_life(5, "crash", host="host-2")], False),
        ([a_life(9, None)], False),
    ],
)
def test_a_daemon_knows_whether_the_one_before_it_on_its_host_crashed(lives, has_crashed):
    start = start_of(lives, "host-1/9/0")

    assert start is not None
    assert start.previous_crashed is has_crashed
    assert start.name == "host-1"


def test_a_daemon_that_the_store_does_not_know_yet_tells_nothing():
    assert start_of([a_life(5, "crash")], "host-1/9/0") is None
